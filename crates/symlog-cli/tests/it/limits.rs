//! Much input under hard limits.
//!
//! Every run prints its limits and how it kept them. `cargo xtask limits` runs all of it at full
//! size; the test command runs it at the size that stands beside each.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use symlog_crypto::Sha256;

use crate::symlog::Place;

/// Bytes of address space, and of memory that is written to: anonymous or of its own.
#[derive(Clone, Copy)]
struct Limit {
    address_space: u64,
    data: u64,
}

/// For runs whose entries are small: most of it is the queue, which may hold 64 MiB.
const MANY: Limit = Limit {
    address_space: 700 << 20,
    data: 256 << 20,
};
/// For what is large: less than the payload by far.
const LARGE: Limit = Limit {
    address_space: 512 << 20,
    data: 64 << 20,
};

/// Whether everything is run at full size.
fn is_full() -> bool {
    std::env::var_os("SYMLOG_TEST_LIMITS_FULL").is_some()
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// A size: in full, in CI, elsewhere.
fn size(full: u64, ci: u64, short: u64) -> u64 {
    match (is_full(), is_ci()) {
        (true, _) => full,
        (false, true) => ci,
        (false, false) => short,
    }
}

fn limited(place: &Place, limit: Limit, arguments: &[&str]) -> Option<Command> {
    let probe = Command::new("prlimit").arg("--version").output();
    if probe.is_err() {
        eprintln!("SKIPPED: limits: `prlimit` of util-linux is not on this machine");
        return None;
    }
    let Limit {
        address_space,
        data,
    } = limit;
    eprintln!("symlog {arguments:?} under prlimit --as={address_space} --data={data}");
    let inner = place.command(arguments);
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--as={address_space}"))
        .arg(format!("--data={data}"))
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .stdin(Stdio::null());
    if let Some(directory) = inner.get_current_dir() {
        command.current_dir(directory);
    }
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Some(command)
}

/// A child that is watched.
struct Watched {
    child: Child,
    begun: Instant,
    peak: Peak,
}

impl Watched {
    fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        Self {
            begun: Instant::now(),
            peak: Peak::watch(child.id()),
            child,
        }
    }

    /// Waits for its end and prints what it took.
    #[track_caller]
    fn finish(mut self, what: &str) {
        let status = self.child.wait().unwrap();
        eprintln!(
            "{what}: {:.1} s, peak RSS {} MB",
            self.begun.elapsed().as_secs_f64(),
            self.peak.stop() >> 20
        );
        assert!(status.success(), "{what}: {status}");
    }
}

/// The most memory that a process has resident, as the kernel counts it.
struct Peak {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<u64>,
}

impl Peak {
    fn watch(process: u32) -> Self {
        let (stop, stopped) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut peak = 0;
            loop {
                let status = std::fs::read_to_string(format!("/proc/{process}/status"));
                let high = status.ok().and_then(|text| {
                    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
                    line.split_whitespace().nth(1)?.parse::<u64>().ok()
                });
                peak = peak.max(high.unwrap_or(0) << 10);
                if stopped.recv_timeout(Duration::from_millis(20))
                    != Err(std::sync::mpsc::RecvTimeoutError::Timeout)
                {
                    return peak;
                }
            }
        });
        Self { stop, thread }
    }

    fn stop(self) -> u64 {
        drop(self.stop);
        self.thread.join().unwrap()
    }
}

/// Runs `record -` and lets `write` write its input.
fn record(mut command: Command, what: &str, write: impl FnOnce(&mut dyn Write) + Send) {
    let mut run = Watched::start(command.stdin(Stdio::piped()));
    let mut input = std::io::BufWriter::with_capacity(1 << 16, run.child.stdin.take().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || write(&mut input));
        run.finish(what);
    });
}

#[test]
fn many_entries_are_recorded_and_read_back_in_bounded_memory() {
    let place = Place::with_key();
    let count = size(500_000, 500_000, 10_000);
    let Some(command) = limited(&place, MANY, &["record", "-"]) else {
        return;
    };
    let words = "The quick brown fox jumps over the lazy dog and goes home. ".repeat(14);
    record(command, "record many", |input| {
        for i in 0..count {
            writeln!(
                input,
                r#"{{"agent_id":"a","request_data":{{"prompt":"{i} {words}"}},"response_data":{{"content":"{i}"}}}}"#
            )
            .unwrap();
        }
    });
    let Some(mut command) = limited(&place, MANY, &["cat"]) else {
        return;
    };
    let mut run = Watched::start(command.stdout(Stdio::piped()));
    let lines = BufReader::new(run.child.stdout.take().unwrap()).lines();
    let mut seen = 0;
    for line in lines {
        let line = line.unwrap();
        assert!(line.contains(&format!("\"content\":\"{seen}\"")), "{seen}");
        seen += 1;
    }
    run.finish("cat many");
    assert_eq!(seen, count);
    if count == 500_000 {
        let directory = place.log().parent().unwrap().to_owned();
        let bytes: u64 = std::fs::read_dir(directory)
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(bytes > 800_000_000, "{bytes}");
    }
}

/// More than a run of many needs, since the archiver is let have 192 MiB for itself.
const ARCHIVING: Limit = Limit {
    address_space: 900 << 20,
    data: 320 << 20,
};

#[test]
fn what_is_larger_than_the_memory_limit_is_archived_within_it() {
    let place = Place::with_key();
    place.write("symlog.toml", "[archive]\nmemory_limit = 201326592\n");
    // In one object of 256 MiB at most.
    let count = size(60_000, 20_000, 6_000);
    let words = "The quick brown fox jumps over the lazy dog and goes home. ".repeat(30);
    let Some(command) = limited(&place, MANY, &["record", "-"]) else {
        return;
    };
    record(command, "record what is archived", |input| {
        for i in 0..count {
            writeln!(input, r#"{{"request_data":{{"prompt":"{i} {words}"}}}}"#).unwrap();
        }
    });
    let Some(mut command) = limited(&place, ARCHIVING, &["archive"]) else {
        return;
    };
    let run = Watched::start(command.stdout(Stdio::null()));
    run.finish("archive");
    let table = place.path("logs/model_io.encrypted.log.0000000000.parquet");
    assert!(table.exists());
    let Some(mut command) = limited(&place, MANY, &["cat"]) else {
        return;
    };
    let mut run = Watched::start(command.stdout(Stdio::piped()));
    let lines = BufReader::new(run.child.stdout.take().unwrap()).lines();
    assert_eq!(lines.count() as u64, count);
    run.finish("cat what is archived");
}

/// Text with nothing in it to mask, without end: lines of words and numbers that do not repeat.
struct Words {
    line: u64,
    at: usize,
    text: Vec<u8>,
    left: u64,
}

impl Words {
    fn new(bytes: u64) -> Self {
        Self {
            line: 0,
            at: 0,
            text: Vec::new(),
            left: bytes,
        }
    }
}

impl Read for Words {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            for _ in 0..64 {
                let n = self.line;
                self.line += 1;
                writeln!(
                    self.text,
                    "row {n:x}: all work and no play makes a dull log"
                )?;
            }
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let read = (&self.text[self.at..]).take(most as u64).read(out)?;
        self.at += read;
        self.left -= read as u64;
        Ok(read)
    }
}

/// SHA-256 and length of a text.
fn digest(mut text: impl Read) -> ([u8; 32], u64) {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = text.read(&mut buffer).unwrap();
        if read == 0 {
            return (hash.finish(), bytes);
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// The inside of the JSON string that stands behind `before`, decoded as far as this text needs.
struct Inside<R> {
    json: R,
    is_over: bool,
}

impl<R: BufRead> Inside<R> {
    fn behind(mut json: R, before: &str) -> Self {
        let mut seen = Vec::new();
        while !seen.ends_with(before.as_bytes()) {
            assert!(seen.len() < 4096, "{}", String::from_utf8_lossy(&seen));
            let mut byte = [0];
            json.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        Self {
            json,
            is_over: false,
        }
    }
}

impl<R: BufRead> Read for Inside<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.is_over || out.is_empty() {
            return Ok(0);
        }
        let held = self.json.fill_buf()?;
        let plain = held.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        let plain = plain.unwrap_or(held.len()).min(out.len());
        if plain > 0 {
            out[..plain].copy_from_slice(&held[..plain]);
            self.json.consume(plain);
            return Ok(plain);
        }
        let mut byte = [0];
        self.json.read_exact(&mut byte)?;
        if byte[0] == b'"' {
            self.is_over = true;
            return Ok(0);
        }
        self.json.read_exact(&mut byte)?;
        assert_eq!(byte[0], b'n', "the only escape in this text");
        out[0] = b'\n';
        Ok(1)
    }
}

/// Records one line with a payload of so many bytes, and reads it back under the same limit.
fn check_payload(bytes: u64, before: &str, behind: &str, stored: &str) {
    let place = Place::with_key();
    let Some(command) = limited(&place, LARGE, &["record", "-"]) else {
        return;
    };
    record(command, &format!("record {bytes} bytes"), |input| {
        write!(input, "{before}").unwrap();
        let mut words = BufReader::with_capacity(1 << 16, Words::new(bytes));
        loop {
            let held = words.fill_buf().unwrap();
            if held.is_empty() {
                break;
            }
            for line in held.split_inclusive(|byte| *byte == b'\n') {
                let text = line.strip_suffix(b"\n");
                input.write_all(text.unwrap_or(line)).unwrap();
                if text.is_some() {
                    input.write_all(b"\\n").unwrap();
                }
            }
            let used = held.len();
            words.consume(used);
        }
        writeln!(input, "{behind}").unwrap();
    });
    let expected = digest(Words::new(bytes));
    let commands: [&[&str]; 3] = [&["cat"], &["tail"], &["verify", "--keys"]];
    for arguments in commands {
        let Some(mut command) = limited(&place, LARGE, arguments) else {
            return;
        };
        let mut run = Watched::start(command.stdout(Stdio::piped()));
        let mut out = BufReader::with_capacity(1 << 16, run.child.stdout.take().unwrap());
        if arguments[0] == "verify" {
            std::io::copy(&mut out, &mut std::io::sink()).unwrap();
        } else {
            let mut inside = Inside::behind(out, stored);
            assert_eq!(digest(&mut inside), expected);
            let mut rest = String::new();
            inside.json.read_to_string(&mut rest).unwrap();
            assert!(rest.ends_with("}\n"), "{rest}");
        }
        run.finish(&arguments.join(" "));
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_recorded_and_read_back() {
    check_payload(
        size(100_000_000, 100_000_000, 5_000_000),
        r#"{"request_data":{"prompt":""#,
        r#""}}"#,
        r#""request_data":{"prompt":""#,
    );
}

/// In CI a fifth of it, for the time that takes.
#[test]
fn a_payload_of_a_gigabyte_is_recorded_and_read_back() {
    check_payload(
        size(1_000_000_000, 200_000_000, 8_000_000),
        r#"{"interaction_type":"ToolCall","request_data":{"prompt":"p"},"response_data":{"tool_result":""#,
        r#""},"metadata":{"conversation_id":"c"}}"#,
        r#""tool_result":""#,
    );
}
