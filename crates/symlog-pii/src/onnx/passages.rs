//! Which parts of a text a model is asked about.

use crate::names;

/// How long a passage may be. Models of this kind take 512 tokens, and no token is shorter than a
/// byte; they do best with less.
const MAX_LEN: usize = 440;
/// How much of a line that is too long stands in two passages, so that a name is whole in one.
const OVERLAP: usize = 64;

/// Passages of lines that give a reason to ask, in order. Those of one line may overlap.
pub(super) fn of(text: &str) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    // Whether the last passage ends at this line, so that the line may become a part of it.
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let (start, end) = (from, from + line.len());
        from = end;
        if !names::may_hold_names(line) {
            open = false;
            continue;
        }
        match out.last_mut() {
            Some(last) if open && end - last.0 <= MAX_LEN => last.1 = end,
            _ => split(text, start, end, &mut out),
        }
        open = true;
    }
    out
}

fn split(text: &str, mut start: usize, end: usize, out: &mut Vec<(usize, usize)>) {
    while end - start > MAX_LEN {
        let most = text.floor_char_boundary(start + MAX_LEN);
        let cut = text[start..most]
            .rfind(' ')
            .map_or(most, |at| start + at + 1);
        let cut = if cut > start + OVERLAP * 2 { cut } else { most };
        out.push((start, cut));
        let back = text.ceil_char_boundary(cut - OVERLAP);
        start = text[back..cut].find(' ').map_or(back, |at| back + at + 1);
    }
    out.push((start, end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found: Vec<_> = of(text).iter().map(|(a, b)| &text[*a..*b]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn lines_without_a_reason_are_left_out() {
        check("", &[]);
        check("the weather is fine today\n", &[]);
        check(
            "dear Anna,\nit rained.\ncall 5550123\nor Bob",
            &["dear Anna,\n", "call 5550123\nor Bob"],
        );
        check("let x = Vec::<Foo>::new(); // { } [ ] ;;\n", &[]);
    }

    #[test]
    fn long_lines_overlap() {
        let text = "Anna and Bob ".repeat(200);
        let found = of(&text);
        assert_eq!(found.first().map(|p| p.0), Some(0));
        assert_eq!(found.last().map(|p| p.1), Some(text.len()));
        assert!(found.iter().all(|(from, to)| to - from <= MAX_LEN));
        assert!(found.windows(2).all(|w| w[1].0 < w[0].1 && w[1].0 > w[0].0));
        let wide = format!("A{}", "\u{1f600}".repeat(500));
        assert!(of(&wide).iter().all(|(a, b)| wide.get(*a..*b).is_some()));
    }
}
