#![doc = include_str!("../README.md")]

mod catalogue;
mod chore;
mod describe;
mod directory;
mod error;
mod frames;
mod make;
mod object;
mod open;
mod retire;
mod table;

pub use catalogue::Catalogue;
pub use chore::{Archiver, Report};
pub use error::FormatError;
pub use make::{Made, make};
pub use open::FileArchives;
