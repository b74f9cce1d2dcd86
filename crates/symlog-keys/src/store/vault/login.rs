use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use symlog_crypto::SecretBytes;
use vaultrs::api::AuthInfo;
use vaultrs::auth::{approle, kubernetes, oidc};
use vaultrs::client::{Client, Identity, VaultClient};

use super::Inner;
use super::aws::{Credentials, Login};
use super::fault::Fault;
use crate::environment::Environment;
use crate::private_file;
use crate::store::{TlsConfig, VaultAuth};

const MAX_FILE: u64 = 1 << 20;

/// A token, and until when it is good.
pub(super) struct Session {
    token: SecretBytes,
    lease: Option<Lease>,
}

#[derive(Clone, Copy)]
struct Lease {
    renew_at: Instant,
    ends: Instant,
    renewable: bool,
}

impl Lease {
    fn of(duration: Duration, renewable: bool) -> Option<Self> {
        let now = Instant::now();
        // Zero means that it does not end.
        (!duration.is_zero()).then_some(Self {
            renew_at: now + duration.mul_f64(2.0 / 3.0),
            ends: now + duration,
            renewable,
        })
    }
}

impl Session {
    fn from_answer(answer: AuthInfo) -> Self {
        Self {
            token: SecretBytes::from(answer.client_token),
            lease: Lease::of(
                Duration::from_secs(answer.lease_duration.min(10 * 365 * 86_400)),
                answer.renewable,
            ),
        }
    }
}

impl Inner {
    /// Whether there is a way to another session: a configured token stays what it is.
    pub(super) fn forget_session(&self) -> bool {
        let had = self.session.lock().take().is_some();
        had && !matches!(self.config.auth, VaultAuth::Token { .. })
    }

    /// A client with a token that is good for now.
    pub(super) async fn logged_in(&self) -> Result<VaultClient, Fault> {
        let now = Instant::now();
        let current = {
            let mut session = self.session.lock();
            if session
                .as_ref()
                .and_then(|session| session.lease)
                .is_some_and(|lease| lease.ends <= now)
            {
                *session = None;
            }
            session
                .as_ref()
                .map(|session| (session.token.duplicate(), session.lease))
        };
        let Some((token, lease)) = current else {
            return self.log_in().await;
        };
        let client = self.client(text(&token)?)?;
        if let Some(lease) = lease.filter(|lease| lease.renewable && lease.renew_at <= now) {
            self.renew(&client, lease).await;
        }
        Ok(client)
    }

    /// While the token is good a failed renewal is no failure; the next access tries again.
    async fn renew(&self, client: &VaultClient, lease: Lease) {
        match client.renew(None).await {
            Ok(answer) => {
                tracing::debug!(store = %self.describe(), "token renewed");
                *self.session.lock() = Some(Session::from_answer(answer));
            }
            Err(error) => {
                let (fault, left) = (Fault::from(error), lease.ends - lease.renew_at);
                tracing::debug!(store = %self.describe(), %fault, ?left, "token not renewed");
            }
        }
    }

    async fn log_in(&self) -> Result<VaultClient, Fault> {
        let session = match &self.config.auth {
            VaultAuth::Token { token } => self.look_token_up(token.expose()).await?,
            other => {
                let client = self.client("")?;
                let answer = ask(&client, other, &self.environment).await?;
                Session::from_answer(answer)
            }
        };
        tracing::debug!(store = %self.describe(), "logged in");
        let client = self.client(text(&session.token)?)?;
        *self.session.lock() = Some(session);
        Ok(client)
    }

    /// How long a configured token lasts. One that may not even look itself up is used as it is.
    async fn look_token_up(&self, token: &SecretBytes) -> Result<Session, Fault> {
        let client = self.client(text(token)?)?;
        let lease = match client.lookup().await {
            Ok(answer) => Lease::of(
                Duration::from_secs(answer.ttl),
                answer.renewable.unwrap_or(false),
            ),
            Err(error) => match Fault::from(error) {
                Fault::Denied | Fault::Protocol | Fault::Missing | Fault::Refused(_) => None,
                fault => return Err(fault),
            },
        };
        Ok(Session {
            token: token.duplicate(),
            lease,
        })
    }
}

async fn ask(
    client: &VaultClient,
    auth: &VaultAuth,
    environment: &Environment,
) -> Result<AuthInfo, Fault> {
    let answer = match auth {
        VaultAuth::AppRole {
            role_id,
            secret_id,
            mount_path,
        } => approle::login(client, mount_path, role_id, text(secret_id.expose())?).await,
        VaultAuth::Kubernetes {
            role,
            token_path,
            mount_path,
        } => {
            let jwt = token_file(token_path)?;
            kubernetes::login(client, mount_path, role, text(&jwt)?).await
        }
        VaultAuth::Jwt {
            role,
            token_path,
            mount_path,
        } => {
            let jwt = token_file(token_path)?;
            oidc::login(client, mount_path, text(&jwt)?, Some(role.clone())).await
        }
        VaultAuth::Aws {
            role,
            mount_path,
            region,
            server_id,
        } => {
            let login = Login {
                mount: mount_path,
                role,
                region,
                server_id: server_id.as_deref(),
            };
            // Read anew at each login: whoever runs this may have put newer ones there.
            let credentials = Credentials::from_environment(environment)?;
            let answer = login.log_in(client, &credentials, SystemTime::now()).await;
            return answer.map_err(refused);
        }
        VaultAuth::Token { .. } => return Err(Fault::Client),
    };
    answer.map_err(|error| refused(Fault::from(error)))
}

/// Wrong credentials are answered with 400 by some methods.
fn refused(fault: Fault) -> Fault {
    match fault {
        Fault::Refused(400) => Fault::Denied,
        fault => fault,
    }
}

fn text(secret: &SecretBytes) -> Result<&str, Fault> {
    secret
        .expose_str()
        .map_err(|_| Fault::Settings("a token that is not text"))
}

/// Written by the platform, which sets its permissions; so they are not checked, and links are followed.
fn token_file(path: &Path) -> Result<SecretBytes, Fault> {
    use std::io::Read;
    let mut bytes = Vec::with_capacity(4096);
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .map_err(|_| Fault::Settings("auth.token_path"))?;
    let bytes = SecretBytes::new(bytes);
    Ok(SecretBytes::new(bytes.expose().trim_ascii().to_vec()))
}

/// Certificate and key for mutual TLS.
pub(super) fn client_certificate(tls: &TlsConfig) -> Result<Option<Identity>, Fault> {
    let (Some(certificate), Some(key)) = (&tls.client_cert, &tls.client_key) else {
        return match (&tls.client_cert, &tls.client_key) {
            (None, None) => Ok(None),
            _ => Err(Fault::Settings("tls.client_cert without tls.client_key")),
        };
    };
    let mut pem = std::fs::read(certificate).map_err(|_| Fault::Settings("tls.client_cert"))?;
    let key = private_file::read(key, MAX_FILE)
        .ok()
        .flatten()
        .ok_or(Fault::Settings("tls.client_key"))?;
    pem.extend_from_slice(&key);
    Identity::from_pem(&pem)
        .map(Some)
        .map_err(|_| Fault::Settings("tls.client_cert"))
}
