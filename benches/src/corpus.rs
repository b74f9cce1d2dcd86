//! Text to mask.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// The messages of the sparse corpus: 12 MB of Markdown, code and prose with a
/// few thousand inserts. `None` where the shared data is not there.
///
/// # Errors
///
/// When it is there and cannot be read.
pub fn sparse() -> Result<Option<Vec<String>>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../../shared/data/corpus/sparse.jsonl.gz");
    let Ok(file) = File::open(&path) else {
        return Ok(None);
    };
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| {
            let message: Message = serde_json::from_str(&line?)?;
            Ok(message.content)
        })
        .collect::<Result<Vec<_>>>()
        .with_context(|| path.display().to_string())
        .map(Some)
}
