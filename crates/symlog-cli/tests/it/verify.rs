//! `symlog verify`

use serde_json::{Value, json};

use crate::symlog::{OTHER_KEY, Place, example};

fn recorded() -> Place {
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place
}

fn change(place: &Place, change: impl FnOnce(&mut Vec<String>)) {
    let log = std::fs::read_to_string(place.log()).unwrap();
    let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(place.log(), lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_log_as_it_was_written_is_fine() {
    let place = recorded();
    let run = place.run(&["verify"]);
    for part in [
        "order       ok",
        "leaves      ok",
        "signatures  not checked",
        "envelopes   not checked",
    ] {
        assert!(run.ok().contains(part), "{run:?}");
    }
    let run = place.run(&["verify", "--keys"]);
    assert!(run.ok().contains("envelopes   ok"), "{run:?}");
    let report: Value =
        serde_json::from_str(place.run(&["verify", "--json", "--keys"]).ok()).unwrap();
    assert_eq!(
        (
            &report["order"],
            &report["leaves"],
            &report["signatures"],
            &report["envelopes"]
        ),
        (
            &json!("ok"),
            &json!("ok"),
            &json!("not_checked"),
            &json!("ok")
        )
    );
    assert_eq!(report["entries"], json!(10));
}

#[test]
fn no_key_is_needed_but_for_the_envelopes() {
    let place = recorded().with("SYMBIONT_LOGGING_KEY", OTHER_KEY);
    place.run(&["verify"]).ok();
    place
        .run(&["verify", "--keys"])
        .fails(2, &["does not open"]);
}

#[test]
fn every_kind_of_change_is_found() {
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change); 5] = [
        ("changed", |lines| {
            lines[4] = lines[4].replacen("\"latency_ms\":", "\"latency_ms\":1", 1)
        }),
        ("left out", |lines| drop(lines.remove(4))),
        ("repeated", |lines| lines.insert(4, lines[4].clone())),
        ("moved", |lines| lines.swap(4, 5)),
        ("garbage", |lines| lines[4] = "garbage".to_owned()),
    ];
    for (what, f) in changes {
        let place = recorded();
        change(&place, f);
        let run = place.run(&["verify"]);
        assert_eq!(run.code, 1, "{what}: {run:?}");
        assert!(
            run.out.contains("line 5") || run.out.contains("line 6"),
            "{what}: {run:?}"
        );
        let json = place.run(&["verify", "--json"]);
        let report: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json.code, 1);
        assert!(report["problem_count"].as_u64().unwrap() > 0, "{what}");
    }
}

#[test]
fn a_log_that_is_not_there_could_not_be_verified() {
    Place::with_key()
        .run(&["verify"])
        .fails(2, &["cannot verify the log logs/model_io.encrypted.log"]);
}
