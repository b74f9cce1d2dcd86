//! Entries go when their time is over, and only then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use symlog_core::{
    Check, Config, Decision, Durability, Filter, LegalHold, LogReader, Maintenance, ModelLogger,
    Retention, RetentionPlan, TimeTrust, holds, place_hold, release_hold, trust_clock,
};
use symlog_keys::Keyring;
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{MemoryStorage, ObjectName, Operation, Storage};

use crate::recorded::{answered, builder, keyring};
use crate::rotate::Manual;

const DAY: Duration = Duration::from_secs(86_400);
/// 2026-01-15.
const START: Duration = Duration::from_secs(1_768_435_200);

const CONFIG: &str = r#"
[logging]
retention_days = 30
[[retention]]
class = "short"
match = { model = "small" }
days = 3
[[retention]]
class = "ever"
match = { agent = "judge" }
days = 0
"#;

struct Log {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    clock: Arc<Manual>,
    config: Config,
    logger: ModelLogger,
}

impl Log {
    fn new() -> Self {
        Self::over(Arc::new(MemoryStorage::new()))
    }

    fn over(storage: Arc<dyn Storage>) -> Self {
        let clock = Manual::at(UNIX_EPOCH + START);
        Self::open(storage, keyring(), clock, false)
    }

    fn open(
        storage: Arc<dyn Storage>,
        keyring: Keyring,
        clock: Arc<Manual>,
        by_itself: bool,
    ) -> Self {
        let config = Config::from_toml(CONFIG, "symlog.toml").unwrap();
        let logger = builder(Arc::clone(&storage), &keyring, Durability::Batch)
            .retention(config.retention.clone())
            .clock(clock.clone())
            .upkeep(by_itself)
            .build()
            .unwrap();
        Self {
            storage,
            keyring,
            clock,
            config,
            logger,
        }
    }

    fn reopened(self, by_itself: bool) -> Self {
        self.logger.close_blocking().unwrap();
        Self::open(self.storage, self.keyring, self.clock, by_itself)
    }

    fn log(&self, number: u64) {
        self.logger
            .submit(answered(number))
            .unwrap()
            .wait()
            .unwrap();
    }

    fn log_as(&self, number: u64, agent: &str, model: &str) {
        let entry = symlog_core::Interaction::new(
            agent,
            symlog_core::ModelInteractionType::Completion,
            model,
        )
        .request(crate::support::request(&format!("question {number}")))
        .response(crate::support::response(&format!("answer {number}")))
        .meta("n", number.to_string());
        self.logger.submit(entry).unwrap().wait().unwrap();
    }

    /// Goes on for some days, and the clock with it.
    fn wait(&self, days: u32) {
        for _ in 0..days {
            self.clock.forward(DAY);
            self.plan_seen();
        }
    }

    /// Looks at the clock as the hourly run does.
    fn plan_seen(&self) {
        let now = UNIX_EPOCH + Duration::from_secs(self.now());
        trust_clock(&self.keyring, now).unwrap();
    }

    fn now(&self) -> u64 {
        let now: SystemTime = symlog_core::Clock::now(&*self.clock);
        now.duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn maintenance(&self) -> Maintenance {
        self.logger.maintenance().unwrap()
    }

    fn plan(&self) -> RetentionPlan {
        Retention::of(&self.config)
            .plan(&self.maintenance())
            .unwrap()
    }

    fn decision(&self, class: u16, period: &str) -> Decision {
        let plan = self.plan();
        let key = plan
            .keys
            .iter()
            .find(|key| key.class == class && key.period == period);
        key.unwrap().decision.clone()
    }

    fn apply(&self) -> symlog_core::RetentionReceipt {
        Retention::of(&self.config)
            .apply(&self.maintenance(), &[])
            .unwrap()
    }

    fn numbers(&self) -> BTreeSet<u64> {
        let reader = LogReader::over(Arc::clone(&self.storage), self.keyring.clone());
        reader
            .entries(Filter::new())
            .unwrap()
            .map(|entry| entry.unwrap().metadata["n"].parse().unwrap())
            .collect()
    }

    #[track_caller]
    fn verifies(&self) -> Vec<String> {
        let reader = LogReader::over(Arc::clone(&self.storage), self.keyring.clone());
        let report = reader.verify().unwrap();
        assert!(report.is_ok(), "{:?}", report.problems);
        report.notes
    }
}

#[test]
fn a_month_goes_when_its_last_day_is_old_enough() {
    let log = Log::new();
    log.log(1);
    log.wait(20);
    log.log(2);
    assert_eq!(
        log.decision(0, "2026-01"),
        Decision::Keep {
            until: "2026-03-03".to_owned()
        }
    );
    log.wait(26);
    // Nothing was written under the class whose time is over already.
    assert_eq!((log.apply().keys, log.apply().keys), (1, 0));
    assert_eq!(log.numbers(), [1, 2].into(), "a day too early");
    log.wait(1);
    assert!(matches!(
        log.decision(0, "2026-01"),
        Decision::Destroy { .. }
    ));
    let receipt = log.apply();
    assert_eq!(receipt.keys, 1);
    assert!(
        receipt
            .assurance
            .is_some_and(|sure| sure.contains("best effort"))
    );
    assert_eq!(log.decision(0, "2026-01"), Decision::Gone);
    assert_eq!(log.numbers(), [2].into());
    log.verifies();
    // A class that is kept for ever has a secret in each of its segments, and no entry.
    assert_eq!(receipt.objects, 1);
    assert!(log.plan().is_empty());

    let log = log.reopened(false);
    log.log(3);
    assert_eq!(log.numbers(), [2, 3].into());
    let notes = log.verifies();
    assert!(
        notes.iter().any(|note| note.contains("time was over")),
        "{notes:?}"
    );
}

#[test]
fn an_object_with_another_class_stays_and_only_its_share_is_gone() {
    let log = Log::new();
    log.log_as(1, "agent", "large");
    log.log_as(2, "agent", "small");
    log.log_as(3, "judge", "small");
    log.wait(17 + 4);
    log.log_as(4, "agent", "small");
    let receipt = log.apply();
    assert_eq!((receipt.keys, receipt.objects), (1, 0));
    // The first class that fits counts.
    assert_eq!(log.numbers(), [1, 4].into());
    log.verifies();
    let plan = log.plan();
    assert!(plan.objects[0].partly_over, "{:?}", plan.objects);
    let log = log.reopened(false);
    assert_eq!(log.numbers(), [1, 4].into());
}

#[test]
fn files_go_from_the_copies_too_and_wait_for_one_that_is_away() {
    let log = Log::new();
    log.log(1);
    log.wait(40);
    log.log(2);
    let sealed = |storage: &dyn Storage| {
        let mut objects = storage.objects().unwrap();
        objects.retain(|object| *object != ObjectName::Active);
        objects
    };
    let copied = sealed(&*log.storage);
    let plan = FaultPlan::new();
    let copy = FaultyStorage::new(MemoryStorage::new(), plan.clone());
    {
        let mut sink = copy.lock().unwrap();
        for object in &copied {
            let ObjectName::Sealed(name) = object else {
                unreachable!()
            };
            sink.append(b"a copy").unwrap();
            sink.roll(name).unwrap();
        }
    }
    let copy: Arc<dyn Storage> = Arc::new(copy);
    let copies = [Arc::clone(&copy)];
    log.wait(30);
    let away = Fault::Refused(std::io::ErrorKind::TimedOut);
    plan.fail(Operation::List, 1, away);
    let retention = Retention::of(&log.config);
    let receipt = retention.apply(&log.maintenance(), &copies).unwrap();
    assert!(receipt.keys > 0);
    assert_eq!((receipt.objects, receipt.waiting), (0, 1));
    assert!(receipt.unreachable.is_some());
    assert_eq!(log.numbers(), [2].into(), "its keys are gone all the same");
    assert_eq!(sealed(&*copy), copied);
    assert_eq!(sealed(&*log.storage)[..1], copied);

    let receipt = retention.apply(&log.maintenance(), &copies).unwrap();
    assert_eq!((receipt.keys, receipt.objects, receipt.waiting), (0, 1, 0));
    assert_eq!(sealed(&*copy), []);
    assert!(!sealed(&*log.storage).contains(&copied[0]));
    log.verifies();
}

#[test]
fn what_is_held_stays_until_it_is_released() {
    let log = Log::new();
    log.log(1);
    log.wait(20);
    log.log(2);
    log.wait(30);
    log.log(3);
    let hold = LegalHold {
        name: "case 7".to_owned(),
        reason: "ordered by a court".to_owned(),
        until: Some("2026-01".to_owned()),
        ..LegalHold::default()
    };
    place_hold(&log.maintenance(), hold.clone()).unwrap();
    assert_eq!(holds(&log.keyring).unwrap(), [hold]);
    log.wait(60);
    log.log(4);
    let receipt = log.apply();
    assert_eq!(
        log.decision(0, "2026-01"),
        Decision::Held {
            by: vec!["case 7".to_owned()]
        }
    );
    // What is missing now lies in the middle.
    assert_eq!(receipt.objects, 2, "February and March");
    assert_eq!(log.numbers(), [1, 4].into());
    log.verifies();

    assert!(!release_hold(&log.maintenance(), "case 8").unwrap());
    assert!(release_hold(&log.maintenance(), "case 7").unwrap());
    log.apply();
    assert_eq!(log.numbers(), [4].into());
    log.verifies();
}

#[test]
fn a_clock_that_jumps_takes_nothing_with_it() {
    let log = Log::new();
    log.log(1);
    log.clock.forward(DAY * 4000);
    let plan = log.plan();
    assert!(matches!(plan.trust, TimeTrust::JumpedAhead { .. }));
    assert!(plan.is_empty());
    assert_eq!(log.apply().keys, 0);
    assert_eq!(log.numbers(), [1].into());
    // It came back.
    log.clock.back(DAY * 4000);
    assert_eq!(log.plan().trust, TimeTrust::Trusted);
    log.apply();
    log.clock.forward(DAY * 100);
    log.plan_seen();
    assert!(!log.plan().is_empty());
}

#[test]
fn retention_runs_by_itself() {
    let log = Log::new();
    log.log(1);
    // The logger was told of ninety days.
    log.wait(120);
    let log = log.reopened(true);
    let deadline = Instant::now() + Duration::from_secs(20);
    while log.decision(0, "2026-01") != Decision::Gone {
        assert!(Instant::now() < deadline, "not within 20 s");
        std::thread::sleep(Duration::from_millis(50));
    }
    log.logger.close_blocking().unwrap();
    assert_eq!(log.numbers(), BTreeSet::new());
}

#[test]
fn a_class_that_nobody_configures_any_more_is_kept() {
    let log = Log::new();
    log.log_as(1, "agent", "small");
    log.wait(20);
    let without = Config::from_toml("[logging]\nretention_days = 30", "symlog.toml").unwrap();
    log.wait(100);
    let plan = Retention::of(&without).plan(&log.maintenance()).unwrap();
    let key = plan.keys.iter().find(|key| key.class == 1).unwrap();
    assert_eq!(key.decision, Decision::UnknownClass);
    assert_eq!(key.names, ["short"]);
    Retention::of(&without)
        .apply(&log.maintenance(), &[])
        .unwrap();
    assert_eq!(log.numbers(), [1].into());
}

#[test]
fn what_was_interrupted_is_done_the_next_time() {
    for operation in [Operation::Remove, Operation::Append, Operation::Sync] {
        for nth in 1..=3 {
            let plan = FaultPlan::new();
            let storage = FaultyStorage::new(MemoryStorage::new(), plan.clone());
            let log = Log::over(Arc::new(storage));
            log.log(1);
            log.wait(20);
            log.log(2);
            log.wait(70);
            log.log(3);
            let refused = Fault::Refused(std::io::ErrorKind::PermissionDenied);
            plan.fail(operation, nth, refused);
            let _ = Retention::of(&log.config).apply(&log.maintenance(), &[]);
            log.verifies();
            log.apply();
            assert_eq!(log.numbers(), [3].into(), "{operation} {nth}");
            log.verifies();
            // The fault may come only now.
            let _ = log.logger.close_blocking();
            let log = Log::open(log.storage, log.keyring, log.clock, false);
            assert_eq!(log.numbers(), [3].into(), "{operation} {nth}");
        }
    }
}

#[test]
fn copies_elsewhere_go_too() {
    let log = Log::new();
    log.log(1);
    log.wait(80);
    log.log(2);
    let copy: Arc<dyn Storage> = Arc::new(
        MemoryStorage::from_objects(log.storage.objects().unwrap().into_iter().map(|name| {
            let source = log.storage.source(&name).unwrap();
            let mut bytes = vec![0; source.len().unwrap() as usize];
            source.read_at(0, &mut bytes).unwrap();
            (name, bytes)
        }))
        .unwrap(),
    );
    let before = copy.objects().unwrap().len();
    let receipt = Retention::of(&log.config)
        .apply(&log.maintenance(), &[Arc::clone(&copy)])
        .unwrap();
    assert_eq!(receipt.objects, 1);
    assert_eq!(copy.objects().unwrap().len(), before - 1);
}

/// A topic keeps its records until its own retention takes them.
#[test]
fn a_copy_that_can_remove_nothing_holds_nothing_up() {
    let log = Log::new();
    log.log(1);
    log.wait(80);
    log.log(2);
    let plan = FaultPlan::new();
    let copy = FaultyStorage::new(MemoryStorage::new(), plan.clone());
    plan.fail(
        Operation::Remove,
        1,
        Fault::Refused(std::io::ErrorKind::Unsupported),
    );
    let copies: [Arc<dyn Storage>; 2] = [Arc::new(copy), Arc::new(MemoryStorage::new())];
    let receipt = Retention::of(&log.config)
        .apply(&log.maintenance(), &copies)
        .unwrap();
    assert_eq!(receipt.objects, 1);
    assert_eq!((receipt.copies, receipt.kept), (1, 1));
    assert_eq!(log.numbers(), [2].into());
    log.verifies();
}

#[test]
fn a_missing_object_without_a_signed_line_is_found() {
    let log = Log::new();
    log.log(1);
    log.wait(20);
    log.log(2);
    log.wait(30);
    log.log(3);
    let first = log.storage.objects().unwrap()[0].clone();
    log.storage.remove(&first).unwrap();
    let reader = LogReader::over(Arc::clone(&log.storage), log.keyring.clone());
    let report = reader.verify().unwrap();
    assert_eq!(report.order, Check::Failed);
    assert!(report.problems[0].what.contains("no signed line says"));
    // One in the middle, too.
    let second = log.storage.objects().unwrap()[0].clone();
    log.storage.remove(&second).unwrap();
    assert_eq!(reader.verify().unwrap().order, Check::Failed);
}

#[test]
fn what_a_sink_does_not_have_yet_is_not_removed() {
    let place = crate::support::Workplace::new();
    std::fs::create_dir_all(place.log().parent().unwrap()).unwrap();
    let log = place.log().display().to_string();
    let config = format!(
        "[logging]\nretention_days = 30\nlog_file_path = \"{log}\"\n[[sink]]\nkind = \"object\"\nurl = \"file:///nowhere\"\n"
    );
    let config = Config::from_toml(&config, "symlog.toml").unwrap();
    let clock = Manual::at(UNIX_EPOCH + START);
    let logger = place
        .builder()
        .clock(clock.clone())
        .upkeep(false)
        .build()
        .unwrap();
    logger.submit(answered(1)).unwrap().wait().unwrap();
    clock.forward(DAY * 80);
    logger.submit(answered(2)).unwrap().wait().unwrap();
    let maintenance = logger.maintenance().unwrap();
    trust_clock(maintenance.keyring(), UNIX_EPOCH + START + DAY * 80).unwrap();
    let retention = Retention::of(&config);
    let receipt = retention.apply(&maintenance, &[]).unwrap();
    assert_eq!((receipt.keys, receipt.objects), (1, 0));
    assert!(retention.plan(&maintenance).unwrap().objects[0].waits_for_sinks);

    let mut cursor = place.log().into_os_string();
    cursor.push(".cursor-");
    cursor.push(&config.sinks[0].name);
    std::fs::write(cursor, "symlog-cursor 1\nsealed=0000000000\n").unwrap();
    assert_eq!(retention.apply(&maintenance, &[]).unwrap().objects, 1);
}
