//! `symlog archive`

use serde_json::json;

use crate::symlog::{Place, lines};

fn record(place: &Place, prompts: std::ops::Range<u32>) {
    let input: String = prompts
        .map(|n| {
            format!(
                "{}\n",
                json!({"request_data": {"prompt": format!("question {n}")}})
            )
        })
        .collect();
    place.feed(&["record", "-"], input).ok();
}

#[test]
fn what_is_archived_reads_and_verifies_as_before() {
    let place = Place::with_key();
    record(&place, 0..20);
    let before = place.cat(&[]);
    let archived = place.run(&["archive", "--json"]);
    let report = lines(archived.ok()).remove(0);
    assert_eq!(report["archived"][0]["entries"], 20);
    assert_eq!(report["kept"], json!([]));
    assert!(
        place
            .path("logs/model_io.encrypted.log.0000000000.parquet")
            .exists()
    );
    assert!(
        !place
            .path("logs/model_io.encrypted.log.0000000000")
            .exists()
    );
    assert_eq!(place.cat(&[]), before);
    for arguments in [&["verify"][..], &["verify", "--keys"]] {
        place.run(arguments).ok();
    }
    record(&place, 20..25);
    assert_eq!(place.cat(&[]).len(), 25);
    assert_eq!(
        place.cat(&["--id", before[3]["id"].as_str().unwrap()]),
        before[3..4]
    );
}

#[test]
fn without_a_log_nothing_is_made() {
    let place = Place::with_key();
    let run = place.run(&["archive"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("there is no log"), "{}", run.err);
    assert!(!place.log().exists());
}
