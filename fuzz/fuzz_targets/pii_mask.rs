//! Any text: findings lie inside it, in order; masking ends.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use symlog_pii::{Counts, Masker, Profile};

static HIPAA: LazyLock<Masker> = LazyLock::new(|| Masker::builder().profile(Profile::Hipaa).build().expect("no rules of its own"));

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut past = 0;
    for finding in HIPAA.scan(&text) {
        assert!(finding.start >= past && finding.end > finding.start);
        assert!(text.get(finding.start..finding.end).is_some());
        past = finding.end;
    }
    let mut counts = Counts::new();
    let masked = HIPAA.mask(&text, &mut counts);
    assert_eq!(counts.is_empty(), *masked == *text);
});
