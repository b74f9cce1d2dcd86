//! Cuts a text where nothing that is found can lie on both sides.
//!
//! Every judge stops at the end of a line, looking back at most one line for context; only a
//! private key goes over many lines. So a text may be masked line by line with the same result,
//! which is what a stream does. A line without end is cut at fixed places, in a stream and in a
//! whole text alike.

/// A line longer than this is cut.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// The pieces of a text that are searched apart: all of it, unless a line is too long.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        let end = from + piece_end(rest);
        let piece = (from, &text[from..end]);
        from = end;
        Some(piece)
    })
}

/// Where the first piece of `text` ends: at the cut of its first line that is too long.
fn piece_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut line = 0;
    while bytes.len() - line > MAX_LINE {
        match memchr::memrchr(b'\n', &bytes[line..line + MAX_LINE]) {
            Some(n) => line += n + 1,
            None => return line + cut(&text[line..]),
        }
    }
    text.len()
}

/// Where a line of more than [`MAX_LINE`] bytes is cut: after its last blank that is in reach.
pub(crate) fn cut(line: &str) -> usize {
    let mut limit = MAX_LINE.min(line.len());
    while !line.is_char_boundary(limit) {
        limit -= 1;
    }
    memchr::memrchr(b' ', &line.as_bytes()[..limit])
        .filter(|n| *n > MAX_LINE / 2)
        .map_or(limit, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_lines_are_cut() {
        let short = "a b\n".repeat(100_000);
        assert_eq!(pieces(&short).count(), 1);
        let long = "ab ".repeat(100_000);
        let cut: Vec<_> = pieces(&long).collect();
        assert!(
            cut.len() > 4
                && cut
                    .iter()
                    .all(|(_, piece)| piece.len() <= MAX_LINE && piece.ends_with(' '))
        );
        assert_eq!(
            cut.iter().map(|(_, piece)| piece.len()).sum::<usize>(),
            long.len()
        );
        assert_eq!(pieces("").count(), 0);
        let solid = "é".repeat(100_000);
        assert_eq!(
            pieces(&solid).map(|(_, piece)| piece.len()).sum::<usize>(),
            solid.len()
        );
    }
}
