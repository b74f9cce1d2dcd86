use super::*;
use proptest::prelude::*;

const PATTERNS: &[&str] = &[
    r"\d{3}-\d{2}-\d{4}",
    r"gh[pousr]_[A-Za-z0-9]{4,6}",
    r"(?i)ab(c|de)?f{2,}x*",
    r"[^a-c]+(1|2|12)?3",
    r"(a|ab)(c|bcd)(d*)",
    r"(?:[A-Z]{2}\d)+[ -]?9",
    r"sk-(live|test)_[\w.=/-]{3,}",
];

proptest! {
    #[test]
    fn agrees_with_a_regex_engine(which in 0..PATTERNS.len(), text in "[a-fABx1239 _ghsklivet.-]{0,24}") {
        let ours = Pattern::new(PATTERNS[which]).unwrap();
        let theirs = regex::Regex::new(&format!("^(?:{})", PATTERNS[which])).unwrap();
        prop_assert_eq!(
            ours.matches_at(text.as_bytes(), 0, |_| true),
            theirs.find(&text).map(|m| m.end())
        );
    }
}

#[test]
fn first_bytes_are_told_by_place() {
    let pattern = Pattern::new(r"(\+?1[ .])?\(?[2-9]\d{2}\)? \d{3}").unwrap();
    let may_have = |place: usize, bytes: &str| {
        (0..128)
            .filter(|b| pattern.may_have(place, *b))
            .map(char::from)
            .eq(bytes.chars())
    };
    assert!(may_have(0, "(+123456789"));
    assert!(may_have(1, " .0123456789"));
    assert!(may_have(3, " ()0123456789"));
    // The shortest match has seven bytes: any may stand after it.
    assert!((0..128).all(|byte| pattern.may_have(7, byte)));
    assert!(!pattern.may_match(b"1 (4x5) 555") && pattern.may_match(b"+1 (415) 555"));
}

#[test]
fn prefixes_and_first_bytes() {
    let pattern = Pattern::new("ghp_[a-z]{3}").unwrap();
    assert_eq!(pattern.prefix(), "ghp_");
    assert!(pattern.may_begin(b'g') && !pattern.may_begin(b'h'));
    let pattern = Pattern::new(r"(\d{2}-|[A-Z])\d{3}[0-9a-f]?(x\d|y)").unwrap();
    assert_eq!((pattern.min_len(), pattern.min_digits()), (5, 3));
    let pattern = Pattern::new("(?i)a?b").unwrap();
    assert!(pattern.may_begin(b'A') && pattern.may_begin(b'b') && !pattern.may_begin(b'c'));
}

#[test]
fn mistakes_are_told() {
    for bad in [
        "(", ")", "[a", "a{", "a{2,1}", "*", "a{99999}", "é", r"\q", "a**",
    ] {
        assert!(Pattern::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn hostile_patterns_end() {
    let pattern = Pattern::new("(a|a|aa)*b").unwrap();
    assert_eq!(pattern.matches_at(&[b'a'; 5000], 0, |_| true), None);
}
