//! Interactions on lines that are too long to be held: their texts are read while they are logged.

use std::io::{self, Read, Write};

use struson::reader::{
    JsonReader, JsonStreamReader, JsonSyntaxError, ReaderError, ReaderSettings, SyntaxErrorKind,
    TransferError, ValueType,
};
use struson::writer::{JsonStreamWriter, JsonWriter};
use symlog_core::{Interaction, Spool};

use crate::error::Problem;
use crate::fields::Fields;
use crate::interaction;
use crate::reader::Options;

/// Whether a line that begins with `head` is an interaction, as far as can be seen.
pub(crate) fn begins_as_interaction(head: &[u8]) -> bool {
    let mut json = json(head);
    let mut look = || -> Result<bool, ReaderError> {
        json.begin_object()?;
        while json.has_next()? {
            if matches!(json.next_name()?, "request_data" | "response_data") {
                return Ok(true);
            }
            json.skip_value()?;
        }
        Ok(false)
    };
    // The head ends in the middle of something.
    look().unwrap_or(false)
}

/// Reads one line.
pub(crate) fn read(line: impl Read, options: &Options) -> Result<Interaction, Problem> {
    let mut long = Long {
        json: json(line),
        rest: Vec::new(),
        texts: [None, None, None],
        options,
    };
    long.line()?;
    let Long {
        json, rest, texts, ..
    } = long;
    json.consume_trailing_whitespace().map_err(problem)?;
    let rest = String::from_utf8(rest).map_err(|error| Problem::InvalidUtf8 {
        byte: error.utf8_error().valid_up_to() + 1,
    })?;
    let fields = Fields::parse(&rest)?;
    let mut interaction = interaction::map(&fields, options)?;
    let [prompt, content, tool_result] = texts;
    if let Some(text) = prompt {
        interaction = interaction.prompt_from(reader(text)?);
    }
    if let Some(text) = content {
        interaction = interaction.content_from(reader(text)?);
    }
    if let Some(text) = tool_result {
        interaction = interaction.tool_result_from(reader(text)?);
    }
    Ok(interaction)
}

fn reader(spool: Spool) -> Result<impl Read + Send + 'static, Problem> {
    spool.into_reader().map_err(Problem::Spool)
}

fn json<R: Read>(source: R) -> JsonStreamReader<R> {
    let settings = ReaderSettings {
        track_path: false,
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    JsonStreamReader::new_custom(source, settings)
}

/// A line while it is read: the texts that may be long apart, and everything else in its place.
struct Long<'a, R: Read> {
    json: JsonStreamReader<R>,
    rest: Vec<u8>,
    /// Prompt, content, result of a tool.
    texts: [Option<Spool>; 3],
    options: &'a Options,
}

impl<R: Read> Long<'_, R> {
    fn line(&mut self) -> Result<(), Problem> {
        self.object(&mut |long, name| match name {
            "request_data" => long.payload(&[("prompt", 0)]),
            "response_data" => long.payload(&[("content", 1), ("tool_result", 2)]),
            _ => long.small(),
        })
    }

    fn payload(&mut self, long: &[(&str, usize)]) -> Result<(), Problem> {
        if self.json.peek().map_err(problem)? != ValueType::Object {
            return self.small();
        }
        self.object(
            &mut |this, name| match long.iter().find(|(it, _)| *it == name) {
                Some((_, at)) => this.text(*at),
                None => this.small(),
            },
        )
    }

    fn object(
        &mut self,
        member: &mut dyn FnMut(&mut Self, &str) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.json.begin_object().map_err(problem)?;
        self.rest.push(b'{');
        let mut comma = false;
        while self.json.has_next().map_err(problem)? {
            if std::mem::replace(&mut comma, true) {
                self.rest.push(b',');
            }
            let name = self.json.next_name_owned().map_err(problem)?;
            self.string(&name)?;
            self.rest.push(b':');
            member(self, &name)?;
        }
        self.json.end_object().map_err(problem)?;
        self.rest.push(b'}');
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), Problem> {
        serde_json::to_writer(&mut self.rest, text).map_err(|error| Problem::Spool(error.into()))
    }

    /// A value that stays on the line.
    fn small(&mut self) -> Result<(), Problem> {
        let limit = self.options.max_line_bytes;
        let mut out = Bounded {
            out: std::mem::take(&mut self.rest),
            limit,
        };
        let copied = copy(&mut self.json, &mut out);
        self.rest = out.out;
        match copied {
            Err(TransferError::WriterError(_)) => Err(Problem::TooLong {
                bytes: self.rest.len() as u64,
                limit,
            }),
            Err(TransferError::ReaderError(error)) => Err(problem(error)),
            Ok(()) => Ok(()),
        }
    }

    /// A text that may be long. What is no text is kept as its JSON text, as on a line that is
    /// held.
    fn text(&mut self, at: usize) -> Result<(), Problem> {
        let mut spool = Spool::new(&self.options.spool_directory);
        let is_string = self.json.peek().map_err(problem)? == ValueType::String;
        if is_string {
            let column = self.column();
            let mut reader = self.json.next_string_reader().map_err(problem)?;
            let mut buffer = vec![0; 64 << 10];
            loop {
                let read = reader
                    .read(&mut buffer)
                    .map_err(|error| string_problem(&error, column))?;
                if read == 0 {
                    break;
                }
                spool.write_all(&buffer[..read]).map_err(Problem::Spool)?;
            }
        } else {
            copy(&mut self.json, &mut spool).map_err(|error| match error {
                TransferError::WriterError(error) => Problem::Spool(error),
                TransferError::ReaderError(error) => problem(error),
            })?;
        }
        self.texts[at] = None;
        match spool.as_bytes().map(std::str::from_utf8) {
            // What was read has been checked to be UTF-8.
            Some(Ok(short)) if is_string => {
                let short = short.to_owned();
                self.string(&short)
            }
            Some(Ok(short)) => {
                self.rest.extend_from_slice(short.as_bytes());
                Ok(())
            }
            _ => {
                self.rest.extend_from_slice(b"null");
                self.texts[at] = Some(spool);
                Ok(())
            }
        }
    }

    fn column(&self) -> usize {
        let position = self.json.current_position(false).data_pos;
        position.map_or(1, |at| usize::try_from(at).unwrap_or(usize::MAX - 1) + 1)
    }
}

fn copy<R: Read>(
    json: &mut JsonStreamReader<R>,
    out: &mut impl Write,
) -> Result<(), TransferError> {
    let mut writer = JsonStreamWriter::new(out);
    json.transfer_to(&mut writer)?;
    writer.finish_document()?;
    Ok(())
}

/// Takes no more than a limit.
struct Bounded {
    out: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The error's own text can quote the input, so only its place is kept.
fn problem(error: ReaderError) -> Problem {
    let column = |at: Option<u64>| {
        at.and_then(|at| usize::try_from(at).ok())
            .map_or(1, |at| at.saturating_add(1))
    };
    match error {
        ReaderError::SyntaxError(error) => syntax(&error),
        ReaderError::MaxNestingDepthExceeded {
            max_nesting_depth, ..
        } => Problem::TooDeep {
            depth: max_nesting_depth as usize + 1,
            limit: max_nesting_depth as usize,
        },
        ReaderError::IoError { error, location } if error.kind() == io::ErrorKind::InvalidData => {
            Problem::InvalidUtf8 {
                byte: column(location.data_pos),
            }
        }
        ReaderError::IoError { location, .. }
        | ReaderError::UnexpectedValueType { location, .. }
        | ReaderError::UnexpectedStructure { location, .. }
        | ReaderError::UnsupportedNumberValue { location, .. } => Problem::NotJson {
            column: column(location.data_pos),
        },
        _ => Problem::NotJson { column: 1 },
    }
}

fn syntax(error: &JsonSyntaxError) -> Problem {
    let at = error.location.data_pos.unwrap_or(0);
    let at = usize::try_from(at).unwrap_or(usize::MAX - 1);
    match error.kind {
        SyntaxErrorKind::IncompleteDocument => Problem::CutShort { bytes: at },
        _ => Problem::NotJson { column: at + 1 },
    }
}

/// What is wrong inside of a string that begins at `column`.
fn string_problem(error: &io::Error, column: usize) -> Problem {
    let inner = error.get_ref();
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<JsonSyntaxError>()) {
        return syntax(error);
    }
    Problem::InvalidUtf8 { byte: column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_an_interaction() {
        for (head, expected) in [
            (r#"{"id":1,"request_data":{"prompt":"abc"#, true),
            (r#"{"response_data":{"#, true),
            (r#"{"path":"/v1","request_body":"{\"request_data\":"#, false),
            (r#"{"traj":["#, false),
            ("[", false),
            ("", false),
        ] {
            assert_eq!(begins_as_interaction(head.as_bytes()), expected, "{head}");
        }
    }
}
