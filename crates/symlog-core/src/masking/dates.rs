//! Dates moved by some days, in the form in which they are written.

use std::ops::Range;

use time::{Date, Duration, Month};

/// Names of the months, by language, long and short.
const MONTHS: [[&str; 12]; 8] = [
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "januar",
        "februar",
        "märz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "stycznia",
        "lutego",
        "marca",
        "kwietnia",
        "maja",
        "czerwca",
        "lipca",
        "sierpnia",
        "września",
        "października",
        "listopada",
        "grudnia",
    ],
    [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
];

/// What stands where in a date.
struct Parts {
    year: Range<usize>,
    month: MonthPart,
    day: Range<usize>,
}

enum MonthPart {
    Number(Range<usize>),
    Name(Range<usize>, usize),
}

/// `value` moved by `days`. `None` where it is no whole date: day, month and year.
///
/// A date in three numbers of which the first could be day or month is month first with `/` and
/// `-`, and day first with `.`, as those who write so do.
pub(super) fn shift(value: &str, days: i64) -> Option<String> {
    let parts = parts(value)?;
    let number = |range: &Range<usize>| value[range.clone()].parse::<u16>().ok();
    let written = number(&parts.year)?;
    let year = match parts.year.len() {
        2 if written < 70 => 2000 + written,
        2 => 1900 + written,
        _ => written,
    };
    let month = match &parts.month {
        MonthPart::Number(range) => u8::try_from(number(range)?).ok()?,
        MonthPart::Name(range, language) => {
            let name = value[range.clone()].to_lowercase();
            let at = MONTHS[*language].iter().position(|month| *month == name)?;
            u8::try_from(at + 1).ok()?
        }
    };
    let day = u8::try_from(number(&parts.day)?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    let date = date.checked_add(Duration::days(days))?;
    // `May 1, 2024` follows `May 18, 2024`, and `05/01/2024` follows `05/18/2024`.
    let day_width = match (&parts.month, value[parts.day.clone()].starts_with('0')) {
        (MonthPart::Name(..), false) => 1,
        _ => parts.day.len(),
    };
    let mut edits = vec![
        (parts.year.clone(), year_as(date.year(), parts.year.len())),
        (parts.day.clone(), padded(date.day(), day_width)),
    ];
    edits.push(match parts.month {
        MonthPart::Number(range) => {
            let width = range.len();
            (range, padded(u8::from(date.month()), width))
        }
        MonthPart::Name(range, language) => {
            let name = MONTHS[language][usize::from(u8::from(date.month())) - 1];
            let name = in_case_of(&value[range.clone()], name);
            (range, name)
        }
    });
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(value.len() + 8);
    let mut from = 0;
    for (range, with) in edits {
        out.push_str(&value[from..range.start]);
        out.push_str(&with);
        from = range.end;
    }
    out.push_str(&value[from..]);
    Some(out)
}

fn parts(value: &str) -> Option<Parts> {
    let digits = runs(value, |c| c.is_ascii_digit());
    if let Some((name, language)) = runs(value, char::is_alphabetic)
        .into_iter()
        .find_map(|word| Some((word.clone(), language_of(&value[word])?)))
    {
        let year = digits.iter().find(|run| run.len() == 4)?.clone();
        let day = digits.iter().find(|run| run.len() <= 2)?.clone();
        return Some(Parts {
            year,
            month: MonthPart::Name(name, language),
            day,
        });
    }
    if let Some(run) = digits.first().filter(|run| run.len() == 8) {
        let at = run.start;
        return Some(Parts {
            year: at..at + 4,
            month: MonthPart::Number(at + 4..at + 6),
            day: at + 6..at + 8,
        });
    }
    let [first, second, third, ..] = &digits[..] else {
        return None;
    };
    let separator = &value[first.end..second.start];
    if !matches!(separator, "-" | "/" | ".") || &value[second.end..third.start] != separator {
        return None;
    }
    let small = |run: &Range<usize>| value[run.clone()].parse::<u8>().ok();
    let (year, month, day) = if first.len() == 4 {
        (first, second, third)
    } else if matches!(third.len(), 2 | 4) {
        let day_first = small(first)? > 12 || (separator == "." && small(second)? <= 12);
        match day_first {
            true => (third, second, first),
            false => (third, first, second),
        }
    } else {
        return None;
    };
    Some(Parts {
        year: year.clone(),
        month: MonthPart::Number(month.clone()),
        day: day.clone(),
    })
}

fn runs(value: &str, fits: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, c) in value.char_indices().filter(|(_, c)| fits(*c)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += c.len_utf8(),
            _ => runs.push(at..at + c.len_utf8()),
        }
    }
    runs
}

fn language_of(word: &str) -> Option<usize> {
    let word = word.to_lowercase();
    MONTHS
        .iter()
        .position(|months| months.contains(&word.as_str()))
}

fn padded(number: u8, width: usize) -> String {
    format!("{number:0width$}")
}

fn year_as(year: i32, width: usize) -> String {
    match width {
        2 => format!("{:02}", year.rem_euclid(100)),
        _ => format!("{year:04}"),
    }
}

/// `name` in capitals, with a capital, or without, as `like` is.
fn in_case_of(like: &str, name: &str) -> String {
    if like.chars().count() > 1 && like.chars().all(char::is_uppercase) {
        return name.to_uppercase();
    }
    let mut chars = name.chars();
    match (like.chars().next(), chars.next()) {
        (Some(first), Some(letter)) if first.is_uppercase() => {
            letter.to_uppercase().chain(chars).collect()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, days: i64, expect: &str) {
        assert_eq!(shift(value, days).as_deref(), Some(expect), "{value}");
        assert_eq!(shift(expect, -days).as_deref(), Some(value), "{expect}");
    }

    #[test]
    fn the_form_stays() {
        check("2024-02-28", 2, "2024-03-01");
        check("2024-02-28T10:30:00Z", 2, "2024-03-01T10:30:00Z");
        check("05/18/2024", 14, "06/01/2024");
        check("18/05/2024", 7, "25/05/2024");
        check("18.05.2024", -18, "30.04.2024");
        check("5.6.1999", 3, "8.6.1999");
        check("12/31/99", 1, "01/01/00");
        check("May 18, 2024", 14, "June 1, 2024");
        check("08-JUN-2024", 30, "08-JUL-2024");
        check("3 de enero de 1961", 30, "2 de febrero de 1961");
        check("MARZO 10, 1961", 1, "MARZO 11, 1961");
        check("20240518", 1, "20240519");
    }

    #[test]
    fn what_is_no_whole_date_is_not_shifted() {
        for value in [
            "1961",
            "May 18",
            "03/2024",
            "5/18",
            "2024-13-01",
            "31.02.2024",
            "soon",
            "",
        ] {
            assert_eq!(shift(value, 3), None, "{value}");
        }
    }
}
