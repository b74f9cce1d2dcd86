//! `format = "symbiont"`: what is written is what the reference logger would write.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use argon2::{Algorithm, Argon2, Params, Version};
use base64_simd::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use symlog_core::{
    Check, Durability, Entry, EntryId, Filter, Interaction, LogFormat, LogReader, LoggerBuilder,
    LoggingError, MetadataMode, ModelInteractionType, ModelLogger, Overflow, Settings, TokenUsage,
};

use symlog_crypto::SecretBytes;
use symlog_keys::LoggingKey;

use crate::support::{Workplace, request, response};

const PASSPHRASE: &str = "test_key_123";
const CURRENT: &str = include_str!("../../../../testdata/symbiont/current.encrypted.log");

/// Of an open request in [`CURRENT`].
const OPEN_REQUEST: &str = "d600f010-58e9-4552-a3c0-e1167d948d49";

fn symbiont(place: &Workplace) -> LoggerBuilder {
    place.builder().settings(Settings {
        format: LogFormat::Symbiont,
        ..Settings::default()
    })
}

fn place() -> Workplace {
    Workplace::with_key(PASSPHRASE)
}

/// A place with a log that is already there.
fn place_with(log: &[u8]) -> Workplace {
    let place = place();
    fs::create_dir_all(place.log().parent().unwrap()).unwrap();
    fs::write(place.log(), log).unwrap();
    place
}

fn completion(prompt: &str) -> Interaction {
    Interaction::new("agent_123", ModelInteractionType::Completion, "gpt-4")
        .request(request(prompt))
}

fn log(logger: &ModelLogger, interaction: Interaction) -> EntryId {
    let receipt = logger.submit(interaction).unwrap();
    let id = receipt.id();
    receipt.wait().unwrap();
    id
}

/// A line as (whether it is an update, its JSON).
fn lines(place: &Workplace) -> Vec<(bool, Value)> {
    fs::read_to_string(place.log())
        .unwrap()
        .lines()
        .map(|line| match line.strip_prefix("UPDATE: ") {
            Some(json) => (true, serde_json::from_str(json).unwrap()),
            None => (false, serde_json::from_str(line).unwrap()),
        })
        .collect()
}

/// The seed's description of an envelope and nothing of ours: Argon2id of the key's text and the
/// raw salt, AES-256-GCM, no associated data.
fn decrypt(envelope: &Value) -> Value {
    let bytes = |name: &str| {
        STANDARD
            .decode_to_vec(envelope[name].as_str().unwrap())
            .unwrap()
    };
    assert_eq!(envelope["algorithm"], "AES-256-GCM");
    let params = match envelope["kdf"].as_str().unwrap() {
        "Argon2" => Params::new(19_456, 2, 1, Some(32)).unwrap(),
        "Argon2id-m65536-t3-p1" => Params::new(65_536, 3, 1, Some(32)).unwrap(),
        other => panic!("{other}"),
    };
    let mut key = [0; 32];
    assert_eq!(bytes("salt").len(), 32);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSPHRASE.as_bytes(), &bytes("salt"), &mut key)
        .unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&bytes("nonce")).unwrap();
    let mut text = bytes("ciphertext");
    let plain = key.open_in_place(nonce, Aad::empty(), &mut text).unwrap();
    serde_json::from_slice(plain).unwrap()
}

fn entries(place: &Workplace) -> Vec<Entry> {
    let reader = place.reader();
    let entries = reader.entries(Filter::new()).unwrap();
    entries.map(Result::unwrap).collect()
}

fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn what_is_written_is_what_the_reference_writes() {
    let place = place();
    let logger = symbiont(&place).build().unwrap();
    log(
        &logger,
        completion("Mail jane@example.com")
            .response(response("Done"))
            .latency(Duration::from_millis(150))
            .timestamp(SystemTime::UNIX_EPOCH + Duration::from_nanos(1_768_473_000_123_456_789))
            .meta("rag_pipeline", "generate_response")
            .error("timeout talking to jane@example.com")
            .tokens(TokenUsage {
                input_tokens: 10,
                output_tokens: 15,
                total_tokens: 25,
            }),
    );
    let open = log(&logger, completion("2+2"));
    log(
        &logger,
        Interaction::response_to(open)
            .response(response("4"))
            .latency(Duration::from_millis(7)),
    );
    logger.close_blocking().unwrap();

    let written = lines(&place);
    let reference: Vec<(bool, Value)> = CURRENT
        .lines()
        .map(|line| match line.strip_prefix("UPDATE: ") {
            Some(json) => (true, serde_json::from_str(json).unwrap()),
            None => (false, serde_json::from_str(line).unwrap()),
        })
        .collect();
    let [(false, whole), (false, asked), (true, answer)] = &written[..] else {
        panic!("{written:?}");
    };
    let theirs = |update: bool| &reference.iter().find(|line| line.0 == update).unwrap().1;
    for (ours, theirs) in [(whole, theirs(false)), (answer, theirs(true))] {
        assert_eq!(names(ours), names(theirs));
        assert_eq!(
            names(&ours["response_data"]),
            names(&theirs["response_data"])
        );
    }
    assert_eq!(names(asked), names(whole));
    assert_eq!(
        decrypt(&whole["request_data"]),
        json!({"prompt": "Mail ***@***.***", "tool_name": null, "tool_arguments": null, "parameters": {}})
    );
    assert_eq!(
        decrypt(&whole["response_data"]),
        json!({"content": "Done", "tool_result": null, "confidence": null, "metadata": {}})
    );
    assert_eq!(whole["timestamp"], "2026-01-15T10:30:00.123456789Z");
    assert_eq!(whole["error"], "timeout talking to ***@***.***");
    assert_eq!(whole["latency_ms"], 150);
    assert_eq!(
        whole["metadata"],
        json!({"rag_pipeline": "generate_response"})
    );
    assert_eq!(
        whole["token_usage"],
        json!({"input_tokens": 10, "output_tokens": 15, "total_tokens": 25})
    );
    assert_eq!(
        (&asked["latency_ms"], &asked["response_data"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(asked["id"], open.to_string());
    assert_eq!(answer["id"], open.to_string());
    assert_eq!(answer["latency_ms"], 7);
    assert_eq!(decrypt(&answer["response_data"])["content"], "4");
    // One derivation for a run, and a nonce for every field.
    let envelopes = [
        &whole["request_data"],
        &whole["response_data"],
        &asked["request_data"],
        &answer["response_data"],
    ];
    for (i, one) in envelopes.iter().enumerate() {
        assert_eq!(one["salt"], envelopes[0]["salt"]);
        assert_eq!(one["kdf"], "Argon2id-m65536-t3-p1");
        for other in &envelopes[..i] {
            assert_ne!(one["nonce"], other["nonce"]);
        }
    }
    let mode = fs::metadata(place.log()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn slots_keep_the_keys_that_fill_them() {
    let place = place();
    let logger = symbiont(&place).build().unwrap();
    log(
        &logger,
        completion("x")
            .meta("operation", "chat")
            .conversation("c-1")
            .subject("jane")
            .tenant("t")
            .trace("jane@example.com"),
    );
    logger.close_blocking().unwrap();
    let metadata = &lines(&place)[0].1["metadata"];
    assert_eq!(
        names(metadata),
        ["conversation_id", "operation", "tenant", "trace_id"]
    );
    assert_eq!(metadata["conversation_id"], "c-1");
    assert!(metadata["trace_id"].as_str().unwrap().starts_with("trace-"));
    let text = fs::read_to_string(place.log()).unwrap();
    assert!(!text.contains("jane"), "{text}");
    let entry = &entries(&place)[0];
    assert_eq!(entry.conversation.as_deref(), Some("c-1"));
    assert_eq!(entry.tenant.as_deref(), Some("t"));
}

#[test]
fn a_file_of_the_reference_is_continued() {
    // One line of it: each of its fields costs a reader a run of Argon2.
    let open_request = CURRENT.lines().last().unwrap();
    let place = place_with(format!("{open_request}\n").as_bytes());
    let logger = symbiont(&place).build().unwrap();
    log(
        &logger,
        Interaction::response_to(OPEN_REQUEST.parse().unwrap())
            .response(response("late"))
            .meta("note", "kept"),
    );
    log(&logger, completion("new"));
    logger.close_blocking().unwrap();
    let text = fs::read_to_string(place.log()).unwrap();
    assert!(text.starts_with(&format!("{open_request}\n")));
    let written = lines(&place);
    let (update, last) = &written[1];
    assert!(update);
    let response = decrypt(&last["response_data"]);
    assert_eq!(response["content"], "late");
    assert_eq!(response["metadata"], json!({"note": "kept"}));
    assert_eq!(written.len(), 3);

    let read = entries(&place);
    assert_eq!(read.len(), 2);
    let late = read.iter().find(|entry| entry.id == OPEN_REQUEST).unwrap();
    let answer = late.response_data.as_ref().unwrap().to_response().unwrap();
    assert_eq!(answer.content, "late");
    let new = read.last().unwrap();
    assert!(new.is_open());
    assert_eq!(
        new.request_data.as_ref().unwrap().to_request().unwrap(),
        request("new")
    );
    let report = place.reader().verify().unwrap();
    assert!(report.is_ok(), "{report:#?}");
    assert_eq!(
        (report.envelopes, report.order),
        (Check::Ok, Check::NotChecked)
    );
    assert!(symlog_core::verify(&place.log()).unwrap().is_ok());
}

#[test]
fn a_name_keeps_its_pseudonym_over_openings() {
    let place = place();
    for _ in 0..2 {
        let logger = symbiont(&place).build().unwrap();
        log(
            &logger,
            Interaction::new("jane@example.com", ModelInteractionType::ToolCall, "m")
                .request(request("x")),
        );
        logger.close_blocking().unwrap();
    }
    let written = lines(&place);
    assert_eq!(written[0].1["agent_id"], written[1].1["agent_id"]);
    assert!(
        written[0].1["agent_id"]
            .as_str()
            .unwrap()
            .starts_with("agent-")
    );
    assert_ne!(
        written[0].1["request_data"]["salt"],
        written[1].1["request_data"]["salt"]
    );
}

#[test]
fn only_a_torn_last_line_is_cut() {
    let damaged = format!("{{\"id\":\"damaged\n{CURRENT}");
    let whole_without_newline = CURRENT.trim_end();
    let torn = format!("{damaged}{{\"id\":\"95811f92-3e7a");
    for (found, kept) in [
        (torn.as_str(), damaged.as_str()),
        (whole_without_newline, CURRENT),
        (damaged.as_str(), damaged.as_str()),
        ("{\"id\":\"95811f92", ""),
    ] {
        let place = place_with(found.as_bytes());
        symbiont(&place).build().unwrap().close_blocking().unwrap();
        assert_eq!(fs::read_to_string(place.log()).unwrap(), kept);
    }
}

#[test]
fn what_cannot_be_continued_is_left_alone() {
    for found in [
        "{\"v\":1,\"seg\":0,\"seq\":0}\n",
        "some notes, unterminated",
    ] {
        let place = place_with(found.as_bytes());
        let error = symbiont(&place).build().unwrap_err();
        assert!(matches!(error, LoggingError::Unreadable { .. }), "{error}");
        assert_eq!(fs::read_to_string(place.log()).unwrap(), found);
    }
    let place = place_with(CURRENT.as_bytes());
    let error = symbiont(&place.with_other_key("another key"))
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("does not open"), "{error}");
    assert_eq!(fs::read_to_string(place.log()).unwrap(), CURRENT);
    let other = SecretBytes::new(b"another key".to_vec());
    let error = LogReader::open(&place.log(), &LoggingKey::from_text(other).unwrap()).unwrap_err();
    assert!(
        matches!(error, LoggingError::KeyManagementError { .. }),
        "{error}"
    );
}

#[test]
fn a_log_of_the_other_format_is_not_mixed_with_this_one() {
    let place = place();
    place.builder().build().unwrap().close_blocking().unwrap();
    let error = symbiont(&place).build().unwrap_err();
    assert!(error.to_string().contains("format = \"symlog\""), "{error}");
    let place = place_with(CURRENT.as_bytes());
    let error = place.builder().build().unwrap_err();
    assert!(
        error.to_string().contains("format = \"symbiont\""),
        "{error}"
    );
    assert_eq!(fs::read_to_string(place.log()).unwrap(), CURRENT);
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let place = place();
    let sealed = place.builder().settings(Settings {
        format: LogFormat::Symbiont,
        metadata: MetadataMode::Sealed,
        ..Settings::default()
    });
    let error = sealed.build().unwrap_err();
    assert!(
        matches!(error, LoggingError::ConfigurationError { .. }),
        "{error}"
    );

    let logger = symbiont(&place).build().unwrap();
    let unknown = Interaction::response_to(EntryId::generate()).response(response("x"));
    let error = logger.submit(unknown).unwrap().wait().unwrap_err();
    assert!(
        matches!(error, LoggingError::UnknownRequest { .. }),
        "{error}"
    );
    let open = log(&logger, completion("x"));
    let twofold = Interaction::response_to(open).request(request("y"));
    let error = logger.submit(twofold).unwrap().wait().unwrap_err();
    assert!(
        matches!(error, LoggingError::ConfigurationError { .. }),
        "{error}"
    );
    assert_eq!(logger.stats().failed, 2);
    assert_eq!(logger.stats().entries, 1);
    logger.close_blocking().unwrap();
    assert_eq!(lines(&place).len(), 1);
    let closed = logger.submit(completion("x")).unwrap_err();
    assert!(matches!(closed, LoggingError::Closed), "{closed}");
}

#[test]
fn every_durability_logs_everything_in_order() {
    for durability in [Durability::Buffered, Durability::Batch, Durability::Entry] {
        let place = place();
        let logger = symbiont(&place).durability(durability).build().unwrap();
        let receipts: Vec<_> = (0..250)
            .map(|n| {
                logger
                    .submit(completion("x").meta("n", n.to_string()))
                    .unwrap()
            })
            .collect();
        for receipt in receipts {
            receipt.wait().unwrap();
        }
        assert_eq!(lines(&place).len(), 250);
        logger.flush_blocking().unwrap();
        let stats = logger.stats();
        assert_eq!((stats.entries, stats.failed), (250, 0));
        match durability {
            Durability::Entry => assert!(stats.syncs >= 250),
            Durability::Batch => assert!(stats.syncs >= 3),
            Durability::Buffered => assert!(stats.syncs >= 1),
        }
        drop(logger);
        for (n, (_, line)) in lines(&place).iter().enumerate() {
            assert_eq!(line["metadata"]["n"], n.to_string());
        }
    }
}

#[test]
fn loggers_on_one_path_share_the_writer_and_dropping_flushes() {
    let place = place();
    let one = symbiont(&place).build().unwrap();
    let two = symbiont(&place).build().unwrap();
    for logger in [&one, &two] {
        let _receipt = logger.submit(completion("x")).unwrap();
    }
    let other = symbiont(&place).durability(Durability::Entry).build();
    assert!(matches!(
        other,
        Err(LoggingError::ConfigurationError { .. })
    ));
    drop((one, two));
    assert_eq!(lines(&place).len(), 2);
    // The lock went with the last of them.
    symbiont(&place).build().unwrap().close_blocking().unwrap();
}

#[test]
fn a_full_queue_drops_what_the_policy_drops() {
    let place = place();
    let logger = place
        .builder()
        .settings(Settings {
            format: LogFormat::Symbiont,
            overflow: Overflow::Drop,
            queue_bytes: 1,
            durability: Durability::Entry,
            ..Settings::default()
        })
        .build()
        .unwrap();
    let receipts: Vec<_> = (0..200)
        .map(|_| logger.submit(completion("x")).unwrap())
        .collect();
    let lost = receipts.into_iter().filter_map(|r| r.wait().err()).count() as u64;
    logger.flush_blocking().unwrap();
    assert_eq!(logger.stats().dropped, lost);
    assert_eq!(logger.stats().entries, 200 - lost);
    logger.close_blocking().unwrap();
}

#[tokio::test]
async fn the_seeds_calls_write_it_too() {
    let place = place();
    let logger = symbiont(&place).build().unwrap();
    let id = logger
        .log_request(
            "a",
            ModelInteractionType::ToolCall,
            "calculator",
            request("2+2"),
            [].into(),
        )
        .await
        .unwrap();
    logger
        .log_response(&id, response("4"), Duration::from_millis(7), None, None)
        .await
        .unwrap();
    logger.close().await.unwrap();
    let written = lines(&place);
    assert_eq!(
        written.iter().map(|line| line.0).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(written[1].1["id"], id);
}
