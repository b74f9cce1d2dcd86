//! What is done with a log as a whole: its active object is sealed, and things are said in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use symlog_core::{
    ArchiveConfig, Check, Durability, LogReader, LoggingError, ModelLogger, Permit, VerifyReport,
};
use symlog_keys::{ChangeKind, Keyring};
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{MemoryStorage, ObjectName, Operation, Source, Storage};

use crate::recorded::{answered, builder, keyring, read};
use crate::rotate::Manual;

struct Log {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    logger: ModelLogger,
}

impl Log {
    fn new() -> Self {
        Self::over(Arc::new(MemoryStorage::new()), keyring())
    }

    fn over(storage: Arc<dyn Storage>, keyring: Keyring) -> Self {
        let logger = builder(Arc::clone(&storage), &keyring, Durability::Batch)
            .archive(ArchiveConfig::default())
            .build()
            .unwrap();
        Self {
            storage,
            keyring,
            logger,
        }
    }

    fn log(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.logger
                .submit(answered(number))
                .unwrap()
                .wait()
                .unwrap();
        }
    }

    fn holds(&self, numbers: std::ops::Range<u64>) {
        let held = read(&self.storage, &self.keyring, "the log");
        assert_eq!(held.numbers, numbers.collect::<Vec<_>>());
    }
}

fn names(storage: &dyn Storage) -> Vec<String> {
    let objects = storage.objects().unwrap();
    objects.iter().map(ToString::to_string).collect()
}

fn text(storage: &dyn Storage, object: &ObjectName) -> String {
    let source: Box<dyn Source> = storage.source(object).unwrap();
    let mut bytes = vec![0; source.len().unwrap() as usize];
    source.read_at(0, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn lines(storage: &dyn Storage) -> Vec<Value> {
    let objects = storage.objects().unwrap();
    objects
        .iter()
        .flat_map(|object| {
            let text = text(storage, object);
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines
        })
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

fn verified(log: &Log) -> VerifyReport {
    LogReader::over(Arc::clone(&log.storage), log.keyring.clone())
        .verify()
        .unwrap()
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn body(members: Value) -> Map<String, Value> {
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[test]
fn the_active_object_is_sealed_when_asked() {
    let log = Log::new();
    let maintenance = log.logger.maintenance().unwrap();
    maintenance.seal().unwrap();
    assert_eq!(names(&*log.storage), ["active object"], "nothing to seal");
    log.log(0..3);
    maintenance.seal().unwrap();
    let sealed = ObjectName::sealed("0000000000").unwrap();
    assert_eq!(
        log.storage.objects().unwrap(),
        [sealed.clone(), ObjectName::Active]
    );
    assert_eq!(text(&*log.storage, &ObjectName::Active), "");
    let whole = text(&*log.storage, &sealed);
    let last: Value = serde_json::from_str(whole.lines().last().unwrap()).unwrap();
    assert_eq!(last["control"], "sealed");
    maintenance.seal().unwrap();
    assert_eq!(log.storage.objects().unwrap().len(), 2, "sealed twice");

    log.log(3..5);
    log.holds(0..5);
    log.logger.close_blocking().unwrap();
    let error = maintenance.seal().unwrap_err();
    assert!(matches!(error, LoggingError::Closed), "{error}");
    // What another process left can be sealed by the next one.
    let log = Log::over(log.storage, log.keyring);
    log.logger.maintenance().unwrap().seal().unwrap();
    assert_eq!(log.storage.objects().unwrap().len(), 3);
    log.log(5..6);
    log.holds(0..6);
}

#[test]
fn a_writer_goes_on_after_an_empty_active_object() {
    let log = Log::new();
    log.log(0..2);
    log.logger.maintenance().unwrap().seal().unwrap();
    log.logger.close_blocking().unwrap();
    let log = Log::over(log.storage, log.keyring);
    log.log(2..3);
    log.holds(0..3);
    assert!(verified(&log).is_ok());
}

#[test]
fn a_seal_among_many_writers_loses_and_reorders_nothing() {
    let log = Log::new();
    let maintenance = log.logger.maintenance().unwrap();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let logger = &log.logger;
            scope.spawn(move || {
                for number in 0..50 {
                    logger
                        .submit(answered(part * 100 + number))
                        .unwrap()
                        .wait()
                        .unwrap();
                }
            });
        }
        for _ in 0..10 {
            maintenance.seal().unwrap();
        }
    });
    let held = read(&log.storage, &log.keyring, "after ten seals");
    assert_eq!(held.numbers.len(), 200);
    assert!(verified(&log).is_ok());
}

#[test]
fn a_failed_seal_says_so_and_the_log_goes_on() {
    for operation in [Operation::Roll, Operation::Sync, Operation::Append] {
        let plan = FaultPlan::new();
        let storage = FaultyStorage::new(MemoryStorage::new(), plan.clone());
        let log = Log::over(Arc::new(storage), keyring());
        log.log(0..2);
        plan.fail(
            operation,
            1,
            Fault::Refused(std::io::ErrorKind::PermissionDenied),
        );
        let maintenance = log.logger.maintenance().unwrap();
        let error = maintenance.seal().unwrap_err();
        assert!(matches!(error, LoggingError::IoError { .. }), "{error}");
        eventually("an entry after a failed seal", || {
            let receipt = log.logger.submit(answered(2)).unwrap();
            receipt.wait().is_ok()
        });
        let held = read(&log.storage, &log.keyring, "after a failed seal");
        assert_eq!(held.numbers[..2], [0, 1]);
        maintenance.seal().unwrap();
        assert!(verified(&log).is_ok(), "{operation}");
    }
}

#[test]
fn an_object_is_sealed_when_it_is_old_enough() {
    let clock = Manual::new();
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let keyring = keyring();
    let logger = builder(Arc::clone(&storage), &keyring, Durability::Batch)
        .archive(ArchiveConfig {
            seal_hours: 6,
            ..ArchiveConfig::default()
        })
        .clock(clock.clone())
        .build()
        .unwrap();
    logger.submit(answered(0)).unwrap().wait().unwrap();
    clock.forward(Duration::from_secs(5 * 3600));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(storage.objects().unwrap().len(), 1, "sealed too early");
    clock.forward(Duration::from_secs(3700));
    eventually("sealing by age", || storage.objects().unwrap().len() == 2);
    logger.close_blocking().unwrap();
}

#[test]
fn what_is_said_is_signed_and_found() {
    let log = Log::new();
    let maintenance = log.logger.maintenance().unwrap();
    let said = body(json!({"objects": ["0000000000"], "sequences": []}));
    let sequence = maintenance.say(Permit::Archived, &said).unwrap();
    log.log(0..1);
    let line = lines(&*log.storage)
        .into_iter()
        .find(|line| line["seq"] == sequence)
        .unwrap();
    assert_eq!(line["control"], "archived");
    assert_eq!(line["body"]["objects"][0], "0000000000");
    assert!(line["body"]["signature"].is_string());
    let report = verified(&log);
    assert!(report.is_ok(), "{:?}", report.problems);
    assert_eq!(report.signatures, Check::Ok);
    log.logger.close_blocking().unwrap();
}

#[test]
fn another_process_is_answered() {
    let log = Log::new();
    log.log(0..2);
    // Another process has the keyring and nothing else.
    let beside = log.keyring.clone();
    beside.set_record("seal", Some(b"asked")).unwrap();
    eventually("the seal", || beside.record("seal").unwrap().is_none());
    assert_eq!(log.storage.objects().unwrap().len(), 2);
    let now = std::time::SystemTime::now();
    let number = beside
        .request_line(ChangeKind::Expired, now, &json!({"sequences": []}))
        .unwrap();
    eventually("the line", || beside.changes().unwrap().is_empty());
    let told: Vec<_> = lines(&*log.storage)
        .into_iter()
        .filter(|line| line["control"] == "expired")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["body"]["number"], number);
    assert_eq!(verified(&log).signatures, Check::Ok);
    log.holds(0..2);
}
