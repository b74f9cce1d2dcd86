use std::sync::Arc;
use std::time::Instant;

use symlog_crypto::SecretBytes;

use super::{
    KeyError, KeyRequest, KeySource, LIMIT, LoggingKey, PassedOver, ResolvedKey, generated,
};
use crate::audit;
use crate::blocking::{self, Stopped};
use crate::keychain::{self, Keychain};
use crate::private_file::FileError;
use crate::store::StoreError;
use crate::{KeyWrap, Keyring};

/// The Symbiont runtime's own key, the last one that is looked up.
const MASTER_VARIABLE: &str = "SYMBIONT_MASTER_KEY";
/// Under which generated keys are kept in the OS keychain.
pub(super) const SERVICE: &str = "symlog";
/// Slots that a service is asked to unwrap at most: each is a request.
const MAX_UNWRAPPED: usize = 4;

/// One search, with what it learnt so far.
pub(super) struct Search<'a> {
    request: &'a KeyRequest,
    deadline: Instant,
    passed_over: Vec<PassedOver>,
    warnings: Vec<String>,
    store_failed: bool,
    /// Why no key may be generated, as soon as there is a reason.
    no_new_key: Option<&'static str>,
    keychain_usable: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(request: &'a KeyRequest) -> Self {
        Self {
            request,
            deadline: Instant::now() + LIMIT,
            passed_over: Vec::new(),
            warnings: Vec::new(),
            store_failed: false,
            no_new_key: request
                .log_exists
                .then_some("a new one would not fit the log that exists"),
            keychain_usable: false,
        }
    }

    pub(super) fn run(mut self) -> Result<ResolvedKey, KeyError> {
        let request = self.request;
        let store_configured = request.store.is_some() || request.store_failed.is_some();
        if let Some(found) = self.wrapped()? {
            return self.found(found);
        }
        if request.strict && request.wrap.is_some() && !store_configured {
            return Err(self.not_found("strict = true allows the wrapped key only"));
        }
        if let Some(found) = self.store()? {
            return self.found(found);
        }
        if request.strict && store_configured {
            return Err(self.not_found("strict = true allows the secret store only"));
        }
        if let Some(variable) = &request.env {
            if let Some(found) = self.variable(variable) {
                return self.found(found);
            }
            if request.strict {
                return Err(self.not_found("strict = true allows the variable only"));
            }
        }
        if let Some(found) = self.keychain()? {
            return self.found(found);
        }
        if request.strict {
            return Err(self.not_found("strict = true allows the OS keychain only"));
        }
        if let Some(found) = self.variable(MASTER_VARIABLE) {
            return self.found(found);
        }
        let found = self.generated()?;
        self.found(found)
    }

    /// A key that a service wraps: out of the keyring, or a new one for a log that does not exist yet.
    fn wrapped(&mut self) -> Result<Option<Found>, KeyError> {
        let Some(wrap) = &self.request.wrap else {
            return Ok(None);
        };
        let source = KeySource::Wrapped(wrap.describe());
        match self.ask_wrap(wrap) {
            Ok(Some(key)) => Ok(Some(Found::Key(source, key))),
            Ok(None) => {
                self.pass_over(
                    source,
                    "no unlock slot of this log is wrapped by it; `symlog keys slots add --transit` adds one".to_owned(),
                );
                Ok(None)
            }
            Err(error) if self.request.strict => Err(KeyError::Store { source: error }),
            Err(error) => {
                self.store_unusable(source, chain(&error));
                Ok(None)
            }
        }
    }

    fn ask_wrap(&self, wrap: &Arc<dyn KeyWrap>) -> Result<Option<LoggingKey>, StoreError> {
        let present = self
            .request
            .keyring
            .as_deref()
            .filter(|path| path.symlink_metadata().is_ok());
        // A keyring that cannot be read says so itself when it is opened.
        let slots = match present {
            Some(path) => Keyring::wrapped_keys(path).unwrap_or_default(),
            None if self.request.log_exists => return Ok(None),
            None => Vec::new(),
        };
        let is_new = present.is_none();
        let (asked, random) = (Arc::clone(wrap), self.request.provider.random);
        self.within_limit(&wrap.describe(), move || {
            blocking::drive(async move {
                if is_new {
                    return LoggingKey::wrapped_by(&*asked, random).await.map(Some);
                }
                for slot in slots.iter().take(MAX_UNWRAPPED) {
                    match LoggingKey::unwrapped_by(&*asked, slot).await {
                        Ok(key) => return Ok(Some(key)),
                        // Another service's, or another key's.
                        Err(StoreError::Damaged { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(None)
            })
        })
    }

    fn store(&mut self) -> Result<Option<Found>, KeyError> {
        if let Some(why) = &self.request.store_failed {
            let source = KeySource::Store("could not be opened".to_owned());
            if self.request.strict {
                self.pass_over(source, why.clone());
                return Err(self.not_found("strict = true allows the secret store only"));
            }
            self.store_unusable(source, why.clone());
            return Ok(None);
        }
        let Some(store) = &self.request.store else {
            return Ok(None);
        };
        let source = KeySource::Store(store.describe());
        match self.ask_store(store) {
            Ok(Some(text)) => Ok(Some(Found::Text(source, text))),
            Ok(None) => {
                self.pass_over(source, "it has no such key".to_owned());
                Ok(None)
            }
            Err(error) if self.request.strict => Err(KeyError::Store { source: error }),
            Err(error) => {
                self.store_unusable(source, chain(&error));
                Ok(None)
            }
        }
    }

    fn ask_store(
        &self,
        store: &Arc<dyn crate::SecretStore>,
    ) -> Result<Option<SecretBytes>, StoreError> {
        let (asked, name) = (Arc::clone(store), self.request.name.clone());
        self.within_limit(&store.describe(), move || {
            blocking::drive(async move { asked.get(&name).await })
        })
    }

    fn within_limit<T: Send + 'static>(
        &self,
        store: &str,
        ask: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let limit = self.deadline.saturating_duration_since(Instant::now());
        // Time is kept for the keychain that may be asked next.
        let limit = limit.saturating_sub(2 * keychain::LIMIT);
        match blocking::spawn("symlog-secret-store", ask).wait(limit) {
            Ok(answer) => answer,
            Err(Stopped::TimedOut) => Err(StoreError::TimedOut {
                store: store.to_owned(),
                limit,
            }),
            Err(Stopped::Failed) => Err(StoreError::Unreachable {
                store: store.to_owned(),
                source: None,
            }),
        }
    }

    fn store_unusable(&mut self, source: KeySource, reason: String) {
        self.store_failed = true;
        self.warn(format!(
            "Failed to initialize secret store for logging: {reason}; environment and OS keychain are tried instead"
        ));
        self.pass_over(source, reason);
    }

    fn variable(&mut self, name: &str) -> Option<Found> {
        let source = KeySource::Environment(name.to_owned());
        match self.request.environment.get(name) {
            Some(text) if !text.is_empty() => Some(Found::Text(source, text)),
            Some(_) => {
                self.pass_over(source, "it is set but empty".to_owned());
                None
            }
            None => {
                self.pass_over(source, "it is not set".to_owned());
                None
            }
        }
    }

    fn keychain(&mut self) -> Result<Option<Found>, KeyError> {
        let name = self.request.name.clone();
        let asked = move |keychain: &dyn Keychain| keychain.get(SERVICE, &name);
        match keychain::bounded(&self.request.keychain, asked) {
            Ok(Some(text)) => Ok(Some(Found::Text(KeySource::Keychain, text))),
            Ok(None) => {
                self.keychain_usable = true;
                self.pass_over(KeySource::Keychain, "it has no such key".to_owned());
                Ok(None)
            }
            Err(error) if self.request.strict => Err(KeyError::Keychain(error)),
            Err(error) => {
                if !error.is_absent() {
                    self.no_new_key
                        .get_or_insert("the OS keychain that may have it could not be asked");
                    self.warn(error.to_string());
                }
                self.pass_over(KeySource::Keychain, error.to_string());
                Ok(None)
            }
        }
    }

    fn generated(&mut self) -> Result<Found, KeyError> {
        if self.store_failed {
            return Err(self.not_found("the secret store that may have it could not be asked"));
        }
        let path = generated::path(self.request)?;
        let source = KeySource::GeneratedFile(path.clone());
        if let Some(text) = generated::read(&path).map_err(KeyError::NotRead)? {
            return Ok(Found::Text(source, text));
        }
        self.pass_over(source.clone(), "there is none".to_owned());
        if let Some(why) = self.no_new_key {
            return Err(self.not_found(why));
        }
        let key = LoggingKey::generate(self.request.provider.random)?;
        if self.keychain_usable && self.keep_in_keychain(&key) {
            return Ok(Found::Key(KeySource::GeneratedKeychain, key));
        }
        match generated::write(&path, key.text()) {
            Ok(()) => {
                self.warn(format!(
                    "a new logging key was generated and is kept in {}; back it up, the log cannot be read without it",
                    path.display()
                ));
                Ok(Found::Key(source, key))
            }
            // Another process was faster; both must use the same key.
            Err(FileError::Io { source: error, .. })
                if error.kind() == std::io::ErrorKind::AlreadyExists =>
            {
                generated::read(&path)
                    .map_err(KeyError::NotRead)?
                    .map(|text| Found::Text(source, text))
                    .ok_or(KeyError::NoPlace)
            }
            Err(error) => Err(KeyError::NotStored(error)),
        }
    }

    fn keep_in_keychain(&mut self, key: &LoggingKey) -> bool {
        let (name, secret) = (self.request.name.clone(), key.text().duplicate());
        let kept = keychain::bounded(&self.request.keychain, move |keychain| {
            keychain.set(SERVICE, &name, &secret)?;
            keychain.get(SERVICE, &name)
        });
        match kept {
            Ok(Some(stored)) if stored.expose() == key.text().expose() => {
                self.warn(format!(
                    "a new logging key was generated and is kept in the OS keychain as {SERVICE}/{}; back it up, the log cannot be read without it",
                    self.request.name
                ));
                true
            }
            Ok(_) => {
                self.pass_over(
                    KeySource::GeneratedKeychain,
                    "it did not keep the key".to_owned(),
                );
                false
            }
            Err(error) => {
                self.pass_over(KeySource::GeneratedKeychain, error.to_string());
                false
            }
        }
    }

    fn pass_over(&mut self, source: KeySource, reason: String) {
        audit::not_fetched(&self.request.name, &source, &reason);
        self.passed_over.push(PassedOver { source, reason });
    }

    fn warn(&mut self, warning: String) {
        tracing::warn!("{warning}");
        self.warnings.push(warning);
    }

    fn not_found(&mut self, why: &'static str) -> KeyError {
        KeyError::NotFound {
            name: self.request.name.clone(),
            why,
            passed_over: std::mem::take(&mut self.passed_over),
        }
    }

    fn found(self, found: Found) -> Result<ResolvedKey, KeyError> {
        let (source, key) = match found {
            Found::Text(source, text) => (source, LoggingKey::from_text(text)),
            Found::Key(source, key) => (source, Ok(key)),
        };
        audit::fetched(&self.request.name, &source);
        match key {
            Ok(key) => Ok(ResolvedKey {
                key,
                source,
                passed_over: self.passed_over,
                warnings: self.warnings,
            }),
            Err(_) => Err(KeyError::Empty { from: source }),
        }
    }
}

enum Found {
    Text(KeySource, SecretBytes),
    Key(KeySource, LoggingKey),
}

/// An error with what it was caused by, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        out.push_str(": ");
        out.push_str(&cause.to_string());
        next = cause.source();
    }
    out
}
