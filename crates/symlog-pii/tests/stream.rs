//! Text masked chunk by chunk equals the mask of the whole, at every split.

use proptest::prelude::*;
use symlog_pii::{Counts, Masker, Profile};

fn maskers() -> [Masker; 2] {
    [Profile::Default, Profile::Hipaa].map(|profile| {
        Masker::builder()
            .profile(profile)
            .build()
            .expect("no rules of its own")
    })
}

#[track_caller]
fn check(masker: &Masker, text: &str, chunks: &[&str]) {
    let mut counts = Counts::new();
    let whole = masker.mask(text, &mut counts);
    let mut stream = masker.stream();
    let mut out = String::new();
    for chunk in chunks {
        out.push_str(&stream.push(chunk));
    }
    let (rest, streamed) = stream.finish();
    out.push_str(&rest);
    assert_eq!(out, whole, "{text:?} in {} chunks", chunks.len());
    assert_eq!(streamed, counts);
}

const TEXT: &str = "Dear John Smith,\nyour SSN is\n123-45-6789 and card 4111 1111 1111 1111.\nMail jo@example.com\n\
-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----\nAPI_KEY=abcd1234\nMRN:\n 00481516\n\
password is hunter2! Ask Smith.\nBorn 3 May 1961 in Łódź, lives at 12 Main Street, Springfield\n\
SECRET_KEY = 'django-insecure-_du9e^cm7\n=gr@cu@v9-v7ulhbk2m0123456789 settings\n\
NetworkCredential(\"ci\",\n\"AP7JaG9To\")\n- name: DB_PASSWORD\n  value: \"r3disPw!x\"\n";

#[test]
fn every_split_in_two_and_into_characters() {
    for masker in maskers() {
        for at in (0..=TEXT.len()).filter(|at| TEXT.is_char_boundary(*at)) {
            check(&masker, TEXT, &[&TEXT[..at], &TEXT[at..]]);
        }
        let characters: Vec<&str> = TEXT.split("").collect();
        check(&masker, TEXT, &characters);
    }
}

#[test]
fn json_waits_for_its_end() {
    let [masker, _] = maskers();
    let text = r#" {"password": "x", "m": "jo@example.com"}"#;
    for at in 0..text.len() {
        check(&masker, text, &[&text[..at], &text[at..]]);
    }
}

#[test]
fn a_line_without_end_is_masked_in_bounded_memory() {
    let [masker, _] = maskers();
    let text = "call 555-123-4567 or jo@example.com, ".repeat(10_000);
    let chunks: Vec<&str> = text
        .as_bytes()
        .chunks(4096)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    check(&masker, &text, &chunks);
    let mut stream = masker.stream();
    let ready: usize = chunks.iter().map(|chunk| stream.push(chunk).len()).sum();
    assert!(ready > text.len() / 2);
}

#[test]
fn the_corpus_is_masked_alike() {
    use std::io::Read;
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/corpus/sparse.jsonl.gz"
    );
    let Ok(file) = std::fs::File::open(path) else {
        eprintln!("SKIPPED: the_corpus_is_masked_alike: ../shared/data is not here");
        return;
    };
    let mut lines = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut lines)
        .unwrap();
    let [masker, _] = maskers();
    for (i, line) in lines.lines().enumerate().filter(|(i, _)| i % 9 == 0) {
        let Ok(row) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let text = row["content"].as_str().unwrap();
        let mut at = (i * 37 + 11) % (text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        check(&masker, text, &[&text[..at], &text[at..]]);
    }
}

/// The first short texts of each corpus, at each of their characters.
#[test]
fn the_corpora_are_masked_alike_at_every_split() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/pii/");
    for name in [
        "presidio_synth_v2",
        "meddocan_dev",
        "wnut17_dev",
        "betterleaks_literals",
    ] {
        let Ok(lines) = std::fs::read_to_string(format!("{data}{name}.jsonl")) else {
            eprintln!("SKIPPED: the_corpora_are_masked_alike_at_every_split: {name} is not here");
            continue;
        };
        let rows = lines
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let texts =
            rows.filter_map(|row: serde_json::Value| Some(row["text"].as_str()?.to_owned()));
        for text in texts.filter(|text| text.len() < 300).take(12) {
            for masker in maskers() {
                for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                    check(&masker, &text, &[&text[..at], &text[at..]]);
                }
            }
        }
    }
}

/// What is held back is the open line, whatever the text is.
#[test]
fn little_is_held_back() {
    let [masker, _] = maskers();
    for unit in ["word ", "@", "9", "a1", "password=", "\u{e9}", "x\n"] {
        let mut stream = masker.stream();
        let chunk = unit.repeat(4096 / unit.len());
        let (mut given, mut ready) = (0, 0);
        for _ in 0..256 {
            given += chunk.len();
            ready += stream.push(&chunk).len();
            assert!(
                given.saturating_sub(ready) < 400_000 || ready > given / 4,
                "{unit:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_in_any_chunks(parts in proptest::collection::vec(prop_oneof![
        "[ -~\n]{0,20}", Just("123-45-6789".to_owned()), Just("\n".to_owned()), Just("password: ".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----\n".to_owned()), Just("a@b.io".to_owned()), Just("Dr. Jane Smith".to_owned()), Just("é–".to_owned()),
        Just("My name is Emma Kowalska".to_owned()), Just(" Kowalska and Smith ".to_owned()), Just("\u{ff11}".to_owned()),
    ], 0..20)) {
        let text: String = parts.concat();
        let chunks: Vec<&str> = parts.iter().map(String::as_str).collect();
        for masker in maskers() {
            check(&masker, &text, &chunks);
        }
    }
}
