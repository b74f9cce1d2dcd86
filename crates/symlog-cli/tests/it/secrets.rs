//! Keys, passphrases and tokens are planted wherever one is read, and looked for wherever something is written.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::symlog::{KEY, OTHER_KEY, Place, Run, example};

const PASSPHRASE: &str = "planted-passphrase-zwf6kq";
const NEW_PASSPHRASE: &str = "planted-new-passphrase-m2p8xv";
const TOKEN: &str = "planted-token-t7c4nd";
const STORED: &str = "planted-stored-key-b9r3hs";

/// Everything that a run printed and every file below the place, but for those that are keys by design.
#[track_caller]
fn holds_none(place: &Place, run: &Run, secrets: &[&str]) {
    for secret in secrets {
        assert!(!run.out.contains(secret), "{secret} on standard output");
        assert!(!run.err.contains(secret), "{secret}: {}", run.err);
    }
    let mut left = vec![place.path("")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
        } else if !path.ends_with("secrets.json") && !path.ends_with("given.key") {
            let bytes = fs::read(&path).unwrap_or_default();
            for secret in secrets {
                let found = bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} in {}", path.display());
            }
        }
    }
}

#[test]
fn no_planted_secret_is_printed_or_written() {
    let place = Place::new()
        .with("SYMBIONT_LOGGING_KEY", PASSPHRASE)
        .with("NEW_KEY", NEW_PASSPHRASE)
        .with("VAULT_TOKEN", TOKEN);
    place.write("given.key", NEW_PASSPHRASE);
    // A store that nobody listens at, and one that is a file that others may read.
    place.write(
        "vault.toml",
        "[security.secrets]\ntype = \"vault\"\nurl = \"http://127.0.0.1:9\"\n[security.secrets.auth]\n\
         method = \"token\"\ntoken = \"${VAULT_TOKEN}\"\n",
    );
    place.write(
        "secrets.json",
        format!("{{\"symbiont/logging/encryption_key\": \"{STORED}\""),
    );
    place.write(
        "file.toml",
        "[security.secrets]\ntype = \"file\"\npath = \"secrets.json\"\nstrict = true\n",
    );
    let secrets = [PASSPHRASE, NEW_PASSPHRASE, TOKEN, STORED];
    let interactions = example("interactions.jsonl");
    let commands: [&[&str]; 15] = [
        &["record", &interactions],
        &["cat"],
        &["keys", "check"],
        &["keys", "list", "--json"],
        &["keys", "rotate"],
        &[
            "keys",
            "slots",
            "add",
            "--label",
            "second",
            "--new-key-env",
            "NEW_KEY",
        ],
        &[
            "keys",
            "rotate",
            "--key",
            "logging",
            "--new-key-env",
            "NEW_KEY",
        ],
        &[
            "keys",
            "rotate",
            "--key",
            "logging",
            "--new-key-file",
            "given.key",
        ],
        &["keys", "check", "--config", "vault.toml"],
        &["cat", "--config", "vault.toml"],
        &["doctor", "--config", "vault.toml"],
        &["keys", "check", "--config", "file.toml"],
        &["cat", "--config", "file.toml"],
        &["keys", "slots", "remove", "second"],
        &["doctor"],
    ];
    for command in commands {
        let run = place.run(&[command, &["-vvv"]].concat());
        assert!(run.code >= 0, "{command:?} died: {run:?}");
        holds_none(&place, &run, &secrets);
    }
    // A key that does not fit, raw ones with their prefix, and one that is no text.
    for wrong in [KEY, OTHER_KEY, "base64:not-base64-planted"] {
        let place = Place::new().with("SYMBIONT_LOGGING_KEY", wrong);
        place.run(&["record", &interactions, "-vvv"]).ok();
        let place = place.with("SYMBIONT_LOGGING_KEY", PASSPHRASE);
        for command in ["cat", "doctor", "verify"] {
            let run = place.run(&[command, "-vvv"]);
            holds_none(&place, &run, &[wrong, PASSPHRASE]);
        }
    }
}

/// Ends a process with SIGABRT where cores are allowed, and tells whether it left one.
fn dumps_core(mut command: Command) -> bool {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let line = fs::read_to_string(example("interactions.jsonl")).unwrap();
    let line = line.lines().next().unwrap().to_owned() + "\n";
    // Keys are in use once something was recorded.
    let _ = stdin.write_all(line.as_bytes());
    std::thread::sleep(Duration::from_millis(1500));
    let aborted = Command::new("kill")
        .args(["-ABRT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(aborted.success());
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6), "{status}");
    status.core_dumped()
}

#[test]
fn no_core_is_dumped() {
    let place = Place::new().with("SYMBIONT_LOGGING_KEY", PASSPHRASE);
    let with_cores = |program: &Path, arguments: &[&str]| {
        let mut command = place.command(&[]);
        let plain = std::mem::replace(&mut command, Command::new("sh"));
        command
            .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
            .arg(program)
            .args(arguments)
            .current_dir(plain.get_current_dir().unwrap());
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap());
        }
        command
    };
    if !dumps_core(with_cores(Path::new("sleep"), &["30"])) {
        eprintln!("SKIPPED: no_core_is_dumped: this machine dumps no cores at all");
        return;
    }
    fs::remove_file(place.path("core")).ok();
    let symlog = Path::new(env!("CARGO_BIN_EXE_symlog"));
    assert!(!dumps_core(with_cores(symlog, &["record", "-"])));
    assert!(place.log().exists(), "it had opened its log");
    assert!(!place.path("core").exists());
}
