//! Names of persons, places and organisations: cues, gazetteers and a small trained scorer.

mod cues;
mod features;
mod gazetteer;
mod known;
mod model;
mod tagger;
mod tokens;

pub(crate) use cues::{CUE, judge as judge_cue, may_follow_cue};
pub use known::KnownNames;
pub(crate) use known::{AGAIN, join_words};
#[cfg(feature = "onnx")]
pub(crate) use tagger::may_hold_names;
pub(crate) use tagger::tag;

#[cfg(feature = "training")]
mod training;
#[cfg(feature = "training")]
pub use training::Trainer;
