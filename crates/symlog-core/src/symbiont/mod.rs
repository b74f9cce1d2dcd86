//! The reference logger's own file format, which `format = "symbiont"` reads and writes.
//!
//! One JSON object a line, in the seed's fields; a response that comes later is a line
//! `UPDATE: {…}` with the same id. `docs/symbiont-format.md` describes it. Every envelope stands
//! alone: AES-256-GCM without associated data, under a key that Argon2id makes of the logging
//! key's text and the envelope's salt. So the format promises confidentiality and nothing else:
//! whoever can write the file can remove, repeat, reorder and exchange lines, and nobody notices.

mod appender;
mod cipher;
mod entry;
mod error;
mod file;
mod follow;
mod inspect;
mod line;
mod log;
mod reader;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use file::SymbiontFile;
pub(crate) use follow::SymbiontFollow;
pub(crate) use inspect::holds_symbiont;
pub(crate) use log::{SymbiontLog, SymbiontOpening};
pub(crate) use reader::SymbiontEntries;
pub(crate) use verify::verify;
