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

use symlog_crypto::{Identity, SecretBytes, default_provider};
use symlog_keys::{
    Environment, KeyError, KeyRequest, KeySource, KeychainError, resolve_blocking, system_keychain,
};

/// Tells a child what to do; without it the tests below that need a session do nothing.
const ROLE: &str = "SYMLOG_TEST_KEYCHAIN_ROLE";

/// Waits until somebody on the bus is the keychain.
const THERE: &str = "for try in $(seq 100); do dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets >/dev/null 2>&1 && break; sleep 0.05; done";

fn there(program: &str) -> bool {
    let run = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// Runs this test program again, as `role`, in a session whose keychain is unlocked with `password`.
fn in_session(home: &Path, password: &str, role: &str) {
    in_session_of(home, password, role, None);
}

/// The same on a bus with a configuration of its own.
fn in_session_of(home: &Path, password: &str, role: &str, bus: Option<&Path>) {
    if !there("gnome-keyring-daemon") || !there("dbus-run-session") {
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "no gnome-keyring; run: cargo xtask services");
        eprintln!("SKIPPED: keychain: no gnome-keyring; run: cargo xtask services");
        return;
    }
    let runtime = home.join("run");
    std::fs::create_dir_all(&runtime).unwrap();
    let script = format!(
        "echo -n {password} | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; {THERE}; exec \"$0\" --exact child --nocapture"
    );
    let mut session = Command::new("dbus-run-session");
    if let Some(bus) = bus {
        session.arg("--config-file").arg(bus);
    }
    let output = session
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
        "denied" => {
            let start = Instant::now();
            let error = keychain.get("symlog-test", "account").unwrap_err();
            assert!(matches!(error, KeychainError::Locked { .. }), "{error:?}");
            assert!(error.to_string().contains("unlock it"), "{error}");
            // Also for a new log: the key may be there.
            let error = resolve_blocking(request(home)).unwrap_err();
            assert!(error.to_string().contains("keychain"), "{error}");
            assert!(!home.join("keys").exists());
            assert!(
                start.elapsed() < Duration::from_secs(4),
                "{:?}",
                start.elapsed()
            );
        }
        "private key" => {
            let random = default_provider().random;
            let identity = Identity::generate(random).unwrap();
            let name = "symlog/identity";
            keychain.set("symlog", name, &identity.to_text()).unwrap();
            let mut request = request(home);
            request.name = name.to_owned();
            let found = resolve_blocking(request).unwrap();
            assert_eq!(found.source, KeySource::Keychain);
            let again = Identity::from_text(found.key.text()).unwrap();
            assert_eq!(
                again.recipient().unwrap().to_text(),
                identity.recipient().unwrap().to_text()
            );
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

/// A bus that keeps everybody from the keychain.
const DENYING: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <deny send_destination="org.freedesktop.secrets"/>
  </policy>
</busconfig>"#;

#[test]
fn one_that_denies_is_not_one_that_is_absent() {
    let home = home();
    let bus = home.path().join("bus.conf");
    std::fs::write(&bus, DENYING).unwrap();
    in_session_of(home.path(), "password", "denied", Some(&bus));
}

#[test]
fn a_readers_private_key_may_lie_there() {
    let home = home();
    in_session(home.path(), "password", "private key");
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
