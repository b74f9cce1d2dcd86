//! JSON text, byte for byte as serde_json's compact form writes it.

/// Appends `text` as a JSON string, in the bytes of serde_json.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Bytes that are looked at together: what two vector registers hold.
const STEP: usize = 32;
/// The longest escape: `\u001f`.
const ESCAPE: usize = 6;
/// Bytes gathered before they are appended.
const ROOM: usize = 1024;

/// Appends the inside of a JSON string.
///
/// Text has a line break every few dozen bytes, so that to look for one, copy the run before it
/// and go on costs more than the copying. Here each step is copied whole before it is known
/// whether it is clean, and what lies behind an escape is overwritten.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let rest = push_steps(out, text.as_bytes());
    if !rest.iter().any(|byte| must_escape(*byte)) {
        return out.extend_from_slice(rest);
    }
    for &byte in rest {
        if must_escape(byte) {
            let (escape, len) = escape(byte);
            out.extend_from_slice(&escape[..len]);
        } else {
            out.push(byte);
        }
    }
}

/// Appends what comes in whole steps, and gives the rest.
fn push_steps<'a>(out: &mut Vec<u8>, mut bytes: &'a [u8]) -> &'a [u8] {
    if bytes.len() < STEP {
        return bytes;
    }
    let mut room = [0u8; ROOM];
    let mut filled = 0;
    while let Some(step) = bytes.first_chunk::<STEP>() {
        if filled > ROOM - STEP - ESCAPE {
            out.extend_from_slice(&room[..filled]);
            filled = 0;
        }
        room[filled..filled + STEP].copy_from_slice(step);
        let clean = clean_prefix(step);
        filled += clean;
        bytes = &bytes[clean..];
        if clean < STEP {
            let (escape, len) = escape(step[clean]);
            room[filled..filled + ESCAPE].copy_from_slice(&escape);
            filled += len;
            bytes = &bytes[1..];
        }
    }
    out.extend_from_slice(&room[..filled]);
    bytes
}

const fn must_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Length of the run before the first byte that must be escaped. Written so that the compiler
/// makes vector instructions of it.
#[inline(always)]
fn clean_prefix(step: &[u8; STEP]) -> usize {
    let mut flags = [0u8; STEP];
    for (flag, byte) in flags.iter_mut().zip(step) {
        *flag = if must_escape(*byte) { 0xff } else { 0 };
    }
    let mut words = [0u64; STEP / 8];
    for (word, flags) in words.iter_mut().zip(flags.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*flags);
    }
    if words[0] | words[1] | words[2] | words[3] == 0 {
        return STEP;
    }
    let first_of = |low: u64, high: u64| {
        if low == 0 {
            8 + high.trailing_zeros() as usize / 8
        } else {
            low.trailing_zeros() as usize / 8
        }
    };
    if words[0] | words[1] == 0 {
        16 + first_of(words[2], words[3])
    } else {
        first_of(words[0], words[1])
    }
}

/// What stands for a byte that must be escaped, and how much of it.
#[inline(always)]
fn escape(byte: u8) -> ([u8; ESCAPE], usize) {
    const SHORT: [u8; 128] = {
        let mut short = [0; 128];
        short[b'"' as usize] = b'"';
        short[b'\\' as usize] = b'\\';
        short[0x08] = b'b';
        short[0x09] = b't';
        short[0x0a] = b'n';
        short[0x0c] = b'f';
        short[0x0d] = b'r';
        short
    };
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match SHORT[usize::from(byte & 0x7f)] {
        0 => {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            ([b'\\', b'u', b'0', b'0', HEX[high], HEX[low]], ESCAPE)
        }
        short => ([b'\\', short, 0, 0, 0, 0], 2),
    }
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

        #[test]
        fn long_strings_are_too(
            text in "([a-z\"\\n\\x01é]{0,70}){0,60}|[\\x00-\\x1f]{0,2000}"
        ) {
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
