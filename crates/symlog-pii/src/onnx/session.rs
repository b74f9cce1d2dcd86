//! A model and its tokenizer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::session::SessionInputValue;
use ort::value::Tensor;
use serde::Deserialize;
use tokenizers::Tokenizer;

use super::labels;
use crate::error::OnnxError;
use crate::kind::PiiType;

/// The tokens that a model takes where its configuration does not say.
const MAX_TOKENS: usize = 512;

/// A piece of a word, with the type that the model gives it.
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: PiiType,
    /// The probability of its label.
    pub(super) sure: f32,
}

pub(super) struct Session {
    tokenizer: Tokenizer,
    /// Runs change it.
    session: Mutex<ort::session::Session>,
    inputs: Vec<String>,
    /// By the number of the label.
    kinds: Vec<Option<PiiType>>,
    max_tokens: usize,
}

#[derive(Deserialize)]
struct Config {
    id2label: std::collections::BTreeMap<String, String>,
    #[serde(default = "max_tokens")]
    max_position_embeddings: usize,
}

fn max_tokens() -> usize {
    MAX_TOKENS
}

impl Session {
    pub(super) fn open(runtime: &Path, folder: &Path) -> Result<Self, OnnxError> {
        let file = |path: PathBuf| {
            fs::read(&path).map_err(|source| OnnxError::File {
                path,
                source: Box::new(source),
            })
        };
        let broken = |path: PathBuf| {
            |source: Box<dyn std::error::Error + Send + Sync>| OnnxError::File { path, source }
        };
        let path = folder.join("config.json");
        let config: Config = serde_json::from_slice(&file(path.clone())?)
            .map_err(|source| broken(path)(Box::new(source)))?;
        let kinds = kinds(&config.id2label);
        if kinds.iter().all(Option::is_none) {
            return Err(OnnxError::Labels);
        }
        let path = folder.join("tokenizer.json");
        let mut tokenizer = Tokenizer::from_bytes(file(path.clone())?).map_err(broken(path))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(broken(folder.join("tokenizer.json")))?;
        let environment = environment(runtime)?;
        let path = model(folder)?;
        let session = ort::session::Session::builder(&environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|mut builder| builder.commit_from_file(&path))
            .map_err(|source| broken(path)(Box::new(source)))?;
        let inputs = session.inputs().iter().map(|input| input.name().to_owned());
        Ok(Self {
            tokenizer,
            inputs: inputs.collect(),
            session: Mutex::new(session),
            kinds,
            max_tokens: config.max_position_embeddings,
        })
    }

    /// The pieces of `text` that have a type, in order.
    pub(super) fn classify(&self, text: &str) -> Result<Vec<Word>, OnnxError> {
        let encoded = self
            .tokenizer
            .encode(text, true)
            .map_err(|_| OnnxError::Tokens)?;
        let ids: Vec<i64> = encoded.get_ids().iter().map(|id| i64::from(*id)).collect();
        let count = ids.len();
        if count > self.max_tokens {
            return Err(OnnxError::Tokens);
        }
        let mut inputs: Vec<(&str, SessionInputValue<'_>)> = Vec::new();
        for name in &self.inputs {
            let values = match name.as_str() {
                "input_ids" => ids.clone(),
                "attention_mask" => vec![1; count],
                _ => vec![0; count],
            };
            let tensor = Tensor::from_array(([1, count], values)).map_err(run)?;
            inputs.push((name, tensor.into()));
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(inputs).map_err(run)?;
        let (shape, logits) = outputs[0].try_extract_tensor::<f32>().map_err(run)?;
        let labels = self.kinds.len();
        if **shape != [1, count as i64, labels as i64] {
            return Err(OnnxError::Shape);
        }
        let mut words = Vec::new();
        for ((&(start, end), row), special) in encoded
            .get_offsets()
            .iter()
            .zip(logits.chunks_exact(labels))
            .zip(encoded.get_special_tokens_mask())
        {
            let (label, sure) = most_likely(row);
            if *special == 1 || start >= end || text.get(start..end).is_none() {
                continue;
            }
            if let Some(kind) = self.kinds[label] {
                words.push(Word {
                    start,
                    end,
                    kind,
                    sure,
                });
            }
        }
        Ok(words)
    }
}

fn run(source: ort::Error) -> OnnxError {
    OnnxError::Run(Box::new(source))
}

/// The label with the highest score, and its probability (softmax).
fn most_likely(scores: &[f32]) -> (usize, f32) {
    let (label, best) =
        scores
            .iter()
            .copied()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, next| {
                if next.1 > best.1 { next } else { best }
            });
    let sum: f32 = scores.iter().map(|score| (score - best).exp()).sum();
    (label, 1.0 / sum)
}

fn kinds(labels: &std::collections::BTreeMap<String, String>) -> Vec<Option<PiiType>> {
    let mut kinds = vec![None; labels.len()];
    for (id, label) in labels {
        if let Some(kind) = id.parse().ok().and_then(|id: usize| kinds.get_mut(id)) {
            *kind = labels::kind(label);
        }
    }
    kinds
}

/// The one file with a model in the folder.
fn model(folder: &Path) -> Result<PathBuf, OnnxError> {
    for folder in [folder.to_owned(), folder.join("onnx")] {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        let mut models: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "onnx")
            })
            .collect();
        models.sort();
        if let Some(first) = models.into_iter().next() {
            return Ok(first);
        }
    }
    Err(OnnxError::NoModel(folder.to_owned()))
}

/// The runtime, loaded once in a process.
fn environment(runtime: &Path) -> Result<ort::environment::Environment, OnnxError> {
    static LOADED: Mutex<Option<ort::environment::Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*loaded {
        return Ok(environment.clone());
    }
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| OnnxError::Runtime {
        path: runtime.to_owned(),
        source,
    };
    let builder = ort::init_from(runtime).map_err(|error| failed(Box::new(error)))?;
    let environment = builder.build().map_err(|error| failed(Box::new(error)))?;
    Ok(loaded.insert(environment).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_probabilities() {
        let (label, sure) = most_likely(&[0.0, 2.0, 0.0]);
        assert_eq!(label, 1);
        assert!((sure - 0.786_986).abs() < 1e-5);
        assert_eq!(most_likely(&[f32::NAN, 1.0]).0, 1);
    }

    #[test]
    fn a_folder_without_a_model_is_told() {
        let nowhere = Path::new("no/such/folder");
        let Err(error) = Session::open(nowhere, nowhere) else {
            panic!("opened nothing")
        };
        assert!(error.to_string().contains("config.json"), "{error}");
    }
}
