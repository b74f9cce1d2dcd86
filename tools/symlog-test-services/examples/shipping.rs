//! `cargo run --release -p symlog-test-services --example shipping`: how fast a log is shipped to
//! each of the real servers, all on this machine, and how long a line takes to get there.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed measurement")]
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use symlog_sink::{FileStorage, Remote, ShipOptions, ShippedStorage, Storage};
use symlog_sink_kafka::{KafkaConfig, KafkaRemote};
use symlog_sink_nats::{NatsConfig, NatsRemote};
use symlog_sink_object::{ObjectConfig, ObjectRemote};
use symlog_test_services::Server;

/// As large as an entry of the write benchmark is in the log.
const LINE: usize = 5_600;
const LOG: usize = 128 << 20;
const LINES: usize = 200;

fn main() {
    println!("| to | MB/s | a line, p50 | p99 |\n|---|---|---|---|");
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let remote = ObjectRemote::new(&ObjectConfig::new(url)).unwrap();
    row("a directory", Arc::new(remote));
    if let Some(server) = Server::s3() {
        let endpoint = format!("http://127.0.0.1:{}", server.port());
        let config = ObjectConfig::new("s3://bucket/logs").with_server(&endpoint, "key", "secret");
        row("SeaweedFS", Arc::new(ObjectRemote::new(&config).unwrap()));
    }
    if let Some(server) = Server::nats(&[]) {
        let config = NatsConfig::new(format!("nats://127.0.0.1:{}", server.port()));
        row("NATS JetStream", Arc::new(NatsRemote::new(config)));
    }
    if let Some(server) = Server::kafka() {
        let config = KafkaConfig::new(format!("127.0.0.1:{}", server.port()));
        row(
            "Tansu, in memory",
            Arc::new(KafkaRemote::new(config).unwrap()),
        );
    }
}

fn row(name: &str, remote: Arc<dyn Remote>) {
    let rate = rate(Arc::clone(&remote));
    let mut lags = lags(remote);
    lags.sort_unstable();
    println!(
        "| {name} | {rate:.0} | {:.1} ms | {:.1} ms |",
        ms(lags[LINES / 2]),
        ms(lags[LINES * 99 / 100]),
    );
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn shipped(remote: Arc<dyn Remote>, local: Arc<dyn Storage>, name: &str) -> ShippedStorage {
    let mut options = ShipOptions::new("copy", remote);
    options.interval = Duration::ZERO;
    ShippedStorage::new(local, name, vec![options]).unwrap()
}

fn wait(log: &ShippedStorage) {
    while log.status()[0].waiting_bytes > 0 {
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Megabytes a second of what waited, with one connection.
fn rate(remote: Arc<dyn Remote>) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs/a.log");
    let local: Arc<dyn Storage> = Arc::new(FileStorage::new(path).unwrap());
    let mut sink = local.lock().unwrap();
    let line = [b'x'; LINE];
    for _ in 0..LOG / LINE {
        sink.append(&line).unwrap();
    }
    sink.sync().unwrap();
    drop(sink);
    let log = shipped(remote, local, "rate");
    let mut sink = log.lock().unwrap();
    let begun = Instant::now();
    sink.sync().unwrap();
    wait(&log);
    LOG as f64 / begun.elapsed().as_secs_f64() / 1e6
}

/// From the sync of a line to the acknowledgement of the part it is in.
fn lags(remote: Arc<dyn Remote>) -> Vec<Duration> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs/a.log");
    let local: Arc<dyn Storage> = Arc::new(FileStorage::new(path).unwrap());
    let log = shipped(remote, local, "lag");
    let mut sink = log.lock().unwrap();
    sink.append(&[b'x'; LINE]).unwrap();
    sink.sync().unwrap();
    wait(&log);
    (0..LINES)
        .map(|_| {
            sink.append(&[b'x'; LINE]).unwrap();
            sink.sync().unwrap();
            let begun = Instant::now();
            wait(&log);
            begun.elapsed()
        })
        .collect()
}
