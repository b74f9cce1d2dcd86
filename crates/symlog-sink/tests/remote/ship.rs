use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{
    AtCeiling, Cursor, FileStorage, MemoryStorage, ObjectName, Operation, PartStorage, Remote,
    ShipMonitor, ShipOptions, ShipState, ShippedStorage, SinkError, Storage,
};

use crate::flaky::Flaky;
use crate::parts::read_all;

/// A bucket that holds logs by name.
#[derive(Clone, Debug, Default)]
struct Bucket {
    logs: Arc<Mutex<Vec<(String, Flaky)>>>,
}

impl Bucket {
    fn store(&self, name: &str) -> Flaky {
        let mut logs = self.logs.lock().unwrap();
        if let Some((_, log)) = logs.iter().find(|(known, _)| known == name) {
            return log.clone();
        }
        logs.push((name.to_owned(), Flaky::default()));
        logs[logs.len() - 1].1.clone()
    }

    fn copy(&self, name: &str) -> PartStorage<Flaky> {
        PartStorage::new(self.store(name))
    }
}

impl Remote for Bucket {
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError> {
        Ok(Arc::new(self.copy(name)))
    }

    fn logs(&self) -> Result<Vec<String>, SinkError> {
        let logs = self.logs.lock().unwrap();
        Ok(logs.iter().map(|(name, _)| name.clone()).collect())
    }

    fn probe(&self) -> Result<(), SinkError> {
        self.store("log").denied(Operation::Append)
    }

    fn address(&self) -> PathBuf {
        PathBuf::from("bucket")
    }
}

fn options(bucket: &Bucket) -> ShipOptions {
    let mut options = ShipOptions::new("bucket", Arc::new(bucket.clone()));
    options.interval = Duration::ZERO;
    options.part_bytes = 64;
    options.drain = Duration::from_secs(20);
    options
}

fn shipped(local: &(impl Storage + Clone + 'static), bucket: &Bucket) -> ShippedStorage {
    ShippedStorage::new(Arc::new(local.clone()), "log", vec![options(bucket)]).unwrap()
}

fn content(log: &dyn Storage) -> Vec<(ObjectName, Vec<u8>)> {
    let objects = log.objects().unwrap();
    objects
        .into_iter()
        .map(|object| {
            let bytes = read_all(log, &object).unwrap();
            (object, bytes)
        })
        .collect()
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "waiting for {what}"
        );
        std::thread::yield_now();
    }
}

fn is_shipped(monitor: &ShipMonitor) -> bool {
    monitor.status()[0].waiting_bytes == 0
}

#[test]
fn a_copy_is_the_log_object_by_object() {
    let (local, bucket) = (MemoryStorage::new(), Bucket::default());
    for round in 0..3 {
        let log = shipped(&local, &bucket);
        let mut sink = log.lock().unwrap();
        for line in 0..50 {
            let text = format!("round {round} line {line} of the log\n");
            sink.append(text.as_bytes()).unwrap();
            if line % 3 == 0 {
                sink.sync().unwrap();
            }
            if line % 20 == 19 {
                sink.roll(&format!("{}", round * 100 + line)).unwrap();
            }
        }
        sink.sync().unwrap();
        drop(sink);
        let status = log.status().remove(0);
        assert_eq!(status.waiting_bytes, 0, "{status:?}");
        assert_eq!(status.failures, 0, "{status:?}");
        assert_eq!(content(&bucket.copy("log")), content(&local));
    }
    assert_eq!(bucket.logs().unwrap(), ["log"]);
}

#[test]
fn only_what_was_synced_is_shipped() {
    let (local, bucket) = (MemoryStorage::new(), Bucket::default());
    // An earlier process has appended this and died before it was synced.
    let mut before = local.lock().unwrap();
    before.append(b"synced, ").unwrap();
    before.sync().unwrap();
    before.append(b"torn").unwrap();
    drop(before);

    let log = shipped(&local, &bucket);
    let monitor = log.monitor();
    let mut sink = log.lock().unwrap();
    until("the shipper", || {
        monitor.status()[0].state == ShipState::Shipping
    });
    assert_eq!(monitor.status()[0].waiting_bytes, 12);
    assert_eq!(content(&bucket.copy("log")), [(ObjectName::Active, vec![])]);
    sink.truncate(8).unwrap();
    until("what is left", || monitor.status()[0].shipped_bytes == 8);
    sink.append(b"whole, ").unwrap();
    sink.sync().unwrap();
    sink.append(b"not yet").unwrap();
    until("the next", || monitor.status()[0].shipped_bytes == 15);
    let copy = read_all(&bucket.copy("log"), &ObjectName::Active).unwrap();
    assert_eq!(copy, b"synced, whole, ");
    drop(sink);
    let copy = read_all(&bucket.copy("log"), &ObjectName::Active).unwrap();
    assert_eq!(copy, b"synced, whole, ", "the end was never synced");
}

#[test]
fn a_place_that_is_down_is_made_up_for() {
    let (local, bucket) = (MemoryStorage::new(), Bucket::default());
    bucket.store("log").denies.store(true, Ordering::Relaxed);
    let log = shipped(&local, &bucket);
    let monitor = log.monitor();
    let mut sink = log.lock().unwrap();
    for line in 0..40 {
        sink.append(format!("line {line}\n").as_bytes()).unwrap();
        sink.sync().unwrap();
        if line % 15 == 14 {
            sink.roll(&line.to_string()).unwrap();
        }
    }
    until("a failure", || monitor.status()[0].failures > 0);
    let status = monitor.status().remove(0);
    let error = status.error.unwrap();
    assert!(error.contains("right to read, list and write"), "{error}");
    assert!(status.waiting_bytes > 300 && status.behind_since.is_some());

    bucket.store("log").denies.store(false, Ordering::Relaxed);
    until("the rest", || is_shipped(&monitor));
    assert_eq!(monitor.status()[0].behind_since, None);
    for _ in 0..3 {
        // Answers that get lost, while it goes on.
        bucket
            .store("log")
            .loses_answers
            .store(2, Ordering::Relaxed);
        sink.append(b"more\n").unwrap();
        sink.sync().unwrap();
        until("more", || is_shipped(&monitor));
    }
    drop(sink);
    assert_eq!(content(&bucket.copy("log")), content(&local));
}

#[test]
fn a_host_that_was_cloned_goes_on_under_another_name() {
    let bucket = Bucket::default();
    let host = MemoryStorage::new();
    let log = shipped(&host, &bucket);
    let mut sink = log.lock().unwrap();
    sink.append(b"before the snapshot\n").unwrap();
    sink.sync().unwrap();
    let clone = host.after_crash();
    let (one, two) = (log.monitor(), shipped(&clone, &bucket));
    until("the first", || is_shipped(&one));

    let mut second = two.lock().unwrap();
    second.append(b"the clone\n").unwrap();
    second.sync().unwrap();
    until("the clone", || is_shipped(&two.monitor()));
    sink.append(b"the original\n").unwrap();
    sink.sync().unwrap();
    until("the original", || is_shipped(&one));
    let status = one.status().remove(0);
    assert_eq!(status.replica.as_deref(), Some("log_2"));
    assert!(status.error.unwrap().contains("has been taken over by"));
    drop((sink, second));
    assert_eq!(content(&bucket.copy("log")), content(&clone));
    assert_eq!(content(&bucket.copy("log_2")), content(&host));

    // Each finds its own again.
    for (host, name) in [(&host, "log_2"), (&clone, "log")] {
        let log = shipped(host, &bucket);
        let mut sink = log.lock().unwrap();
        sink.append(b"again\n").unwrap();
        sink.sync().unwrap();
        drop(sink);
        assert_eq!(content(&bucket.copy(name)), content(host));
    }
    assert_eq!(bucket.logs().unwrap(), ["log", "log_2"]);
}

#[test]
fn a_segment_that_could_not_be_synced_is_shipped_as_far_as_it_was() {
    let (memory, bucket, plan) = (MemoryStorage::new(), Bucket::default(), FaultPlan::new());
    let local: Arc<dyn Storage> = Arc::new(FaultyStorage::new(memory.clone(), plan.clone()));
    let log = ShippedStorage::new(local, "log", vec![options(&bucket)]).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"synced").unwrap();
    sink.sync().unwrap();
    sink.append(b", lost").unwrap();
    plan.fail(
        Operation::Sync,
        1,
        Fault::Refused(std::io::ErrorKind::Other),
    );
    assert!(sink.sync().is_err());
    sink.roll("1").unwrap();
    sink.append(b"on").unwrap();
    sink.sync().unwrap();
    until("the rest", || is_shipped(&log.monitor()));
    drop(sink);
    let copy = content(&bucket.copy("log"));
    let one = ObjectName::sealed("1").unwrap();
    let expected = [
        (one, b"synced".to_vec()),
        (ObjectName::Active, b"on".to_vec()),
    ];
    assert_eq!(copy, expected);
}

#[test]
fn the_ceiling_holds_the_writer_back_and_loses_nothing() {
    for (at_ceiling, ceiling) in [
        (AtCeiling::Block, 100),
        (AtCeiling::Reject, 100),
        (AtCeiling::Exceed, 100),
    ] {
        let (local, bucket) = (MemoryStorage::new(), Bucket::default());
        bucket.store("log").denies.store(true, Ordering::Relaxed);
        let mut options = options(&bucket);
        options.spool_bytes = ceiling;
        options.at_ceiling = at_ceiling;
        let log = ShippedStorage::new(Arc::new(local.clone()), "log", vec![options]).unwrap();
        let monitor = log.monitor();
        let mut sink = log.lock().unwrap();
        let (mut accepted, mut refused) = (Vec::new(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                until("the ceiling", || monitor.status()[0].waiting_bytes >= 96);
                bucket.store("log").denies.store(false, Ordering::Relaxed);
            });
            for line in 0..20 {
                let text = format!("line {line:02}\n");
                match sink.append(text.as_bytes()) {
                    Ok(()) => accepted.extend_from_slice(text.as_bytes()),
                    Err(error) => {
                        assert!(matches!(error, SinkError::SpoolFull { .. }), "{error}");
                        assert!(error.left_sink_usable());
                        refused += 1;
                    }
                }
                if at_ceiling == AtCeiling::Block {
                    assert!(monitor.status()[0].waiting_bytes <= ceiling);
                }
            }
        });
        match at_ceiling {
            AtCeiling::Reject => assert!(refused > 0),
            _ => assert_eq!(refused, 0),
        }
        sink.sync().unwrap();
        drop(sink);
        assert_eq!(read_all(&local, &ObjectName::Active).unwrap(), accepted);
        let copy = read_all(&bucket.copy("log"), &ObjectName::Active).unwrap();
        assert_eq!(copy, accepted, "{at_ceiling:?}");
    }
}

#[test]
fn the_cursor_says_how_far_the_copy_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs/a.log");
    let bucket = Bucket::default();
    let mut options = options(&bucket);
    options.cursor = Some(Cursor::path(&path, "bucket"));
    let local: Arc<dyn Storage> = Arc::new(FileStorage::new(&path).unwrap());
    let log = ShippedStorage::new(local, "log", vec![options]).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"first").unwrap();
    sink.roll("1").unwrap();
    sink.append(b"second").unwrap();
    sink.sync().unwrap();
    drop(sink);
    let cursor = Cursor::read(&Cursor::path(&path, "bucket")).unwrap();
    assert_eq!(cursor.sealed, ObjectName::sealed("1").ok());
    assert_eq!((cursor.offset, cursor.waiting_bytes), (6, 0));
    assert_eq!(
        symlog_sink::shipped_through(&path, ["bucket"]),
        ObjectName::sealed("1").ok()
    );
    // The log takes no notice of it.
    assert_eq!(log.objects().unwrap().len(), 2);
}

#[test]
fn a_bucket_that_lost_its_end_gets_it_again() {
    let (local, bucket) = (MemoryStorage::new(), Bucket::default());
    let write = |text: &[u8]| {
        let log = shipped(&local, &bucket);
        let mut sink = log.lock().unwrap();
        sink.append(text).unwrap();
        sink.sync().unwrap();
        until("the copy", || is_shipped(&log.monitor()));
    };
    write(b"first\n");
    write(b"second\n");
    let parts = bucket.store("log").parts;
    parts.lose(&parts.names().pop().unwrap()).unwrap();
    write(b"third\n");
    assert_eq!(content(&bucket.copy("log")), content(&local));

    // In the middle it cannot be mended, and says so.
    parts.lose(&parts.names()[1]).unwrap();
    let log = shipped(&local, &bucket);
    let sink = log.lock().unwrap();
    let monitor = log.monitor();
    until("the error", || monitor.status()[0].failures > 0);
    let error = monitor.status()[0].error.clone().unwrap();
    assert!(
        error.contains("has lost part 1 of chapter first"),
        "{error}"
    );
    drop(sink);
}
