//! Input that was made to hurt: linear time, no panic, findings inside the text.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use symlog_pii::{Counts, Masker, Profile};

fn hipaa() -> Masker {
    Masker::builder()
        .profile(Profile::Hipaa)
        .build()
        .expect("no rules of its own")
}

#[track_caller]
fn check(what: &str, unit: &str, total: usize) {
    let masker = hipaa();
    let text = unit.repeat(total / unit.len());
    let begun = Instant::now();
    let masked = masker.mask(&text, &mut Counts::new()).len();
    assert!(masked > 0, "{what}");
    // Generous for a machine that is busy; quadratic work takes many minutes.
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{what}: {:?}",
        begun.elapsed()
    );
}

#[test]
fn much_of_one_thing() {
    for (what, unit) in [
        ("at signs", "@"),
        ("digits", "7"),
        ("spaced digits", "4 "),
        ("open brackets", "["),
        ("open braces", "{\"a\":"),
        ("quotes", "\""),
        ("escapes", "\\"),
        ("colons", ":"),
        ("equal signs", "="),
        ("keys", "password="),
        ("dots", "."),
        ("hex", "a1"),
        ("schemes", "http://"),
        ("pem", "-----BEGIN PRIVATE KEY-----\n"),
        ("jwt", "eyJ."),
        ("names", "Dr. John "),
        ("nul", "\0"),
        ("media", "data:image/png;base64,"),
        ("spoken", " dot "),
        ("percent", "%40"),
        ("wide", "\u{ff14}"),
        ("hyphens", "1-"),
        ("letters", "x"),
        ("user", " -u a:"),
        ("capitals", "A"),
        ("capital words", "Aa "),
        ("cues", "to A "),
        ("numbered keys", "v1_="),
        ("assigned digits", "1="),
        ("international", "+1 "),
        ("disguises", "\u{2014}"),
        ("tokens", "ab12cd34-"),
    ] {
        check(what, unit, 100_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn findings_lie_in_any_text(text in "\\PC{0,200}", ascii in "[ -~\\n\\t]{0,200}") {
        let masker = hipaa();
        for text in [&text, &ascii] {
            let mut past = 0;
            for finding in masker.scan(text) {
                prop_assert!(finding.start >= past && finding.end > finding.start);
                prop_assert!(text.get(finding.start..finding.end).is_some());
                past = finding.end;
            }
            let mut counts = Counts::new();
            let masked = masker.mask(text, &mut counts);
            prop_assert_eq!(counts.is_empty(), *masked == **text);
        }
    }

    #[test]
    fn every_plane_of_unicode(text in proptest::collection::vec(any::<char>(), 0..200)) {
        let text: String = text.into_iter().collect();
        hipaa().mask(&text, &mut Counts::new());
    }
}
