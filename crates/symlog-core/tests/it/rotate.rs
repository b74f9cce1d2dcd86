//! Keys are replaced while the log is written: asked for by another process, by age, by volume.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde_json::Value;
use symlog_core::{
    ArchiveConfig, Clock, Durability, Filter, KeyAudit, KeysConfig, LoggingError, ModelLogger,
    period_keys_in_use,
};
use symlog_crypto::{SecretBytes, default_provider};
use symlog_keys::{Access, Keyring, LoggingKey, PeriodState};
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{MemoryStorage, Operation};

use crate::recorded::{answered, builder, keyring, read};
use crate::support::{KEY, Workplace};

const DAY: Duration = Duration::from_secs(86_400);

/// A clock that stands still until it is put forward, or back.
#[derive(Debug)]
pub(crate) struct Manual(Mutex<SystemTime>);

impl Manual {
    pub(crate) fn new() -> Arc<Self> {
        Self::at(SystemTime::now())
    }

    pub(crate) fn at(now: SystemTime) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now)))
    }

    pub(crate) fn forward(&self, by: Duration) {
        *self.0.lock() += by;
    }

    pub(crate) fn back(&self, by: Duration) {
        *self.0.lock() -= by;
    }
}

impl Clock for Manual {
    fn now(&self) -> SystemTime {
        *self.0.lock()
    }
}

fn open_keyring(place: &Workplace) -> Keyring {
    let key = LoggingKey::from_text(SecretBytes::from(KEY.to_owned())).unwrap();
    let mut path = place.log().into_os_string();
    path.push(".keyring");
    Keyring::open(path.as_ref(), &key, Access::ReadWrite, &default_provider()).unwrap()
}

fn log(logger: &ModelLogger, number: u64) {
    logger.submit(answered(number)).unwrap().wait().unwrap();
}

/// The bodies of the control lines of a kind, in every object of the log.
fn told(place: &Workplace, kind: &str) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(place.log().parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.ends_with(".log") || name.rsplit('.').next().unwrap().parse::<u64>().is_ok()
        })
        .collect();
    files.sort();
    // The active object is the last.
    files.rotate_left(1);
    files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            lines
        })
        .filter(|line| line["control"] == kind)
        .map(|line| line["body"].clone())
        .collect()
}

/// Everything can be read, in order, and verified with keys.
#[track_caller]
fn holds(place: &Workplace, entries: u64) {
    let reader = place.reader();
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    let read: Vec<_> = reader
        .entries(Filter::new())
        .unwrap()
        .map(|entry| entry.unwrap().metadata["n"].parse::<u64>().unwrap())
        .collect();
    assert_eq!(read, (0..entries).collect::<Vec<_>>());
}

#[test]
fn a_log_goes_on_under_the_keys_that_another_process_made() {
    let place = Workplace::new();
    let clock = Manual::new();
    let logger = place.builder().clock(clock.clone()).build().unwrap();
    log(&logger, 0);
    let other = open_keyring(&place);
    for number in 1..6 {
        other.rotate().unwrap();
        clock.forward(Duration::from_secs(2));
        log(&logger, number);
    }
    logger.close_blocking().unwrap();
    holds(&place, 6);
    assert_eq!(told(&place, "segment").len(), 6, "a segment for each key");
    let rotated = told(&place, "rotated");
    assert_eq!(rotated.len(), 5);
    assert_eq!(rotated[4]["master"], 6);
    assert!(other.changes().unwrap().is_empty(), "all are told");

    let uses = period_keys_in_use(&place.log(), None).unwrap();
    let periods = other.inventory().unwrap().periods;
    assert_eq!(uses.len(), 6);
    for key in periods {
        assert_eq!(uses[&key.id], 1);
        let is_newest = key.state == PeriodState::Active;
        assert!(is_newest || key.state == PeriodState::Retired);
    }
}

#[test]
fn two_processes_may_rotate_while_a_third_writes() {
    let place = Workplace::new();
    let clock = Manual::new();
    let logger = place.builder().clock(clock.clone()).build().unwrap();
    log(&logger, 0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let own = open_keyring(&place);
                for _ in 0..5 {
                    own.rotate().unwrap();
                }
            });
        }
        for number in 1..50 {
            clock.forward(Duration::from_secs(2));
            log(&logger, number);
        }
    });
    clock.forward(Duration::from_secs(2));
    log(&logger, 50);
    logger.close_blocking().unwrap();
    holds(&place, 51);
    assert_eq!(told(&place, "rotated").len(), 10);
    assert_eq!(open_keyring(&place).inventory().unwrap().master, 11);
}

fn with_keys(place: &Workplace, keys: KeysConfig, clock: &Arc<Manual>) -> ModelLogger {
    let clock: Arc<dyn Clock> = clock.clone();
    place.builder().keys(keys).clock(clock).build().unwrap()
}

#[test]
fn the_master_key_is_replaced_when_it_is_old() {
    let place = Workplace::new();
    let clock = Manual::new();
    let keys = KeysConfig {
        rotate_after_days: 30,
        ..KeysConfig::default()
    };
    let logger = with_keys(&place, keys.clone(), &clock);
    log(&logger, 0);
    clock.forward(DAY * 29);
    log(&logger, 1);
    assert_eq!(open_keyring(&place).inventory().unwrap().master, 1);
    clock.forward(DAY * 2);
    log(&logger, 2);
    clock.forward(DAY);
    log(&logger, 3);
    logger.close_blocking().unwrap();
    // Nobody writes for a while: it is replaced when the log is opened.
    clock.forward(DAY * 40);
    let logger = with_keys(&place, keys, &clock);
    log(&logger, 4);
    logger.close_blocking().unwrap();
    holds(&place, 5);
    let reasons: Vec<_> = told(&place, "rotated")
        .into_iter()
        .map(|body| body["reason"].clone())
        .collect();
    assert_eq!(reasons, ["age", "age"]);
}

#[test]
fn a_clock_that_goes_back_a_year_neither_stops_rotation_nor_repeats_it() {
    let place = Workplace::new();
    let clock = Manual::new();
    let keys = KeysConfig {
        rotate_after_days: 30,
        ..KeysConfig::default()
    };
    let logger = with_keys(&place, keys, &clock);
    log(&logger, 0);
    clock.back(DAY * 365);
    for number in 1..20 {
        clock.forward(Duration::from_secs(5));
        log(&logger, number);
    }
    assert_eq!(open_keyring(&place).inventory().unwrap().master, 2);
    clock.forward(DAY * 31);
    log(&logger, 20);
    clock.forward(Duration::from_secs(5));
    log(&logger, 21);
    logger.close_blocking().unwrap();
    assert_eq!(open_keyring(&place).inventory().unwrap().master, 3);
    holds(&place, 22);
}

#[test]
fn the_master_key_is_replaced_when_much_was_written_under_it() {
    let place = Workplace::new();
    let clock = Manual::new();
    let keys = KeysConfig {
        rotate_after_bytes: 20_000,
        ..KeysConfig::default()
    };
    let mut number = 0;
    // Also over restarts, each of which writes little.
    for _ in 0..10 {
        let logger = with_keys(&place, keys.clone(), &clock);
        for _ in 0..5 {
            clock.forward(Duration::from_secs(2));
            log(&logger, number);
            number += 1;
        }
        logger.close_blocking().unwrap();
    }
    holds(&place, number);
    let bytes: u64 = std::fs::metadata(place.log()).unwrap().len();
    let rotated = told(&place, "rotated");
    let expected = bytes / 20_000;
    assert!(
        (expected / 2..=expected).contains(&(rotated.len() as u64)) && expected > 2,
        "{} for {bytes} bytes",
        rotated.len()
    );
    assert!(rotated.iter().all(|body| body["reason"] == "volume"));
}

/// Every key that is in use is told before anything is written with it.
#[test]
fn an_audited_log_tells_of_its_keys_before_anything_else() {
    let place = Workplace::new();
    let keys = KeysConfig {
        audit: KeyAudit::Log,
        ..KeysConfig::default()
    };
    let logger = place.builder().keys(keys).build().unwrap();
    let told_at_once = told(&place, "key");
    assert!(
        told_at_once[0]["source"]
            .as_str()
            .unwrap()
            .contains("secret store")
    );
    assert_eq!(told_at_once[1]["action"], "use");
    assert_eq!(told_at_once[1]["ids"].as_array().unwrap().len(), 1);
    log(&logger, 0);
    logger.close_blocking().unwrap();
    holds(&place, 1);
}

#[test]
fn a_strict_log_that_cannot_tell_is_not_opened() {
    for strict in [false, true] {
        let memory = MemoryStorage::new();
        let plan = FaultPlan::new();
        let faulty = Arc::new(FaultyStorage::new(memory, plan.clone()));
        let keyring = keyring();
        for nth in 1..=2 {
            plan.fail(
                Operation::Append,
                nth,
                Fault::Refused(std::io::ErrorKind::StorageFull),
            );
        }
        let opened = builder(faulty.clone(), &keyring, Durability::Batch)
            .keys(KeysConfig {
                audit: KeyAudit::Log,
                ..KeysConfig::default()
            })
            .strict(strict)
            .build();
        match opened {
            Ok(logger) => {
                assert!(!strict);
                while logger.submit(answered(1)).unwrap().wait().is_err() {}
                // Tells once more of what was lost.
                let _ = logger.flush_blocking();
                logger.close_blocking().unwrap();
                drop(logger);
                let storage: Arc<dyn symlog_sink::Storage> = faulty;
                read(&storage, &keyring, "after faults");
            }
            Err(error) => {
                assert!(strict);
                assert!(
                    matches!(error, LoggingError::KeyManagementError { .. }),
                    "{error}"
                );
            }
        }
    }
}

/// `SYMLOG_TEST_SEGMENTS=10000` gives the figure of the design; by default there are fewer.
#[test]
fn a_log_of_many_segments_is_rotated_at_once() {
    let wanted = std::env::var("SYMLOG_TEST_SEGMENTS").ok();
    let total: u64 = wanted.map_or(100, |segments| segments.parse().unwrap());
    let place = Workplace::new();
    let logger = place
        .builder()
        .durability(Durability::Buffered)
        .archive(ArchiveConfig {
            seal_bytes: 1,
            ..ArchiveConfig::default()
        })
        .build()
        .unwrap();
    for number in 0..total {
        log(&logger, number);
    }
    logger.close_blocking().unwrap();
    let keyring = open_keyring(&place);
    let start = Instant::now();
    keyring.rotate().unwrap();
    let rotated = start.elapsed();
    let uses = period_keys_in_use(&place.log(), None).unwrap();
    let counted = start.elapsed() - rotated;
    let segments: u64 = uses.values().sum();
    assert_eq!(
        segments,
        symlog_core::verify(&place.log()).unwrap().segments
    );
    println!("{segments} segments: rotated in {rotated:?}, uses counted in {counted:?}");
    assert!(segments >= total / 2, "{segments}");
    assert!(rotated < Duration::from_secs(2), "{rotated:?}");
    holds(&place, total);
}

const NEW_KEY: &str = "base64:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Another process takes the key away that the log is being written with.
fn take_key_away(place: &Workplace) {
    let key = |text: &str| LoggingKey::from_text(SecretBytes::from(text.to_owned())).unwrap();
    let old = open_keyring(place);
    old.add_slot(&key(NEW_KEY), "new").unwrap();
    let new = symlog_core::open_keyring(&place.log(), &key(NEW_KEY), Access::ReadWrite).unwrap();
    new.remove_slot(&old.slot_in_use()).unwrap();
}

/// An entry of a conversation that nobody else had.
fn log_of_its_own(logger: &ModelLogger, number: u64) -> Result<(), LoggingError> {
    let entry = answered(number).conversation(format!("alone-{number}"));
    logger.submit(entry)?.wait().map(drop)
}

#[test]
fn a_writer_whose_key_is_replaced_goes_on_with_the_new_one() {
    let place = Workplace::new();
    let clock = Manual::new();
    let logger = place.builder().clock(clock.clone()).build().unwrap();
    log(&logger, 0);
    take_key_away(&place);
    let store = place.store();
    let name = symlog_core::logging::LoggingConfig::default().encryption_key_name;
    crate::support::block_on(store.put(&name, &SecretBytes::from(NEW_KEY.to_owned()))).unwrap();
    // More new conversations than unit keys were made ahead, and then a new segment.
    for number in 1..100 {
        log_of_its_own(&logger, number).unwrap();
    }
    clock.forward(Duration::from_secs(2));
    log(&logger, 100);
    logger.close_blocking().unwrap();
    holds(&place.with_other_key(NEW_KEY), 101);
    let sources = told(&place, "key");
    let fetched = |body: &&Value| body.get("source").is_some();
    assert_eq!(sources.iter().filter(fetched).count(), 2, "{sources:?}");
}

#[test]
fn a_writer_whose_key_is_taken_away_goes_on_with_what_it_holds_and_says_what_is_wrong() {
    let place = Workplace::new();
    let clock = Manual::new();
    let logger = place.builder().clock(clock.clone()).build().unwrap();
    log(&logger, 0);
    take_key_away(&place);
    clock.forward(Duration::from_secs(2));
    log(&logger, 0);
    // The keys that were made ahead come to an end.
    let refused = (1..10_000)
        .find_map(|number| log_of_its_own(&logger, number).err())
        .unwrap();
    assert!(refused.to_string().contains("start it again"), "{refused}");
    log(&logger, 0);
    logger.close_blocking().unwrap();
    let reader = place.with_other_key(NEW_KEY).reader();
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
}
