//! JSON text that was cut off somewhere, made whole.

/// Passes JSON text on and, when it ends too early, closes what is open: the string it ends in,
/// then the lists and objects around it. A name without its value goes.
#[derive(Debug, Default)]
pub(super) struct Mend {
    /// The closing bracket of every list and object that is open.
    open: Vec<u8>,
    state: State,
    /// What makes sense only with what follows it: a name, a number that may go on.
    held: Vec<u8>,
    has_begun: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before a value, or before a name.
    #[default]
    Between,
    /// After a whole value.
    After,
    Name,
    /// In an escape or a character of a string; how many bytes are to come, `None` before that is
    /// known.
    Part(Option<u8>),
    NamePart(Option<u8>),
    String,
    /// In a number, `true`, `false` or `null`.
    Word,
}

impl Mend {
    /// Gives what of the text so far can stand as it is.
    pub(super) fn push(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len() + text.len());
        for &byte in text {
            if self.state == State::Word && matches!(byte, b',' | b'}' | b']') {
                out.append(&mut self.held);
            }
            self.held.push(byte);
            let begins = self.step(byte);
            // In a string, behind a value, and where a list or an object has begun the text can end.
            if begins || matches!(self.state, State::String | State::After) {
                out.append(&mut self.held);
            }
        }
        self.has_begun |= !out.is_empty();
        out
    }

    /// The end, where the text does not go on.
    pub(super) fn finish(self) -> Vec<u8> {
        if !self.has_begun {
            return b"null".to_vec();
        }
        let in_string = matches!(self.state, State::String | State::Part(_));
        let quote = in_string.then_some(b'"');
        quote
            .into_iter()
            .chain(self.open.into_iter().rev())
            .collect()
    }

    /// Whether a list or an object begins.
    fn step(&mut self, byte: u8) -> bool {
        let depth = self.open.len();
        self.state = match self.state {
            State::String | State::Name => self.in_string(byte),
            State::Part(left) => match after(left, byte) {
                None => State::String,
                left => State::Part(left.flatten()),
            },
            State::NamePart(left) => match after(left, byte) {
                None => State::Name,
                left => State::NamePart(left.flatten()),
            },
            State::Between | State::After | State::Word => self.outside(byte),
        };
        self.open.len() > depth
    }

    fn in_string(&mut self, byte: u8) -> State {
        let name = self.state == State::Name;
        let left = match byte {
            b'"' if name => return State::Between,
            b'"' => return State::After,
            b'\\' => None,
            0xc0..=0xdf => Some(1),
            0xe0..=0xef => Some(2),
            0xf0.. => Some(3),
            _ => return self.state,
        };
        if name {
            State::NamePart(left)
        } else {
            State::Part(left)
        }
    }

    fn outside(&mut self, byte: u8) -> State {
        match byte {
            b'{' | b'[' => {
                self.open.push(if byte == b'{' { b'}' } else { b']' });
                State::Between
            }
            b'}' | b']' => {
                self.open.pop();
                State::After
            }
            b'"' if self.expects_name() => State::Name,
            b'"' => State::String,
            b',' | b':' => State::Between,
            b' ' | b'\t' | b'\n' | b'\r' => match self.state {
                State::Word => State::After,
                state => state,
            },
            _ => State::Word,
        }
    }

    /// Whether the string that begins now is a name: it stands in an object and behind no colon.
    fn expects_name(&self) -> bool {
        let before = self.held[..self.held.len() - 1]
            .iter()
            .rev()
            .find(|byte| !byte.is_ascii_whitespace());
        self.open.last() == Some(&b'}') && before != Some(&b':')
    }
}

/// What is to come of an escape or a character after `byte`; `None` for nothing.
fn after(left: Option<u8>, byte: u8) -> Option<Option<u8>> {
    match left {
        // The letter of an escape.
        None if byte == b'u' => Some(Some(4)),
        None | Some(0 | 1) => None,
        Some(left) => Some(Some(left - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn mended(text: &[u8], cut: usize) -> Vec<u8> {
        let mut mend = Mend::default();
        let mut out = mend.push(&text[..cut / 2]);
        out.extend(mend.push(&text[cut / 2..cut]));
        out.extend(mend.finish());
        out
    }

    const TEXT: &str = r#"{"content":"a\n\"b\\ é€😀 \u00e9","tool_result":[1,-2.5e3,[],{},{"a b":true,"\u0041é":null}],"confidence":0.5,"metadata":{"x":"y"}}"#;

    #[test]
    fn every_beginning_becomes_whole() {
        for cut in 0..=TEXT.len() {
            let out = mended(TEXT.as_bytes(), cut);
            let value: Value = serde_json::from_slice(&out).unwrap_or_else(|error| {
                panic!("{cut}: {error}: {}", String::from_utf8_lossy(&out))
            });
            if cut > 20 {
                assert!(value["content"].as_str().unwrap().starts_with('a'), "{cut}");
            }
        }
        assert_eq!(mended(TEXT.as_bytes(), TEXT.len()), TEXT.as_bytes());
        assert_eq!(mended(br#"{"content":"ab\u00"#, 18), br#"{"content":"ab"}"#);
        assert_eq!(
            mended(br#"{"content":"ab","tool_re"#, 24),
            br#"{"content":"ab"}"#
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_may_be_cut_anywhere(value in json(), at in any::<prop::sample::Index>()) {
            let text = value.to_string();
            let cut = at.index(text.len() + 1);
            let out = mended(text.as_bytes(), cut);
            prop_assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
        }
    }
}
