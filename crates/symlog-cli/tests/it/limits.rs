//! Much input under a hard limit on the address space.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::symlog::Place;

/// Bytes of address space for runs whose entries are small.
const MANY: u64 = 700_000_000;
/// Bytes of address space for one line of 100 MB, which is held in memory while it is masked.
const LARGE: u64 = 1_000_000_000;

/// Whether everything is run at full size; without, the same at a fiftieth.
fn is_full() -> bool {
    std::env::var_os("CI").is_some()
}

fn limited(place: &Place, address_space: u64, arguments: &[&str]) -> Option<Command> {
    let probe = Command::new("prlimit").arg("--version").output();
    if probe.is_err() {
        eprintln!("SKIPPED: limits: `prlimit` of util-linux is not on this machine");
        return None;
    }
    eprintln!("symlog {arguments:?} under prlimit --as={address_space}");
    let inner = place.command(arguments);
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--as={address_space}"))
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .stdin(Stdio::null());
    if let Some(directory) = inner.get_current_dir() {
        command.current_dir(directory);
    }
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Some(command)
}

/// Runs `record -` and lets `write` write its input.
fn record(mut command: Command, write: impl FnOnce(&mut dyn Write) + Send) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || write(&mut input));
    });
    assert!(child.wait().unwrap().success());
}

#[test]
fn many_entries_are_recorded_and_read_back_in_bounded_memory() {
    let place = Place::with_key();
    let count: usize = if is_full() { 500_000 } else { 10_000 };
    let Some(command) = limited(&place, MANY, &["record", "-"]) else {
        return;
    };
    let words = "The quick brown fox jumps over the lazy dog and goes home. ".repeat(14);
    record(command, |input| {
        for i in 0..count {
            writeln!(
                input,
                r#"{{"agent_id":"a","request_data":{{"prompt":"{i} {words}"}},"response_data":{{"content":"{i}"}}}}"#
            )
            .unwrap();
        }
    });
    let Some(mut command) = limited(&place, MANY, &["cat"]) else {
        return;
    };
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = 0;
    for line in lines {
        let line = line.unwrap();
        assert!(line.contains(&format!("\"content\":\"{seen}\"")), "{seen}");
        seen += 1;
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(seen, count);
    if is_full() {
        let directory = place.log().parent().unwrap().to_owned();
        let bytes: u64 = std::fs::read_dir(directory)
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(bytes > 800_000_000, "{bytes}");
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_recorded_and_read_back() {
    let place = Place::with_key();
    let bytes: usize = if is_full() { 100_000_000 } else { 5_000_000 };
    let Some(command) = limited(&place, LARGE, &["record", "-"]) else {
        return;
    };
    let sentence = "All work and no play. ";
    record(command, |input| {
        write!(input, r#"{{"request_data":{{"prompt":""#).unwrap();
        for _ in 0..bytes / sentence.len() {
            input.write_all(sentence.as_bytes()).unwrap();
        }
        writeln!(input, r#""}}}}"#).unwrap();
    });
    let Some(mut command) = limited(&place, MANY, &["cat"]) else {
        return;
    };
    let output = command.output().unwrap();
    assert!(output.status.success());
    let entry: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let prompt = entry["request_data"]["prompt"].as_str().unwrap();
    assert_eq!(prompt.len(), bytes / sentence.len() * sentence.len());
    assert!(place.run(&["verify", "--keys"]).code == 0);
}
