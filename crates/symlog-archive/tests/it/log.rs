//! Logs to archive.

use std::sync::{Arc, LazyLock};

use symlog_archive::{Archiver, FileArchives, Report};
use symlog_core::logging::LoggingConfig;
use symlog_core::{
    ArchiveConfig, EntryId, Filter, Interaction, LogReader, LoggerBuilder, MaskingConfig,
    ModelInteractionType, ModelLogger, RequestData, ResponseData, build_masker,
};
use symlog_crypto::{SecretBytes, default_provider};
use symlog_keys::{Keyring, LoggingKey};
use symlog_sink::{ObjectName, Storage};

pub(crate) const KEY: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const MEMORY: u64 = 256 << 20;

pub(crate) fn key() -> LoggingKey {
    LoggingKey::from_text(SecretBytes::new(KEY.into())).unwrap()
}

pub(crate) fn keyring(log: u8) -> Keyring {
    Keyring::in_memory([log; 16], &key(), &default_provider()).unwrap()
}

pub(crate) fn open(storage: &Arc<dyn Storage>, keyring: &Keyring) -> ModelLogger {
    open_with(storage, keyring, |builder| builder)
}

pub(crate) fn open_with(
    storage: &Arc<dyn Storage>,
    keyring: &Keyring,
    more: impl FnOnce(LoggerBuilder) -> LoggerBuilder,
) -> ModelLogger {
    static MASKER: LazyLock<symlog_pii::Masker> =
        LazyLock::new(|| build_masker(&MaskingConfig::default(), true, None).unwrap());
    let config = LoggingConfig {
        log_file_path: "archived.log".to_owned(),
        max_entry_size: 4 << 10,
        ..LoggingConfig::default()
    };
    let builder = ModelLogger::builder(config)
        .masker(MASKER.clone())
        .archive(ArchiveConfig::default())
        .storage(Arc::clone(storage))
        .keyring(keyring.clone());
    more(builder).build().unwrap()
}

fn request(text: String) -> RequestData {
    RequestData {
        prompt: text,
        tool_name: None,
        tool_arguments: None,
        parameters: Default::default(),
    }
}

fn response(text: String) -> ResponseData {
    ResponseData {
        content: text,
        tool_result: None,
        confidence: None,
        metadata: Default::default(),
    }
}

fn asked(number: u64, text: String) -> Interaction {
    let entry = Interaction::new(
        format!("agent-{}", number % 2),
        ModelInteractionType::Completion,
        "gpt-4",
    )
    .request(request(text))
    .meta("n", number.to_string());
    match number % 4 {
        // Of no unit.
        3 => entry,
        conversation => entry.conversation(format!("c-{conversation}")),
    }
}

/// Entries of several units and of none, whole and in chunks; every fifth is still open.
pub(crate) fn fill(logger: &ModelLogger, numbers: std::ops::Range<u64>) -> Vec<EntryId> {
    let mut open = Vec::new();
    for number in numbers {
        let long = if number % 7 == 3 { 30_000 } else { 40 };
        let text = format!("question {number} {}", "words and words ".repeat(long / 16));
        let entry = asked(number, text);
        if number % 5 == 4 {
            let receipt = logger.submit(entry).unwrap();
            open.push(receipt.id());
            receipt.wait().unwrap();
        } else {
            let entry = entry.response(response(format!("answer {number}")));
            logger.submit(entry).unwrap().wait().unwrap();
        }
    }
    open
}

pub(crate) fn answer(logger: &ModelLogger, id: EntryId) {
    let late = Interaction::response_to(id).response(response("late".to_owned()));
    logger.submit(late).unwrap().wait().unwrap();
}

pub(crate) fn archive(logger: &ModelLogger) -> Report {
    let maintenance = logger.maintenance().unwrap();
    maintenance.seal().unwrap();
    archiver().run(&maintenance).unwrap()
}

pub(crate) fn archiver() -> Archiver {
    Archiver::new(&ArchiveConfig::default())
}

pub(crate) fn reader(storage: &Arc<dyn Storage>, keyring: &Keyring) -> LogReader {
    LogReader::over(Arc::clone(storage), keyring.clone())
        .with_archives(Arc::new(FileArchives::default()))
}

/// The entries as `cat` shows them.
#[track_caller]
pub(crate) fn entries(reader: &LogReader, filter: Filter) -> Vec<String> {
    let mut all = Vec::new();
    for entry in reader.entries(filter).unwrap() {
        let mut json = Vec::new();
        entry.unwrap().write_json(&mut json).unwrap();
        all.push(String::from_utf8(json).unwrap());
    }
    all
}

pub(crate) fn bytes(storage: &dyn Storage, object: &ObjectName) -> Vec<u8> {
    let source = storage.source(object).unwrap();
    let mut bytes = vec![0; source.len().unwrap() as usize];
    source.read_at(0, &mut bytes).unwrap();
    bytes
}

pub(crate) fn sealed(storage: &dyn Storage) -> Vec<ObjectName> {
    let mut objects = storage.objects().unwrap();
    objects.retain(|object| *object != ObjectName::Active);
    objects
}
