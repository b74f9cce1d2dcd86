use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use symlog_sink::conformance::{Check, run};
use symlog_sink::{
    FileStorage, ObjectName, Remote, ShipOptions, ShippedStorage, SinkError, Storage,
};
use symlog_sink_object::{ObjectConfig, ObjectRemote};
use symlog_test_services::{Mode, Proxy, Server};

use crate::conformance::Place;
use crate::read_all;

fn config(port: u16) -> ObjectConfig {
    let endpoint = format!("http://127.0.0.1:{port}");
    ObjectConfig::new("s3://bucket/logs").with_server(&endpoint, "key", "secret")
}

#[test]
fn s3_passes_the_suite() {
    let Some(server) = Server::s3() else { return };
    let place = Place::new(config(server.port()));
    ObjectRemote::new(&place.config).unwrap().probe().unwrap();
    let missing = run(&place);
    assert_eq!(missing, [Check::SurvivesCrash, Check::PoisonIsSticky]);
}

#[test]
fn a_bucket_that_denies_or_is_not_there_says_so() {
    let Some(server) = Server::s3() else { return };
    let endpoint = format!("http://127.0.0.1:{}", server.port());
    let wrong = ObjectConfig::new("s3://bucket/logs").with_server(&endpoint, "key", "wrong");
    let error = ObjectRemote::new(&wrong).unwrap().probe().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the right to read, list and write"),
        "{error}"
    );
    assert!(
        !format!("{error:?}").contains("wrong"),
        "a credential is shown"
    );

    let nowhere =
        ObjectConfig::new("s3://bucket").with_server("http://127.0.0.1:9", "key", "secret");
    let error = ObjectRemote::new(&nowhere).unwrap().probe().unwrap_err();
    assert!(error.to_string().contains("can be reached"), "{error:?}");
}

/// A server that stops reading, in the middle of everything: memory and the
/// writer's time are bounded, and what it missed arrives later.
#[test]
fn a_stalled_server_holds_nobody_up() {
    // Alone in its process: what other tests allocate meanwhile is not its own.
    const ALONE: &str = "SYMLOG_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "seaweed::a_stalled_server_holds_nobody_up"])
            .arg("--nocapture")
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        eprint!("{said}");
        assert!(output.status.success(), "{said}");
        return;
    }
    let Some(server) = Server::s3() else { return };
    let proxy = Proxy::to(server.port());
    let mut config = config(proxy.port());
    config.timeout_seconds = 2;
    let remote = Arc::new(ObjectRemote::new(&config).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let local: Arc<dyn Storage> =
        Arc::new(FileStorage::new(directory.path().join("logs/a.log")).unwrap());
    let mut options = ShipOptions::new("s3", remote.clone() as Arc<dyn Remote>);
    options.interval = Duration::ZERO;
    options.part_bytes = 256 << 10;
    options.drain = Duration::from_millis(200);
    let log = ShippedStorage::new(Arc::clone(&local), "a", vec![options.clone()]).unwrap();
    let mut sink = log.lock().unwrap();
    let line = [b'x'; 1 << 16];
    let before = resident();
    for at in 0..1024 {
        sink.append(&line).unwrap();
        sink.sync().unwrap();
        match at {
            20 => proxy.set(Mode::Stall),
            _ if at % 300 == 299 => sink.roll(&format!("{at}")).unwrap(),
            _ => {}
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 16 << 20,
        "{grown} bytes for 64 MiB that could not be shipped"
    );
    let closing = Instant::now();
    drop(sink);
    assert!(
        closing.elapsed() < Duration::from_secs(20),
        "{:?}",
        closing.elapsed()
    );
    assert!(log.status()[0].waiting_bytes > 50 << 20);

    proxy.set(Mode::Pass);
    options.drain = Duration::from_secs(60);
    let log = ShippedStorage::new(Arc::clone(&local), "a", vec![options]).unwrap();
    let mut sink = log.lock().unwrap();
    sink.sync().unwrap();
    drop(sink);
    let copy = remote.log("a").unwrap();
    assert_eq!(copy.objects().unwrap(), local.objects().unwrap());
    for object in local.objects().unwrap() {
        assert!(read_all(&copy, &object).unwrap() == read_all(&local, &object).unwrap());
    }
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

#[test]
fn a_server_that_dies_and_comes_back_is_made_up_for() {
    let Some(mut server) = Server::s3() else {
        return;
    };
    let remote = Arc::new(ObjectRemote::new(&config(server.port())).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let local: Arc<dyn Storage> =
        Arc::new(FileStorage::new(directory.path().join("logs/a.log")).unwrap());
    let mut options = ShipOptions::new("s3", remote.clone() as Arc<dyn Remote>);
    options.interval = Duration::ZERO;
    options.drain = Duration::from_secs(60);
    let log = ShippedStorage::new(Arc::clone(&local), "a", vec![options]).unwrap();
    let mut sink = log.lock().unwrap();
    for round in 0..6 {
        if round == 2 {
            server.kill();
        }
        sink.append(format!("round {round}\n").as_bytes()).unwrap();
        sink.sync().unwrap();
        if round == 4 {
            server.restart();
        }
    }
    drop(sink);
    assert_eq!(log.status()[0].waiting_bytes, 0, "{:?}", log.status());
    let copy = remote.log("a").unwrap();
    let active = &ObjectName::Active;
    assert_eq!(
        read_all(&copy, active).unwrap(),
        read_all(&local, active).unwrap()
    );
    let again = copy.lock().unwrap();
    assert_eq!(again.len(), local.source(active).unwrap().len().unwrap());
    let missing = copy.source(&ObjectName::sealed("1").unwrap());
    assert!(matches!(missing, Err(SinkError::Missing { .. })));
}
