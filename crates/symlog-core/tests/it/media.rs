//! Media that a conversation repeats is in the log once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::json;
use symlog_core::{
    ArchiveConfig, Durability, Entry, Filter, Interaction, LogReader, LoggerBuilder, MetadataMode,
    ModelInteractionType, RequestData, ResponseData, Settings,
};
use symlog_crypto::{CryptoError, CryptoProvider, SecureRandom, default_provider};
use symlog_keys::Keyring;
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{MemoryStorage, Operation, Storage};

use crate::recorded::{CHUNK, builder, bytes, go_on, keyring};

/// What is taken for media.
const LEAST: usize = 16 << 10;

struct Log {
    memory: MemoryStorage,
    keyring: Keyring,
}

impl Log {
    fn new() -> Self {
        Self {
            memory: MemoryStorage::new(),
            keyring: keyring(),
        }
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.memory.clone())
    }

    /// Writes into one object.
    fn builder(&self) -> LoggerBuilder {
        builder(self.storage(), &self.keyring, Durability::Batch).archive(ArchiveConfig::default())
    }

    fn len(&self) -> usize {
        let names = self.memory.objects().unwrap();
        let lengths = names
            .iter()
            .map(|name| bytes(&self.memory.clone(), name).len());
        lengths.sum()
    }

    /// The entries of a log that verifies, with keys.
    #[track_caller]
    fn entries(&self) -> Vec<Entry> {
        let reader = LogReader::over(self.storage(), self.keyring.clone());
        let report = reader.verify().unwrap();
        assert!(report.is_ok(), "{report:#?}");
        let entries = reader.entries(Filter::new()).unwrap();
        entries.map(Result::unwrap).collect()
    }
}

/// A picture, as it is sent: another one for every number.
fn picture(number: u8, bytes: usize) -> String {
    // No digits and no signs, which might be taken for a number or a token.
    const ALPHABET: &[u8; 16] = b"abcdefghijklmnop";
    let mut state = u64::from(number) + 1;
    let run = (0..bytes).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(ALPHABET[(state >> 60) as usize])
    });
    run.collect()
}

fn turn(conversation: &str, prompt: String) -> Interaction {
    Interaction::new("agent", ModelInteractionType::Completion, "model")
        .conversation(conversation)
        .request(RequestData {
            prompt,
            ..RequestData::default()
        })
        .response(ResponseData {
            content: "a cat".to_owned(),
            ..ResponseData::default()
        })
}

fn prompt_of(entry: &Entry) -> String {
    let request = entry.request_data.as_ref().unwrap();
    request.to_request().unwrap().prompt
}

#[test]
fn a_picture_is_there_once_however_often_it_is_sent() {
    let log = Log::new();
    let logger = log.builder().build().unwrap();
    // Smaller than a chunk, larger than one, and of several.
    let pictures = [CHUNK / 2, CHUNK + 7, 5 * CHUNK].map(|bytes| {
        let bytes = bytes.max(LEAST);
        picture(bytes as u8, bytes)
    });
    let total: usize = pictures.iter().map(String::len).sum();
    let mut said = Vec::new();
    for number in 0..12 {
        let mut prompt = format!("turn {number}: ");
        for picture in &pictures[..=number % 3] {
            prompt.push_str(&format!(
                "{{\"url\":\"data:image/png;base64,{picture}\"}} and "
            ));
        }
        prompt.push_str("what is it?");
        logger
            .submit(turn("c", prompt.clone()))
            .unwrap()
            .wait()
            .unwrap();
        said.push(prompt);
    }
    logger.close_blocking().unwrap();
    // Base64 of the ciphertext, and everything else.
    assert!(
        log.len() < total * 4 / 3 + 60_000,
        "{} of {total}",
        log.len()
    );
    let entries = log.entries();
    assert_eq!(entries.len(), said.len());
    for (entry, prompt) in entries.iter().zip(&said) {
        assert_eq!(prompt_of(entry), *prompt);
        let mut streamed = Vec::new();
        entry.write_json(&mut streamed).unwrap();
        let streamed: serde_json::Value = serde_json::from_slice(&streamed).unwrap();
        assert_eq!(streamed["request_data"]["prompt"], **prompt);
        let payload = entry.request_data.as_ref().unwrap();
        let mut text = Vec::new();
        payload.write_json(&mut text).unwrap();
        assert_eq!(payload.byte_len(), text.len() as u64);
    }
}

#[test]
fn what_a_tool_returned_is_not_stored_again_when_it_is_sent() {
    let log = Log::new();
    let settings = Settings {
        metadata: MetadataMode::Sealed,
        ..Settings::default()
    };
    let logger = log.builder().settings(settings).build().unwrap();
    let picture = picture(1, 40_000);
    let result = json!({"source": {"media_type": "image/png", "data": picture}});
    let call = Interaction::new("agent", ModelInteractionType::ToolCall, "model")
        .conversation("c")
        .request(RequestData::default())
        .response(ResponseData {
            tool_result: Some(result.clone()),
            ..ResponseData::default()
        });
    logger.submit(call).unwrap().wait().unwrap();
    let twice = format!("[{result},{result}]");
    logger
        .submit(turn("c", twice.clone()))
        .unwrap()
        .wait()
        .unwrap();
    logger.close_blocking().unwrap();
    // Twice would be more.
    assert!(log.len() < 2 * 40_000, "{}", log.len());
    let entries = log.entries();
    let response = entries[0].response_data.as_ref().unwrap();
    assert_eq!(response.to_response().unwrap().tool_result, Some(result));
    assert_eq!(prompt_of(&entries[1]), twice);
}

/// Sizes would tell what one conversation has in common with another, and erasing one would take
/// from the other.
#[test]
fn conversations_share_nothing() {
    let log = Log::new();
    let logger = log.builder().build().unwrap();
    let picture = picture(2, 30_000);
    for conversation in ["a", "b", "c"] {
        let entry = turn(conversation, picture.clone());
        logger.submit(entry).unwrap().wait().unwrap();
    }
    // Without a conversation nothing says that two belong together.
    for _ in 0..2 {
        let alone = Interaction::new("agent", ModelInteractionType::Completion, "model")
            .request(RequestData::from(picture.clone()))
            .response(ResponseData::default());
        logger.submit(alone).unwrap().wait().unwrap();
    }
    logger.close_blocking().unwrap();
    assert!(log.len() > 5 * 30_000 * 4 / 3);
    let entries = log.entries();
    assert!(entries.iter().all(|entry| prompt_of(entry) == picture));
}

#[test]
fn a_segment_holds_what_it_names() {
    let log = Log::new();
    let picture = picture(3, 30_000);
    for _ in 0..3 {
        // A restart begins a segment.
        let logger = log.builder().build().unwrap();
        for _ in 0..2 {
            let entry = turn("c", picture.clone());
            logger.submit(entry).unwrap().wait().unwrap();
        }
        logger.close_blocking().unwrap();
    }
    assert!(
        (3 * 40_000..6 * 40_000).contains(&log.len()),
        "{}",
        log.len()
    );
    let entries = log.entries();
    assert!(entries.iter().all(|entry| prompt_of(entry) == picture));
}

#[test]
fn what_was_never_written_is_not_named() {
    let log = Log::new();
    let plan = FaultPlan::new();
    let faulty = FaultyStorage::new(log.memory.clone(), plan.clone());
    let logger = builder(Arc::new(faulty), &log.keyring, Durability::Batch)
        .archive(ArchiveConfig::default())
        .build()
        .unwrap();
    let picture = picture(4, 3 * CHUNK.max(LEAST));
    let text = turn("c", "a text".to_owned());
    logger.submit(text).unwrap().wait().unwrap();
    let refused = Fault::Refused(std::io::ErrorKind::Other);
    plan.fail(Operation::Append, 1, refused);
    let lost = logger.submit(turn("c", picture.clone())).unwrap();
    let behind = logger.submit(turn("c", picture.clone())).unwrap();
    lost.wait().unwrap_err();
    let is_behind_there = behind.wait().is_ok();
    logger
        .submit(turn("c", picture.clone()))
        .unwrap()
        .wait()
        .unwrap();
    // Tells of what was lost.
    let _ = logger.close_blocking();
    let entries = log.entries();
    assert_eq!(entries.len(), 2 + usize::from(is_behind_there));
    assert!(entries[1..].iter().all(|entry| prompt_of(entry) == picture));
}

/// Random bytes that cannot be had now and then.
#[derive(Debug, Default)]
struct Fails {
    left: AtomicUsize,
}

impl SecureRandom for Fails {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let last = |left: usize| left.checked_sub(1);
        match self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, last)
        {
            Ok(1) => Err(CryptoError::Random),
            _ => default_provider().random.fill(out),
        }
    }
}

#[test]
fn an_entry_whose_media_is_lost_is_lost() {
    let log = Log::new();
    static RANDOM: Fails = Fails {
        left: AtomicUsize::new(0),
    };
    let provider = CryptoProvider {
        random: &RANDOM,
        ..default_provider()
    };
    let logger = log.builder().crypto(provider).build().unwrap();
    let picture = picture(5, 40_000);
    let mut acknowledged = 0;
    for at in 0..80 {
        RANDOM.left.store(at % 40, Ordering::SeqCst);
        let pair = [0, 1].map(|_| logger.submit(turn("c", picture.clone())).unwrap());
        for receipt in pair {
            acknowledged += usize::from(receipt.wait().is_ok());
        }
    }
    RANDOM.left.store(0, Ordering::SeqCst);
    logger.close_blocking().unwrap();
    let reader = LogReader::over(log.storage(), log.keyring.clone());
    let entries = reader.entries(Filter::new()).unwrap();
    let whole = entries.filter_map(Result::ok).filter(|entry| {
        let request = entry.request_data.as_ref();
        request.is_some_and(|it| it.to_request().is_ok_and(|it| it.prompt == picture))
    });
    assert!(whole.count() >= acknowledged, "{acknowledged}");
    assert!(acknowledged > 0);
}

#[test]
fn a_log_goes_on_behind_a_torn_picture() {
    let log = Log::new();
    let logger = log.builder().build().unwrap();
    let picture = picture(6, 6 * CHUNK.max(LEAST));
    for _ in 0..2 {
        let entry = turn("c", picture.clone());
        logger.submit(entry).unwrap().wait().unwrap();
    }
    logger.close_blocking().unwrap();
    let name = log.memory.objects().unwrap().remove(0);
    let whole = bytes(&log.memory.clone(), &name);
    for cut in (1..12).map(|part| whole.len() * part / 12) {
        let objects = vec![(name.clone(), whole[..cut].to_vec())];
        let torn: Arc<dyn Storage> = Arc::new(MemoryStorage::from_objects(objects).unwrap());
        go_on(&torn, &log.keyring, crate::recorded::AFTER, "torn");
        let reader = LogReader::over(torn, log.keyring.clone());
        for entry in reader.entries(Filter::new()).unwrap() {
            let entry = entry.unwrap();
            if entry.error.as_deref() != Some("incomplete") && entry.metadata.is_empty() {
                assert_eq!(prompt_of(&entry), picture);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_mixture_of_text_and_pictures_comes_back(
        turns in proptest::collection::vec(
            proptest::collection::vec((0u8..4, 0usize..3, "[ -~é\n]{0,60}"), 0..5),
            1..8,
        ),
    ) {
        let log = Log::new();
        let logger = builder(log.storage(), &log.keyring, Durability::Batch)
            .masker(symlog_core::build_masker(&Default::default(), false, None).unwrap())
            .build()
            .unwrap();
        let mut said = Vec::new();
        for parts in &turns {
            let mut prompt = String::new();
            for (number, size, text) in parts {
                prompt.push_str(&picture(*number, LEAST - 1 + size * 9_000));
                prompt.push_str(text);
            }
            logger.submit(turn("c", prompt.clone())).unwrap().wait().unwrap();
            said.push(prompt);
        }
        logger.close_blocking().unwrap();
        let read: Vec<_> = log.entries().iter().map(prompt_of).collect();
        prop_assert_eq!(read, said);
    }
}
