//! JSON: parsed values, and JSON text that stands in a string.

mod decode;
mod lexer;
mod scope;
mod value;

pub(crate) use decode::{Decoded, escape_into};
pub(crate) use lexer::{Leaf, Root, walk};
pub(crate) use value::{mask_mentions, mask_value};
