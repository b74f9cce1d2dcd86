//! The OS keychain, against a real gnome-keyring in a D-Bus session of its own.
#![cfg(all(feature = "keychain", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed step is a failed test, and a skipped one says so"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use symlog_crypto::SecretBytes;
use symlog_keys::{
    Environment, KeyError, KeyRequest, KeySource, KeychainError, resolve_blocking, system_keychain,
};

/// Tells a child what to do; without it the tests below that need a session do nothing.
const ROLE: &str = "SYMLOG_TEST_KEYCHAIN_ROLE";

fn there(program: &str) -> bool {
    let run = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// Runs this test program again, as `role`, in a session whose keychain is unlocked with `password`.
fn in_session(home: &Path, password: &str, role: &str) {
    if !there("gnome-keyring-daemon") || !there("dbus-run-session") {
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "no gnome-keyring; run: cargo xtask services");
        eprintln!("SKIPPED: keychain: no gnome-keyring; run: cargo xtask services");
        return;
    }
    let runtime = home.join("run");
    std::fs::create_dir_all(&runtime).unwrap();
    let script = format!(
        "echo -n {password} | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec \"$0\" --exact child --nocapture"
    );
    let output = Command::new("dbus-run-session")
        .args(["--", "bash", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", &runtime)
        .env(ROLE, role)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{role}: {shown}");
    assert!(shown.contains("child did its work"), "{role}: {shown}");
}

/// A home that only its owner may enter, as a keychain wants it.
fn home() -> tempfile::TempDir {
    tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .tempdir()
        .unwrap()
}

fn request(dir: &Path) -> KeyRequest {
    let mut request = KeyRequest::new("symbiont/logging/encryption_key");
    request.environment = Environment::fixed([]);
    request.key_dir = Some(dir.join("keys"));
    request
}

#[test]
fn child() {
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let home = std::env::var_os("HOME").unwrap();
    let home = Path::new(&home);
    let keychain = system_keychain();
    match role.to_str().unwrap() {
        "use" => {
            let secret = SecretBytes::from("from the keychain".to_owned());
            assert!(keychain.get("symlog-test", "account").unwrap().is_none());
            keychain.delete("symlog-test", "account").unwrap();
            keychain.set("symlog-test", "account", &secret).unwrap();
            let found = keychain.get("symlog-test", "account").unwrap().unwrap();
            assert_eq!(found.expose(), secret.expose());
            keychain.delete("symlog-test", "account").unwrap();
            assert!(keychain.get("symlog-test", "account").unwrap().is_none());
            let made = resolve_blocking(request(home)).unwrap();
            assert_eq!(made.source, KeySource::GeneratedKeychain);
            let again = resolve_blocking(request(home)).unwrap();
            assert_eq!(again.source, KeySource::Keychain);
            assert_eq!(again.key.text().expose(), made.key.text().expose());
            assert!(!home.join("keys").exists());
        }
        "locked" => {
            let start = Instant::now();
            let error = resolve_blocking(request(home)).unwrap_err();
            assert!(
                start.elapsed() < Duration::from_secs(4),
                "{:?}",
                start.elapsed()
            );
            let KeyError::NotFound { why, .. } = error else {
                panic!("{error}");
            };
            assert!(why.contains("keychain"), "{why}");
        }
        other => panic!("no role {other}"),
    }
    println!("child did its work");
}

#[test]
fn keys_are_kept_there_and_a_locked_one_is_no_reason_for_a_new_key() {
    let home = home();
    in_session(home.path(), "password", "use");
    in_session(home.path(), "wrong-password", "locked");
}

#[test]
fn a_session_without_one_says_so_at_once() {
    let home = home();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "without_session", "--nocapture"])
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        .env("HOME", home.path())
        .env(ROLE, "absent")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("absent it is"),
        "{shown}"
    );
}

#[test]
fn without_session() {
    if std::env::var_os(ROLE).is_none_or(|role| role != "absent") {
        return;
    }
    let start = Instant::now();
    let error = system_keychain().get("symlog-test", "account").unwrap_err();
    assert!(matches!(error, KeychainError::Absent { .. }), "{error:?}");
    let dir = tempfile::tempdir().unwrap();
    let made = resolve_blocking(request(dir.path())).unwrap();
    assert!(matches!(made.source, KeySource::GeneratedFile(_)));
    assert!(start.elapsed() < Duration::from_secs(4));
    println!("absent it is");
}
