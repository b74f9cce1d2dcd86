//! JSON stays JSON, with the same shape.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symlog_pii::{Counts, Masker};

static MASKER: LazyLock<Masker> = LazyLock::new(Masker::default_profile);

fuzz_target!(|data: &str| {
    let Ok(mut value) = serde_json::from_str::<Value>(data) else { return };
    let masked = MASKER.mask(data, &mut Counts::new());
    if value.is_object() || value.is_array() {
        assert!(serde_json::from_str::<Value>(&masked).is_ok(), "{masked}");
    }
    MASKER.mask_json(&mut value, &mut Counts::new());
});
