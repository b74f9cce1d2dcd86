//! Reading the sets.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;

/// A labelled text; offsets are in code points.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) spans: Vec<(usize, usize, String)>,
}

impl Row {
    /// The spans in bytes.
    pub(crate) fn byte_spans(&self) -> Vec<(usize, usize, &str)> {
        let mut offsets: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        offsets.push(self.text.len());
        let at = |i: usize| offsets.get(i).copied().unwrap_or(self.text.len());
        self.spans
            .iter()
            .map(|(s, e, kind)| (at(*s), at(*e), kind.as_str()))
            .collect()
    }
}

/// The rows of a set of ours, or of one under `pii/`.
pub(crate) fn rows(data: &Path, set: &str) -> Result<Vec<Row>> {
    if let Some(rows) = crate::own::rows(set) {
        return rows;
    }
    let path = data.join("pii").join(format!("{set}.jsonl"));
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    BufReader::new(file)
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// The texts of a corpus.
pub(crate) fn corpus(data: &Path, name: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Message {
        content: String,
    }
    let path = data.join("corpus").join(format!("{name}.jsonl.gz"));
    let mut text = String::new();
    GzDecoder::new(File::open(&path).with_context(|| path.display().to_string())?)
        .read_to_string(&mut text)?;
    text.lines()
        .map(|line| Ok(serde_json::from_str::<Message>(line)?.content))
        .collect()
}
