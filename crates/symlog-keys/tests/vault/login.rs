use std::time::{SystemTime, UNIX_EPOCH};

use symlog_crypto::{SigningKey, default_provider};
use symlog_keys::{SecretStore, StoreError, VaultStore};

use crate::server::Bao;
use crate::{config, run, secret};

const UNCACHED: &str = "common = { enable_cache = false }";
const POLICY: &str = r#"{"policy":"path \"secret/*\" { capabilities = [\"create\",\"read\",\"update\",\"list\",\"delete\"] }"}"#;

fn approle(bao: &Bao, token_ttl: &str) -> String {
    bao.root("POST", "sys/auth/approle", r#"{"type":"approle"}"#);
    bao.root("POST", "sys/policies/acl/symlog", POLICY);
    let role =
        format!(r#"{{"token_policies":"symlog","token_ttl":"{token_ttl}","token_max_ttl":"1h"}}"#);
    bao.root("POST", "auth/approle/role/symlog", &role);
    let role = bao.root("GET", "auth/approle/role/symlog/role-id", "");
    let secret = bao.root("POST", "auth/approle/role/symlog/secret-id", "{}");
    format!(
        "method = 'approle'\nrole_id = {}\nsecret_id = {}",
        role["data"]["role_id"], secret["data"]["secret_id"]
    )
}

/// Accessors of tokens that an AppRole login made.
fn sessions(bao: &Bao) -> Vec<String> {
    let all = bao.root("LIST", "auth/token/accessors", "");
    let all = all["data"]["keys"].as_array().unwrap();
    all.iter()
        .map(|accessor| accessor.as_str().unwrap().to_owned())
        .filter(|accessor| {
            let body = format!(r#"{{"accessor":"{accessor}"}}"#);
            let token = bao.root("POST", "auth/token/lookup-accessor", &body);
            token["data"]["path"] == "auth/approle/login"
        })
        .collect()
}

#[test]
fn an_approle_logs_in_once_and_again_after_revocation() {
    let Some(bao) = Bao::dev() else { return };
    let auth = approle(&bao, "30m");
    let store = VaultStore::new(config(&bao.url(), &auth, UNCACHED)).unwrap();
    for _ in 0..3 {
        run(store.put("key", &secret("value"))).unwrap();
    }
    let made = sessions(&bao);
    assert_eq!(made.len(), 1, "one login serves many accesses");
    let body = format!(r#"{{"accessor":"{}"}}"#, made[0]);
    bao.root("POST", "auth/token/revoke-accessor", &body);
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"value");
    assert_eq!(sessions(&bao).len(), 1);
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let Some(bao) = Bao::dev() else { return };
    let auth = approle(&bao, "6s");
    let store = VaultStore::new(config(&bao.url(), &auth, UNCACHED)).unwrap();
    run(store.put("key", &secret("value"))).unwrap();
    let made = sessions(&bao);
    // The server's clock is real time: two thirds of six seconds, and past the first end.
    for _ in 0..8 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        run(store.get("key")).unwrap();
    }
    assert_eq!(sessions(&bao), made, "the same token lives on");
}

#[test]
fn wrong_credentials_are_denied() {
    let Some(bao) = Bao::dev() else { return };
    approle(&bao, "30m");
    let auth = "method = 'approle'\nrole_id = 'nobody'\nsecret_id = 'nothing'";
    let store = VaultStore::new(config(&bao.url(), auth, UNCACHED)).unwrap();
    let denied = run(store.get("key"));
    assert!(
        matches!(denied, Err(StoreError::Denied { .. })),
        "{denied:?}"
    );
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            out.push(char::from(DIGITS[(word >> (18 - 6 * at)) as usize & 63]));
        }
    }
    out
}

#[test]
fn a_jwt_from_a_file_logs_in() {
    let Some(bao) = Bao::dev() else { return };
    let signer = SigningKey::generate(default_provider().random).unwrap();
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410), 44 bytes, so that its base64 needs no padding but one.
    let mut der = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    der.extend_from_slice(&signer.public_key());
    let body = base64url(&der).replace('-', "+").replace('_', "/");
    let pem = format!("-----BEGIN PUBLIC KEY-----\\n{body}=\\n-----END PUBLIC KEY-----\\n");
    bao.root("POST", "sys/auth/jwt", r#"{"type":"jwt"}"#);
    bao.root("POST", "sys/policies/acl/symlog", POLICY);
    bao.root(
        "POST",
        "auth/jwt/config",
        &format!(r#"{{"jwt_validation_pubkeys":"{pem}"}}"#),
    );
    let role = r#"{"role_type":"jwt","user_claim":"sub","bound_audiences":"symlog","token_policies":"symlog"}"#;
    bao.root("POST", "auth/jwt/role/symlog", role);

    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let header = base64url(br#"{"alg":"EdDSA","typ":"JWT"}"#);
    let claims = format!(
        r#"{{"sub":"host","aud":"symlog","iat":{now},"nbf":{now},"exp":{}}}"#,
        now + 600
    );
    let signed = format!("{header}.{}", base64url(claims.as_bytes()));
    let jwt = format!("{signed}.{}", base64url(&signer.sign(signed.as_bytes())));
    let file = bao.home().join("jwt");
    std::fs::write(&file, jwt).unwrap();
    let auth = format!(
        "method = 'jwt'\nrole = 'symlog'\ntoken_path = '{}'",
        file.display()
    );
    let store = VaultStore::new(config(&bao.url(), &auth, UNCACHED)).unwrap();
    run(store.put("key", &secret("by JWT"))).unwrap();
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"by JWT");
}
