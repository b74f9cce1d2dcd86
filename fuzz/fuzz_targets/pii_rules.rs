//! Any rule file is compiled or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use symlog_pii::{Counts, Masker};

fuzz_target!(|toml: &str| {
    if let Ok(masker) = Masker::builder().rules("fuzz.toml", toml).build() {
        masker.mask("EMP-123456 4111 1111 1111 1111 aaaaaaaaaaaaaaaaaaaaaaaaaaaa", &mut Counts::new());
    }
});
