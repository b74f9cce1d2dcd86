//! Bytes that are mostly text.

/// A stretch of an input that is text throughout, or bytes that are none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// Text.
    Text(String),
    /// Bytes that are no UTF-8.
    Bytes(Vec<u8>),
}

/// Tells text from other bytes in an input that comes in chunks, which may end inside a character.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a character, of at most three bytes.
    open: Vec<u8>,
}

impl Decoder {
    /// The stretches that `chunk` completes, in order. An empty chunk is the end of the input.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Vec<Stretch> {
        let mut bytes = std::mem::take(&mut self.open);
        bytes.extend_from_slice(chunk);
        let mut stretches = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (text, invalid) = match str::from_utf8(rest) {
                Ok(text) => (text.len(), 0),
                Err(error) => {
                    let valid = error.valid_up_to();
                    match error.error_len() {
                        Some(len) => (valid, len),
                        None if chunk.is_empty() => (valid, rest.len() - valid),
                        None => {
                            self.open = rest[valid..].to_vec();
                            (valid, 0)
                        }
                    }
                }
            };
            if text > 0 {
                stretches.push(Stretch::Text(
                    String::from_utf8_lossy(&rest[..text]).into_owned(),
                ));
            }
            if invalid > 0 {
                stretches.push(Stretch::Bytes(rest[text..text + invalid].to_vec()));
            }
            rest = &rest[text + invalid + self.open.len()..];
        }
        stretches
    }
}

/// The texts in `bytes`, each with the byte at which it starts; what is no UTF-8 is left out.
pub(crate) fn texts(bytes: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    bytes.utf8_chunks().filter_map(move |chunk| {
        let start = at;
        at += chunk.valid().len() + chunk.invalid().len();
        (!chunk.valid().is_empty()).then_some((start, chunk.valid()))
    })
}

/// Turns byte offsets into code points. Ask in ascending order: all of them cost one pass.
///
/// Bytes that are no UTF-8 count as the replacement characters that decoders put for them.
#[derive(Debug)]
pub(crate) struct CodePoints<'a> {
    bytes: &'a [u8],
    byte: usize,
    count: usize,
}

impl<'a> CodePoints<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            byte: 0,
            count: 0,
        }
    }

    /// The code points before `offset`, which must not lie before the last one asked for.
    pub(crate) fn at(&mut self, offset: usize) -> usize {
        for chunk in self.bytes[self.byte..offset].utf8_chunks() {
            self.count += chunk.valid().chars().count() + usize::from(!chunk.invalid().is_empty());
        }
        self.byte = offset;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text in one piece, other bytes in brackets.
    fn decoded(input: &[u8], chunk: usize) -> String {
        let mut decoder = Decoder::default();
        let chunks = input.chunks(chunk).chain([&[][..]]);
        let stretches = chunks.flat_map(|chunk| decoder.push(chunk));
        stretches
            .map(|stretch| match stretch {
                Stretch::Text(text) => text,
                Stretch::Bytes(bytes) => format!("{bytes:x?}"),
            })
            .collect()
    }

    #[test]
    fn text_and_bytes_are_told_apart_wherever_the_input_is_cut() {
        for chunk in 1..8 {
            assert_eq!(decoded("aé€😀z".as_bytes(), chunk), "aé€😀z");
            assert_eq!(decoded(b"a\xff\xfeb\xe2\x82", chunk), "a[ff][fe]b[e2, 82]");
            assert_eq!(decoded(b"\xe2\x82x", chunk), "[e2, 82]x");
            assert_eq!(decoded(b"", chunk), "");
        }
        assert_eq!(
            texts(b"a\xff\xfeb\xc3").collect::<Vec<_>>(),
            [(0, "a"), (3, "b")]
        );
    }

    #[test]
    fn code_points_are_counted_once() {
        let text = "aé€😀z";
        let mut points = CodePoints::new(text.as_bytes());
        let counted: Vec<usize> = text
            .char_indices()
            .map(|(byte, _)| points.at(byte))
            .collect();
        assert_eq!(counted, [0, 1, 2, 3, 4]);
        assert_eq!(CodePoints::new(b"\xff\xfea").at(2), 2);
    }
}
