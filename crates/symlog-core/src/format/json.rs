//! JSON text, byte for byte as serde_json's compact form writes it.

/// Appends `text` as a JSON string.
///
/// The bytes are those of serde_json; only the search for what must be escaped is done eight bytes
/// at a time, because payloads are long and rarely hold anything to escape.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Appends the inside of a JSON string.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let clean = clean_prefix(&bytes[at..]);
        out.extend_from_slice(&bytes[at..at + clean]);
        at += clean;
        if at < bytes.len() {
            push_escape(out, bytes[at]);
            at += 1;
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A high bit in each of eight bytes that must be escaped: below 0x20, `"` or `\`.
///
/// Exact up to the first such byte; the borrow of a subtraction may spoil those behind it.
const fn must_escape(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let found = word.wrapping_sub(ONES * 0x20) & !word
        | quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash;
    found & HIGHS
}

/// Length of the run before the first byte that must be escaped.
fn clean_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some((eight, _)) = bytes[at..].split_first_chunk::<8>() {
        let found = must_escape(u64::from_le_bytes(*eight));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < bytes.len() && bytes[at] >= 0x20 && bytes[at] != b'"' && bytes[at] != b'\\' {
        at += 1;
    }
    at
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.push(b'\\');
    out.push(short);
}

/// Appends a string or `null`.
pub(crate) fn push_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ours(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        push_string(&mut out, text);
        out
    }

    proptest! {
        #[test]
        fn strings_are_those_of_serde_json(text in "\\PC{0,80}|[\\x00-\\x7f]{0,100}") {
            prop_assert_eq!(ours(&text), serde_json::to_vec(&text).unwrap());
        }
    }

    #[test]
    fn every_single_character_is_written_as_serde_json_writes_it() {
        for c in (0..0x300u32).filter_map(char::from_u32) {
            let text = format!("{}{c}{}", "a".repeat(40), "b".repeat(33));
            assert_eq!(ours(&text), serde_json::to_vec(&text).unwrap(), "{c:?}");
        }
    }
}
