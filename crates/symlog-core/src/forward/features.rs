//! Archive, erased and expired keys, retention classes, write-only hosts, checkpoints, extensions.

use serde_json::json;
use symlog_keys::Id;

use super::Crafted;
use crate::error::LoggingError;
use crate::format::{Body, fixed, parse_line};
use crate::read::{Filter, ReadError};
use crate::verify::Check;

const ALL: [&str; 5] = ["first", "second", "All wo", "fourth", "fifth"];

#[track_caller]
fn reads_on(crafted: &Crafted) {
    assert_eq!(crafted.prompts(), ALL);
    let report = crafted.verify();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.envelopes, Check::Ok);
    crafted.goes_on().unwrap();
}

#[test]
fn checkpoints_and_heartbeats_are_lines_that_may_be_passed_over() {
    let mut crafted = Crafted::new();
    for (kind, body) in [
        (
            "checkpoint",
            json!({"note": "symlog/log\n9\nroot\n\n— writer sig\n"}),
        ),
        ("heartbeat", json!({})),
        ("rotated", json!({"generation": 4})),
        ("something-else", json!({"n": [1, 2, {"m": null}]})),
    ] {
        crafted.push_control(kind, false, body.to_string());
    }
    let report = crafted.verify();
    for kind in ["checkpoint", "heartbeat", "something-else"] {
        let mentioned = report.notes.iter().any(|note| note.contains(kind));
        assert!(mentioned, "{kind} {report:?}");
    }
    reads_on(&crafted);
}

#[test]
fn a_critical_kind_that_is_not_known_stops_everybody() {
    let mut crafted = Crafted::new();
    crafted.push_control("reshaped", true, "{}".to_owned());
    let mut entries = crafted.read();
    let last = entries.pop();
    assert!(
        matches!(last, Some(Err(ReadError::Newer { .. }))),
        "{last:?}"
    );
    assert!(entries.iter().all(Result::is_ok));
    assert_eq!(entries.len(), ALL.len());
    let reader = crafted.reader();
    let mut follow = reader.follow(1, Filter::new()).unwrap();
    assert!(follow.poll_next().unwrap().is_some());
    assert!(matches!(follow.poll_next(), Err(ReadError::Newer { .. })));
    let problems = crafted.verify().problems;
    assert!(problems[0].what.contains("update symlog"), "{problems:?}");
    let refused = crafted.goes_on().unwrap_err();
    assert!(matches!(refused, LoggingError::Unreadable { .. }));
    assert!(refused.to_string().contains("update symlog"), "{refused}");
}

#[test]
fn extensions_are_passed_over_and_critical_ones_are_not() {
    let mut crafted = Crafted::new();
    crafted.extend(r#""x-shard":"b","x-cost":{"usd":0.25}"#);
    reads_on(&crafted);
    // They are part of the leaf.
    let at = crafted.sealed_lines()[0];
    let text = String::from_utf8(crafted.lines[at].clone()).unwrap();
    crafted.lines[at] = text.replace("0.25", "0.26").into_bytes();
    assert_eq!(crafted.verify().leaves, Check::Failed);

    let mut critical = Crafted::new();
    critical.extend(r#""x-shard":"b","c-compressed":"zstd""#);
    critical.save();
    let refused = critical.goes_on().unwrap_err().to_string();
    assert!(refused.contains("c-compressed"), "{refused}");
    let first = critical.read().remove(0);
    assert!(matches!(first, Err(ReadError::Newer { .. })), "{first:?}");
    assert!(!critical.verify().is_ok());
}

#[test]
fn a_newer_version_of_the_format_is_refused() {
    let mut crafted = Crafted::new();
    let text = String::from_utf8(crafted.lines.pop().unwrap()).unwrap();
    crafted
        .lines
        .push(text.replace("{\"v\":1,", "{\"v\":2,").into_bytes());
    let refused = crafted.goes_on().unwrap_err().to_string();
    assert!(refused.contains("newer version"), "{refused}");
    let last = crafted.read().pop();
    assert!(
        matches!(last, Some(Err(ReadError::Newer { .. }))),
        "{last:?}"
    );
}

#[test]
fn a_write_only_host_adds_wraps_and_needs_no_other_line() {
    let hpke = json!({
        "alg": "HPKE-X25519-SHA256-AES256GCM",
        "key_id": "AAAAAAAAAAAAAAAAAAAAAA==",
        "role": "reader",
        "bytes": "AAECAw=="
    });
    let each = |change: &dyn Fn(&mut Vec<serde_json::Value>)| {
        let mut crafted = Crafted::new();
        crafted.edit_header(|body| {
            for class in body["classes"].as_array_mut().unwrap() {
                for secret in ["secret", "search"] {
                    change(class[secret]["wraps"].as_array_mut().unwrap());
                }
            }
        });
        crafted
    };
    reads_on(&each(&|wraps| wraps.insert(0, hpke.clone())));
    reads_on(&each(&|wraps| wraps.push(hpke.clone())));
    // The algorithm is known and the role is not.
    reads_on(&each(&|wraps| {
        let mut other = wraps[0].clone();
        other["role"] = json!("escrow");
        wraps.insert(0, other);
    }));
    // Only for somebody else: the order can still be checked, and nothing is called damaged.
    let theirs = each(&|wraps| wraps[0] = hpke.clone());
    let first = theirs.read().remove(0);
    assert!(matches!(first, Err(ReadError::Key { .. })), "{first:?}");
    assert!(crate::verify::verify(&theirs.path()).unwrap().is_ok());
}

fn key_ids(crafted: &Crafted, class: usize) -> Id {
    let Body::Control(line) = parse_line(&crafted.lines[0]).unwrap().body else {
        panic!("no control line");
    };
    let body: serde_json::Value = serde_json::from_str(&line.body).unwrap();
    let id = &body["classes"][class]["secret"]["wraps"][0]["key_id"];
    fixed(id.as_str().unwrap()).unwrap()
}

#[test]
fn a_class_expires_alone() {
    let crafted = Crafted::new();
    let expired = key_ids(&crafted, 1);
    crafted.keyring().destroy_periods(&[expired]).unwrap();
    let entries = crafted.read();
    let left: Vec<u64> = entries
        .into_iter()
        .map(|entry| entry.unwrap().sequence)
        .collect();
    let mut all: Vec<u64> = Crafted::new()
        .read()
        .into_iter()
        .map(|entry| entry.unwrap().sequence)
        .collect();
    all.remove(3);
    assert_eq!(left, all);
    assert!(crate::verify::verify(&crafted.path()).unwrap().is_ok());
}

#[test]
fn classes_that_no_entry_uses_and_members_that_nobody_knows_change_nothing() {
    let mut crafted = Crafted::new();
    crafted.edit_header(|body| {
        let classes = body["classes"].as_array_mut().unwrap();
        let mut more = classes[0].clone();
        more["x-legal-hold"] = json!(true);
        classes[0] = more;
        body["x-site"] = json!({"region": "eu"});
    });
    reads_on(&crafted);
}

#[test]
fn an_erased_unit_is_gone_and_the_others_stay() {
    let crafted = Crafted::new();
    let keyring = crafted.keyring();
    let digest = keyring.unit_digest(symlog_keys::UnitKind::Conversation, None, "c-1");
    let (id, _) = keyring.find_unit(&digest).unwrap().unwrap();
    keyring.destroy_units(&[id]).unwrap();
    let gone: Vec<bool> = crafted.read().iter().map(Result::is_err).collect();
    assert_eq!(gone, [true, false, false, false, true]);
    let report = crafted.verify();
    assert!(report.is_ok(), "{report:?}");
}
