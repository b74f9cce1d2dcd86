//! A log that Vault Transit opens: the key that wraps its unlock slot never leaves the server.

use std::path::Path;
use std::sync::Arc;

use symlog_crypto::default_provider;
use symlog_keys::{
    Access, Environment, KeyError, KeyRequest, KeySource, KeyWrap, Keyring, LoggingKey, NoKeychain,
    VaultTransit, resolve_blocking,
};

use crate::server::Bao;
use crate::{config, secret, with_token};

const QUICK: &str = "common = { timeout_seconds = 3, max_retries = 1 }";

fn request(keyring: &Path, wrap: Arc<dyn KeyWrap>, variable: Option<&str>) -> KeyRequest {
    let mut request = KeyRequest::new("symbiont/logging/encryption_key");
    request.env = Some("GLASS".to_owned());
    let variables = variable.map(|text| ("GLASS".to_owned(), secret(text)));
    request.environment = Environment::fixed(variables);
    request.keychain = Arc::new(NoKeychain);
    request.key_dir = Some(keyring.with_extension("keys"));
    request.log_exists = keyring.exists();
    request.keyring = Some(keyring.to_owned());
    request.wrap = Some(wrap);
    request
}

fn transit(bao: &Bao, key: &str) -> Arc<dyn KeyWrap> {
    let config = config(&bao.url(), "method = 'token'\ntoken = 'root'", QUICK);
    Arc::new(VaultTransit::new(config, "transit", key).unwrap())
}

fn transit_engine(bao: &Bao) {
    bao.root("POST", "sys/mounts/transit", r#"{"type":"transit"}"#);
    bao.root("POST", "transit/keys/symlog", "{}");
}

#[test]
fn a_new_log_needs_no_logging_key() {
    let Some(bao) = Bao::dev() else { return };
    transit_engine(&bao);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.keyring");
    let provider = default_provider();
    let made = resolve_blocking(request(&path, transit(&bao, "symlog"), None)).unwrap();
    assert!(matches!(&made.source, KeySource::Wrapped(by) if by.contains("transit key symlog")));
    let keyring = Keyring::create(&path, [7; 16], &made.key, &provider).unwrap();
    let (period, key) = keyring.period_key(0, "2026-11").unwrap();
    keyring.rotate().unwrap();
    drop((keyring, made));

    let found = resolve_blocking(request(&path, transit(&bao, "symlog"), None)).unwrap();
    let keyring = Keyring::open(&path, &found.key, Access::ReadWrite, &provider).unwrap();
    assert!(keyring.wrapping_key(&period).unwrap().ct_eq(&key));
    assert!(
        keyring.inventory().unwrap().slots[0]
            .kind
            .contains("transit key symlog")
    );
    assert!(
        !dir.path().join("log.keys").exists(),
        "nothing was generated"
    );

    // Vault rotates its own key; what the older version wrapped still opens.
    bao.root("POST", "transit/keys/symlog/rotate", "{}");
    let found = resolve_blocking(request(&path, transit(&bao, "symlog"), None)).unwrap();
    assert!(Keyring::open(&path, &found.key, Access::ReadOnly, &provider).is_ok());
}

#[test]
fn an_existing_log_takes_it_and_keeps_a_key_behind_glass() {
    let Some(mut bao) = Bao::dev() else { return };
    transit_engine(&bao);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.keyring");
    let provider = default_provider();
    let glass = LoggingKey::from_text(secret("break glass")).unwrap();
    let keyring = Keyring::create(&path, [7; 16], &glass, &provider).unwrap();
    // Not wrapped yet: the other sources are asked, and it is said why.
    let found = resolve_blocking(request(&path, transit(&bao, "symlog"), Some("break glass")));
    let found = found.unwrap();
    assert_eq!(found.source, KeySource::Environment("GLASS".to_owned()));
    assert!(found.passed_over[0].reason.contains("--transit"));

    let wrap = transit(&bao, "symlog");
    let key = crate::run(LoggingKey::wrapped_by(&*wrap, provider.random)).unwrap();
    keyring.add_slot(&key, "vault").unwrap();
    let found = resolve_blocking(request(&path, transit(&bao, "symlog"), None)).unwrap();
    assert!(matches!(found.source, KeySource::Wrapped(_)));
    // Another key of the engine did not wrap it.
    bao.root("POST", "transit/keys/other", "{}");
    let other = resolve_blocking(request(&path, transit(&bao, "other"), None)).unwrap_err();
    assert!(matches!(other, KeyError::NotFound { .. }), "{other}");

    bao.kill();
    let found = resolve_blocking(request(&path, transit(&bao, "symlog"), Some("break glass")));
    let found = found.unwrap();
    assert_eq!(found.source, KeySource::Environment("GLASS".to_owned()));
    assert!(!found.warnings.is_empty());
    assert!(Keyring::open(&path, &found.key, Access::ReadOnly, &provider).is_ok());
    let mut strict = request(&path, transit(&bao, "symlog"), Some("break glass"));
    strict.strict = true;
    assert!(matches!(
        resolve_blocking(strict),
        Err(KeyError::Store { .. })
    ));
    let nothing = resolve_blocking(request(&path, transit(&bao, "symlog"), None)).unwrap_err();
    assert!(matches!(nothing, KeyError::NotFound { .. }), "{nothing}");
}

#[test]
fn a_transit_key_that_may_not_be_used_is_no_reason_for_a_new_key() {
    let Some(bao) = Bao::dev() else { return };
    transit_engine(&bao);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.keyring");
    let wrong = VaultTransit::new(with_token(&bao.url(), "wrong"), "transit", "symlog").unwrap();
    let error = resolve_blocking(request(&path, Arc::new(wrong), None)).unwrap_err();
    assert!(matches!(error, KeyError::NotFound { .. }), "{error}");
}
