//! The frame: text, JSON and keys in, masks out.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};
use symlog_pii::{
    Counts, DetectError, Detector, FieldContext, Finding, Label, Masker, PiiType, Profile, RuleId,
};

#[track_caller]
fn check(text: &str, expect: &str) {
    let masker = Masker::default_profile();
    let mut counts = Counts::new();
    let masked = masker.mask(text, &mut counts);
    assert_eq!(masked, expect);
    assert_eq!(matches!(masked, Cow::Borrowed(_)), text == expect);
    assert_eq!(counts.is_empty(), text == expect);
    let again = masker.mask(&masked, &mut Counts::new()).into_owned();
    assert_eq!(again, expect, "masking twice must change nothing");
}

#[test]
fn the_masks_of_the_seed() {
    check("123-45-6789", "***-**-****");
    check("4532-1234-5678-9012", "****-****-****-****");
    check("user@example.com", "***@***.***");
    check("555-123-4567", "***-***-****");
    check("API_KEY=abcd1234", "API_KEY=***");
    check("TOKEN=xyz789", "TOKEN=***");
    check("password: \"hunter2\"", "password: \"***\"");
    check(
        "What is the weather in San Francisco on 18 May",
        "What is the weather in San Francisco on 18 May",
    );
}

#[test]
fn json_is_masked_inside_and_kept_otherwise() {
    check(
        r#"{ "a" : [1, "x"],  "password":"p\"q" }"#,
        r#"{ "a" : [1, "x"],  "password":"***" }"#,
    );
    check(
        r#"{"pin": 1234, "max_tokens": 50, "ok": true}"#,
        r#"{"pin": "***", "max_tokens": 50, "ok": true}"#,
    );
    check(
        r#"{"a":"{\"b\":\"{\\\"secret\\\":\\\"s\\\"}\"}"}"#,
        r#"{"a":"{\"b\":\"{\\\"secret\\\":\\\"***\\\"}\"}"}"#,
    );
    check(
        r#"{"a":"line\nuser@example.com\u0020x"}"#,
        r#"{"a":"line\n***@***.***\u0020x"}"#,
    );
    check(
        r#"{"a":"{\"pin\": 1234}"}"#,
        r#"{"a":"{\"pin\": \"***\"}"}"#,
    );
    check(r#"{"user@example.com": 1}"#, r#"{"***@***.***": 1}"#);
    check(
        "{\"card\": 4111111111111111}",
        "{\"card\": \"****-****-****-****\"}",
    );
}

#[test]
fn parsed_json_is_masked_in_place() {
    let masker = Masker::default_profile();
    let mut counts = Counts::new();
    let mut value = json!({
        "auth": {"user": "u", "n": 1, "deep": [["x", null, true]]},
        "messages": [{"content": "mail user@example.com"}, {"content": "{\"apiKey\":\"k\"}"}],
        "properties": {"password": {"type": "string"}},
        "logprobs": {"content": [{"token": "Hello", "logprob": -0.1}]},
        "usage": {"max_tokens": 5, "prompt_tokens": 7},
        // In this order the map keeps them, whether it sorts its keys or not.
        "b@example.com": 2, "user@example.com": 1,
    });
    masker.mask_json(&mut value, &mut counts);
    assert_eq!(
        value,
        json!({
            "auth": {"user": "***", "n": "***", "deep": [["***", null, true]]},
            "messages": [{"content": "mail ***@***.***"}, {"content": "{\"apiKey\":\"***\"}"}],
            "properties": {"password": {"type": "string"}},
            "logprobs": {"content": [{"token": "Hello", "logprob": -0.1}]},
            "usage": {"max_tokens": 5, "prompt_tokens": 7},
            "***@***.***": 2, "***@***.*** (2)": 1,
        })
    );
    let mut under = json!([1, "a"]);
    masker.mask_json_under("api_key", &mut under, &mut counts);
    assert_eq!(under, json!(["***", "***"]));
}

#[test]
fn depth_overflows_nothing() {
    let masker = Masker::default_profile();
    let mut value = json!("user@example.com");
    for _ in 0..100_000 {
        value = Value::Array(vec![value]);
    }
    let mut counts = Counts::new();
    masker.mask_json(&mut value, &mut counts);
    assert_eq!(counts.of(PiiType::Email), 1);
    // serde_json drops recursively; take it apart.
    while let Value::Array(mut items) = value {
        value = items.pop().unwrap_or(Value::Null);
    }
    let deep = format!(
        "{}\"user@example.com\"{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(masker.mask(&deep, &mut counts).contains("***@***.***"));
}

#[test]
fn fields_are_masked_by_key() {
    let masker = Masker::default_profile();
    let mut counts = Counts::new();
    assert_eq!(
        masker.mask_field("config.apiKey", "abc", &mut counts),
        "***"
    );
    assert_eq!(masker.mask_field("note", "abc", &mut counts), "abc");
    assert_eq!(
        masker.mask_field("logprobs.content[0].token", "abc", &mut counts),
        "abc"
    );
    assert_eq!(counts.total(), 1);
}

#[test]
fn off_masks_nothing_and_scans_all() {
    let masker = Masker::builder().profile(Profile::Off).build().unwrap();
    let mut counts = Counts::new();
    let text = r#"{"password":"x","m":"user@example.com"}"#;
    assert_eq!(masker.mask(text, &mut counts), text);
    assert_eq!(masker.mask_field("password", "x", &mut counts), "x");
    let mut value = json!({"password": "x"});
    masker.mask_json(&mut value, &mut counts);
    assert_eq!(value, json!({"password": "x"}));
    assert!(counts.is_empty());
    let kinds: Vec<_> = masker
        .scan(text)
        .iter()
        .map(|f| (f.kind, &text[f.start..f.end]))
        .collect();
    assert_eq!(
        kinds,
        [
            (PiiType::Password, "x"),
            (PiiType::Email, "user@example.com")
        ]
    );
}

#[test]
fn lists_and_operators_are_obeyed() {
    let masker = Masker::builder()
        .allow(["info@example.com"])
        .deny(["Project Zebra"])
        .operator(PiiType::Email, Arc::new(Label))
        .build()
        .unwrap();
    let mut counts = Counts::new();
    let text = "info@example.com a@example.com Project Zebra";
    assert_eq!(
        masker.mask(text, &mut counts),
        "info@example.com <EMAIL> [REDACTED:CUSTOM]"
    );
}

#[derive(Debug)]
enum Scripted {
    Finds(usize, usize),
    Fails,
    Panics,
}

impl Detector for Scripted {
    fn detect(
        &self,
        text: &str,
        _: &FieldContext<'_>,
        out: &mut Vec<Finding>,
    ) -> Result<(), DetectError> {
        match *self {
            Scripted::Finds(start, end) => {
                out.push(Finding::new(
                    start,
                    end,
                    PiiType::Custom,
                    1.0,
                    RuleId::new("scripted"),
                ));
                Ok(())
            }
            Scripted::Fails => Err(DetectError::TooLarge {
                len: text.len(),
                limit: 0,
            }),
            Scripted::Panics => panic!("scripted"),
        }
    }
}

#[test]
fn a_failing_detector_masks_the_whole_field() {
    for (detector, expect, failed) in [
        (Scripted::Finds(0, 1), "[REDACTED:CUSTOM]é", 0),
        (Scripted::Finds(1, 2), "[REDACTED:CUSTOM]", 1),
        (Scripted::Finds(0, 99), "[REDACTED:CUSTOM]", 1),
        (Scripted::Fails, "[REDACTED:CUSTOM]", 1),
        (Scripted::Panics, "[REDACTED:CUSTOM]", 1),
    ] {
        let masker = Masker::builder()
            .detector(Arc::new(detector))
            .build()
            .unwrap();
        let mut counts = Counts::new();
        assert_eq!(masker.mask("aé", &mut counts), expect);
        assert_eq!(counts.failed(), failed);
    }
}

#[test]
fn own_rules_are_found_and_counted() {
    let toml = "[[rule]]\nid = \"employee\"\ntype = \"CUSTOM\"\npattern = 'EMP-\\d{6}'\nscore = 0.9\nexamples = [\"EMP-123456\"]\ncounter = [\"EMP-12\"]\n";
    let masker = Masker::builder().rules("mine.toml", toml).build().unwrap();
    let mut counts = Counts::new();
    assert_eq!(
        masker.mask("ask EMP-123456 today", &mut counts),
        "ask [REDACTED:CUSTOM] today"
    );
    assert_eq!(counts.iter().next().unwrap().1.as_str(), "employee");
    assert!(
        Masker::builder()
            .rules("mine.toml", "[[rule]]\nid = 1")
            .build()
            .is_err()
    );
}

#[test]
fn disguised_text_is_found_at_its_own_offsets() {
    let masker = Masker::default_profile();
    let mut counts = Counts::new();
    for (text, expect) in [
        ("SSN \u{ff11}\u{ff12}\u{ff13}-45-6789.", "SSN ***-**-****."),
        (
            "card 4111\u{a0}1111\u{a0}1111\u{a0}1111 é",
            "card ****-****-****-**** é",
        ),
        ("x?mail=jo%40example.com", "x?mail=***@***.***"),
        ("jo@exam\u{200b}ple.com", "***@***.***"),
        ("write jo at example dot com", "write ***@***.***"),
        (r#"{"a":"jo\u0040example.com"}"#, r#"{"a":"***@***.***"}"#),
        (
            "blob bXkgU1NOIGlzIDEyMy00NS02Nzg5 end",
            "blob ***-**-**** end",
        ),
    ] {
        assert_eq!(masker.mask(text, &mut counts), expect);
    }
}

#[test]
fn a_sure_name_is_masked_at_its_other_mentions() {
    check(
        "My name is Emma Kowalska.\nKowalska called. Will Emma call?",
        "My name is [REDACTED:PERSON].\n[REDACTED:PERSON] called. Will [REDACTED:PERSON] call?",
    );
    // Before it in a text there is nothing to go back to: a stream has given it away.
    check(
        "Kowalska\nMy name is Emma Kowalska.",
        "Kowalska\nMy name is [REDACTED:PERSON].",
    );
    // In JSON the whole is there.
    check(
        r#"[{"text": "Noah\nHernandez flies"}, {"first_name": "Noah", "last_name": "Hernandez"}]"#,
        r#"[{"text": "[REDACTED:PERSON]\n[REDACTED:PERSON] flies"}, {"first_name": "[REDACTED:PERSON]", "last_name": "[REDACTED:PERSON]"}]"#,
    );
    let mut value = json!([{"text": "Noah flies"}, {"passenger": "{\"first_name\": \"Noah\"}"}]);
    Masker::default_profile().mask_json(&mut value, &mut Counts::new());
    assert_eq!(
        value,
        json!([{"text": "[REDACTED:PERSON] flies"}, {"passenger": "{\"first_name\": \"[REDACTED:PERSON]\"}"}])
    );
    check(
        "the account ending in 6789",
        "the account ending in [REDACTED:ACCOUNT_NUMBER]",
    );
}

/// A text that looks like JSON to its last byte, where it is none.
#[test]
fn mentions_in_broken_json_are_found_once() {
    let mut value = json!({
        "a": "{\"first_name\": \"Emma\"}",
        "b": "{\"x\": \"Emma Lovelace\", \"y\": \"Emma\"",
        "c": "my name is Emma Lovelace",
    });
    Masker::default_profile().mask_json(&mut value, &mut Counts::new());
    assert_eq!(
        value["b"],
        "{\"x\": \"[REDACTED:PERSON]\", \"y\": \"[REDACTED:PERSON]\""
    );
}
