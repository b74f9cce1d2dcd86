//! A real model, where `cargo xtask services` has fetched one.
#![cfg(feature = "onnx")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use symlog_pii::{Counts, Detector, FieldContext, Masker, OnnxDetector, PiiType, Profile};

/// The runtime and the model, or why there is none.
fn open(test: &str) -> Option<OnnxDetector> {
    let services = std::env::var_os("SYMLOG_SERVICES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/services"),
        PathBuf::from,
    );
    let folder = services.join("onnx");
    let runtime = folder.join("libonnxruntime.so");
    if !runtime.is_file() || !folder.join("rampart/config.json").is_file() {
        eprintln!("SKIPPED: {test}: no runtime and model; run `cargo xtask services`");
        return None;
    }
    // Much slower than a machine that does nothing else.
    let detector = OnnxDetector::open(&runtime, &folder.join("rampart"))
        .expect("the model opens")
        .time_limit(Duration::from_secs(60));
    Some(detector)
}

#[test]
fn names_are_found_at_their_bytes() {
    let Some(detector) = open("names_are_found_at_their_bytes") else {
        return;
    };
    let text = "żółć — “🙂”\nI met Margaret Holloway near Łódź, she moved to 14 Birch Lane, Ithaca.\n\
                let x = Vec::<Margaret>::new();";
    let mut found = Vec::new();
    detector
        .detect(text, &FieldContext::default(), &mut found)
        .expect("a short text");
    let values = |kind: PiiType| -> Vec<&str> {
        let of_kind = found.iter().filter(|f| f.kind == kind);
        of_kind.map(|f| &text[f.start..f.end]).collect()
    };
    assert_eq!(values(PiiType::Person), ["Margaret Holloway"]);
    assert!(values(PiiType::Location).contains(&"Ithaca"), "{found:?}");
    assert!(found.iter().all(|f| (0.5..=0.75).contains(&f.score)));
}

#[test]
fn a_long_text_is_read_in_passages_and_too_long_a_one_is_masked_whole() {
    let Some(detector) = open("a_long_text_is_read_in_passages") else {
        return;
    };
    let text = "Margaret Holloway called about the invoice again. ".repeat(30);
    let mut found = Vec::new();
    detector
        .detect(&text, &FieldContext::default(), &mut found)
        .expect("within the limit");
    let names = found.iter().filter(|f| f.kind == PiiType::Person);
    let names: Vec<_> = names.map(|f| &text[f.start..f.end]).collect();
    assert_eq!(names, vec!["Margaret Holloway"; 30]);

    let masker = |detector| {
        Masker::builder()
            .profile(Profile::Hipaa)
            .detector(Arc::new(detector))
            .time_limit(Duration::from_secs(60))
            .build()
            .expect("no rules of its own")
    };
    let mut counts = Counts::new();
    let masked = masker(detector.max_bytes(100))
        .mask(&text, &mut counts)
        .into_owned();
    assert!(!masked.contains("invoice"), "{masked}");

    let hurried = open("a text that takes too long").expect("opened before");
    let hurried = hurried.time_limit(Duration::ZERO);
    let masked = masker(hurried).mask(&text, &mut counts).into_owned();
    assert!(!masked.contains("invoice"), "{masked}");
}
