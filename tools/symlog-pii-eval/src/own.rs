//! The project's own sets: texts with the spans marked where they stand, `[TYPE:value]`. `NOT`
//! marks what looks like a span and is none, and `⏎` stands for the end of a line.

use anyhow::{Context, Result};

use crate::data::Row;

/// The sets, by name.
pub(crate) const SETS: [(&str, &str); 12] = [
    ("clinical", include_str!("../sets/clinical.txt")),
    ("adversarial", include_str!("../sets/adversarial.txt")),
    ("forms", include_str!("../sets/forms.txt")),
    ("numbers", include_str!("../sets/numbers.txt")),
    ("fresh", include_str!("../sets/fresh.txt")),
    ("queries", include_str!("../sets/queries.txt")),
    ("scans", include_str!("../sets/scans.txt")),
    ("spacing", include_str!("../sets/spacing.txt")),
    ("blind", include_str!("../sets/blind.txt")),
    ("chat", include_str!("../sets/chat.txt")),
    ("people", include_str!("../sets/people.txt")),
    ("configs", include_str!("../sets/configs.txt")),
];

/// What marks a hard negative.
pub(crate) const NOT: &str = "NOT";

/// The rows of the set of that name, if it is one of these.
pub(crate) fn rows(set: &str) -> Option<Result<Vec<Row>>> {
    let (_, text) = SETS.iter().find(|(name, _)| *name == set)?;
    Some(
        text.lines()
            .map(|line| row(&line.replace('⏎', "\n")).with_context(|| line.to_owned()))
            .collect(),
    )
}

fn row(line: &str) -> Result<Row> {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some((before, label, after)) = next_mark(rest) {
        text.push_str(before);
        let end = closing(after).context("a mark is not closed")?;
        let start = text.chars().count();
        text.push_str(&after[..end]);
        spans.push((start, text.chars().count(), label.to_owned()));
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    Ok(Row { text, spans })
}

/// What stands before the next mark, its label, and what follows the colon.
fn next_mark(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        let (label, after) = text[at + 1..].split_once(':')?;
        let named = !label.is_empty() && label.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        named.then_some((&text[..at], label, after))
    })
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(at, c)| match c {
        '[' => {
            depth += 1;
            None
        }
        ']' if depth == 0 => Some(at),
        ']' => {
            depth -= 1;
            None
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out() {
        let row = row("a [PERSON:J [x] D] at [1] [NOT:b]").unwrap();
        assert_eq!(row.text, "a J [x] D at [1] b");
        let spans: Vec<_> = row.spans.iter().map(|(s, e, l)| (*s, *e, &l[..])).collect();
        assert_eq!(spans, [(2, 9, "PERSON"), (17, 18, "NOT")]);
    }

    #[test]
    fn all_sets_can_be_read() {
        for (set, _) in SETS {
            assert!(!rows(set).unwrap().unwrap().is_empty(), "{set}");
        }
    }
}
