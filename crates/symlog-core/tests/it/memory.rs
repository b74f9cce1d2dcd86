//! What is left of a log's keys in the memory of the process that wrote it, read from outside.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use symlog_crypto::SecretBytes;
use symlog_keys::{Access, LoggingKey, UnitKind};

use crate::recorded::{answered, asked};
use crate::support::{KEY, Workplace};

/// Set for the child: the directory of the log.
const CHILD: &str = "SYMLOG_TEST_MEMORY_CHILD";

/// Logs, reads it again, closes, and waits for its parent after each.
#[test]
fn child() {
    let Ok(directory) = std::env::var(CHILD) else {
        return;
    };
    let place = Workplace::at(Path::new(&directory).join("logs/model_io.encrypted.log"));
    let logger = place.builder().build().unwrap();
    for number in 0..6 {
        logger.submit(answered(number)).unwrap().wait().unwrap();
    }
    logger.submit(asked(6)).unwrap().wait().unwrap();
    assert!(place.reader().verify().unwrap().is_ok());
    println!("open");
    wait();
    logger.close_blocking().unwrap();
    drop(logger);
    println!("closed");
    wait();
}

fn wait() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// How often each secret stands in the memory that the process can write.
fn occurrences(child: &Child, secrets: &[(&str, [u8; 32])]) -> Vec<usize> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let mut found = vec![0; secrets.len()];
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let mut bytes = vec![0; (address(end) - address(start)) as usize];
        if memory.seek(SeekFrom::Start(address(start))).is_err()
            || memory.read_exact(&mut bytes).is_err()
        {
            continue;
        }
        for (count, (_, secret)) in found.iter_mut().zip(secrets) {
            *count += memchr::memmem::find_iter(&bytes, secret).count();
        }
    }
    found
}

#[test]
fn no_key_of_the_log_is_left_when_it_is_closed() {
    let place = Workplace::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["memory::child", "--exact", "--nocapture"])
        .env(CHILD, place.directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut stdin = child.stdin.take().unwrap();
    assert!(said.any(|line| line.ends_with("open")));

    let key = LoggingKey::from_text(SecretBytes::from(KEY.to_owned())).unwrap();
    let keyring = symlog_core::open_keyring(&place.log(), &key, Access::ReadOnly).unwrap();
    let period = keyring.inventory().unwrap().periods[0].id;
    let mut secrets = vec![
        ("period", *keyring.wrapping_key(&period).unwrap().expose()),
        ("signing", *keyring.signing_key().unwrap().seed().expose()),
        (
            "pseudonym",
            *keyring.purpose_key("pseudonyms").unwrap().expose(),
        ),
    ];
    for name in ["c-0", "c-1", "c-2"] {
        let digest = keyring.unit_digest(UnitKind::Conversation, None, name);
        // What the writer has not put into the table yet, the log tells; it does so when it is closed.
        if let Some((_, unit)) = keyring.find_unit(&digest).unwrap() {
            secrets.push(("unit", *unit.expose()));
        }
    }
    let open = occurrences(&child, &secrets);
    stdin.write_all(b"\n").unwrap();
    assert!(said.any(|line| line.ends_with("closed")));
    for name in ["c-0", "c-1", "c-2"] {
        let digest = keyring.unit_digest(UnitKind::Conversation, None, name);
        let (_, unit) = keyring.find_unit(&digest).unwrap().unwrap();
        secrets.push(("unit", *unit.expose()));
    }
    let closed = occurrences(&child, &secrets);
    stdin.write_all(b"\n").unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    // The scan finds what is there.
    assert!(open.iter().any(|count| *count > 0), "{open:?}");
    for ((name, _), count) in secrets.iter().zip(closed) {
        assert_eq!(
            count, 0,
            "the {name} key is left in memory (open: {open:?})"
        );
    }
}
