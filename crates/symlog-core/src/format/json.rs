//! JSON text, byte for byte as serde_json's compact form writes it.

/// Appends `text` as a JSON string, in the bytes of serde_json.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// The longest escape, `\\u001f`, in the eight bytes that are copied for any.
const ESCAPE: usize = 8;
/// Bytes gathered before they are appended.
const ROOM: usize = 2048;

/// Appends the inside of a JSON string.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let rest = push_blocks(out, text.as_bytes());
    if !rest.iter().any(|byte| must_escape(*byte)) {
        return out.extend_from_slice(rest);
    }
    for &byte in rest {
        if must_escape(byte) {
            let (escape, len) = ESCAPES[usize::from(byte & 0x7f)];
            out.extend_from_slice(&escape[..usize::from(len)]);
        } else {
            out.push(byte);
        }
    }
}

/// Appends all but the last bytes, which it gives back.
///
/// Text of models has a line break or a quote every thirty to sixty bytes, in no pattern that a
/// processor could guess. So the places of a whole block are found first, without a branch, and
/// each run before one is copied at the length of a block: what is too much of it is overwritten.
fn push_blocks<'a>(out: &mut Vec<u8>, mut bytes: &'a [u8]) -> &'a [u8] {
    if bytes.len() < 2 * BLOCK {
        return bytes;
    }
    let mut room = [0u8; ROOM];
    let mut filled = 0;
    while let Some(window) = bytes.first_chunk::<{ 2 * BLOCK }>() {
        if filled > ROOM - BLOCK * ESCAPE - BLOCK {
            out.extend_from_slice(&room[..filled]);
            filled = 0;
        }
        let mut places = escape_places(window);
        let mut done = 0;
        while places != 0 {
            let at = places.trailing_zeros() as usize;
            places &= places - 1;
            room[filled..filled + BLOCK].copy_from_slice(&window[done..done + BLOCK]);
            filled += at - done;
            let (escape, len) = &ESCAPES[usize::from(window[at] & 0x7f)];
            room[filled..filled + ESCAPE].copy_from_slice(escape);
            filled += usize::from(*len);
            done = at + 1;
        }
        room[filled..filled + BLOCK].copy_from_slice(&window[done..done + BLOCK]);
        filled += BLOCK - done;
        bytes = &bytes[BLOCK..];
    }
    out.extend_from_slice(&room[..filled]);
    bytes
}

const fn must_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// A bit for each byte of the first block that must be escaped. Written so that the compiler makes
/// vector instructions of the comparisons.
#[inline(always)]
fn escape_places(window: &[u8; 2 * BLOCK]) -> u64 {
    /// Gathers the high bits of eight bytes in the top byte.
    const GATHER: u64 = 0x0002_0408_1020_4081;
    let mut flags = [0u8; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(window) {
        *flag = u8::from(must_escape(*byte)) << 7;
    }
    let eights = flags.as_chunks::<8>().0.iter().enumerate();
    eights.fold(0, |places, (i, eight)| {
        places | (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * i)
    })
}

/// What stands for each byte that must be escaped, and how much of it.
const ESCAPES: [([u8; ESCAPE], u8); 128] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut escapes = [([0; ESCAPE], 0); 128];
    let mut byte = 0;
    while byte < 0x20 {
        let (high, low) = (HEX[byte >> 4], HEX[byte & 15]);
        escapes[byte] = ([b'\\', b'u', b'0', b'0', high, low, 0, 0], 6);
        byte += 1;
    }
    let short = [
        (b'"', b'"'),
        (b'\\', b'\\'),
        (0x08, b'b'),
        (0x09, b't'),
        (0x0a, b'n'),
        (0x0c, b'f'),
        (0x0d, b'r'),
    ];
    let mut i = 0;
    while i < short.len() {
        let (byte, letter) = short[i];
        escapes[byte as usize] = ([b'\\', letter, 0, 0, 0, 0, 0, 0], 2);
        i += 1;
    }
    escapes
};

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
