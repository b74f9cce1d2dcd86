//! Bytes that are mostly text.

/// A stretch of an input that is text throughout, or bytes that are none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stretch<'a> {
    /// Text, and the byte of the input at which it starts.
    Text(usize, &'a str),
    /// Bytes that are no UTF-8.
    Bytes(&'a [u8]),
}

/// `bytes` cut where it stops or starts being UTF-8, in order and complete.
pub(crate) fn stretches(bytes: &[u8]) -> impl Iterator<Item = Stretch<'_>> {
    let mut at = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let text = (!chunk.valid().is_empty()).then_some(Stretch::Text(at, chunk.valid()));
        let rest = (!chunk.invalid().is_empty()).then_some(Stretch::Bytes(chunk.invalid()));
        at += chunk.valid().len() + chunk.invalid().len();
        [text, rest].into_iter().flatten()
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

    #[test]
    fn text_and_bytes_are_told_apart() {
        let all: Vec<_> = stretches(b"a\xff\xfeb\xc3").collect();
        use Stretch::{Bytes, Text};
        assert_eq!(
            all,
            [
                Text(0, "a"),
                Bytes(b"\xff"),
                Bytes(b"\xfe"),
                Text(3, "b"),
                Bytes(b"\xc3")
            ]
        );
        assert_eq!(stretches(b"").count(), 0);
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
