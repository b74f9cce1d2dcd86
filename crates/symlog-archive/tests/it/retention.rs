//! Archives when entries in them are over.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use symlog_archive::{Archiver, FileArchives};
use symlog_core::{
    ArchiveConfig, Check, Clock, Config, Filter, Interaction, Maintenance, ModelInteractionType,
    ModelLogger, Retention, RetentionReceipt, trust_clock,
};
use symlog_keys::Keyring;
use symlog_sink::{AttachmentName, MemoryStorage, Storage};

use crate::log::{bytes, entries, keyring, open_with, reader, sealed};

const DAY: Duration = Duration::from_secs(86_400);
/// 2026-01-15.
const START: Duration = Duration::from_secs(1_768_435_200);

const CONFIG: &str = r#"
[logging]
retention_days = 60
[[retention]]
class = "short"
match = { model = "small" }
days = 3
"#;

#[derive(Debug)]
struct Manual(Mutex<SystemTime>);

impl Clock for Manual {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

struct Log {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    clock: Arc<Manual>,
    config: Config,
    logger: ModelLogger,
}

impl Log {
    fn new(log: u8) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let keyring = keyring(log);
        let config = Config::from_toml(CONFIG, "symlog.toml").unwrap();
        let clock = Arc::new(Manual(Mutex::new(UNIX_EPOCH + START)));
        let logger = open_with(&storage, &keyring, |builder| {
            builder
                .retention(config.retention.clone())
                .clock(Arc::clone(&clock) as Arc<dyn Clock>)
                .archives(Arc::new(FileArchives::default()))
                .upkeep(false)
        });
        Self {
            storage,
            keyring,
            clock,
            config,
            logger,
        }
    }

    fn log(&self, number: u64, model: &str) {
        let agent = format!("{model}-agent");
        let entry = Interaction::new(agent, ModelInteractionType::Completion, model)
            .request(format!("question {number}"))
            .response(format!("answer {number}"))
            .meta("n", format!("{model} {number}"));
        self.logger.submit(entry).unwrap().wait().unwrap();
    }

    fn maintenance(&self) -> Maintenance {
        self.logger.maintenance().unwrap()
    }

    fn archive(&self) -> usize {
        let maintenance = self.maintenance();
        Archiver::seal(&maintenance).unwrap();
        let archiver = Archiver::new(&ArchiveConfig::default());
        archiver.run(&maintenance).unwrap().made.len()
    }

    fn wait(&self, days: u32) {
        let mut now = self.clock.0.lock().unwrap();
        *now += DAY * days;
        trust_clock(&self.keyring, *now).unwrap();
    }

    fn apply(&self) -> RetentionReceipt {
        let retention = Retention::of(&self.config);
        retention.apply(&self.maintenance(), &[]).unwrap()
    }

    fn entries(&self) -> Vec<String> {
        entries(&reader(&self.storage, &self.keyring), Filter::new())
    }

    #[track_caller]
    fn verify(&self) {
        let report = reader(&self.storage, &self.keyring).verify().unwrap();
        assert!(report.is_ok(), "{report:#?}");
        assert_eq!(report.signatures, Check::Ok);
    }

    fn files(&self) -> Vec<AttachmentName> {
        self.storage.attachments().unwrap().list().unwrap()
    }

    /// Whether the files of the archives hold these bytes, as a map that is not compressed would.
    fn table_says(&self, text: &str) -> bool {
        let attachments = self.storage.attachments().unwrap();
        self.files()
            .iter()
            .filter(|name| name.extension() == "parquet")
            .any(|name| {
                let source = attachments.open(name).unwrap();
                let mut file = vec![0; source.len().unwrap() as usize];
                source.read_at(0, &mut file).unwrap();
                // Least and greatest values stand in the footer in clear.
                file.windows(text.len()).any(|it| it == text.as_bytes())
            })
    }
}

#[test]
fn what_is_over_in_an_archive_becomes_tombstones_and_then_the_archive_goes() {
    let log = Log::new(30);
    for number in 0..30 {
        log.log(number, if number % 3 == 0 { "small" } else { "large" });
    }
    assert_eq!(log.archive(), 1);
    let before = log.entries();
    assert!(log.table_says("small-agent"));

    // The month is over, and the three days.
    log.wait(21);
    let receipt = log.apply();
    assert_eq!((receipt.keys, receipt.objects, receipt.buried), (1, 0, 10));
    let kept: Vec<_> = before
        .iter()
        .filter(|entry| entry.contains("large"))
        .cloned()
        .collect();
    assert_eq!(log.entries(), kept);
    assert!(!log.table_says("small-agent"));
    assert!(log.table_says("large-agent"));
    log.verify();
    assert_eq!(
        log.apply(),
        RetentionReceipt::default(),
        "there is no more to do"
    );
    log.archive();
    assert_eq!(log.entries(), kept);

    log.wait(60);
    log.log(30, "large");
    let receipt = log.apply();
    assert!(receipt.objects >= 1, "{receipt:?}");
    assert_eq!(
        log.files(),
        [],
        "no file of an archive is left, nor its ids"
    );
    assert_eq!(log.entries().len(), 1);
    log.verify();
}

#[test]
fn an_archive_whose_rewriting_is_cut_short_is_rewritten_the_next_time() {
    let log = Log::new(31);
    for number in 0..9 {
        log.log(number, if number % 3 == 0 { "small" } else { "large" });
    }
    log.archive();
    let name = log
        .files()
        .into_iter()
        .find(|name| name.extension() == "parquet")
        .unwrap();
    let attachments = log.storage.attachments().unwrap();
    let source = attachments.open(&name).unwrap();
    let mut old = vec![0; source.len().unwrap() as usize];
    source.read_at(0, &mut old).unwrap();
    log.wait(21);
    log.apply();
    log.verify();
    // As if the machine had gone down between the signed line and the new table.
    let mut file = attachments.create(&name).unwrap();
    file.append(&old).unwrap();
    file.commit().unwrap();
    log.verify();
    assert_eq!(log.entries().len(), 6);
    assert_eq!(log.apply().buried, 3);
    assert!(!log.table_says("small-agent"));
    log.verify();
}

#[test]
fn whoever_reads_goes_on_when_objects_are_taken_away() {
    let log = Log::new(32);
    for number in 0..40 {
        log.log(number, "large");
        if number % 4 == 3 {
            log.maintenance().seal().unwrap();
        }
    }
    let reader = reader(&log.storage, &log.keyring);
    let mut reading = reader.entries(Filter::new()).unwrap();
    assert!(reading.next().unwrap().is_ok());
    let objects = sealed(&*log.storage);
    assert_eq!(objects.len(), 10);
    // Two objects go, and all others are archived under its eyes.
    for object in &objects[2..4] {
        assert!(!bytes(&*log.storage, object).is_empty());
        log.storage.remove(object).unwrap();
    }
    let archiver = Archiver::new(&ArchiveConfig::default());
    archiver.run(&log.maintenance()).unwrap();
    assert!(sealed(&*log.storage).len() < 2);
    let rest: Vec<_> = reading.collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(rest.len(), 31);
}
