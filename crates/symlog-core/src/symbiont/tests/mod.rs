mod damage;
mod faults;

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use symlog_crypto::{
    Algorithm, Argon2Params, Envelope, Nonce, SecretBytes, argon2id, default_provider,
};
use symlog_keys::LoggingKey;
use symlog_sink::{MemoryStorage, ObjectName};

use super::line::{Head, Outcome, SealedLines, parse_entry, parse_update, update_id};
use super::{SymbiontEntries, SymbiontFile};
use crate::format::Timestamp;
use crate::read::{Entry, Filter};

const PASSPHRASE: &str = "test_key_123";

/// What the reference logger wrote, under each of its two labels, and what is in it.
const FIXTURES: [(&str, &str); 2] = [
    (
        include_str!("../../../../../testdata/symbiont/current.encrypted.log"),
        include_str!("../../../../../testdata/symbiont/current.encrypted.log.expected.jsonl"),
    ),
    (
        include_str!("../../../../../testdata/symbiont/legacy.encrypted.log"),
        include_str!("../../../../../testdata/symbiont/legacy.encrypted.log.expected.jsonl"),
    ),
];

fn key(passphrase: &str) -> LoggingKey {
    LoggingKey::from_text(SecretBytes::new(passphrase.into())).unwrap()
}

fn file(storage: &MemoryStorage, passphrase: &str) -> SymbiontFile {
    SymbiontFile::unchecked(Arc::new(storage.clone()), &key(passphrase))
}

fn stored(bytes: &[u8]) -> MemoryStorage {
    MemoryStorage::from_objects([(ObjectName::Active, bytes.to_vec())]).unwrap()
}

fn reader(bytes: &[u8], passphrase: &str, filter: Filter) -> SymbiontEntries {
    file(&stored(bytes), passphrase).entries(filter).unwrap()
}

/// What is asked of an entry here.
fn shown(entry: &Entry) -> Value {
    json!({
        "line": entry.sequence + 1,
        "id": entry.id,
        "request": entry.request_data,
        "response": entry.response_data,
        "latency": entry.latency_ms,
        "error": entry.error,
        "tokens": entry.token_usage,
    })
}

/// Every item as JSON: an entry, or an error's text without the remedy.
fn read(bytes: &[u8]) -> Vec<Value> {
    reader(bytes, PASSPHRASE, Filter::new())
        .map(|item| match item {
            Ok(entry) => shown(&entry),
            Err(error) => {
                let text = error.to_string();
                let text = text.strip_suffix(REMEDY).unwrap();
                Value::String(text.strip_prefix("active object, ").unwrap().to_owned())
            }
        })
        .collect()
}

const REMEDY: &str = "; `symlog verify` says what else is, and a backup may hold the line";

#[test]
fn files_of_the_reference_logger_decrypt_to_what_it_says_itself() {
    for (log, expected) in FIXTURES {
        let entries = read(log.as_bytes());
        let expected: Vec<Value> = expected
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(&expected) {
            assert_eq!(entry["id"], expected["id"]);
            assert_eq!(entry["request"], expected["request_data"]);
            // The reference does not join; the one late answer is looked at below.
            if entry["line"] != 5 {
                assert_eq!(entry["response"], expected["response_data"]);
            }
        }
        let late = &entries[4];
        assert_eq!(late["latency"], 7);
        assert_eq!(late["response"]["content"], "4");
        assert_eq!(
            late["tokens"],
            json!({"input_tokens": 3, "output_tokens": 1, "total_tokens": 4})
        );
        assert_eq!(entries[3]["error"], "timeout talking to upstream");
        assert_eq!(entries[5]["response"], Value::Null);
        assert_eq!(entries[5]["latency"], 0);
    }
}

#[test]
fn a_filter_spares_what_is_not_wanted() {
    let (log, _) = FIXTURES[0];
    let filter = |model: &str| Filter {
        model: Some(model.to_owned()),
        ..Filter::new()
    };
    // Nothing of this opens under a wrong key, so what is passed over was not tried.
    let none = reader(log.as_bytes(), "another", filter("no such model"));
    assert_eq!(none.count(), 0);
    let wanted = reader(log.as_bytes(), PASSPHRASE, filter("calculator-tool"));
    let found: Vec<_> = wanted.map(Result::unwrap).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].latency_ms, Some(7));
}

#[test]
fn a_line_written_anew_has_the_bytes_of_the_reference() {
    for (log, _) in FIXTURES {
        for line in log.lines() {
            let mut out = SealedLines::default();
            if let Some(json) = line.strip_prefix("UPDATE: ") {
                let update = parse_update(json.as_bytes()).unwrap();
                let outcome = Outcome {
                    latency_ms: update.latency_ms.unwrap(),
                    error: update.error.as_deref(),
                    tokens: update.token_usage,
                    response: update.response_data.map(|e| e.decode().unwrap()),
                };
                let value: Value = serde_json::from_str(json).unwrap();
                let at = moment(value["updated_at"].as_str().unwrap());
                out.push_update(update_id(json.as_bytes()).unwrap(), at, &outcome);
            } else {
                let entry = parse_entry(line.as_bytes()).unwrap();
                let metadata: Vec<_> = entry
                    .metadata
                    .into_iter()
                    .map(|(key, value)| (key.into(), value.into()))
                    .collect();
                let head = Head {
                    agent_id: &entry.agent_id,
                    kind: entry.interaction_type,
                    model: &entry.model_identifier,
                    request: entry.request_data.unwrap().decode().unwrap(),
                    metadata: &metadata,
                };
                let outcome = Outcome {
                    latency_ms: entry.latency_ms,
                    error: entry.error.as_deref(),
                    tokens: entry.token_usage,
                    response: entry.response_data.map(|e| e.decode().unwrap()),
                };
                out.push_entry(entry.id, moment(&entry.timestamp), &head, &outcome);
            }
            assert_eq!(
                String::from_utf8(out.as_bytes().to_vec())
                    .unwrap()
                    .trim_end(),
                line
            );
        }
    }
}

/// With its nanoseconds, which a `Timestamp` does not keep.
fn moment(text: &str) -> SystemTime {
    let nanos = text[26..29].parse::<u64>().unwrap();
    Timestamp::parse_rfc3339(text).unwrap().to_system_time()
        + std::time::Duration::from_nanos(nanos)
}

/// Makes lines whose keys cost next to nothing to derive.
struct Maker {
    key: symlog_crypto::Key,
    label: String,
    out: Vec<u8>,
}

const CHEAP: Argon2Params = Argon2Params {
    memory_kib: 8,
    iterations: 1,
    parallelism: 1,
};

impl Maker {
    fn new() -> Self {
        Self {
            key: argon2id(PASSPHRASE.as_bytes(), &[7; 32], &CHEAP).unwrap(),
            label: CHEAP.label(),
            out: Vec::new(),
        }
    }

    fn envelope(&self, plaintext: &str) -> Envelope {
        let provider = default_provider();
        let nonce = Nonce::generate(provider.random).unwrap();
        let mut ciphertext = plaintext.as_bytes().to_vec();
        provider
            .aes_256_gcm
            .seal(&self.key, &nonce, &[], &mut ciphertext)
            .unwrap();
        Envelope {
            ciphertext,
            nonce,
            salt: vec![7; 32],
            algorithm: Algorithm::Aes256Gcm,
            kdf: self.label.clone(),
        }
    }

    fn request(self, n: u8, response: Option<&str>) -> Self {
        let head = Head {
            agent_id: "a",
            kind: crate::ModelInteractionType::Completion,
            model: "m",
            request: self.envelope("{\"prompt\":\"p\"}"),
            metadata: &[],
        };
        let outcome = Outcome {
            response: response.map(|text| self.envelope(text)),
            ..Outcome::default()
        };
        let mut lines = SealedLines::default();
        lines.push_entry(id(n), SystemTime::UNIX_EPOCH, &head, &outcome);
        self.raw(lines.as_bytes())
    }

    fn answer(self, n: u8, latency_ms: u64) -> Self {
        let outcome = Outcome {
            latency_ms,
            response: Some(self.envelope(&format!("{{\"content\":\"{latency_ms}\"}}"))),
            ..Outcome::default()
        };
        let mut lines = SealedLines::default();
        lines.push_update(id(n), SystemTime::UNIX_EPOCH, &outcome);
        self.raw(lines.as_bytes())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.out.extend_from_slice(bytes);
        self
    }
}

fn id(n: u8) -> crate::EntryId {
    uuid::Uuid::from_bytes([n; 16]).into()
}
