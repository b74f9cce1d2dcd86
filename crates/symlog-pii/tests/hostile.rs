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

/// Time that this thread was on a processor: what else runs on the machine does not count.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The least that masking takes of three times.
fn cost(masker: &Masker, text: &str) -> Duration {
    let clock = Instant::now();
    let now = || processor_time().unwrap_or_else(|| clock.elapsed());
    (0..3)
        .map(|_| {
            let begun = now();
            assert!(!masker.mask(text, &mut Counts::new()).is_empty());
            now() - begun
        })
        .min()
        .unwrap_or_default()
}

/// Four times the text may take four times as long: ten times, with all that varies. What is
/// quadratic takes sixteen times.
#[track_caller]
fn check(what: &str, unit: &str, total: usize) {
    let masker = hipaa();
    let text = unit.repeat(total / unit.len());
    let quarter = text.floor_char_boundary(text.len() / 4);
    let (short, long) = (cost(&masker, &text[..quarter]), cost(&masker, &text));
    let most = short * 10 + Duration::from_millis(20);
    assert!(
        long < most,
        "{what}: {short:?} for a quarter, {long:?} for the whole"
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
        check(what, unit, 400_000);
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

/// What fuzzing found: ends of findings inside of a character.
#[test]
fn findings_end_where_characters_do() {
    let masker = hipaa();
    for text in [
        "client_credential='5pX8Q~]mTI8OMBJFVqMlFR4DE3Spz6Qm.\u{fffd}\u{fffd}",
        "\"text\": \"token = \\\"CAISuwJ1q6Ft5B2yu9Kiaa5E0VnVJ\u{20e}\u{350}",
        "AUTH0_DOMAIN=\\\"dev-r0alk1x87r7luw3z.us.\u{fffd}auth0.com\\\"\\nAUTH0_CLIENT_ID=\\\"ptk5mAig7ibFKW1vhJPNTfEkN5lHQPw8\\\"\\nAUTH0_CLIENT_SECRET=\\\"yJ-xZ1qycWHUzTUBKr20pUt6zWFmcHSBHus9769LsdOPp2ob8iESrG6MKAMGRkfX\\\"\\n\", \"entropy\": null}",
    ] {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let text = &text[..end];
            for finding in masker.scan(text) {
                assert!(
                    text.get(finding.start..finding.end).is_some(),
                    "{finding:?}"
                );
            }
            masker.mask(text, &mut Counts::new());
        }
    }
}
