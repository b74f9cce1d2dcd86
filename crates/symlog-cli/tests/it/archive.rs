//! `symlog archive`

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::symlog::{Place, lines};

fn record(place: &Place, prompts: std::ops::Range<u32>) {
    let input: String = prompts
        .map(|n| {
            format!(
                "{}\n",
                json!({"request_data": {"prompt": format!("question {n}")}})
            )
        })
        .collect();
    place.feed(&["record", "-"], input).ok();
}

#[test]
fn what_is_archived_reads_and_verifies_as_before() {
    let place = Place::with_key();
    record(&place, 0..20);
    let before = place.cat(&[]);
    let archived = place.run(&["archive", "--json"]);
    let report = lines(archived.ok()).remove(0);
    assert_eq!(report["archived"][0]["entries"], 20);
    assert_eq!(report["kept"], json!([]));
    assert!(
        place
            .path("logs/model_io.encrypted.log.0000000000.parquet")
            .exists()
    );
    assert!(
        !place
            .path("logs/model_io.encrypted.log.0000000000")
            .exists()
    );
    assert_eq!(place.cat(&[]), before);
    for arguments in [&["verify"][..], &["verify", "--keys"]] {
        place.run(arguments).ok();
    }
    record(&place, 20..25);
    assert_eq!(place.cat(&[]).len(), 25);
    assert_eq!(
        place.cat(&["--id", before[3]["id"].as_str().unwrap()]),
        before[3..4]
    );
}

fn archive(place: &Place) -> Value {
    lines(place.run(&["archive", "--json"]).ok()).remove(0)
}

/// Sealed files of the log, and how many archives there are.
fn files(place: &Place) -> (usize, usize) {
    let names: Vec<String> = fs::read_dir(place.path("logs"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let is_sealed = |name: &&String| {
        let number = name.strip_prefix("model_io.encrypted.log.").unwrap_or("x");
        number.bytes().all(|b| b.is_ascii_digit())
    };
    let archives = names.iter().filter(|name| name.ends_with(".parquet"));
    (names.iter().filter(is_sealed).count(), archives.count())
}

#[test]
fn a_run_that_finds_no_new_entry_makes_nothing() {
    let place = Place::with_key();
    record(&place, 0..3);
    assert_eq!(archive(&place)["archived"].as_array().unwrap().len(), 1);
    let after = files(&place);
    for _ in 0..3 {
        assert_eq!(archive(&place), json!({"archived": [], "kept": []}));
        assert_eq!(
            files(&place),
            after,
            "control lines are no reason for a file"
        );
    }
    assert_eq!(place.run(&["archive"]).ok().trim(), "nothing to archive");
    record(&place, 3..5);
    assert_eq!(archive(&place)["archived"][0]["entries"], 2);
    assert_eq!(files(&place), (0, 2));
    assert_eq!(place.cat(&[]).len(), 5);
    place.run(&["verify", "--keys"]).ok();
}

#[test]
fn what_a_sink_does_not_have_yet_is_archived_later() {
    let place = Place::with_key();
    let sink = format!(
        "[[sink]]\nkind = \"object\"\nurl = \"file://{}\"\ninterval_ms = 0\ndrain_ms = 60000\n",
        place.path("bucket").display()
    );
    fs::create_dir(place.path("bucket")).unwrap();
    place.write("symlog.toml", &sink);
    record(&place, 0..4);
    let before = place.cat(&[]);
    // Sealed here, and not in the copy: nothing has shipped that it was.
    let run = place.run(&["archive", "--json"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let why = &lines(&run.out)[0]["kept"][0]["why"];
    assert!(why.as_str().unwrap().contains("symlog ship"), "{why}");
    place.run(&["ship"]).ok();
    assert_eq!(archive(&place)["archived"][0]["entries"], 4);
    assert_eq!(place.cat(&[]), before);
    place.run(&["verify", "--keys"]).ok();

    // The copy goes on behind what is archived here, and has everything.
    record(&place, 4..6);
    place.run(&["ship"]).ok();
    let bucket = format!("file://{}", place.path("bucket").display());
    let copied = place.cat(&["--log", &bucket, "--keyrings", "logs"]);
    assert_eq!(copied.len(), 6);
    assert_eq!(copied[..4], before[..]);
}

#[test]
fn a_recorder_archives_what_is_sealed_while_it_runs() {
    let place = Place::with_key();
    place.write("symlog.toml", "[archive]\nseal_bytes = 20000\n");
    record(&place, 0..1);
    let mut recorder = place
        .command(&["record", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = recorder.stdin.take().unwrap();
    let line = |n: u32| {
        let prompt = format!("question {n} {}", "words ".repeat(200));
        format!("{}\n", json!({"request_data": {"prompt": prompt}}))
    };
    let mut written = 0;
    // It looks every now and then; this goes on until it has, however slow the machine.
    while files(&place).1 == 0 {
        use std::io::Write as _;
        input.write_all(line(written).as_bytes()).unwrap();
        written += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(input);
    assert!(recorder.wait().unwrap().success());
    assert_eq!(place.cat(&[]).len(), 1 + written as usize);
    place.run(&["verify", "--keys"]).ok();
}

/// The files of a log, to begin with them again.
fn copy_log(from: &Place, to: &Place) {
    fs::create_dir(to.path("logs")).unwrap();
    for file in fs::read_dir(from.path("logs")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path("logs").join(file.file_name())).unwrap();
    }
}

/// `symlog archive`, killed where it makes its `nth` call that changes what survives; whether it lived.
fn killed(place: &Place, nth: usize) -> bool {
    let inner = place.command(&["archive"]);
    let calls = "fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,linkat";
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={calls}"),
        ])
        .args(["-e", &format!("inject={calls}:signal=KILL:when={nth}")])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(directory) = inner.get_current_dir() {
        command.current_dir(directory);
    }
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.status().unwrap().success()
}

#[test]
fn a_run_that_is_killed_at_any_step_loses_nothing_and_is_finished_by_the_next() {
    let probe = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: a_run_that_is_killed: strace is not installed or may not trace");
        return;
    }
    let template = Place::with_key();
    record(&template, 0..5);
    let before = template.cat(&[]);
    let mut steps = 0;
    loop {
        let place = Place::with_key();
        copy_log(&template, &place);
        steps += 1;
        let lived = killed(&place, steps);
        assert_eq!(place.cat(&[]), before, "killed at call {steps}");
        assert_eq!(archive(&place)["kept"], json!([]), "killed at call {steps}");
        assert_eq!(files(&place).1, 1, "killed at call {steps}");
        assert_eq!(place.cat(&[]), before, "finished after call {steps}");
        place.run(&["verify", "--keys"]).ok();
        if lived {
            break;
        }
    }
    assert!(steps > 5, "killed at {steps} calls only");
}

#[test]
fn without_a_log_nothing_is_made() {
    let place = Place::with_key();
    let run = place.run(&["archive"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("there is no log"), "{}", run.err);
    assert!(!place.log().exists());
}
