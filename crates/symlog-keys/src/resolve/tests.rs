use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use symlog_crypto::SecretBytes;

use super::*;
use crate::store::{Assurance, MemoryStore};
use crate::{FileConfig, FileStore, NoKeychain};

const NAME: &str = "symbiont/logging/encryption_key";

fn secret(text: &str) -> SecretBytes {
    SecretBytes::from(text.to_owned())
}

/// A store that answers every `get` with the same error.
#[derive(Debug)]
struct Failing(fn() -> StoreError);

#[async_trait]
impl SecretStore for Failing {
    async fn get(&self, _: &str) -> Result<Option<SecretBytes>, StoreError> {
        Err(self.0())
    }

    async fn put(&self, _: &str, _: &SecretBytes) -> Result<(), StoreError> {
        Err(self.0())
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, StoreError> {
        Err(self.0())
    }

    async fn destroy(&self, _: &str) -> Result<Assurance, StoreError> {
        Err(self.0())
    }

    fn describe(&self) -> String {
        "test store".to_owned()
    }
}

fn unreachable() -> StoreError {
    StoreError::Unreachable {
        store: "test store".to_owned(),
        source: Some("connection refused".into()),
    }
}

#[derive(Debug, Default)]
struct FakeKeychain(Mutex<Option<SecretBytes>>);

impl Keychain for FakeKeychain {
    fn get(&self, _: &str, _: &str) -> Result<Option<SecretBytes>, KeychainError> {
        Ok(self.0.lock().unwrap().as_ref().map(SecretBytes::duplicate))
    }

    fn set(&self, _: &str, _: &str, secret: &SecretBytes) -> Result<(), KeychainError> {
        *self.0.lock().unwrap() = Some(secret.duplicate());
        Ok(())
    }

    fn delete(&self, _: &str, _: &str) -> Result<(), KeychainError> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
}

#[derive(Debug)]
struct LockedKeychain;

impl Keychain for LockedKeychain {
    fn get(&self, _: &str, _: &str) -> Result<Option<SecretBytes>, KeychainError> {
        Err(KeychainError::Locked {
            reason: "locked collection".to_owned(),
        })
    }

    fn set(&self, _: &str, _: &str, _: &SecretBytes) -> Result<(), KeychainError> {
        self.get("", "").map(drop)
    }

    fn delete(&self, _: &str, _: &str) -> Result<(), KeychainError> {
        self.get("", "").map(drop)
    }
}

/// Nothing anywhere; generated keys go to `dir`.
fn request(dir: &Path) -> KeyRequest {
    KeyRequest {
        env: Some("LOGGING_KEY".to_owned()),
        environment: Environment::fixed([]),
        keychain: Arc::new(NoKeychain),
        key_dir: Some(dir.to_owned()),
        ..KeyRequest::new(NAME)
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let secret_of = |(name, value): &(&str, &str)| ((*name).to_owned(), secret(value));
    Environment::fixed(variables.iter().map(secret_of))
}

fn store_with(text: &str) -> Arc<dyn SecretStore> {
    let store = MemoryStore::new();
    blocking::drive(store.put(NAME, &secret(text))).unwrap();
    Arc::new(store)
}

fn not_found_because(request: KeyRequest, expected: &str) {
    match resolve_blocking(request) {
        Err(KeyError::NotFound { why, .. }) => assert!(why.contains(expected), "{why}"),
        other => panic!("expected no key, got {other:?}"),
    }
}

#[test]
fn sources_are_asked_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Arc::new(FakeKeychain(Mutex::new(Some(secret("from keychain")))));
    let mut request = KeyRequest {
        store: Some(store_with("from store")),
        environment: environment(&[
            ("LOGGING_KEY", "from variable"),
            ("SYMBIONT_MASTER_KEY", "from master"),
        ]),
        keychain,
        ..request(dir.path())
    };
    let check = |expected: &str, passed_over: usize, request: &KeyRequest| {
        let found = resolve_blocking(request.clone()).unwrap();
        assert_eq!(found.key.text().expose(), expected.as_bytes());
        assert_eq!(found.passed_over.len(), passed_over);
    };
    check("from store", 0, &request);
    request.store = Some(Arc::new(MemoryStore::new()));
    check("from variable", 1, &request);
    request.environment =
        environment(&[("LOGGING_KEY", ""), ("SYMBIONT_MASTER_KEY", "from master")]);
    check("from keychain", 2, &request);
    request.keychain = Arc::new(NoKeychain);
    check("from master", 3, &request);
}

#[test]
fn a_generated_key_is_kept_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = resolve_blocking(request(dir.path())).unwrap();
    let KeySource::GeneratedFile(path) = &first.source else {
        panic!("{:?}", first.source);
    };
    assert!(
        first
            .warnings
            .iter()
            .any(|warning| warning.contains(&*path.to_string_lossy()))
    );
    assert!(!first.key.is_passphrase());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = resolve_blocking(KeyRequest {
        log_exists: true,
        ..request(dir.path())
    })
    .unwrap();
    assert_eq!(again.key.text().expose(), first.key.text().expose());
    assert!(again.warnings.is_empty());
}

#[test]
fn a_generated_key_prefers_the_keychain() {
    let dir = tempfile::tempdir().unwrap();
    let request = KeyRequest {
        keychain: Arc::new(FakeKeychain::default()),
        ..request(dir.path())
    };
    let first = resolve_blocking(request.clone()).unwrap();
    assert_eq!(first.source, KeySource::GeneratedKeychain);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let again = resolve_blocking(request).unwrap();
    assert_eq!(again.source, KeySource::Keychain);
    assert_eq!(again.key.text().expose(), first.key.text().expose());
}

#[test]
fn nothing_is_generated_for_a_log_that_exists() {
    let dir = tempfile::tempdir().unwrap();
    let request = KeyRequest {
        log_exists: true,
        ..request(dir.path())
    };
    not_found_because(request, "log that exists");
}

#[test]
fn an_unreachable_store_falls_to_the_environment_with_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let mut request = KeyRequest {
        store: Some(Arc::new(Failing(unreachable))),
        environment: environment(&[("LOGGING_KEY", "from variable")]),
        ..request(dir.path())
    };
    let found = resolve_blocking(request.clone()).unwrap();
    assert_eq!(found.key.text().expose(), b"from variable");
    assert!(found.warnings[0].starts_with("Failed to initialize secret store for logging"));
    assert!(found.passed_over[0].reason.contains("connection refused"));

    request.environment = Environment::fixed([]);
    not_found_because(request.clone(), "secret store");
    // Not even one that was generated before.
    let path = generated::path(&request).unwrap();
    generated::write(&path, &secret("earlier")).unwrap();
    not_found_because(request, "secret store");
}

#[test]
fn strict_forbids_both_ways_of_falling_through() {
    let dir = tempfile::tempdir().unwrap();
    let base = KeyRequest {
        strict: true,
        environment: environment(&[("LOGGING_KEY", "from variable")]),
        ..request(dir.path())
    };
    let unreachable = KeyRequest {
        store: Some(Arc::new(Failing(unreachable))),
        ..base.clone()
    };
    let error = resolve_blocking(unreachable).unwrap_err();
    assert!(matches!(error, KeyError::Store { .. }), "{error}");
    let empty = KeyRequest {
        store: Some(Arc::new(MemoryStore::new())),
        ..base.clone()
    };
    not_found_because(empty, "strict");
    let variable = resolve_blocking(base).unwrap();
    assert_eq!(
        variable.source,
        KeySource::Environment("LOGGING_KEY".to_owned())
    );
}

#[test]
fn a_locked_keychain_is_no_reason_for_a_new_key() {
    let dir = tempfile::tempdir().unwrap();
    let request = KeyRequest {
        keychain: Arc::new(LockedKeychain),
        ..request(dir.path())
    };
    not_found_because(request, "keychain");
}

#[test]
fn an_encrypted_file_without_its_key_is_not_the_same_as_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.json");
    let config = FileConfig::plain(&path).encrypted(crate::KeyProvider::Environment {
        variable: "FILE_KEY".to_owned(),
    });
    let with = |variables: &[(&str, &str)]| {
        FileStore::with_sources(config.clone(), environment(variables), Arc::new(NoKeychain))
            .unwrap()
    };
    let right = with(&[("FILE_KEY", "right")]);
    blocking::drive(right.put(NAME, &secret("the key"))).unwrap();
    let found = resolve_blocking(KeyRequest {
        store: Some(Arc::new(right)),
        ..request(dir.path())
    });
    assert_eq!(found.unwrap().key.text().expose(), b"the key");
    for variables in [&[][..], &[("FILE_KEY", "wrong")]] {
        let request = KeyRequest {
            store: Some(Arc::new(with(variables))),
            ..request(dir.path())
        };
        not_found_because(request, "secret store");
    }
}

#[test]
fn resolving_works_without_a_runtime_and_within_one() {
    let dir = tempfile::tempdir().unwrap();
    let request = KeyRequest {
        store: Some(store_with("from store")),
        ..request(dir.path())
    };
    assert!(blocking::drive(resolve(request.clone())).is_ok());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(resolve(request.clone()).await.is_ok());
        assert!(resolve_blocking(request).is_ok());
    });
}
