//! Logs that are shipped elsewhere, and read from there.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use symlog_test_services::Server;

use crate::symlog::{Place, lines};

fn line(agent: &str, at: &str, text: &str) -> String {
    format!(
        "{}\n",
        serde_json::json!({
            "agent_id": agent,
            "interaction_type": "Completion",
            "model_identifier": "gpt-4",
            "timestamp": at,
            "request_data": {"prompt": text},
            "response_data": {"content": "yes"},
        })
    )
}

fn directory_sink(place: &Place) -> String {
    format!(
        "[[sink]]\nkind = \"object\"\nurl = \"file://{}\"\ninterval_ms = 0\n",
        place.path("bucket").display()
    )
}

fn s3_sink(port: u16) -> String {
    format!(
        "[[sink]]\nkind = \"object\"\nurl = \"s3://bucket/fleet\"\nendpoint = \"http://127.0.0.1:{port}\"\n\
         allow_http = true\naccess_key_id = \"key\"\nsecret_access_key = \"secret\"\ninterval_ms = 0\ndrain_ms = 60000\n"
    )
}

/// The only log in a directory that stands for a bucket.
fn only_log(bucket: &Path) -> String {
    let mut logs = fs::read_dir(bucket)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir());
    let log = logs.next().unwrap();
    assert!(logs.next().is_none());
    format!("file://{}", log.path().display())
}

#[test]
fn a_recorded_log_is_shipped_and_read_back() {
    let place = Place::with_key();
    place.write("symlog.toml", directory_sink(&place));
    fs::create_dir(place.path("bucket")).unwrap();
    place.write(
        "in.jsonl",
        line("a", "2026-01-15T10:30:00Z", "hello bob@example.com"),
    );
    let run = place.run(&["record", "in.jsonl"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("shipped"), "{}", run.out);

    let url = only_log(&place.path("bucket"));
    let here = place.run(&["cat"]).ok().to_owned();
    assert!(here.contains("***@***.***"), "{here}");
    for at in [
        url.clone(),
        format!("file://{}", place.path("bucket").display()),
    ] {
        assert_eq!(place.run(&["cat", "--log", &at]).ok(), here);
        let verified = place.run(&["verify", "--keys", "--log", &at]);
        assert_eq!(verified.code, 0, "{}", verified.err);
        assert!(
            verified.out.contains("nothing is wrong"),
            "{}",
            verified.out
        );
    }
    // Nothing readable has left the host.
    for entry in walk(&place.path("bucket")) {
        let bytes = fs::read(&entry).unwrap();
        let found = bytes.windows(5).any(|window| window == b"hello");
        assert!(!found, "plain text in {}", entry.display());
    }

    let doctor = place.run(&["doctor", "--json"]);
    let checks: Vec<Value> = serde_json::from_str(&doctor.out).unwrap();
    let sinks: Vec<_> = checks
        .iter()
        .filter(|check| check["what"] == "sink")
        .collect();
    assert_eq!(sinks.len(), 2, "{doctor:?}");
    assert!(
        sinks.iter().all(|check| check["verdict"] == "ok"),
        "{doctor:?}"
    );
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        match entry.path().is_dir() {
            true => files.extend(walk(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

#[test]
fn what_a_sink_missed_is_shipped_later() {
    let place = Place::with_key();
    let blocked = place.write("bucket", "no directory");
    let sink = format!("{}drain_ms = 100\n", directory_sink(&place));
    place.write("symlog.toml", sink);
    place.write("in.jsonl", line("a", "2026-01-15T10:30:00Z", "hello"));
    let run = place.run(&["record", "in.jsonl"]);
    assert_eq!(
        run.code, 0,
        "an unreachable sink loses no entry: {}",
        run.err
    );
    assert!(run.out.contains("are only here"), "{}", run.out);
    let ship = place.run(&["ship", "--wait", "0"]);
    assert_eq!(ship.code, 1, "{}{}", ship.out, ship.err);
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(
        doctor.out.contains("nothing is lost meanwhile"),
        "{}",
        doctor.out
    );

    fs::remove_file(blocked).unwrap();
    fs::create_dir(place.path("bucket")).unwrap();
    let ship = place.run(&["ship", "--json"]);
    assert_eq!(ship.code, 0, "{}{}", ship.out, ship.err);
    let copies: Value = serde_json::from_str(&ship.out).unwrap();
    assert_eq!(copies[0]["waiting_bytes"], 0);
    let url = only_log(&place.path("bucket"));
    assert_eq!(
        place.run(&["cat", "--log", &url]).ok(),
        place.run(&["cat"]).ok()
    );
}

#[test]
fn a_sink_that_makes_no_sense_is_named() {
    let place = Place::with_key();
    place.write("in.jsonl", line("a", "2026-01-15T10:30:00Z", "hello"));
    for (sink, expected) in [
        ("kind = \"object\"\nurl = \"bucket\"", "`url` is no URL"),
        (
            "kind = \"object\"\nurl = \"s3://b\"\nregoin = \"x\"",
            "unknown field `regoin`",
        ),
        (
            "kind = \"object\"\nurl = \"s3://b\"\nname = \"a/b\"",
            "ASCII letters",
        ),
        (
            "kind = \"object\"\nurl = \"s3://b\"\nat_ceiling = \"drop\"",
            "at_ceiling",
        ),
    ] {
        place.write("symlog.toml", format!("[[sink]]\n{sink}\n"));
        let run = place.run(&["record", "in.jsonl"]);
        assert_eq!(run.code, 2, "{sink}");
        assert!(run.err.contains(expected), "{sink}: {}", run.err);
    }
}

const HOSTS: usize = 50;
const ENTRIES: usize = 4;

struct Host {
    place: Place,
    child: Child,
}

/// Fifty processes with logs of their own, one bucket, one reader.
#[test]
fn fifty_writers_ship_to_one_bucket() {
    let Some(server) = Server::s3() else { return };
    let sink = s3_sink(server.port());
    let mut hosts: Vec<Host> = (0..HOSTS)
        .map(|host| {
            let place = Place::with_key();
            place.write("symlog.toml", &sink);
            let text: String = (0..ENTRIES)
                .map(|entry| {
                    let at = format!("2026-01-15T10:{entry:02}:{host:02}Z");
                    line(&format!("agent-{host}"), &at, "hello")
                })
                .collect();
            place.write("in.jsonl", text);
            let mut command = place.command(&["record", "in.jsonl"]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn().unwrap();
            Host { place, child }
        })
        .collect();
    for host in &mut hosts {
        assert!(host.child.wait().unwrap().success());
    }

    let reader = Place::with_key();
    reader.write("symlog.toml", &sink);
    fs::create_dir(reader.path("keyrings")).unwrap();
    for (number, host) in hosts.iter().enumerate() {
        for end in ["keyring", "keyring.epoch"] {
            let file = host
                .place
                .path(&format!("logs/model_io.encrypted.log.{end}"));
            let copy = reader.path(&format!("keyrings/{number}.{end}"));
            fs::copy(file, copy).unwrap();
        }
    }
    let keyrings = reader.path("keyrings");
    let keyrings = keyrings.to_str().unwrap();
    let url = "s3://bucket/fleet";
    let run = reader.run(&["cat", "--log", url, "--keyrings", keyrings]);
    let entries = lines(run.ok());
    assert_eq!(entries.len(), HOSTS * ENTRIES);
    let times: Vec<_> = entries
        .iter()
        .map(|entry| entry["timestamp"].to_string())
        .collect();
    assert!(times.is_sorted(), "by time, over all hosts");

    let run = reader.run(&["verify", "--json", "--log", url]);
    assert_eq!(run.code, 0, "{}", run.err);
    let reports: Vec<Value> = serde_json::Deserializer::from_str(&run.out)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(reports.len(), HOSTS);
    assert!(reports.iter().all(|report| report["entries"] == ENTRIES));
}

/// A host dies without a word; its disk goes on in another machine, or is lost.
#[test]
fn a_writer_that_dies_comes_back_elsewhere_without_help() {
    let Some(server) = Server::s3() else { return };
    let sink = s3_sink(server.port());
    let host = Place::with_key();
    host.write("symlog.toml", &sink);
    let mut command = host.command(&["record", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let many: String = (0..5000)
        .map(|_| line("a", "2026-01-15T10:30:00Z", "hello"))
        .collect();
    std::io::Write::write_all(&mut input, many.as_bytes()).unwrap();
    let cursor = host.path("logs/model_io.encrypted.log.cursor-object");
    let begun = Instant::now();
    while !cursor.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "nothing was shipped"
        );
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();

    // The disk in another machine: the same log, a later writer.
    let heir = Place::with_key();
    fs::create_dir(heir.path("logs")).unwrap();
    for file in walk(&host.path("logs")) {
        fs::copy(&file, heir.path("logs").join(file.file_name().unwrap())).unwrap();
    }
    heir.write("symlog.toml", &sink);
    heir.write("in.jsonl", line("a", "2026-01-16T10:30:00Z", "after"));
    let run = heir.run(&["record", "in.jsonl"]);
    assert_eq!(run.code, 0, "{}", run.err);
    // A machine without that disk: a log of its own.
    let fresh = Place::with_key();
    fresh.write("symlog.toml", &sink);
    fresh.write("in.jsonl", line("a", "2026-01-17T10:30:00Z", "fresh"));
    assert_eq!(fresh.run(&["record", "in.jsonl"]).code, 0);

    let local = heir.run(&["cat"]).ok().to_owned();
    let log_of = |place: &Place| {
        let cursor = place.path("logs/model_io.encrypted.log.cursor-object");
        let text = fs::read_to_string(cursor).unwrap();
        let replica = text
            .lines()
            .find_map(|line| line.strip_prefix("replica="))
            .unwrap();
        format!("s3://bucket/fleet/{replica}")
    };
    let copied = heir.run(&["cat", "--log", &log_of(&heir)]);
    assert!(
        copied.ok() == local,
        "{run:?} {:?} {} bytes",
        copied.err,
        copied.out.len()
    );
    assert_eq!(
        lines(fresh.run(&["cat", "--log", &log_of(&fresh)]).ok()).len(),
        1
    );

    // The dead one was not dead: two machines think that they own the log.
    host.write("in.jsonl", line("a", "2026-01-18T10:30:00Z", "still here"));
    assert_eq!(host.run(&["record", "in.jsonl"]).code, 0);
    assert!(log_of(&host).ends_with("_2"), "{}", log_of(&host));
    assert_eq!(
        host.run(&["cat", "--log", &log_of(&host)]).ok(),
        host.run(&["cat"]).ok()
    );
    let verified = heir.run(&["verify", "--log", "s3://bucket/fleet"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    assert_eq!(verified.out.matches("nothing is wrong").count(), 3);
}

/// Records to a stream and reads it there.
fn ships_to(sink: &str, address: &str) {
    let place = Place::with_key();
    place.write("symlog.toml", sink);
    place.write("in.jsonl", line("a", "2026-01-15T10:30:00Z", "hello"));
    let run = place.run(&["record", "in.jsonl"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("shipped"), "{}", run.out);
    let here = place.run(&["cat"]).ok().to_owned();
    assert_eq!(place.run(&["cat", "--log", address]).ok(), here);
    let verified = place.run(&["verify", "--json", "--log", address]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("refuses to overwrite"), "{doctor:?}");
    let shown = place.run(&["show", "0", "--log", address]);
    assert_eq!(shown.code, 2);
    assert!(shown.err.contains("--id ID"), "{}", shown.err);
}

#[test]
fn a_log_is_shipped_to_jetstream_and_read_there() {
    let Some(server) = Server::nats(&[]) else {
        return;
    };
    let server = format!("nats://127.0.0.1:{}", server.port());
    let sink = format!(
        "[[sink]]\nkind = \"nats\"\nurl = \"{server}\"\nstream = \"logs\"\ninterval_ms = 0\ndrain_ms = 60000\n"
    );
    ships_to(&sink, &format!("{server}/logs"));
}

#[test]
fn a_log_is_shipped_to_a_kafka_broker_and_read_there() {
    let Some(server) = Server::kafka() else {
        return;
    };
    let broker = format!("127.0.0.1:{}", server.port());
    let sink = format!(
        "[[sink]]\nkind = \"kafka\"\nbrokers = \"{broker}\"\ninterval_ms = 0\ndrain_ms = 60000\n"
    );
    ships_to(&sink, &format!("kafka://{broker}/symlog"));
}

#[test]
fn a_sink_that_cannot_be_is_refused_before_anything_is_written() {
    for (logging, sink, expected) in [
        (
            "[logging]\nformat = \"symbiont\"\n",
            "kind = \"nats\"\nurl = \"nats://127.0.0.1:9\"",
            "set `format = \"symlog\"`",
        ),
        (
            "",
            "kind = \"nats\"\nulr = \"nats://h\"",
            "unknown field `ulr`",
        ),
        (
            "",
            "kind = \"kafka\"\nbrokers = \"h:1\"\nuser = \"u\"\npassword = \"hunter2\"",
            "set `tls = true`",
        ),
    ] {
        let place = Place::with_key();
        place.write("symlog.toml", format!("{logging}[[sink]]\n{sink}\n"));
        place.write("in.jsonl", line("a", "2026-01-15T10:30:00Z", "hello"));
        let run = place.run(&["record", "in.jsonl"]);
        assert_eq!(run.code, 2, "{}{}", run.out, run.err);
        assert!(run.err.contains(expected), "{}", run.err);
        assert!(!run.err.contains("hunter2"), "{}", run.err);
        assert!(!place.log().exists());
    }
}
