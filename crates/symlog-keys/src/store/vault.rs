mod aws;
mod fault;
mod kv;
mod login;
mod transit;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use symlog_crypto::{CryptoProvider, SecretBytes, default_provider};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};

use self::fault::Fault;
use self::login::Session;
pub use self::transit::VaultTransit;
use super::{Assurance, SecretStore, StoreError, VaultConfig};
use crate::blocking;
use crate::environment::Environment;

/// No access takes longer, with all its retries and logins.
const LIMIT: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
const CACHED_SECRETS: usize = 64;

/// Secrets in HashiCorp Vault or OpenBao: secret `N` is the field `value` at `<mount_path>/N` of a KV engine.
///
/// Each access runs on a thread of its own, so it works from any executor. It gives up within 15 seconds, tries
/// again after what may pass (a lost connection, 429, 5xx), logs in again once after a token was revoked, and
/// renews a token that has used up two thirds of its time.
#[derive(Clone)]
pub struct VaultStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: VaultConfig,
    address: url::Url,
    limit: Duration,
    provider: CryptoProvider,
    environment: Environment,
    session: Mutex<Option<Session>>,
    cache: Mutex<BTreeMap<String, Cached>>,
}

struct Cached {
    until: Instant,
    secret: SecretBytes,
}

impl VaultStore {
    /// The store that `config` describes. Nothing is asked yet.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for what can never work.
    pub fn new(config: VaultConfig) -> Result<Self, StoreError> {
        Self::with_environment(config, Environment::process())
    }

    /// The same, with another place to look for AWS credentials.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_environment(
        config: VaultConfig,
        environment: Environment,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            inner: Arc::new(Inner::new(config, environment)?),
        })
    }
}

impl Inner {
    fn new(config: VaultConfig, environment: Environment) -> Result<Self, StoreError> {
        let wrong = |what: String| StoreError::Configuration { what };
        let address = url::Url::parse(&config.url)
            .map_err(|error| wrong(format!("url is not one: {error}")))?;
        if !matches!(address.scheme(), "http" | "https") || address.host().is_none() {
            return Err(wrong(format!(
                "url {:?} is not http:// or https://",
                config.url
            )));
        }
        if address.password().is_some() || !address.username().is_empty() {
            return Err(wrong("url must not hold credentials".to_owned()));
        }
        let limit = Duration::from_secs(config.common.timeout_seconds.max(1)).min(LIMIT);
        if config.tls.skip_verify {
            tracing::warn!("tls.skip_verify is on: whoever is on the network can read the keys");
        }
        Ok(Self {
            config,
            address,
            limit,
            provider: default_provider(),
            environment,
            session: Mutex::new(None),
            cache: Mutex::new(BTreeMap::new()),
        })
    }

    fn describe(&self) -> String {
        let Self {
            config, address, ..
        } = self;
        let namespace = match &config.namespace {
            Some(namespace) => format!(", namespace {namespace}"),
            None => String::new(),
        };
        let address = address.as_str().trim_end_matches('/');
        format!("vault {address}, mount {}{namespace}", config.mount_path)
    }

    fn client(&self, token: &str) -> Result<VaultClient, Fault> {
        let VaultConfig {
            tls, connection, ..
        } = &self.config;
        let request = Duration::from_secs(connection.request_timeout_seconds.max(1));
        let mut settings = VaultClientSettingsBuilder::default();
        // Everything by hand: what is left out would be read from VAULT_* variables.
        settings
            .address(self.address.as_str())
            .token(token)
            .verify(!tls.skip_verify)
            .namespace(self.config.namespace.clone())
            .timeout(Some(request.min(self.limit)))
            .ca_certs(match &tls.ca_cert {
                Some(path) => vec![path.to_string_lossy().into_owned()],
                None => Vec::new(),
            })
            .identity(login::client_certificate(tls)?);
        // vaultrs comes without a TLS provider, so that the program has one. Another one that was installed first
        // is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = settings.build().map_err(|_| Fault::Settings("url"))?;
        VaultClient::new(settings).map_err(Fault::from)
    }

    /// Runs `access` with a valid token, again after what may pass, within the limit.
    async fn with_client<T>(
        &self,
        access: &(dyn Fn(Arc<VaultClient>) -> Access<T> + Send + Sync),
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + self.limit;
        let mut attempt = 0;
        let mut logged_in_again = false;
        loop {
            let fault = match self.attempt(access, deadline).await {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            tracing::debug!(store = %self.describe(), %fault, attempt, "access to vault failed");
            let left = deadline.saturating_duration_since(Instant::now());
            if fault == Fault::Denied && !logged_in_again {
                // A token that was revoked, or ran out, looks like one without rights.
                logged_in_again = true;
                if self.forget_session() {
                    continue;
                }
            }
            if !fault.may_pass() || attempt >= self.config.common.max_retries || left.is_zero() {
                return Err(self.error(fault));
            }
            tokio::time::sleep(self.pause(attempt).min(left)).await;
            attempt += 1;
        }
    }

    async fn attempt<T>(
        &self,
        access: &(dyn Fn(Arc<VaultClient>) -> Access<T> + Send + Sync),
        deadline: Instant,
    ) -> Result<T, Fault> {
        let work = async {
            let client = self.logged_in().await?;
            access(Arc::new(client)).await
        };
        // vaultrs and its HTTP layer trace arguments and errors that can hold tokens and answers.
        let work = work.with_subscriber(NoSubscriber::default());
        let left = deadline.saturating_duration_since(Instant::now());
        tokio::time::timeout(left, work)
            .await
            .unwrap_or(Err(Fault::TimedOut))
    }

    /// Twice as long each time, and anything down to nothing of it, so that many hosts do not come back at once.
    fn pause(&self, attempt: u32) -> Duration {
        let longest = FIRST_PAUSE
            .saturating_mul(1 << attempt.min(10))
            .min(LONGEST_PAUSE);
        let mut random = [0; 4];
        let part = match self.provider.random.fill(&mut random) {
            Ok(()) => f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        };
        longest.mul_f64(part)
    }

    fn error(&self, fault: Fault) -> StoreError {
        let store = self.describe();
        match fault {
            Fault::Denied => StoreError::Denied {
                store,
                source: None,
            },
            Fault::TimedOut => StoreError::TimedOut {
                store,
                limit: self.limit,
            },
            Fault::Settings(what) => StoreError::Configuration {
                what: format!("{what} cannot be used"),
            },
            Fault::NoValue => StoreError::Damaged {
                store,
                what: "the secret has no field `value` that is text",
            },
            other => StoreError::Unreachable {
                store,
                source: Some(Box::new(other)),
            },
        }
    }

    fn cached(&self, name: &str) -> Option<SecretBytes> {
        let cache = self.cache.lock();
        let cached = cache.get(name)?;
        (cached.until > Instant::now()).then(|| cached.secret.duplicate())
    }

    fn remember(&self, name: &str, secret: &SecretBytes) {
        let common = &self.config.common;
        if !common.enable_cache {
            return;
        }
        let now = Instant::now();
        let mut cache = self.cache.lock();
        cache.retain(|_, cached| cached.until > now);
        if cache.len() >= CACHED_SECRETS {
            cache.pop_first();
        }
        // A day at most: an overflow of the clock is no way to keep a secret for ever.
        let keep = Duration::from_secs(common.cache_ttl_seconds.min(86_400));
        let cached = Cached {
            until: now + keep,
            secret: secret.duplicate(),
        };
        cache.insert(name.to_owned(), cached);
    }
}

type Access<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>>;

/// Runs one access on a thread with a runtime of its own.
async fn run<T: Send + 'static>(
    inner: &Arc<Inner>,
    access: impl Fn(Arc<VaultClient>) -> Access<T> + Send + Sync + 'static,
) -> Result<T, StoreError> {
    let on_thread = Arc::clone(inner);
    blocking::spawn("symlog-vault", move || {
        blocking::drive(async move { on_thread.with_client(&access).await })
    })
    .await
    .unwrap_or_else(|_| Err(inner.error(Fault::Client)))
}

#[async_trait]
impl SecretStore for VaultStore {
    async fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        if let Some(secret) = self.inner.cached(name) {
            return Ok(Some(secret));
        }
        let place = kv::Place::of(&self.inner.config, name)?;
        let found = run(&self.inner, move |client| {
            let place = place.clone();
            Box::pin(async move { place.read(&client).await })
        })
        .await?;
        tracing::debug!(store = %self.describe(), name, found = found.is_some(), "secret fetched");
        if let Some(secret) = &found {
            self.inner.remember(name, secret);
        }
        Ok(found)
    }

    async fn put(&self, name: &str, value: &SecretBytes) -> Result<(), StoreError> {
        let place = kv::Place::of(&self.inner.config, name)?;
        let value = Arc::new(value.duplicate());
        self.inner.cache.lock().remove(name);
        run(&self.inner, move |client| {
            let (place, value) = (place.clone(), Arc::clone(&value));
            Box::pin(async move { place.write(&client, &value).await })
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let place = kv::Place::of(&self.inner.config, "")?;
        let prefix = prefix.to_owned();
        run(&self.inner, move |client| {
            let (place, prefix) = (place.clone(), prefix.clone());
            Box::pin(async move { place.list(&client, &prefix).await })
        })
        .await
    }

    async fn destroy(&self, name: &str) -> Result<Assurance, StoreError> {
        let place = kv::Place::of(&self.inner.config, name)?;
        self.inner.cache.lock().remove(name);
        run(&self.inner, move |client| {
            let place = place.clone();
            Box::pin(async move { place.destroy(&client).await })
        })
        .await?;
        Ok(Assurance::Deleted)
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

impl fmt::Debug for VaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultStore({})", self.describe())
    }
}
