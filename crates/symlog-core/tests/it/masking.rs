//! What a log holds after masking with operators, profile files, field rules and overrides.

use std::fs;
use std::io::Cursor;

use symlog_core::{
    Config, Filter, Interaction, LoggerBuilder, LoggingError, MaskingConfig, ModelInteractionType,
    build_masker,
};
use symlog_pii::Token;

use crate::support::{Workplace, block_on, request, response};

fn config(toml: &str) -> Config {
    Config::from_toml(toml, "symlog.toml").unwrap()
}

fn call(prompt: &str) -> Interaction {
    Interaction::new("triage", ModelInteractionType::Completion, "gpt-4").request(request(prompt))
}

/// The decrypted entries of a log that was written with this configuration.
fn logged(place: &Workplace, masking: &str, entries: Vec<Interaction>) -> Vec<serde_json::Value> {
    let mut own = config(masking);
    own.logging = place.config();
    let logger = LoggerBuilder::from_config(&own)
        .secret_store(place.store())
        .build()
        .unwrap();
    for entry in entries {
        drop(logger.submit(entry).unwrap());
    }
    logger.close_blocking().unwrap();
    let reader = place.reader();
    let entries = reader.entries(Filter::new()).unwrap();
    entries
        .map(|entry| serde_json::to_value(entry.unwrap()).unwrap())
        .collect()
}

fn prompt(entry: &serde_json::Value) -> &str {
    entry["request_data"]["prompt"].as_str().unwrap()
}

#[test]
fn the_same_value_has_the_same_pseudonym_for_its_tenant_alone() {
    let place = Workplace::new();
    let masking = "[masking.operators]\nEMAIL = \"pseudonym\"";
    let entry = |tenant: &str| call("mail jane@example.com").tenant(tenant);
    let first = logged(&place, masking, vec![entry("a"), entry("a"), entry("b")]);
    let again = logged(&place, masking, vec![entry("a")]);
    assert_eq!(prompt(&first[0]), prompt(&first[1]));
    assert_ne!(prompt(&first[0]), prompt(&first[2]));
    // After the log was opened again, too.
    assert_eq!(prompt(&first[0]), prompt(&again[3]));
    assert!(Token::parse(&prompt(&first[0])[5..]).is_some());
}

#[test]
fn dates_move_with_their_subject() {
    let place = Workplace::new();
    let masking = "[masking]\nprofile = \"hipaa\"\n[masking.operators]\nDATE = \"date-shift\"";
    let entry = |subject: &str| call("Admitted 2024-03-05, discharged 2024-03-09").subject(subject);
    let entries = logged(
        &place,
        masking,
        vec![entry("p1"), entry("p1"), entry("p2"), call("on 2024-03-05")],
    );
    assert_eq!(prompt(&entries[0]), prompt(&entries[1]));
    assert_ne!(prompt(&entries[0]), prompt(&entries[2]));
    assert!(
        !prompt(&entries[0]).contains("Admitted 2024-03-05"),
        "{}",
        prompt(&entries[0])
    );
    assert_eq!(prompt(&entries[3]), "on [REDACTED:DATE]");
}

#[test]
fn keyed_operators_need_a_keyring() {
    let masking = config("[masking.operators]\nEMAIL = \"token\"").masking;
    let error = build_masker(&masking, true, None).unwrap_err();
    assert!(
        error.to_string().contains("needs the keys of a log"),
        "{error}"
    );
    let place = Workplace::new();
    let mut own =
        config("[logging]\nformat = \"symbiont\"\n[masking.operators]\nEMAIL = \"token\"");
    own.logging = place.config();
    let error = LoggerBuilder::from_config(&own)
        .secret_store(place.store())
        .build()
        .unwrap_err();
    assert!(
        matches!(error, LoggingError::ConfigurationError { .. }),
        "{error}"
    );
}

#[test]
fn unknown_names_say_what_there_is() {
    for (operators, expect) in [
        ("EMAIL = \"pseudonim\"", "did you mean \"pseudonym\""),
        ("es-nid = \"partial\"", "did you mean \"es-"),
    ] {
        let masking = config(&format!("[masking.operators]\n{operators}")).masking;
        let error = build_masker(&masking, true, None).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }
    let mut masking = MaskingConfig::default();
    masking.fields.push(Default::default());
    masking.fields[0].path = "$.a[1:2]".to_owned();
    masking.fields[0].skip = true;
    let error = build_masker(&masking, true, None).unwrap_err().to_string();
    assert!(error.contains("$.a[1:2]: what stands at byte"), "{error}");
}

#[test]
fn fields_and_overrides_hold_where_they_say() {
    let place = Workplace::new();
    let masking = r#"
[[masking.field]]
path = "$.request.parameters.customer.plan"
skip = true
[[masking.field]]
path = "$.request.parameters.customer.*"
type = "PERSON"
operator = "label"
[[masking.field]]
path = "$.metadata.contact"
skip = true
[[masking.override]]
match = { agent = "billing" }
profile = "off"
"#;
    let customer = serde_json::json!({"name": "someone", "plan": "jo@example.com", "other": [17]});
    let mut data = request("[{\"to\": \"jo@example.com\"}]");
    data.parameters.insert("customer".to_owned(), customer);
    let entry = Interaction::new("triage", ModelInteractionType::Completion, "m")
        .request(data)
        .response(response("jo@example.com"))
        .metadata(
            ["contact", "owner"]
                .map(|key| (key.to_owned(), "jo@example.com".to_owned()))
                .into(),
        );
    let billing = Interaction::new("billing", ModelInteractionType::Completion, "m")
        .request(request("jo@example.com"));
    let entries = logged(&place, masking, vec![entry, billing]);
    let entry = &entries[0];
    assert_eq!(
        entry["request_data"]["parameters"]["customer"],
        serde_json::json!({"name": "<PERSON>", "plan": "jo@example.com", "other": ["<PERSON>"]})
    );
    assert_eq!(prompt(entry), "[{\"to\": \"***@***.***\"}]");
    assert_eq!(entry["metadata"]["contact"], "jo@example.com");
    assert_eq!(entry["metadata"]["owner"], "***@***.***");
    assert_eq!(prompt(&entries[1]), "jo@example.com");
}

#[test]
fn a_profile_file_is_a_profile() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clinic.toml");
    fs::write(directory.path().join("own.toml"), "[[rule]]\nid = \"staff\"\ntype = \"CUSTOM\"\npattern = 'STAFF-\\d{6}'\nscore = 0.9\nexamples = [\"STAFF-123456\"]\ncounter = [\"STAFF-12\"]\n").unwrap();
    fs::write(
        &path,
        "base = \"default\"\nwithout = [\"PHONE\"]\nrules = [\"own.toml\"]\nallow = [\"info@example.com\"]\n[operators]\nEMAIL = \"label\"\nstaff = \"remove\"\n",
    )
    .unwrap();
    let masking = MaskingConfig {
        profile: path.to_str().unwrap().to_owned(),
        ..MaskingConfig::default()
    };
    let masker = build_masker(&masking, true, None).unwrap();
    let text = "STAFF-123456 call 555-123-4567, jo@example.com, info@example.com, 123-45-6789";
    assert_eq!(
        masker.mask(text, &mut Default::default()),
        " call 555-123-4567, <EMAIL>, info@example.com, ***-**-****"
    );
    fs::write(&path, "base = \"defalt\"\n").unwrap();
    assert!(build_masker(&masking, true, None).is_err());
    fs::write(
        directory.path().join("own.toml"),
        "[[rule]]\nid = \"x\"\ntype = \"CUSTOM\"\npattern = '('\n",
    )
    .unwrap();
    fs::write(&path, "rules = [\"own.toml\"]\n").unwrap();
    let error = build_masker(&masking, true, None).unwrap_err().to_string();
    assert!(error.contains("own.toml:1: rule \"x\""), "{error}");
}

#[test]
fn every_line_says_what_was_masked_by_type_and_rule() {
    let place = Workplace::new();
    let entries = logged(
        &place,
        "",
        vec![
            call("jo@example.com, ann@example.com, 123-45-6789"),
            call("nothing"),
        ],
    );
    assert_eq!(
        entries[0]["masked_by_rule"],
        serde_json::json!({"EMAIL": {"email": 2}, "SSN": {"us-ssn": 1}})
    );
    assert!(entries[1].get("masked_by_rule").is_none());
    let lines = place.entries();
    assert_eq!(lines[0]["x-masked"]["EMAIL"]["email"], 2);
    let place = Workplace::new();
    let sealed = logged(
        &place,
        "[logging]\nmetadata = \"sealed\"",
        vec![call("jo@example.com")],
    );
    assert!(sealed[0].get("masked_by_rule").is_none());
    assert!(
        !std::fs::read_to_string(place.log())
            .unwrap()
            .contains("x-masked")
    );
}

#[test]
fn a_conversation_remembers_its_names() {
    let place = Workplace::new();
    let said = |text: &str, answer: &str| call(text).response(response(answer)).conversation("c-1");
    let entries = logged(
        &place,
        "",
        vec![said(
            "Kowalska wants her flight changed.",
            "My name is Emma Kowalska. Kowalska flies on Monday.",
        )],
    );
    assert_eq!(
        prompt(&entries[0]),
        "[REDACTED:PERSON] wants her flight changed."
    );
    assert_eq!(
        entries[0]["response_data"]["content"],
        "My name is [REDACTED:PERSON]. [REDACTED:PERSON] flies on Monday."
    );
    assert!(
        !std::fs::read_to_string(place.log())
            .unwrap()
            .contains("Kowalska")
    );
}

#[test]
fn what_comes_in_pieces_is_masked_as_its_entry() {
    let place = Workplace::new();
    let masking = r#"
        [masking.operators]
        EMAIL = "pseudonym"
        [[masking.field]]
        path = "$.request.parameters.user"
        type = "USERNAME"
        [[masking.override]]
        match = { tenant = "open" }
        profile = "off"
    "#;
    let line = "mail jane@example.com\n";
    let long = line.repeat(200_000) + "My name is Emma Kowalska.\n";
    let entry = |tenant: &str, prompt: &str| call(prompt).tenant(tenant).conversation("c-1");
    let piecewise = |tenant: &str| entry(tenant, "").prompt_from(Cursor::new(long.clone()));
    let entries = logged(
        &place,
        masking,
        vec![
            entry("a", line),
            piecewise("a").response(response("Ask Kowalska.")),
            piecewise("b"),
            piecewise("open"),
            entry("a", "Ask Kowalska."),
        ],
    );
    let short = prompt(&entries[0]);
    assert!(prompt(&entries[1]).starts_with(short));
    assert!(!prompt(&entries[1]).contains("Kowalska"));
    assert!(!entries[1]["response_data"].to_string().contains("Kowalska"));
    assert!(!prompt(&entries[2]).starts_with(short));
    assert!(!prompt(&entries[2]).contains("jane@example.com"));
    assert_eq!(prompt(&entries[3]), long);
    assert!(!prompt(&entries[4]).contains("Kowalska"));
}

/// An answer says nothing of agent and tenant: what its request said holds for it, from the first
/// byte of a text that comes in pieces on.
#[test]
fn overrides_reach_answers_that_come_in_pieces() {
    let long = format!("jo@example.com\n{}", "It rained again.\n".repeat(40_000));
    for answer in ["jo@example.com", &long] {
        let place = Workplace::new();
        let mut own = config(
            "[[masking.override]]\nmatch = { agent = \"billing\", tenant = \"t\" }\nprofile = \"off\"\n",
        );
        own.logging = place.config();
        let logger = LoggerBuilder::from_config(&own)
            .secret_store(place.store())
            .build()
            .unwrap();
        for agent in ["billing", "triage"] {
            let intent = Interaction::new(agent, ModelInteractionType::Completion, "m")
                .tenant("t")
                .request(request("jo@example.com"));
            let mut recorder = block_on(logger.record_stream(intent)).unwrap();
            for piece in answer.as_bytes().chunks(1000) {
                recorder.push(std::str::from_utf8(piece).unwrap());
            }
            block_on(recorder.finish()).unwrap();
        }
        logger.close_blocking().unwrap();
        let reader = place.reader();
        let entries: Vec<_> = reader
            .entries(Filter::new())
            .unwrap()
            .map(|entry| serde_json::to_value(entry.unwrap()).unwrap())
            .collect();
        let heads: Vec<&str> = entries
            .iter()
            .map(|entry| &entry["response_data"]["content"].as_str().unwrap()[..11])
            .collect();
        assert_eq!(
            heads,
            ["jo@example.", "***@***.***"],
            "{} bytes",
            answer.len()
        );
    }
}
