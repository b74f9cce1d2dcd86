//! What is left in a process after its keyring is closed, found by reading all its memory from outside.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};

use super::*;

const PATH: &str = "SYMLOG_TEST_MEMORY_KEYRING";
const DIGEST: [u8; 32] = [0xd1; 32];

/// The process that is looked into: uses every kind of key, closes, and waits.
#[test]
fn child() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let provider = default_provider();
    let keyring = Keyring::open(Path::new(&path), &raw(1), Access::ReadWrite, &provider).unwrap();
    let (id, _) = keyring.period_key(0, "2026-11").unwrap();
    keyring.wrapping_key(&id).unwrap();
    let _ = keyring.signing_key().unwrap().sign(b"message");
    keyring.find_unit(&DIGEST).unwrap().unwrap();
    keyring.purpose_key("pseudonym").unwrap();
    println!("open");
    wait();
    drop(keyring);
    println!("closed");
    wait();
}

fn wait() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// How often each secret stands in the memory of the process.
fn occurrences(child: &Child, secrets: &[(&str, Vec<u8>)]) -> Vec<usize> {
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
            *count += bytes
                .windows(secret.len())
                .filter(|window| window == secret)
                .count();
        }
    }
    found
}

#[test]
fn no_key_from_the_file_is_left_after_closing() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (period, _) = keyring.period_key(0, "2026-11").unwrap();
    let (unit, unit_key) = keyring.take_pool_key().unwrap();
    keyring.assign_units(&[(DIGEST, unit)]).unwrap();
    let (meta, master) =
        storage::read(&*keyring.inner.storage, |view| keyring.inner.meta(view)).unwrap();
    let epoch = keyring.inner.epoch_key(meta.epoch, &master).unwrap();
    let bucket = storage::read(&*keyring.inner.storage, |view| {
        keyring.inner.bucket_key(view, units::place(&unit).0)
    });
    let secrets: Vec<(&str, Vec<u8>)> = [
        ("master", &master.key),
        ("epoch", &epoch),
        ("bucket", &bucket.unwrap()),
        ("unit", &unit_key),
        ("period", &keyring.wrapping_key(&period).unwrap()),
        ("signing", keyring.signing_key().unwrap().seed()),
    ]
    .map(|(name, key)| (name, key.expose().to_vec()))
    .into();
    drop(keyring);

    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keyring::tests::memory::child", "--nocapture"])
        .env(PATH, &place.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(said.any(|line| line.ends_with("open")));
    let open = occurrences(&child, &secrets);
    // The scan finds what is there: the master key while the keyring is open.
    assert!(open[0] >= 1);
    use std::io::Write;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n").unwrap();
    assert!(said.any(|line| line.ends_with("closed")));
    let closed = occurrences(&child, &secrets);
    stdin.write_all(b"\n").unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    for ((name, _), count) in secrets.iter().zip(closed) {
        assert_eq!(
            count, 0,
            "the {name} key is left in memory (open: {open:?})"
        );
    }
}
