//! What shipping must outlive, whatever it ships to.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use symlog_sink::{FileStorage, ObjectName, Remote, ShipOptions, ShippedStorage, Storage};
use tempfile::TempDir;

use crate::{Mode, Proxy, Server};

/// Longer than any of it takes on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// A log in a directory of its own, shipped to `remote`.
#[derive(Debug)]
struct Log {
    local: Arc<dyn Storage>,
    remote: Arc<dyn Remote>,
    _directory: TempDir,
}

impl Log {
    fn new(remote: Arc<dyn Remote>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs/a.log");
        Self {
            local: Arc::new(FileStorage::new(path).unwrap()),
            remote,
            _directory: directory,
        }
    }

    fn shipped(&self, drain: Duration) -> ShippedStorage {
        let mut options = ShipOptions::new("copy", Arc::clone(&self.remote));
        options.interval = Duration::ZERO;
        options.part_bytes = 256 << 10;
        options.drain = drain;
        ShippedStorage::new(Arc::clone(&self.local), "a", vec![options]).unwrap()
    }

    /// Ships what is left, and compares every byte.
    fn arrives(&self) {
        let log = self.shipped(LONG);
        let mut sink = log.lock().unwrap();
        sink.sync().unwrap();
        drop(sink);
        self.has_arrived(&log);
    }

    fn has_arrived(&self, log: &ShippedStorage) {
        let status = &log.status()[0];
        assert_eq!(status.waiting_bytes, 0, "{status:?}");
        let name = status.replica.as_deref().unwrap();
        assert_eq!(name, "a", "the copy was taken for another log's");
        let copy = self.remote.log(name).unwrap();
        let objects = self.local.objects().unwrap();
        assert_eq!(copy.objects().unwrap(), objects);
        for object in objects {
            assert!(
                content(&*copy, &object) == content(&*self.local, &object),
                "{object} differs"
            );
        }
        // What comes next would be appended at the same place.
        let next = copy.lock().unwrap().len();
        assert_eq!(
            next,
            content(&*self.local, &ObjectName::Active).len() as u64
        );
    }
}

fn content(log: &dyn Storage, object: &ObjectName) -> Vec<u8> {
    let source = log.source(object).unwrap();
    let mut content = vec![0; usize::try_from(source.len().unwrap()).unwrap()];
    let read = source.read_at(0, &mut content).unwrap();
    assert_eq!(read, content.len());
    content
}

fn wait_until(log: &ShippedStorage, what: &str, is_so: impl Fn(&symlog_sink::ShipStatus) -> bool) {
    let begun = Instant::now();
    loop {
        let status = &log.status()[0];
        if is_so(status) {
            return;
        }
        assert!(begun.elapsed() < LONG, "{what}: {status:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Lines longer than any message may be, and different wherever they are cut.
fn line(number: u32) -> Vec<u8> {
    (0..300_000_u32)
        .flat_map(|at| (at ^ (number << 24)).to_le_bytes())
        .collect()
}

/// Kills the server in the middle of everything, and starts it again; then the same
/// with the writer.
///
/// # Panics
///
/// Where a byte is missing, or there twice.
pub fn outlives_a_kill(server: &mut Server, remote: Arc<dyn Remote>) {
    let log = Log::new(remote);
    let shipped = log.shipped(LONG);
    let mut sink = shipped.lock().unwrap();
    for number in 0..8 {
        match number {
            2 => server.kill(),
            4 => {
                wait_until(&shipped, "a failure", |status| status.failures > 0);
                server.restart();
            }
            6 => sink.roll("0000000001").unwrap(),
            _ => {}
        }
        sink.append(&line(number)).unwrap();
        sink.sync().unwrap();
    }
    drop(sink);
    log.has_arrived(&shipped);

    // One that ends without shipping anything, as a killed one does.
    let mut sink = log.local.lock().unwrap();
    sink.append(&line(9)).unwrap();
    sink.sync().unwrap();
    sink.roll("0000000002").unwrap();
    drop(sink);
    log.arrives();
}

/// Whether the process has no other tests to run; if it has, `test`, which calls this, is run again in one
/// that has not: what others allocate meanwhile would be measured with it.
///
/// # Panics
///
/// Where the test failed there.
#[must_use]
pub fn is_alone(test: &str) -> bool {
    const ALONE: &str = "SYMLOG_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    assert!(output.status.success(), "{said}");
    let passed = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(passed, "the test was not found again");
    false
}

/// The server stops reading: neither memory nor the writer waits for it, and what it
/// missed arrives later. `remote` connects to the proxy, and gives a request up after a
/// second or two.
///
/// # Panics
///
/// Where memory grows, closing takes long, or something does not arrive.
pub fn outlives_a_stall(proxy: &Proxy, remote: Arc<dyn Remote>) {
    const LINES: usize = 512;
    const LINE: usize = 128 << 10;
    let log = Log::new(remote);
    let shipped = log.shipped(Duration::from_millis(200));
    let mut sink = shipped.lock().unwrap();
    let line = [b'x'; LINE];
    for at in 0..20 {
        sink.append(&line).unwrap();
        sink.sync().unwrap();
        if at == 10 {
            wait_until(&shipped, "a beginning", |status| status.shipped_bytes > 0);
        }
    }
    proxy.set(Mode::Stall);
    let before = resident();
    for at in 0..LINES {
        sink.append(&line).unwrap();
        sink.sync().unwrap();
        if at % 200 == 199 {
            sink.roll(&format!("{at}")).unwrap();
        }
    }
    // Each attempt must let go of what it could not send.
    wait_until(&shipped, "three failures", |status| status.failures >= 3);
    let grown = resident().saturating_sub(before);
    assert!(
        grown < LINES * LINE / 2,
        "{grown} bytes of memory for {} that could not be shipped",
        LINES * LINE
    );
    let closing = Instant::now();
    drop(sink);
    let took = closing.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(shipped.status()[0].waiting_bytes > (LINES * LINE / 2) as u64);

    proxy.set(Mode::Pass);
    log.arrives();
}

/// The server takes what is sent, and its answers are lost: what is sent again is there
/// once. `remote` as for [`outlives_a_stall`].
///
/// # Panics
///
/// Where a byte is there twice.
pub fn outlives_lost_answers(proxy: &Proxy, remote: Arc<dyn Remote>) {
    let log = Log::new(remote);
    let shipped = log.shipped(LONG);
    let mut sink = shipped.lock().unwrap();
    for number in 0..3 {
        sink.append(&line(number)).unwrap();
        sink.sync().unwrap();
        wait_until(&shipped, "all shipped", |status| status.waiting_bytes == 0);
        let failures = shipped.status()[0].failures;
        proxy.set(Mode::LoseAnswers);
        sink.append(&line(number + 100)).unwrap();
        sink.sync().unwrap();
        wait_until(&shipped, "a failure", |status| status.failures > failures);
        proxy.set(Mode::Pass);
    }
    drop(sink);
    log.has_arrived(&shipped);
}

/// Bytes of memory that the process holds.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}
