//! `symlog tail`

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::symlog::{Place, lines};

fn record(place: &Place, prompts: &[&str]) {
    let input: String = prompts
        .iter()
        .map(|prompt| format!("{}\n", json!({"request_data": {"prompt": prompt}})))
        .collect();
    place.feed(&["record", "-"], input).ok();
}

fn prompts(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["request_data"]["prompt"].as_str().unwrap())
        .collect()
}

#[test]
fn the_newest_entries_are_printed() {
    let place = Place::with_key();
    record(&place, &["a", "b", "c"]);
    record(&place, &["d"]);
    let tail = |arguments: &[&str]| lines(place.run(&[&["tail"], arguments].concat()).ok());
    assert_eq!(prompts(&tail(&[])), ["a", "b", "c", "d"]);
    assert_eq!(prompts(&tail(&["-n", "2"])), ["c", "d"]);
    assert_eq!(prompts(&tail(&["-n", "0"])), Vec::<&str>::new());
}

/// `symlog tail -f`, read line by line; ends with the test.
struct Following {
    child: Child,
    entries: Receiver<String>,
}

impl Following {
    fn start(place: &Place) -> Self {
        let mut child = place
            .command(&["tail", "-f", "-n", "1"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, entries) = channel();
        std::thread::spawn(move || {
            for line in out.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { child, entries }
    }

    #[track_caller]
    fn next(&self) -> String {
        let line = self.entries.recv_timeout(Duration::from_secs(60)).unwrap();
        let entry: Value = serde_json::from_str(&line).unwrap();
        entry["request_data"]["prompt"].as_str().unwrap().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn what_is_logged_later_is_followed() {
    let place = Place::with_key();
    record(&place, &["a"]);
    let following = Following::start(&place);
    assert_eq!(following.next(), "a");
    record(&place, &["b", "c"]);
    assert_eq!(following.next(), "b");
    assert_eq!(following.next(), "c");
}

#[test]
fn sealing_the_active_file_is_followed() {
    let place = Place::with_key();
    // So small that each batch begins a new file.
    place.write("symlog.toml", "[archive]\nseal_bytes = 1\n");
    record(&place, &["a"]);
    let following = Following::start(&place);
    assert_eq!(following.next(), "a");
    let mut writer = place
        .command(&["record", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    for prompt in ["b", "c", "d", "e"] {
        writeln!(input, "{}", json!({"request_data": {"prompt": prompt}})).unwrap();
        assert_eq!(following.next(), prompt);
    }
    drop(input);
    assert!(writer.wait().unwrap().success());
    let files = std::fs::read_dir(place.path("logs")).unwrap().count();
    assert!(files > 6, "the active file was sealed: {files} files");
    assert_eq!(prompts(&place.cat(&[])), ["a", "b", "c", "d", "e"]);
    place.run(&["verify", "--keys"]).ok();
}
