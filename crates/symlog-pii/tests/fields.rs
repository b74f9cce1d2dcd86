//! Fields that are named by their path, in parsed JSON and in JSON text alike.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value, json};
use symlog_pii::{Counts, FieldAction, Label, Masker, OperatorContext, PiiType, Profile, RuleId};

fn masker() -> Masker {
    let hipaa = Masker::builder()
        .profile(Profile::Hipaa)
        .build()
        .expect("no rules of its own");
    Masker::builder()
        .field("$.keep", FieldAction::Keep)
        .field("$.users[*].name", whole(PiiType::Person))
        .field("$..note", FieldAction::With(hipaa))
        .field("$.keep.password", whole(PiiType::Password))
        .build()
        .expect("paths that are paths")
}

fn whole(kind: PiiType) -> FieldAction {
    FieldAction::Whole {
        kind,
        operator: Some(Arc::new(Label)),
    }
}

#[track_caller]
fn check(value: Value, expect: Value) {
    let masker = masker();
    let mut counts = Counts::new();
    let text = value.to_string();
    assert_eq!(masker.mask(&text, &mut counts), expect.to_string());
    let mut parsed = value.clone();
    let mut parsed_counts = Counts::new();
    masker.mask_json(&mut parsed, &mut parsed_counts);
    assert_eq!(parsed, expect);
    assert_eq!(parsed_counts, counts);
    // JSON in a string is part of the same document.
    let nested = json!({ "keep": "x", "inner": 1, "users": value["users"].to_string() });
    let expect = json!({ "keep": "x", "inner": 1, "users": expect["users"].to_string() });
    if !value["users"].is_null() {
        assert_eq!(
            masker.mask(&nested.to_string(), &mut counts),
            expect.to_string()
        );
    }
}

#[test]
fn actions_reach_what_their_path_names() {
    check(
        json!({"keep": {"mail": "jo@example.com", "api_key": "k-1", "password": "x"}}),
        json!({"keep": {"mail": "jo@example.com", "api_key": "k-1", "password": "<PASSWORD>"}}),
    );
    check(
        json!({"users": [{"name": "j", "mail": "jo@example.com"}, {"name": ["a\"b", 1, null]}]}),
        json!({"users": [{"name": "<PERSON>", "mail": "***@***.***"}, {"name": ["<PERSON>", "<PERSON>", null]}]}),
    );
    check(
        json!({"a": [{"note": {"password": "x", "pin": 1234, "id": 7}}]}),
        json!({"a": [{"note": {"password": "***", "pin": "***", "id": 7}}]}),
    );
    check(
        json!({"a": [{"note": "seen on 2024-05-18"}], "seen": "on 2024-05-18"}),
        json!({"a": [{"note": "seen on [REDACTED:DATE]"}], "seen": "on 2024-05-18"}),
    );
}

#[test]
fn what_a_path_masks_is_counted_and_scan_reports_everything() {
    let masker = masker();
    let mut counts = Counts::new();
    masker.mask(r#"{"users": [{"name": "j"}]}"#, &mut counts);
    let row = counts.iter().next().unwrap();
    assert_eq!(row, (PiiType::Person, &RuleId::new("field"), 1));
    let kept = masker.scan(r#"{"keep": "jo@example.com"}"#);
    assert_eq!(kept.len(), 1);
}

#[test]
fn operators_hold_by_type_and_by_rule() {
    let masker = Masker::builder()
        .operator(PiiType::NationalId, Arc::new(Label))
        .operator(PiiType::Password, Arc::new(Label))
        .rule_operator("email", Arc::new(Label))
        .build()
        .unwrap();
    let mut counts = Counts::new();
    assert_eq!(
        masker.mask(
            "DNI 12345678Z, jo@example.com or jo at example dot com",
            &mut counts
        ),
        "DNI <NATIONAL_ID>, <EMAIL> or ***@***.***"
    );
    let text = r#"{"password": "a\"b", "pin": 1234, "token": "t"}"#;
    let expect = r#"{"password": "<PASSWORD>", "pin": "<PASSWORD>", "token": "***"}"#;
    assert_eq!(masker.mask(text, &mut counts), expect);
    let error = Masker::builder()
        .rule_operator("emial", Arc::new(Label))
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("did you mean \"email\""),
        "{error}"
    );
}

#[test]
fn a_part_that_comes_in_chunks_is_masked_by_its_rule() {
    let masker = Masker::builder()
        .field("$.kept", FieldAction::Keep)
        .field("$.whole", whole(PiiType::Person))
        .field("$.json.name", whole(PiiType::Person))
        .build()
        .expect("paths that are paths");
    let document = masker.document(OperatorContext::default());
    for (part, text) in [
        ("kept", "jo@example.com\nand more"),
        ("whole", "whoever\nthis is"),
        ("json", r#"{"name": "whoever", "mail": "jo@example.com"}"#),
        ("other", "jo@example.com\nand more"),
    ] {
        let mut counts = Counts::new();
        let expect = document.part(part).mask(text, &mut counts).into_owned();
        let mut stream = document.part(part).stream();
        let mut out = String::new();
        for chunk in text.split_inclusive('o') {
            out.push_str(&stream.push(chunk));
        }
        let (rest, streamed) = stream.finish();
        assert_eq!(out + &rest, expect, "{part}");
        assert_eq!(streamed, counts, "{part}");
    }
}

#[test]
fn a_stream_knows_names_and_tells_those_that_it_learnt() {
    let masker = Masker::default_profile();
    let names = RefCell::default();
    let document = masker.document(OperatorContext::default()).knowing(&names);
    document.mask("My name is Emma Kowalska.", &mut Counts::new());
    let mut stream = document.stream();
    let said = stream.push("Ask Kowalska.\nMy name is Igor Wrzesniewski.\n");
    assert!(!said.contains("Kowalska"), "{said}");
    let (_, _, learnt) = stream.finish_knowing();
    names.borrow_mut().merge(&learnt);
    let after = document.mask("Ask Wrzesniewski.", &mut Counts::new());
    assert!(!after.contains("Wrzesniewski"), "{after}");
}
