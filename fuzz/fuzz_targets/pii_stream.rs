//! Two chunks mask to what the whole does.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use symlog_pii::{Counts, Masker};

static MASKER: LazyLock<Masker> = LazyLock::new(Masker::default_profile);

fuzz_target!(|input: (u16, &str)| {
    let (at, text) = input;
    let mut at = usize::from(at) % (text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let whole = MASKER.mask(text, &mut Counts::new());
    let mut stream = MASKER.stream();
    let mut out = stream.push(&text[..at]);
    out.push_str(&stream.push(&text[at..]));
    out.push_str(&stream.finish().0);
    assert_eq!(out, whole);
});
