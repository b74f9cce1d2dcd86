//! Parts of tests that need a process of their own: the test binary runs itself
//! with a task in its environment.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::Mode;
use symlog_sink::{FileStorage, Sink, SinkError, Storage};

const TASK: &str = "SYMLOG_SINK_TASK";
const LOG: &str = "SYMLOG_SINK_LOG";

/// Turns `command`, which is to run a program it is given behind its arguments,
/// or a bare program, into one that runs `task` on the log at `log`.
fn with_task<'a>(command: &'a mut Command, task: &str, log: &Path) -> &'a mut Command {
    command
        .args(["--exact", "child::entry", "--nocapture", "--test-threads=1"])
        .env(TASK, task)
        .env(LOG, log)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
}

/// Starts the test binary on a task.
pub(super) fn command(task: &str, log: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    with_task(&mut command, task, log);
    command
}

/// Starts a copy of the test binary, which that user can reach, as `nobody`.
pub(super) fn command_as_nobody(program: &Path, task: &str, log: &Path) -> Command {
    let mut command = Command::new(program);
    with_task(&mut command, task, log).uid(65534).gid(65534);
    command
}

/// Starts the test binary on a task below a tracer.
pub(super) fn traced(strace: &[&str], output: &Path, task: &str, log: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-o"]).arg(output).args(strace);
    command.arg(std::env::current_exe().unwrap());
    with_task(&mut command, task, log);
    command
}

/// What the task reports, one line a step.
pub(super) fn report(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "the child failed: {text}");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn entry() {
    let (Ok(task), Some(log)) = (std::env::var(TASK), std::env::var_os(LOG)) else {
        return;
    };
    let log = FileStorage::new(log).unwrap();
    match task.as_str() {
        "hold" => hold(&log),
        "lock" => say(log.lock()),
        "umask-none" => create_under(&log, 0),
        "umask-all" => create_under(&log, 0o777),
        "write" => write(&log),
        "acknowledge" => acknowledge(&log),
        _ => panic!("unknown task"),
    }
    // At once: faults are counted by call, and the harness makes calls too.
    std::process::exit(0);
}

fn say<T>(result: Result<T, SinkError>) {
    match result {
        Ok(_) => eprintln!("ok"),
        Err(error) => eprintln!("{}: {error}", variant(&error)),
    }
}

/// The name of the variant and what failed, without paths.
fn variant(error: &SinkError) -> String {
    match error {
        SinkError::Io {
            operation, source, ..
        } => format!("Io({operation}, {:?})", source.kind()),
        other => {
            let debug = format!("{other:?}");
            debug.split([' ', '{']).next().unwrap().to_owned()
        }
    }
}

/// Appends, syncs half of it, then waits to be ended.
fn hold(log: &FileStorage) {
    let mut sink = log.lock().unwrap();
    sink.append(b"synced\n").unwrap();
    sink.sync().unwrap();
    sink.append(b"not synced\n").unwrap();
    eprintln!("holding");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn create_under(log: &FileStorage, mask: u32) {
    rustix::process::umask(Mode::from_raw_mode(mask));
    let mut sink = log.lock().unwrap();
    sink.append(b"x").unwrap();
    sink.roll("1").unwrap();
}

/// Numbered lines, and after each sync and roll how many of them are safe.
fn acknowledge(log: &FileStorage) {
    let safe = |lines| {
        let text = format!("safe {lines}\n");
        std::io::stderr().write_all(text.as_bytes()).unwrap();
    };
    let mut lines = 0;
    for life in 0..2 {
        let mut sink = log.lock().unwrap();
        for object in 1..=2 {
            for _ in 0..2 {
                for _ in 0..2 {
                    sink.append(format!("{lines}\n").as_bytes()).unwrap();
                    lines += 1;
                }
                sink.sync().unwrap();
                safe(lines);
            }
            sink.append(format!("{lines}\n").as_bytes()).unwrap();
            lines += 1;
            sink.roll(&(life * 2 + object).to_string()).unwrap();
            safe(lines);
        }
        sink.append(format!("{lines}\n").as_bytes()).unwrap();
        lines += 1;
        let torn = sink.len();
        sink.append(b"torn").unwrap();
        sink.truncate(torn).unwrap();
        safe(lines);
    }
}

type Step = fn(&mut dyn Sink) -> Result<(), SinkError>;

/// A writer's life in steps, each of which may be made to fail from outside.
fn write(log: &FileStorage) {
    let mut sink = log.lock().unwrap();
    let steps: [(&str, Step); 9] = [
        ("append", |sink| sink.append(b"first\n")),
        ("sync", |sink| sink.sync()),
        ("append", |sink| sink.append(b"second\n")),
        ("sync", |sink| sink.sync()),
        ("append", |sink| sink.append(b"third\n")),
        ("roll", |sink| sink.roll("1")),
        ("roll", |sink| sink.roll("1")),
        ("append", |sink| sink.append(b"fourth\n")),
        ("sync", |sink| sink.sync()),
    ];
    for (name, step) in steps {
        match step(&mut *sink) {
            Ok(()) => eprintln!("{name}: ok"),
            Err(error) => eprintln!("{name}: {}", variant(&error)),
        }
    }
}
