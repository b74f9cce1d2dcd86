#![doc = include_str!("../README.md")]

mod builder;
mod checks;
mod counts;
mod detector;
mod document;
mod error;
mod fields;
mod finding;
mod json;
mod keys;
mod kind;
mod masker;
mod names;
#[cfg(feature = "onnx")]
mod onnx;
mod operator;
mod pass;
mod profile;
mod rules;
mod stream;
mod text;
mod token;

pub use builder::MaskerBuilder;
pub use counts::Counts;
pub use detector::{Detector, FieldContext};
pub use document::Document;
#[cfg(feature = "onnx")]
pub use error::OnnxError;
pub use error::{BuildError, DetectError, RuleProblem};
pub use fields::{FieldAction, PathProblem};
pub use finding::{Finding, RuleId};
pub use kind::{PiiType, TypeSet, UnknownPiiType};
pub use masker::Masker;
pub use names::KnownNames;
#[cfg(feature = "training")]
pub use names::Trainer;
#[cfg(feature = "onnx")]
pub use onnx::OnnxDetector;
pub use operator::{Generalise, Label, Mask, Operator, OperatorContext, Partial, Remove};
pub use profile::{CustomProfile, Profile, UnknownProfile};
pub use stream::MaskStream;
pub use token::Token;
