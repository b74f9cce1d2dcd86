use std::sync::Arc;

use symlog_crypto::{Identity, Key, default_provider};
use symlog_keys::{
    Assurance, Environment, KeyRequest, KeyWrap, LocalWrap, SecretStore, StoreError, VaultStore,
    VaultTransit, resolve_blocking,
};

use crate::server::Bao;
use crate::{config, run, secret, with_token};

const TOKEN: &str = "method = 'token'\ntoken = 'root'";

#[track_caller]
fn unreachable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let fits = matches!(
        result,
        Err(StoreError::Unreachable { .. } | StoreError::TimedOut { .. })
    );
    assert!(fits, "{result:?}");
}

async fn check_store(store: &dyn SecretStore) {
    assert!(store.get("symbiont/logging/key").await.unwrap().is_none());
    for text in ["first", "second ☀", ""] {
        store
            .put("symbiont/logging/key", &secret(text))
            .await
            .unwrap();
        let found = store.get("symbiont/logging/key").await.unwrap().unwrap();
        assert_eq!(found.expose(), text.as_bytes());
    }
    store.put("symbiont/other", &secret("o")).await.unwrap();
    store.put("top", &secret("t")).await.unwrap();
    let all = ["symbiont/logging/key", "symbiont/other", "top"];
    assert_eq!(store.list("").await.unwrap(), all);
    assert_eq!(store.list("symbiont/l").await.unwrap(), all[..1]);
    assert_eq!(store.list("symbiont").await.unwrap(), all[..2]);
    assert_eq!(store.list("none/").await.unwrap(), [""; 0]);
    for _ in 0..2 {
        let assurance = store.destroy("symbiont/logging/key").await.unwrap();
        assert_eq!(assurance, Assurance::Deleted);
    }
    assert!(store.get("symbiont/logging/key").await.unwrap().is_none());
}

#[test]
fn secrets_live_in_both_versions_of_the_kv_engine() {
    let Some(bao) = Bao::dev() else { return };
    bao.root(
        "POST",
        "sys/mounts/one",
        r#"{"type":"kv","options":{"version":"1"}}"#,
    );
    for more in ["", "api_version = 'v1'\nmount_path = 'one'"] {
        let more = format!("common = {{ enable_cache = false }}\n{more}");
        let store = VaultStore::new(config(&bao.url(), TOKEN, &more)).unwrap();
        run(check_store(&store));
    }
    // What others see: the place and the field that are documented.
    let store = VaultStore::new(with_token(&bao.url(), "root")).unwrap();
    run(store.put("symbiont/key", &secret("seen"))).unwrap();
    let answer = bao.root("GET", "secret/data/symbiont/key", "");
    assert_eq!(answer["data"]["data"], serde_json::json!({"value": "seen"}));
    bao.root("POST", "secret/data/odd", r#"{"data":{"other":"field"}}"#);
    let odd = run(store.get("odd"));
    assert!(matches!(odd, Err(StoreError::Damaged { .. })), "{odd:?}");
}

#[test]
fn a_namespace_has_secrets_of_its_own() {
    let Some(bao) = Bao::dev() else { return };
    bao.root("POST", "sys/namespaces/team", "{}");
    bao.root(
        "POST",
        "team/sys/mounts/secret",
        r#"{"type":"kv","options":{"version":"2"}}"#,
    );
    let within = VaultStore::new(config(&bao.url(), TOKEN, "namespace = 'team'")).unwrap();
    let without = VaultStore::new(with_token(&bao.url(), "root")).unwrap();
    run(within.put("key", &secret("inside"))).unwrap();
    assert!(run(without.get("key")).unwrap().is_none());
    assert_eq!(run(within.get("key")).unwrap().unwrap().expose(), b"inside");
    assert!(within.describe().contains("namespace team"));
}

#[test]
fn a_server_that_denies_is_not_one_without_the_secret() {
    let Some(bao) = Bao::dev() else { return };
    let store = VaultStore::new(with_token(&bao.url(), "wrong")).unwrap();
    let denied = run(store.get("key"));
    assert!(
        matches!(denied, Err(StoreError::Denied { .. })),
        "{denied:?}"
    );
}

#[test]
fn fetched_secrets_are_kept_for_a_while() {
    let Some(bao) = Bao::dev() else { return };
    let store = VaultStore::new(config(&bao.url(), TOKEN, "")).unwrap();
    bao.root("POST", "secret/data/key", r#"{"data":{"value":"before"}}"#);
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"before");
    bao.root("POST", "secret/data/key", r#"{"data":{"value":"after"}}"#);
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"before");
    run(store.put("key", &secret("own"))).unwrap();
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"own");
}

/// The cache holds 64 secrets: the 65th takes the place of another.
#[test]
fn no_more_than_64_secrets_are_kept() {
    let Some(bao) = Bao::dev() else { return };
    let store = VaultStore::new(config(&bao.url(), TOKEN, "")).unwrap();
    let put = |name: u32, value: &str| {
        let body = format!(r#"{{"data":{{"value":"{value}"}}}}"#);
        bao.root("POST", &format!("secret/data/key-{name:03}"), &body);
    };
    let get = |name: u32| run(store.get(&format!("key-{name:03}"))).unwrap().unwrap();
    for name in 0..65 {
        put(name, "before");
        get(name);
        put(name, "after");
    }
    let kept = (0..65)
        .filter(|name| get(*name).expose() == b"before")
        .count();
    assert!((1..=64).contains(&kept), "{kept}");
}

#[test]
fn a_readers_private_key_may_lie_there() {
    let Some(bao) = Bao::dev() else { return };
    let store = VaultStore::new(config(&bao.url(), TOKEN, "")).unwrap();
    let identity = Identity::generate(default_provider().random).unwrap();
    run(store.put("symlog/identity", &identity.to_text())).unwrap();
    let mut request = KeyRequest::new("symlog/identity");
    request.environment = Environment::fixed([]);
    request.store = Some(Arc::new(store));
    request.strict = true;
    request.log_exists = true;
    let found = resolve_blocking(request).unwrap();
    let again = Identity::from_text(found.key.text()).unwrap();
    assert_eq!(
        again.recipient().unwrap().to_text(),
        identity.recipient().unwrap().to_text()
    );
}

#[test]
fn a_server_is_recognised_by_its_certificate() {
    let Some(bao) = Bao::dev_tls() else { return };
    let ca = bao.home().join("vault-ca.pem");
    // Written just before the port opens.
    assert!(ca.exists());
    let quick = "common = { timeout_seconds = 10, max_retries = 1 }";
    let tls = format!("{quick}\ntls = {{ ca_cert = '{}' }}", ca.display());
    let trusting = VaultStore::new(config(&bao.url(), TOKEN, &tls)).unwrap();
    run(trusting.put("key", &secret("over TLS"))).unwrap();
    assert_eq!(
        run(trusting.get("key")).unwrap().unwrap().expose(),
        b"over TLS"
    );
    let strange = VaultStore::new(config(&bao.url(), TOKEN, quick)).unwrap();
    unreachable(run(strange.get("key")));
    let careless = format!("{quick}\ntls = {{ skip_verify = true }}");
    let careless = VaultStore::new(config(&bao.url(), TOKEN, &careless)).unwrap();
    assert!(run(careless.get("key")).unwrap().is_some());
}

#[test]
fn a_sealed_or_dead_server_is_unreachable_and_comes_back() {
    let Some(mut bao) = Bao::persistent() else {
        return;
    };
    let (status, keys) = bao.ask(
        "PUT",
        "sys/init",
        "",
        r#"{"secret_shares":1,"secret_threshold":1}"#,
    );
    assert_eq!(status, 200);
    let unseal = format!(r#"{{"key":{}}}"#, keys["keys"][0]);
    let token = keys["root_token"].as_str().unwrap().to_owned();
    let unsealed = |bao: &Bao| {
        assert_eq!(bao.ask("PUT", "sys/unseal", "", &unseal).0, 200);
        // A raft node of one elects itself before it serves.
        for _ in 0..200 {
            if bao.ask("GET", "sys/health", "", "").0 == 200 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the server stays in standby");
    };
    unsealed(&bao);
    let mount = r#"{"type":"kv","options":{"version":"2"}}"#;
    assert_eq!(bao.ask("POST", "sys/mounts/secret", &token, mount).0, 204);
    let auth = format!("method = 'token'\ntoken = '{token}'");
    let quick = "common = { timeout_seconds = 5, max_retries = 2, enable_cache = false }";
    let store = VaultStore::new(config(&bao.url(), &auth, quick)).unwrap();
    // Raft may still be settling right after the mount.
    for attempt in 0.. {
        match run(store.put("key", &secret("kept"))) {
            Ok(()) => break,
            Err(error) => assert!(attempt < 20, "{error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }

    assert_eq!(bao.ask("PUT", "sys/seal", &token, "").0, 204);
    unreachable(run(store.get("key")));
    unsealed(&bao);
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"kept");

    bao.kill();
    unreachable(run(store.get("key")));
    bao.restart();
    unreachable(run(store.get("key")));
    unsealed(&bao);
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"kept");
}

async fn check_wrap(wrap: &dyn KeyWrap) {
    let key = Key::generate(default_provider().random).unwrap();
    let wrapped = wrap.wrap(&key, b"log 7").await.unwrap();
    assert!(wrap.unwrap(&wrapped, b"log 7").await.unwrap().ct_eq(&key));
    let mut flipped = wrapped.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bytes, context) in [
        (&wrapped[..], &b"log 8"[..]),
        (&wrapped, b""),
        (&wrapped[..wrapped.len() - 4], b"log 7"),
        (&flipped, b"log 7"),
        (b"", b"log 7"),
        (b"\xff\xfe", b"log 7"),
    ] {
        let refused = wrap.unwrap(bytes, context).await;
        assert!(
            matches!(refused, Err(StoreError::Damaged { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn keys_are_wrapped_here_and_in_transit() {
    run(check_wrap(&LocalWrap::new(
        Key::from_bytes([1; 32]),
        &default_provider(),
    )));
    let Some(bao) = Bao::dev() else { return };
    bao.root("POST", "sys/mounts/transit", r#"{"type":"transit"}"#);
    bao.root("POST", "transit/keys/symlog", "{}");
    let transit = VaultTransit::new(with_token(&bao.url(), "root"), "transit", "symlog").unwrap();
    run(check_wrap(&transit));
    let missing = VaultTransit::new(with_token(&bao.url(), "wrong"), "transit", "symlog").unwrap();
    let denied = run(missing.wrap(&Key::from_bytes([1; 32]), b""));
    assert!(
        matches!(denied, Err(StoreError::Denied { .. })),
        "{denied:?}"
    );
}
