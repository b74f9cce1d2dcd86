//! Logs over any storage, numbered entries, and what must hold of a log after whatever happened.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, mpsc};
use std::time::Duration;

use symlog_core::{
    ArchiveConfig, Durability, Filter, Interaction, LogReader, LoggerBuilder, MaskingConfig,
    ModelInteractionType, ModelLogger, build_masker, logging::LoggingConfig,
};
use symlog_crypto::{SecretBytes, default_provider};
use symlog_keys::{Keyring, LoggingKey};
use symlog_sink::conformance::{CrashPoint, Survival};
use symlog_sink::{ObjectName, Storage};

use crate::support::{KEY, request, response};

/// Number of the entry that is logged after a recovery.
pub(crate) const AFTER: u64 = 1_000_000;
/// Length at which an object is sealed: a few entries.
const OBJECT: u64 = 8 << 10;
/// Payload bytes above which an entry is chunked.
pub(crate) const CHUNK: usize = 4 << 10;

/// A log's keys. Images of one log share them, as the keyring has a file of its own.
pub(crate) fn keyring() -> Keyring {
    let key = LoggingKey::from_text(SecretBytes::new(KEY.into())).unwrap();
    Keyring::in_memory([7; 16], &key, &default_provider()).unwrap()
}

pub(crate) fn builder(
    storage: Arc<dyn Storage>,
    keyring: &Keyring,
    durability: Durability,
) -> LoggerBuilder {
    static MASKER: LazyLock<symlog_pii::Masker> =
        LazyLock::new(|| build_masker(&MaskingConfig::default(), true, None).unwrap());
    let config = LoggingConfig {
        log_file_path: "recorded.log".to_owned(),
        max_entry_size: CHUNK,
        ..LoggingConfig::default()
    };
    ModelLogger::builder(config)
        .masker(MASKER.clone())
        .durability(durability)
        .archive(ArchiveConfig {
            seal_bytes: OBJECT,
            ..ArchiveConfig::default()
        })
        .storage(storage)
        .keyring(keyring.clone())
}

/// A request with this number, in one of three conversations.
pub(crate) fn asked(number: u64) -> Interaction {
    Interaction::new("agent", ModelInteractionType::Completion, "model")
        .request(request(&format!("question {number}")))
        .meta("n", number.to_string())
        .conversation(format!("c-{}", number % 3))
}

/// The same with its response.
pub(crate) fn answered(number: u64) -> Interaction {
    asked(number).response(response(&format!("answer {number}")))
}

/// What a log holds: the numbers of its entries in their order, and those that have a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) numbers: Vec<u64>,
    pub(crate) answered: BTreeSet<u64>,
}

/// Reads a log that must be without fault, and verifies it with keys.
#[track_caller]
pub(crate) fn read(storage: &Arc<dyn Storage>, keyring: &Keyring, what: &str) -> Held {
    let reader = LogReader::over(Arc::clone(storage), keyring.clone());
    let mut held = Held {
        numbers: Vec::new(),
        answered: BTreeSet::new(),
    };
    for entry in reader.entries(Filter::new()).unwrap() {
        let entry = entry.unwrap_or_else(|error| panic!("{what}: {error}"));
        if entry.error.as_deref() == Some("incomplete") {
            // A payload that never came to its end, as far as it came.
            let part = entry.request_data.as_ref().unwrap().to_request().unwrap();
            assert!(part.prompt.starts_with("question "), "{what}");
            continue;
        }
        let number = entry.metadata["n"].parse().unwrap();
        let asked = entry.request_data.as_ref().unwrap().to_request().unwrap();
        assert!(
            asked.prompt.starts_with(&format!("question {number}")),
            "{what}"
        );
        held.numbers.push(number);
        if !entry.is_open() {
            held.answered.insert(number);
        }
    }
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{what}: {report:#?}");
    held
}

/// Opens the log for writing, logs one more entry and closes it.
#[track_caller]
pub(crate) fn go_on(storage: &Arc<dyn Storage>, keyring: &Keyring, number: u64, what: &str) {
    let logger = builder(Arc::clone(storage), keyring, Durability::Batch)
        .build()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    logger
        .submit(answered(number))
        .unwrap()
        .wait()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    logger
        .close_blocking()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// Every acknowledged number is there, in order, once, and nothing that was never logged.
#[track_caller]
pub(crate) fn check_numbers(held: &[u64], acknowledged: &[u64], submitted: u64, what: &str) {
    assert!(
        held.is_sorted_by(|a, b| a < b),
        "{what}: out of order: {held:?}"
    );
    assert!(
        held.iter().all(|n| *n < submitted || *n >= AFTER),
        "{what}: never logged: {held:?}"
    );
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|n| held.binary_search(n).is_err())
        .collect();
    assert!(
        missing.is_empty(),
        "{what}: acknowledged and lost: {missing:?} of {held:?}"
    );
}

/// The bytes of an object.
pub(crate) fn bytes(storage: &dyn Storage, object: &ObjectName) -> Vec<u8> {
    let source = storage.source(object).unwrap();
    let mut bytes = vec![0; usize::try_from(source.len().unwrap()).unwrap()];
    let read = source.read_at(0, &mut bytes).unwrap();
    bytes.truncate(read);
    bytes
}

/// About `most` of the ways in which the undecided bytes may come out: the rarer kinds all, the
/// torn bytes at even steps and always the first and last few.
pub(crate) fn sample(point: &CrashPoint, most: usize) -> Vec<Survival> {
    let (prefixes, others): (Vec<_>, Vec<_>) = point
        .survivals()
        .into_iter()
        .partition(|survival| matches!(survival, Survival::Prefix(_)));
    let thin = |survivals: Vec<Survival>| {
        let (count, step) = (survivals.len(), survivals.len().div_ceil(most).max(1));
        let kept = move |at: &usize| at.is_multiple_of(step) || *at < 2 || *at + 2 >= count;
        let numbered = survivals.into_iter().enumerate();
        numbered
            .filter(move |(at, _)| kept(at))
            .map(|(_, survival)| survival)
    };
    thin(prefixes).chain(thin(others)).collect()
}

/// Runs a test that might hang, and fails it when it does.
#[track_caller]
pub(crate) fn within(limit: Duration, test: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match waiting.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing happened within {limit:?}"),
        _ => thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}
