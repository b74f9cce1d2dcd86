//! `symlog mask`

use crate::symlog::Place;

#[track_caller]
fn check(arguments: &[&str], input: &str, expect: &str) {
    let place = Place::new();
    assert_eq!(place.feed(arguments, input).ok(), expect);
}

#[test]
fn the_default_masks_are_exact() {
    check(
        &["mask"],
        "ssn 123-45-6789, card 4532-1234-5678-9012,\nmail user@example.com phone 555-123-4567\nAPI_KEY=abcd1234\nTOKEN=xyz789\n",
        "ssn ***-**-****, card ****-****-****-****,\nmail ***@***.*** phone ***-***-****\nAPI_KEY=***\nTOKEN=***\n",
    );
    check(
        &["mask", "-"],
        "What is the weather in San Francisco on 18 May?",
        "What is the weather in San Francisco on 18 May?",
    );
    check(&["mask"], "", "");
}

#[test]
fn profiles_and_operators_are_obeyed() {
    check(
        &["mask", "--profile", "off"],
        "user@example.com",
        "user@example.com",
    );
    check(
        &["mask", "--operator", "label"],
        "user@example.com",
        "<EMAIL>",
    );
    check(
        &["mask", "--operator", "EMAIL=remove"],
        "a user@example.com 123-45-6789",
        "a  ***-**-****",
    );
}

#[test]
fn wrong_options_say_what_is_right() {
    let place = Place::new();
    place
        .feed(&["mask", "--profile", "hippa"], "")
        .fails(2, &["hippa", "hipaa"]);
    place
        .feed(&["mask", "--operator", "lable"], "")
        .fails(2, &["lable", "label"]);
    place
        .feed(&["mask", "--operator", "pseudonym"], "")
        .fails(2, &["--operator pseudonym", "symlog init"]);
    place
        .feed(&["mask", "--operator", "EMALE=label"], "")
        .fails(2, &["EMALE"]);
}

#[test]
fn json_lines_keep_their_bytes() {
    check(
        &["mask", "--jsonl"],
        "{\"a\":  \"user@example.com\", \"password\": 12345, \"n\": 1.0e5}\n[\"x\"]\n",
        "{\"a\":  \"***@***.***\", \"password\": \"***\", \"n\": 1.0e5}\n[\"x\"]\n",
    );
}

#[test]
fn bad_json_lines_are_named_and_the_others_done() {
    let place = Place::new();
    let run = place.feed(
        &["mask", "--jsonl"],
        b"{\"a\":1}\nhunter2\n\n{\"a\":\n\"\xff\"\n{\"b\":2}",
    );
    assert_eq!(run.out, "{\"a\":1}\n{\"b\":2}\n");
    run.fails(
        1,
        &[
            "<stdin>:2: not JSON",
            "<stdin>:3: an empty line",
            "<stdin>:4: half a JSON value",
            "<stdin>:5: not UTF-8 at byte 2",
        ],
    );
    assert!(!run.err.contains("hunter2"));
}

#[test]
fn bytes_that_are_no_text_pass() {
    let place = Place::new();
    let output = place.feed_raw(&["mask"], b"\xff\xfe user@example.com \x00\xc3");
    assert_eq!(output.stdout, b"\xff\xfe ***@***.*** \x00\xc3");
}

#[test]
fn files_and_directories_are_read() {
    let place = Place::new();
    place.write("d/b.txt", "b: b@example.com\n");
    place.write("d/a.txt", "a: a@example.com\n");
    place.write("d/binary", b"\0a@example.com");
    place.write("d/.git/config", "c: c@example.com\n");
    assert_eq!(
        place.run(&["mask", "d"]).ok(),
        "a: ***@***.***\nb: ***@***.***\n"
    );
    place.run(&["mask", "d/none.txt"]).fails(
        2,
        &[
            "error: cannot read d/none.txt; check the name",
            "No such file",
        ],
    );
}

#[test]
fn the_configuration_says_how() {
    let place = Place::new();
    place.write(
        "symlog.toml",
        "[masking]\nallow = [\"support@example.com\"]\n[masking.operators]\nEMAIL = \"label\"\n",
    );
    assert_eq!(
        place
            .feed(&["mask"], "support@example.com a@example.com")
            .ok(),
        "support@example.com <EMAIL>"
    );
}

#[test]
fn a_large_text_is_masked() {
    let place = Place::new();
    let line = "an ordinary line of text that has nothing in it, and then user@example.com\n";
    let run = place.feed(&["mask"], line.repeat(100_000));
    assert_eq!(run.ok().matches("***@***.***").count(), 100_000);
}

#[test]
fn keyed_operators_take_the_keys_of_the_log() {
    let place = Place::with_key();
    let mask = |arguments: &[&str], input: &str| {
        let arguments = [&["mask", "--profile", "hipaa"], arguments].concat();
        place.feed(&arguments, input)
    };
    mask(&["--operator", "pseudonym"], "jo@example.com").fails(2, &["symlog init", "--log"]);
    place.run(&["init"]).ok();
    for operator in ["pseudonym", "token", "date-shift"] {
        let text = "jo@example.com on 2024-05-18";
        let first = mask(&["--operator", operator], text).ok().to_owned();
        assert!(
            !first.contains("jo@") && !first.contains("2024-05-18"),
            "{first}"
        );
        assert_eq!(first, mask(&["--operator", operator], text).ok());
        if operator != "date-shift" {
            let other = ["--operator", operator, "--tenant", "b"];
            assert_ne!(first, mask(&other, text).ok());
        }
    }
}

#[test]
fn tokens_are_revealed_and_each_time_recorded() {
    let place = Place::with_key();
    place.run(&["init"]).ok();
    let masked = place.feed(
        &["mask", "--operator", "token", "--tenant", "acme"],
        "jo@example.com",
    );
    let token = masked.ok().to_owned();
    let reveal = [
        "reveal",
        "--tenant",
        "acme",
        "--reason",
        "ticket 4711",
        &token,
    ];
    assert_eq!(place.run(&reveal).ok(), "jo@example.com\n");
    let run = place.run(&["reveal", &token]);
    run.fails(1, &["--tenant"]);
    place
        .run(&["reveal", "jo@example.com"])
        .fails(2, &["is no token"]);
    let log = format!("{}.access", place.log().display());
    let recorded = place.cat(&["--log", &log]);
    assert_eq!(recorded.len(), 2);
    let parameters = &recorded[0]["request_data"]["parameters"];
    assert_eq!(parameters["reason"], "ticket 4711");
    assert_eq!(recorded[0]["request_data"]["tool_name"], "reveal");
    assert!(!recorded[0].to_string().contains("jo@example.com"));
    // What cannot be recorded is not shown.
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let refused = place.run(&reveal);
    refused.fails(2, &["access log"]);
    assert!(!refused.out.contains("jo@"));
}
