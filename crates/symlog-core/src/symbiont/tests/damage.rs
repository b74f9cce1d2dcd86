//! Lines out of place, damaged and hostile.

use proptest::prelude::*;
use serde_json::{Value, json};
use symlog_sink::{MemoryStorage, Storage};

use super::super::{inspect::is_symbiont, verify};
use super::{FIXTURES, Maker, PASSPHRASE, file, id, read, reader, shown, stored};
use crate::read::Filter;
use crate::verify::{Check, VerifyReport};

/// What comes of each line, in short: `3 open`, `3 = 12` for an answer with latency 12, or the
/// error's text.
#[track_caller]
fn check(maker: Maker, expected: &[&str]) {
    let short: Vec<String> = read(&maker.out)
        .iter()
        .map(|item| match item {
            Value::String(error) => error.clone(),
            entry if entry["response"].is_null() => format!("{} open", entry["line"]),
            entry => format!("{} = {}", entry["line"], entry["latency"]),
        })
        .collect();
    assert_eq!(short, expected);
}

#[test]
fn the_newest_answer_behind_its_request_counts() {
    check(
        Maker::new()
            .request(1, None)
            .request(2, None)
            .answer(1, 5)
            .answer(1, 6)
            .request(3, Some("{}")),
        &["1 = 6", "2 open", "5 = 0"],
    );
}

#[test]
fn an_answer_without_its_request_is_named() {
    const ORPHAN: &str = "it answers a request that is damaged or does not stand before it";
    check(
        Maker::new()
            .answer(1, 5)
            .request(1, None)
            .raw(b"{\"id\":\"\n")
            .answer(2, 5),
        &[
            &format!("line 1 (byte 0) is damaged: {ORPHAN}"),
            "2 open",
            "line 3 (byte 807) is damaged: it is cut off",
            &format!("line 4 (byte 815) is damaged: {ORPHAN}"),
        ]
        .map(|text| text as &str),
    );
}

#[test]
fn damaged_lines_are_named_and_the_others_read() {
    let whole = Maker::new().request(1, None).out;
    let torn = &whole[..whole.len() / 2];
    let found = read(
        &Maker::new()
            .request(1, Some("{\"content\":\"x\"}"))
            .raw(b"\xff\xfe not text\n\n[]\n{}\n")
            .raw(b"UPDATE: {\"id\":7}\n")
            .request(2, Some("no JSON"))
            .request(3, None)
            .answer(3, 1)
            .raw(torn)
            .out,
    );
    let shown: Vec<_> = found
        .iter()
        .map(|item| match item {
            Value::String(error) => error.split_once(' ').unwrap().1.to_owned(),
            entry => entry["line"].to_string(),
        })
        .collect();
    let why = |line: &str| {
        shown
            .iter()
            .find(|text| text.starts_with(&format!("{line} (")))
            .unwrap_or_else(|| panic!("line {line} in {shown:#?}"))
            .rsplit_once("is damaged: ")
            .unwrap()
            .1
    };
    assert_eq!(shown[0], "1");
    assert!(why("2").starts_with("it is no JSON object"));
    assert!(why("4").starts_with("it is no JSON object"));
    assert!(why("5").starts_with("it is no JSON object"));
    assert!(why("6").starts_with("it is no JSON object"));
    assert_eq!(
        why("7"),
        "its response_data cannot be read: what it holds is no JSON"
    );
    assert!(shown.contains(&"8".to_owned()));
    assert_eq!(why("10"), "it is cut off");
    assert_eq!(shown.len(), 8);
}

/// One envelope's member replaced on an otherwise good line.
#[track_caller]
fn check_envelope(member: &str, value: &str, expected: &str) {
    let line = Maker::new().request(1, None).out;
    let mut line: Value = serde_json::from_slice(&line).unwrap();
    line["request_data"][member] = json!(value);
    let text = format!("{line}\n");
    let found = read(text.as_bytes());
    assert_eq!(
        found,
        [Value::String(format!(
            "line 1 (byte 0) is damaged: its request_data cannot be read: {expected}"
        ))]
    );
}

#[test]
fn hostile_envelopes_are_refused_before_anything_is_computed() {
    const TOO_EXPENSIVE: &str = "too expensive: at most 1 GiB, 16 passes and 4 lanes are accepted";
    check_envelope(
        "kdf",
        "Argon2id-m4294967295-t3-p1",
        &format!(
            "Argon2id parameters (memory 4294967295 KiB, 3 passes, 1 lanes) are {TOO_EXPENSIVE}"
        ),
    );
    check_envelope(
        "kdf",
        "Argon2id-m65536-t4294967295-p1",
        &format!(
            "Argon2id parameters (memory 65536 KiB, 4294967295 passes, 1 lanes) are {TOO_EXPENSIVE}"
        ),
    );
    check_envelope(
        "kdf",
        "Argon2id-m8-t1-p0",
        "Argon2id parameters (memory 8 KiB, 1 passes, 0 lanes) are not possible: RFC 9106 wants a pass, a lane and 8 KiB a lane",
    );
    let unknown = |label: &str| {
        format!(
            "unknown key derivation {label:?}; this version knows HKDF-SHA256, Argon2 and Argon2id-m…-t…-p…"
        )
    };
    for label in [
        "",
        "PBKDF2",
        "argon2",
        "Argon2id-m08-t1-p1",
        "Argon2id-m99999999999-t1-p1",
    ] {
        check_envelope("kdf", label, &unknown(label));
    }
    check_envelope("kdf", &"A".repeat(10_000), &unknown(&"A".repeat(64)));
    check_envelope(
        "algorithm",
        "ChaCha20-Poly1305",
        "its algorithm is not AES-256-GCM",
    );
    check_envelope(
        "algorithm",
        "AES-128-GCM",
        "its algorithm is not AES-256-GCM",
    );
    check_envelope("salt", "AAAA", "its salt has 3 bytes and not 32");
    check_envelope("nonce", "AAAA", "the envelope's nonce cannot be used");
    for text in ["A", "AAA", "AA==\n", "AB=="] {
        check_envelope(
            "ciphertext",
            text,
            "the envelope's ciphertext is not canonical standard base64 with padding",
        );
    }
    const SEALED: &str =
        "the logging key is not the one that it was sealed with, or its bytes were changed";
    check_envelope("ciphertext", "", SEALED);
    check_envelope("nonce", "AAAAAAAAAAAAAAAA", SEALED);
    check_envelope("kdf", "Argon2id-m9-t1-p1", SEALED);
}

#[test]
fn a_wrong_key_opens_nothing_and_says_so() {
    let log = Maker::new().request(1, None).answer(1, 5).out;
    let found: Vec<_> = reader(&log, "another", Filter::new())
        .map(|item| item.unwrap_err().to_string())
        .collect();
    assert_eq!(found.len(), 2);
    for error in found {
        assert!(error.contains("the logging key is not the one"), "{error}");
    }
}

#[test]
fn a_damaged_answer_leaves_its_request_open() {
    let whole = Maker::new()
        .request(1, None)
        .answer(1, 5)
        .request(2, None)
        .out;
    let text = String::from_utf8(whole).unwrap();
    let damaged = text.replacen("\"ciphertext\":\"", "\"ciphertext\":\"AAAA", 2);
    // The request's own envelope stays good.
    let damaged = damaged.replacen("\"ciphertext\":\"AAAA", "\"ciphertext\":\"", 1);
    let found = read(damaged.as_bytes());
    assert_eq!(found.len(), 3);
    assert_eq!(
        (&found[0]["line"], &found[0]["response"]),
        (&json!(1), &Value::Null)
    );
    assert!(
        found[1].as_str().unwrap().starts_with("line 2 (byte"),
        "{}",
        found[1]
    );
    assert_eq!(found[2]["line"], 3);
}

#[test]
fn a_last_line_that_only_lacks_its_newline_counts() {
    let mut log = Maker::new().request(1, None).request(2, None).out;
    log.pop();
    assert_eq!(read(&log).len(), 2);
}

#[test]
fn files_are_recognised_by_their_first_good_line() {
    for (log, _) in FIXTURES {
        assert!(is_symbiont(log.as_bytes()));
        assert!(is_symbiont(&log.as_bytes()[..100]));
        assert!(is_symbiont(format!("\0\0damaged\n{log}").as_bytes()));
    }
    assert!(is_symbiont(b"UPDATE: {\"error\":null"));
    for other in [
        "",
        "\n",
        "{\"v\":1,\"seg\":0,\"seq\":0,\"id\":\"x\"}\n{\"id\":\"x\"}",
        "{\"agent_id\":\"a\"}",
        "some text",
    ] {
        assert!(!is_symbiont(other.as_bytes()), "{other}");
    }
}

#[test]
fn deep_nesting_is_an_error_of_its_line() {
    let deep = "[".repeat(100_000);
    let found = read(
        &Maker::new()
            .raw(format!("{{\"id\":{deep}\n").as_bytes())
            .raw(format!("UPDATE: {{\"id\":\"{}\",\"response_data\":{deep}\n", id(1)).as_bytes())
            .request(1, Some(&format!("{{\"content\":{deep}")))
            .request(2, None)
            .out,
    );
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[..3].iter().all(Value::is_string));
    assert_eq!(found[3]["line"], 4);
}

#[test]
fn following_gives_requests_and_then_their_answers() {
    let storage = MemoryStorage::new();
    let mut sink = storage.lock().unwrap();
    let old = Maker::new()
        .request(1, None)
        .request(2, Some("{}"))
        .request(3, None)
        .out;
    sink.append(&old).unwrap();
    let mut follow = file(&storage, PASSPHRASE).follow(2, Filter::new()).unwrap();
    let mut next = || follow.poll_next().unwrap().map(|entry| shown(&entry));
    assert_eq!(next().unwrap()["line"], 2);
    assert_eq!(next().unwrap()["line"], 3);
    assert_eq!(next(), None);
    let new = Maker::new().answer(3, 7).answer(1, 8).out;
    let (half, rest) = new.split_at(new.len() / 3);
    sink.append(half).unwrap();
    assert_eq!(next(), None);
    sink.append(rest).unwrap();
    let answered = next().unwrap();
    assert_eq!(
        (&answered["line"], &answered["latency"]),
        (&json!(3), &json!(7))
    );
    // Its request is older than what is followed.
    let answered = next().unwrap();
    assert_eq!(
        (&answered["line"], &answered["latency"]),
        (&json!(1), &json!(8))
    );
    assert_eq!(next(), None);
    sink.append(b"damaged\n").unwrap();
    assert!(follow.poll_next().is_err());
    assert!(follow.poll_next().unwrap().is_none());
}

fn verified(bytes: &[u8], opener: Option<&str>) -> VerifyReport {
    let storage = stored(bytes);
    let opener = opener.map(|passphrase| file(&storage, passphrase).opener());
    verify::run(&storage, opener).unwrap()
}

#[test]
fn verification_says_what_it_cannot_know() {
    let log = Maker::new()
        .request(1, None)
        .request(2, None)
        .answer(2, 5)
        .out;
    for opener in [None, Some(PASSPHRASE)] {
        let report = verified(&log, opener);
        assert!(report.is_ok(), "{report:#?}");
        assert_eq!(
            (report.order, report.leaves),
            (Check::NotChecked, Check::NotChecked)
        );
        assert_eq!((report.lines, report.entries), (3, 2));
        assert_eq!(report.notes.len(), 2);
    }
    let wrong = verified(&log, Some("another"));
    assert_eq!((wrong.envelopes, wrong.problem_count), (Check::Failed, 3));
    let broken = Maker::new()
        .answer(7, 1)
        .raw(b"damaged\n")
        .request(1, None)
        .raw(b"torn")
        .out;
    let report = verified(&broken, None);
    let lines: Vec<_> = report.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2]);
    assert_eq!((report.lines, report.envelopes), (3, Check::NotChecked));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens to a few bytes: no panic, nothing made up, and every line that was not
    /// touched is read.
    #[test]
    fn mutated_files_are_read_to_their_end(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6)
    ) {
        let good = Maker::new()
            .request(1, Some("{\"content\":\"x\"}"))
            .request(2, None)
            .answer(2, 5)
            .request(3, None)
            .out;
        let mut log = good.clone();
        for (at, byte, how) in edits {
            let at = at.index(log.len());
            match how {
                0 => log[at] = byte,
                1 => log.insert(at, byte),
                _ => drop(log.remove(at)),
            }
        }
        let untouched = good
            .split(|&b| b == b'\n')
            .filter(|line| line.starts_with(b"{"))
            .filter(|line| log.split(|&b| b == b'\n').any(|other| other == *line))
            .count();
        let entries: Vec<_> = read(&log).into_iter().filter(|item| item.is_object()).collect();
        prop_assert!(entries.len() >= untouched);
        for entry in entries {
            prop_assert_eq!(&entry["request"], &json!({"prompt": "p"}));
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_to_their_end(log in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&log).iter().all(Value::is_string));
    }
}
