//! The stores that need no server, and the configuration that leads to them.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use symlog_crypto::SecretBytes;
use symlog_keys::{
    Assurance, Environment, FileConfig, FileStore, KeyProvider, MemoryStore, NoKeychain,
    SecretStore, SecretsConfig, StoreError, VaultAuth, new_secret_store,
};

const NAME: &str = "symbiont/logging/encryption_key";

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn secret(text: &str) -> SecretBytes {
    SecretBytes::from(text.to_owned())
}

fn write(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// What every store must do.
async fn check_store(store: &dyn SecretStore) {
    assert!(store.get(NAME).await.unwrap().is_none());
    for text in [
        "first",
        "second ☀ \"quoted\" \\ and\nmore\ttabs",
        " spaces ",
        "#=",
        "",
    ] {
        store.put(NAME, &secret(text)).await.unwrap();
        let found = store.get(NAME).await.unwrap().unwrap();
        assert_eq!(found.expose(), text.as_bytes());
    }
    store.put("symbiont/other", &secret("other")).await.unwrap();
    assert_eq!(store.list("symbiont/l").await.unwrap(), [NAME]);
    assert_eq!(store.list("").await.unwrap(), [NAME, "symbiont/other"]);
    for _ in 0..2 {
        assert_eq!(store.destroy(NAME).await.unwrap(), Assurance::BestEffort);
        assert!(store.get(NAME).await.unwrap().is_none());
    }
    assert!(store.get("symbiont/other").await.unwrap().is_some());
}

fn encrypted(path: &Path, key: &str) -> FileStore {
    let config = FileConfig::plain(path).encrypted(KeyProvider::Environment {
        variable: "FILE_KEY".to_owned(),
    });
    let environment = Environment::fixed([("FILE_KEY".to_owned(), secret(key))]);
    FileStore::with_sources(config, environment, Arc::new(NoKeychain)).unwrap()
}

fn plain(path: &Path) -> FileStore {
    FileStore::new(FileConfig::plain(path)).unwrap()
}

#[test]
fn every_store_keeps_its_contract() {
    run(check_store(&MemoryStore::new()));
    let boxed: Box<dyn SecretStore> = Box::new(MemoryStore::new());
    run(check_store(&boxed));
    let shared: Arc<dyn SecretStore> = Arc::new(boxed);
    assert!(run(shared.get("nothing")).unwrap().is_none());
    let dir = tempfile::tempdir().unwrap();
    for file in ["s.json", "s.toml", "s.env", "s.yaml", "s"] {
        run(check_store(&plain(&dir.path().join(file))));
    }
    run(check_store(&encrypted(&dir.path().join("e.json"), "key")));
}

#[track_caller]
fn reads(file: &str, content: &str, name: &str, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(file);
    write(&path, content);
    let found = run(plain(&path).get(name)).unwrap().unwrap();
    assert_eq!(found.expose_str().unwrap(), expected, "{content}");
}

#[test]
fn files_that_people_write_are_read() {
    reads("s.json", r#"{"a/b": "text", "n": 7}"#, "a/b", "text");
    reads(
        "s.json",
        r#"{"a": {"b": [1, "x"]}}"#,
        "a",
        r#"{"b":[1,"x"]}"#,
    );
    reads("s.json", r#"{"a": true}"#, "a", "true");
    reads("s.toml", "\"a/b\" = \"text\"\nn = 7\n", "a/b", "text");
    reads("s.toml", "n = 7", "n", "7");
    reads("s.yaml", "# comment\na/b: text\n", "a/b", "text");
    reads("s.yml", "a: |\n  two\n  lines\n", "a", "two\nlines\n");
    reads("s.env", "# comment\n\nA=text\n", "A", "text");
    reads("s.env", "export A=text # comment", "A", "text");
    reads("s.env", "A='single # $quoted'", "A", "single # $quoted");
    reads(
        "s.env",
        r#"A="two\nlines \"quoted\"""#,
        "A",
        "two\nlines \"quoted\"",
    );
    reads("s.env", "A=base64:AAAA=\r\n", "A", "base64:AAAA=");
}

#[test]
fn files_that_cannot_be_read_are_damage_and_not_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (file, content) in [
        ("s.json", ""),
        ("s.json", "{\"planted\": "),
        ("s.json", "[\"planted\"]"),
        ("s.json", "{\"a\": \"\u{0}\"} planted"),
        ("s.toml", "planted = "),
        ("s.env", "planted"),
        ("s.env", "A=\"planted"),
        ("s.yaml", "- planted"),
        ("s.yaml", "a: &x [*x, *x] planted: ["),
    ] {
        let path = dir.path().join(file);
        write(&path, content);
        let error = run(plain(&path).get("a")).unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{content}: {error}"
        );
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
    let path = dir.path().join("s.json");
    std::fs::write(&path, b"{\"a\": \"\xff\"}").unwrap();
    assert!(run(plain(&path).get("a")).is_err());
}

/// Encrypted by another implementation, see `testdata/crypto/README.md`.
fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/keys/secrets.encrypted.json")
}

#[test]
fn an_encrypted_file_of_another_program_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.json");
    write(&path, &std::fs::read_to_string(published()).unwrap());
    let store = encrypted(&path, "the file's passphrase");
    let found = run(store.get(NAME)).unwrap().unwrap();
    assert_eq!(found.expose(), b"the logging key");
    run(store.put("new", &secret("planted"))).unwrap();
    assert_eq!(
        run(store.get("other")).unwrap().unwrap().expose(),
        b"another secret"
    );
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(!written.contains("planted") && written.contains("Argon2id-m65536-t3-p1"));

    let wrong = run(encrypted(&path, "another").get(NAME)).unwrap_err();
    assert!(matches!(wrong, StoreError::WrongKey { .. }), "{wrong}");
    let without = run(encrypted(&path, "").get(NAME)).unwrap_err();
    assert!(matches!(without, StoreError::NoKey { .. }), "{without}");
    let as_plain = run(encrypted(&dir.path().join("none.json"), "k").get(NAME));
    assert!(as_plain.unwrap().is_none(), "a missing file is not found");
}

#[test]
fn a_changed_or_hostile_encrypted_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.json");
    let good = std::fs::read_to_string(published()).unwrap();
    let expensive = good.replace("m65536-t3", "m4294967295-t9");
    let flipped = good.replacen("\"ciphertext\": \"", "\"ciphertext\": \"AAAA", 1);
    for content in [
        &expensive,
        &flipped,
        &good[..good.len() / 2],
        "{}",
        "{\"a\":\"plain\"}",
    ] {
        write(&path, content);
        assert!(run(encrypted(&path, "the file's passphrase").get(NAME)).is_err());
    }
}

#[test]
fn the_key_may_lie_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let config = FileConfig::plain(dir.path().join("s.json"))
        .encrypted(KeyProvider::File { path: key.clone() });
    let store = FileStore::new(config).unwrap();
    let missing = run(store.put("a", &secret("b"))).unwrap_err();
    assert!(matches!(missing, StoreError::NoKey { .. }), "{missing}");
    write(&key, "the key\n");
    run(store.put("a", &secret("b"))).unwrap();
    write(&key, "the key");
    assert!(run(store.get("a")).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json");
    run(plain(&path).put("a", &secret("b"))).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for wide in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wide)).unwrap();
        let error = run(plain(&path).get("a")).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let link = dir.path().join("link.json");
    symlink(&path, &link).unwrap();
    let error = run(plain(&link).get("a")).unwrap_err();
    assert!(error.to_string().contains("symbolic links"), "{error}");
    let error = run(plain(dir.path()).get("a")).unwrap_err();
    assert!(error.to_string().contains("regular file"), "{error}");
}

#[test]
fn many_writers_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let store = plain(path);
                for number in 0..10 {
                    run(store.put(&format!("{writer}-{number}"), &secret("x"))).unwrap();
                }
            });
        }
    });
    assert_eq!(run(plain(&path).list("")).unwrap().len(), 40);
}

#[test]
fn backups_are_kept_and_destroyed_with_their_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json");
    let text = format!(
        "type = 'file'\npath = '{}'\nbackup = {{ enabled = true, max_backups = 2 }}",
        path.display()
    );
    let config: SecretsConfig = toml::from_str(&text).unwrap();
    let store = run(new_secret_store(&config, "tests")).unwrap();
    for value in ["planted-1", "planted-2", "planted-3", "planted-4"] {
        run(store.put("a", &secret(value))).unwrap();
    }
    let backup = |number: usize| dir.path().join(format!("s.json.bak.{number}"));
    for (number, value) in [(1, "planted-3"), (2, "planted-2")] {
        let kept = std::fs::read_to_string(backup(number)).unwrap();
        assert!(kept.contains(value), "{kept}");
    }
    assert!(!backup(3).exists());
    run(store.destroy("a")).unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let content = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!content.contains("planted"), "{content}");
    }
}

#[test]
fn the_seeds_two_configurations_are_understood() {
    let vault = r#"
type = "vault"
url = "https://vault.example.com"
namespace = "symbiont"
mount_path = "secret"
[auth]
method = "token"
token = "hvs.planted"
"#;
    let SecretsConfig::Vault(vault) = toml::from_str(vault).unwrap() else {
        panic!("not a vault");
    };
    assert_eq!(vault.namespace.as_deref(), Some("symbiont"));
    assert!(matches!(vault.auth, VaultAuth::Token { .. }) && !vault.strict);
    assert!(!format!("{vault:?}").contains("planted"));

    let file = r#"
type = "file"
path = "/etc/symbiont/secrets.json"
strict = true
[encryption]
enabled = true
algorithm = "AES-256-GCM"
[encryption.key]
provider = "os_keychain"
service = "symbiont"
account = "secrets"
"#;
    let config: SecretsConfig = toml::from_str(file).unwrap();
    assert!(config.strict());
    let SecretsConfig::File(file) = config else {
        panic!("not a file");
    };
    let expected = KeyProvider::Keychain {
        service: "symbiont".to_owned(),
        account: "secrets".to_owned(),
    };
    assert_eq!(file.encryption.unwrap().key.provider(), Ok(expected));
}

#[track_caller]
fn refused(toml: &str, expected: &str) {
    let error = match toml::from_str::<SecretsConfig>(toml) {
        Err(error) => error.to_string(),
        Ok(config) => run(new_secret_store(&config, "tests"))
            .unwrap_err()
            .to_string(),
    };
    assert!(error.contains(expected), "{error}");
}

#[test]
fn configurations_that_cannot_work_say_why() {
    refused("type = 'etcd'", "etcd");
    refused("type = 'file'", "path");
    refused("type = 'file'\npath = 's'\nencription = {}", "encription");
    let file = "type = 'file'\npath = 's'\n[encryption]\nenabled = true\n";
    refused(file, "env_var");
    refused(&format!("{file}algorithm = 'ROT13'"), "AES-256-GCM");
    refused(&format!("{file}key = {{ provider = 'file' }}"), "file_path");
    refused(
        &format!("{file}key = {{ provider = 'sky' }}"),
        "os_keychain, env, file",
    );
    refused("type = 'vault'\nurl = 'https://v'", "auth");
}
