//! What stands in for a line that was erased or has expired.

use serde::Deserialize;

use super::entry::push_head;
use super::{push_base64, push_u64};

/// The place of a line whose content is gone. Its leaf stays, so that the tree does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tombstone {
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    /// Sequence number of the signed control line that allows it.
    pub(crate) allowed_by: u64,
}

impl Tombstone {
    /// Appends the whole line but for its newline. There is no `durable`, and no extension has a
    /// place here: nothing on this line is bound by its leaf.
    pub(crate) fn write(&self, leaf: &[u8; 32], out: &mut Vec<u8>) {
        push_head(out, self.segment, self.sequence);
        out.extend_from_slice(b",\"tombstone\":{\"allowed_by\":");
        push_u64(out, self.allowed_by);
        out.extend_from_slice(b"},\"leaf\":\"");
        push_base64(out, leaf);
        out.extend_from_slice(b"\"}");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTombstone {
    pub(super) allowed_by: u64,
}

#[cfg(test)]
mod tests {
    use super::super::{Body, LineError, parse_line};
    use super::*;

    const LINE: &str = r#"{"v":1,"seg":7,"seq":42,"tombstone":{"allowed_by":99},"leaf":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;

    #[test]
    fn is_read_and_written_as_specified() {
        let line = parse_line(LINE.as_bytes()).unwrap();
        let Body::Tombstone(tombstone) = line.body else {
            panic!("{line:?}");
        };
        let expected = Tombstone {
            segment: 7,
            sequence: 42,
            allowed_by: 99,
        };
        assert_eq!((tombstone, line.durable), (expected, None));
        assert_eq!(line.leaf, std::array::from_fn(|i| i as u8));
        let mut again = Vec::new();
        tombstone.write(&line.leaf, &mut again);
        assert_eq!(again, LINE.as_bytes());
    }

    #[test]
    fn nothing_else_stands_on_its_line() {
        for (from, to) in [
            (",\"leaf\"", ",\"durable\":null,\"leaf\""),
            (",\"leaf\"", ",\"durable\":41,\"leaf\""),
            (",\"leaf\"", ",\"x-why\":1,\"leaf\""),
            (",\"leaf\"", ",\"class\":0,\"leaf\""),
            (":99}", ":99,\"more\":1}"),
            (":99}", ":-1}"),
            (":99}", ":\"99\"}"),
            ("{\"allowed_by\":99}", "{}"),
            ("\"seq\":42", "\"seq\":042"),
            ("\"v\":1,", "\"v\":1, "),
        ] {
            let changed = LINE.replace(from, to);
            assert_ne!(changed, LINE);
            assert!(parse_line(changed.as_bytes()).is_err(), "{changed}");
        }
        let critical = LINE.replace(",\"leaf\"", ",\"c-why\":1,\"leaf\"");
        assert_eq!(
            parse_line(critical.as_bytes()).unwrap_err(),
            LineError::CriticalExtension("c-why".to_owned())
        );
    }
}
