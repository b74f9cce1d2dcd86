//! What is a date, and what is none.

use super::*;
use crate::kind::TypeSet;

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let mut out = Vec::new();
    super::super::find(
        text,
        "",
        TypeSet::of(&[PiiType::Date, PiiType::Age]),
        &mut out,
    );
    let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn dates_in_many_forms() {
    check(
        "on 2024-05-18, 18.05.2024 and 5/18/24",
        &["2024-05-18", "18.05.2024", "5/18/24"],
    );
    check(
        "at 2024-06-05T09:15:30.500-07:00.",
        &["2024-06-05T09:15:30.500-07:00"],
    );
    check(
        "18 May 2024; May 18, 2024; 18th of May; May 2024",
        &["18 May 2024", "May 18, 2024", "18th of May", "May 2024"],
    );
    check(
        "el 12 de marzo de 2016, am 3. Oktober 1990",
        &["12 de marzo de 2016", "3. Oktober 1990"],
    );
    check("5-MAY-2021 seen 10/31", &["5-MAY-2021", "10/31"]);
    check("in 1999", &["1999"]);
}

#[test]
fn dates_that_a_word_or_a_month_makes_sure() {
    check(
        "seen 5/12, from 3/3 to 4/9, date: 20240505, vom 1.5.21",
        &["5/12", "3/3", "4/9", "20240505", "1.5.21"],
    );
    check(
        "May-21, enero-04, 05MAY2024, 2024-W05, 5 May '24, Fecha:06/01/2016",
        &[
            "May-21",
            "enero-04",
            "05MAY2024",
            "2024-W05",
            "5 May '24",
            "06/01/2016",
        ],
    );
    check("MAY-2021-0042 x-1/2 build 20240505 3/4 cup at 10:12.5", &[]);
}

#[test]
fn other_numbers_are_left() {
    check(
        "v1.2.3 1/2 cup 10.0.0.1 24/7 2024 files, port 8080, 3.14.15",
        &[],
    );
}
