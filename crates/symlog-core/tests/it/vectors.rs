//! The published vectors of the format. `testdata/format/v1` was written once and is readable
//! for ever: a version that cannot read it has broken everybody's logs. It is never made again.

mod independent;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use symlog_core::logging::LoggingConfig;
use symlog_core::{
    Clock, EntryId, Filter, Interaction, LogReader, MetadataMode, ModelInteractionType,
    RetentionClass, RetentionSelector, Settings, TokenUsage,
};
use symlog_crypto::default_provider;
use symlog_keys::{Access, Keyring, LoggingKey};

use self::independent::{Found, Keys, hex, root};
use crate::support::{KEY, Workplace, block_on, request, response};

const LOG: &str = "model_io.encrypted.log";

fn published() -> [PathBuf; 2] {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format");
    ["v1", "v1-streams"].map(|name| all.join(name))
}

fn key() -> LoggingKey {
    LoggingKey::from_text(KEY.to_owned().into()).unwrap()
}

/// The objects of the log in `dir` in their order.
fn objects(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            name.strip_prefix(LOG)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest.len() == 10 && rest.bytes().all(|b| b.is_ascii_digit()))
        })
        .collect();
    names.sort();
    names.push(LOG.to_owned());
    names
}

/// The keys as `vectors.json` names them.
struct Published(Value);

impl Published {
    fn key(&self, kind: &str, id: [u8; 16]) -> [u8; 32] {
        let text = self.0[kind][hex(&id)].as_str().unwrap();
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }
}

impl Keys for Published {
    fn period(&mut self, id: [u8; 16]) -> [u8; 32] {
        self.key("period_keys", id)
    }

    fn unit(&mut self, id: [u8; 16]) -> [u8; 32] {
        self.key("unit_keys", id)
    }
}

/// The keys as the keyring gives them, and all that were asked for.
struct FromKeyring {
    keyring: Keyring,
    periods: BTreeMap<String, String>,
    units: BTreeMap<String, String>,
}

impl Keys for FromKeyring {
    fn period(&mut self, id: [u8; 16]) -> [u8; 32] {
        let key = *self.keyring.wrapping_key(&id).unwrap().expose();
        self.periods.insert(hex(&id), hex(&key));
        key
    }

    fn unit(&mut self, id: [u8; 16]) -> [u8; 32] {
        let key = *self.keyring.unit_key(&id).unwrap().expose();
        self.units.insert(hex(&id), hex(&key));
        key
    }
}

fn read_independently(dir: &Path, keys: &mut dyn Keys) -> Found {
    let mut found = Found::default();
    for name in objects(dir) {
        let text = std::fs::read_to_string(dir.join(&name)).unwrap();
        found.object(&name, &text, keys);
    }
    found
}

/// Whether the independent reader and the crate see the same entries.
fn compare(found: &Found, expected: &str) {
    let mut count = 0;
    for line in expected.lines() {
        count += 1;
        let entry: Value = serde_json::from_str(line).unwrap();
        let id = entry["id"].as_str().unwrap();
        let (request, meta) = &found.requests[id];
        assert_eq!(entry["request_data"], *request);
        for member in ["agent_id", "interaction_type", "model_identifier"] {
            assert_eq!(entry[member], meta[member]);
        }
        for member in ["conversation", "tenant", "trace", "parent"] {
            assert_eq!(entry[member], meta[member]);
        }
        let Some((response, later)) = found.responses.get(id) else {
            assert_eq!(entry["response_data"], Value::Null);
            continue;
        };
        let mut response = response.clone();
        let text = response.as_object_mut().unwrap().shift_remove("error");
        assert_eq!(entry["response_data"], response);
        assert_eq!(entry["error"], text.unwrap_or(later["error"].clone()));
        assert_eq!(entry["latency_ms"], later["latency_ms"]);
    }
    assert_eq!(count, found.requests.len());
    assert!(count > 5);
}

fn entries(reader: &LogReader) -> String {
    let mut out = Vec::new();
    for entry in reader.entries(Filter::new()).unwrap() {
        entry.unwrap().write_json(&mut out).unwrap();
        out.push(b'\n');
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn the_published_log_reads_as_it_always_did() {
    published().iter().for_each(|log| reads_as_it_did(log));
}

fn reads_as_it_did(published: &Path) {
    let place = Workplace::new();
    let dir = place.log().parent().unwrap().to_owned();
    copy(published, &dir);
    let reader = LogReader::open(&dir.join(LOG), &key()).unwrap();
    let expected = std::fs::read_to_string(published.join("expected.jsonl")).unwrap();
    assert_eq!(entries(&reader), expected);
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    let vectors = vectors(published);
    assert_eq!(report.root, vectors["root"]);
    assert_eq!(
        report.size,
        vectors["lines"].as_array().unwrap().len() as u64
    );

    // And the present version goes on with it.
    let logger = place.builder().build().unwrap();
    logger.submit(plain("later")).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let after = entries(&place.reader());
    assert!(after.starts_with(&expected));
    assert_eq!(after.lines().count(), expected.lines().count() + 1);
    assert!(place.reader().verify().unwrap().is_ok());
}

fn vectors(published: &Path) -> Value {
    let text = std::fs::read_to_string(published.join("vectors.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_specification_is_enough_to_read_the_published_log() {
    published().iter().for_each(|log| reads_independently(log));
}

fn reads_independently(published: &Path) {
    let vectors = vectors(published);
    let mut keys = Published(vectors.clone());
    let found = read_independently(published, &mut keys);
    for (line, expected) in found.lines.iter().zip(vectors["lines"].as_array().unwrap()) {
        assert_eq!(line, expected);
    }
    assert_eq!(
        found.lines.len(),
        vectors["lines"].as_array().unwrap().len()
    );
    let root = base64_simd::STANDARD.encode_to_string(root(&found.leaves));
    assert_eq!(root, vectors["root"]);
    let expected = std::fs::read_to_string(published.join("expected.jsonl")).unwrap();
    compare(&found, &expected);
}

/// With `SYMLOG_NEW_VECTORS` set to a directory, what was made is left there: that is how vectors
/// for a version of the format to come are published.
#[test]
fn the_specification_is_enough_to_read_what_is_written_now() {
    let place = Workplace::new();
    write(&place);
    let dir = place.log().parent().unwrap().to_owned();
    let path = dir.join(format!("{LOG}.keyring"));
    let keyring = Keyring::open(&path, &key(), Access::ReadOnly, &default_provider()).unwrap();
    let mut keys = FromKeyring {
        keyring,
        periods: BTreeMap::new(),
        units: BTreeMap::new(),
    };
    let found = read_independently(&dir, &mut keys);
    let expected = entries(&place.reader());
    compare(&found, &expected);
    let report = place.reader().verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(found.leaves.len() as u64, report.size);
    let root = base64_simd::STANDARD.encode_to_string(root(&found.leaves));
    assert_eq!(root, report.root);
    assert_eq!(objects(&dir).len(), 2);

    if let Some(to) = std::env::var_os("SYMLOG_NEW_VECTORS").map(PathBuf::from) {
        copy(&dir, &to);
        let lines: Vec<String> = found.lines.iter().map(Value::to_string).collect();
        let head = json!({
            "logging_key": KEY,
            "root": root,
            "period_keys": keys.periods,
            "unit_keys": keys.units,
        });
        let head = head.to_string();
        let text = format!(
            "{},\"lines\":[\n{}\n]}}\n",
            head.strip_suffix('}').unwrap(),
            lines.join(",\n")
        );
        std::fs::write(to.join("vectors.json"), text).unwrap();
        std::fs::write(to.join("expected.jsonl"), expected).unwrap();
    }
}

/// Copies a log and its keys, private as a log must be.
fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt;

    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    let keys = [format!("{LOG}.keyring"), format!("{LOG}.keyring.epoch")];
    for name in objects(from).into_iter().chain(keys) {
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        std::fs::set_permissions(to.join(&name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn plain(prompt: &str) -> Interaction {
    Interaction::new("agent_123", ModelInteractionType::Completion, "gpt-4")
        .request(request(prompt))
        .response(response("An answer."))
}

#[derive(Debug)]
struct Calendar(AtomicU64);

impl Clock for Calendar {
    fn now(&self) -> SystemTime {
        // Midnight of a day, and a part of a second that has all six digits.
        SystemTime::UNIX_EPOCH + Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

const DAY: u64 = 86_400_000_000;
/// 2026-01-31T10:30:00.123456Z.
const LAST_OF_JANUARY: u64 = 20_484 * DAY + 37_800_123_456;

/// A log with one of everything that the format has: two objects, three segments, two retention
/// classes, units and none, a late response, an open request, errors, chunks, a stream that goes
/// over the end of a month, sealed metadata.
fn write(place: &Workplace) {
    let clock = Arc::new(Calendar(AtomicU64::new(LAST_OF_JANUARY)));
    let open = |metadata| {
        let config = LoggingConfig {
            max_entry_size: 4096,
            ..place.config()
        };
        place
            .builder_with(config)
            .clock(clock.clone())
            .settings(Settings {
                metadata,
                ..Settings::default()
            })
            .retention(vec![RetentionClass {
                class: "clinical".to_owned(),
                selector: RetentionSelector {
                    tenant: Some("clinic".to_owned()),
                    ..RetentionSelector::default()
                },
                days: 3650,
            }])
            .build()
            .unwrap()
    };
    let asked = EntryId::generate();
    let logger = open(MetadataMode::Clear);
    let submit = |interaction| {
        logger.submit(interaction).unwrap().wait().unwrap();
    };
    submit(
        plain("Mail jane@example.com about \"123-45-6789\"\n\u{1}—ü")
            .latency(Duration::from_millis(150))
            .tokens(TokenUsage {
                input_tokens: 10,
                output_tokens: 15,
                total_tokens: 25,
            })
            .conversation("c-1")
            .subject("jane@example.com")
            .trace("trace-1")
            .parent("parent-1")
            .meta("operation", "chat")
            .meta("a quote \" and a tab", "\t"),
    );
    submit(plain("Of no unit."));
    submit(
        plain("Of another class.")
            .tenant("clinic")
            .conversation("c-2"),
    );
    submit(
        Interaction::new("agent_123", ModelInteractionType::ToolCall, "tool")
            .id(asked)
            .request(request("Answered later."))
            .conversation("c-1"),
    );
    let call = Interaction::new("agent_123", ModelInteractionType::ToolCall, "make")
        .request(request("make all"))
        .conversation("c-1");
    let mut recorder = block_on(logger.record_stream(call)).unwrap();
    recorder.push(&"Built on the last of January.\n".repeat(400));
    logger.flush_blocking().unwrap();
    clock.0.fetch_add(DAY, Ordering::Relaxed);
    recorder.push(&"Built on the first of February.\n".repeat(400));
    block_on(recorder.finish()).unwrap();
    submit(plain("It failed.").error("http_502: Bad gateway at the upstream"));
    submit(plain(&"In chunks. ".repeat(900)).conversation("c-1"));
    submit(
        Interaction::new("agent_9", ModelInteractionType::RagQuery, "m")
            .request(request("Never answered.")),
    );
    logger.close_blocking().unwrap();
    drop(logger);

    clock.0.fetch_add(DAY, Ordering::Relaxed);
    let logger = open(MetadataMode::Sealed);
    let submit = |interaction| {
        logger.submit(interaction).unwrap().wait().unwrap();
    };
    submit(
        Interaction::response_to(asked)
            .response(response("The late answer."))
            .latency(Duration::from_secs(86_400)),
    );
    submit(
        plain("All is sealed.")
            .conversation("c-3")
            .meta("project", "aurora"),
    );
    logger.close_blocking().unwrap();
}
