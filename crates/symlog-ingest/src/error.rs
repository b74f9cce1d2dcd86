use std::error::Error;
use std::{fmt, io};

use crate::Format;

/// One line, or one file, that could not be read.
///
/// Neither its text nor its sources quote the input beyond the names of its fields, so it can be
/// printed and logged.
#[derive(Debug)]
pub struct InputError {
    /// The line, counted from 1; in a protobuf file always 1.
    pub line: u64,
    /// What is wrong with it and what to do.
    pub problem: Problem,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The problem's own text is part of this one's, so that the chain goes on behind it.
        self.problem.source()
    }
}

/// What is wrong with a line, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is nothing in the input.
    #[error("the input is empty: give a file with one JSON object a line, or a protobuf body")]
    Empty,
    /// Reading failed; nothing after this line was read.
    #[error("reading failed, nothing after this line was read: check the file or the pipe")]
    Io(#[source] io::Error),
    /// There was no room to keep a long text until its line is read.
    #[error(
        "its text is too long to be kept in memory and could not be put aside: make room beside the log, or where temporary files go"
    )]
    Spool(#[source] io::Error),
    /// The gzip stream is damaged or cut; nothing after this line was read.
    #[error(
        "the gzip stream is damaged or cut short, nothing after this line was read: fetch the file again"
    )]
    Gzip(#[source] io::Error),
    /// The line is no JSON.
    #[error("not JSON at column {column}: every line must be one complete JSON object")]
    NotJson {
        /// The byte in the line, counted from 1.
        column: usize,
    },
    /// The line ends inside a JSON value.
    #[error(
        "the line ends in the middle of a JSON value after {bytes} bytes: it was cut off while it was written or copied; repair or remove it"
    )]
    CutShort {
        /// How long the line is.
        bytes: usize,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8 at byte {byte}: convert the file to UTF-8, or remove the line")]
    InvalidUtf8 {
        /// The first byte in the line that is wrong, counted from 1.
        byte: usize,
    },
    /// The line is longer than it may be. It was passed over without being kept in memory.
    #[error(
        "{bytes} bytes long, more than the {limit} that are allowed: raise the limit, or split the line"
    )]
    TooLong {
        /// How long the line is.
        bytes: u64,
        /// How long it may be.
        limit: usize,
    },
    /// Arrays and objects are nested deeper than any reader can follow.
    #[error(
        "nested {depth} levels deep, more than the {limit} that are allowed: flatten the value"
    )]
    TooDeep {
        /// How deep it is.
        depth: usize,
        /// How deep it may be.
        limit: usize,
    },
    /// The object has more fields than any of the formats.
    #[error("more than {limit} fields in one object: this is none of the known formats")]
    TooManyFields {
        /// How many there may be.
        limit: usize,
    },
    /// The line is JSON, but not of this format.
    #[error("not of format {format}: {expected}; it has {found}. Name the right format, or auto")]
    NotOfFormat {
        /// The format that was asked for.
        format: Format,
        /// What a line of that format has.
        expected: &'static str,
        /// The names of the fields that were found.
        found: String,
    },
    /// A field has a value of the wrong type.
    #[error("field {field} must be {expected}: correct the line")]
    BadField {
        /// The field's name.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The file is no OTLP export body.
    #[error(
        "not an OTLP body: neither traces, logs nor metrics can be decoded from these {bytes} bytes; give the body exactly as it was sent"
    )]
    NotOtlp {
        /// How long it is.
        bytes: usize,
    },
}

impl Problem {
    pub(crate) fn at(self, line: u64) -> InputError {
        InputError {
            line,
            problem: self,
        }
    }
}
