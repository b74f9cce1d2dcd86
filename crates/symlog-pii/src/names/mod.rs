//! Names of persons, places and organisations: cues, gazetteers and a small trained scorer.

mod cues;
mod features;
mod gazetteer;
mod model;
mod tagger;
mod tokens;

pub(crate) use cues::judge as judge_cue;
pub(crate) use tagger::tag;

#[cfg(feature = "training")]
mod training;
#[cfg(feature = "training")]
pub use training::Trainer;
