use std::fmt;
use std::io::{self, BufRead, Cursor, Read};
use std::path::PathBuf;

use symlog_core::Interaction;

use crate::agent_run::{self, AgentRun};
use crate::error::{InputError, Problem};
use crate::exchange::{self, ExchangeSummary};
use crate::fields::Fields;
use crate::format::Format;
use crate::interaction;
use crate::lines::{Advanced, Lines, LongLine};
use crate::long;
use crate::otlp::{self, Calls};

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest line, or protobuf file, that is read, in bytes. A longer one is an error, and
    /// reading goes on behind it. Memory grows with the longest line, to a few times its length.
    ///
    /// The prompt, the content and the tool result of a line of [`Format::Interaction`] do not
    /// count: they may be of any length.
    pub max_line_bytes: usize,
    /// Lines of [`Format::Interaction`] above this are not held: their long texts are put aside,
    /// sealed, and read while the interaction is logged.
    pub hold_line_bytes: usize,
    /// Where long texts wait for the end of their line.
    pub spool_directory: PathBuf,
    /// The agent of interactions that name none.
    pub agent_id: String,
    /// The model of interactions that name none.
    pub model: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_line_bytes: 128 << 20,
            hold_line_bytes: 4 << 20,
            spool_directory: std::env::temp_dir(),
            agent_id: "unknown".to_owned(),
            model: "unknown".to_owned(),
        }
    }
}

/// What one input unit came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unit {
    /// Which of the inputs of a [`Session`] it began in, counted from 0.
    pub input: usize,
    /// The line it began on, counted from 1.
    pub line: u64,
    /// The interactions in it, in order. A run of an agent comes in several units of one line,
    /// each with one turn.
    pub interactions: Vec<Interaction>,
    /// What an HTTP exchange held, for a table per provider.
    pub provider: Option<ExchangeSummary>,
    /// What was read and is no interaction of its own.
    pub passed_over: PassedOver,
}

/// What was read and is no interaction of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// OTLP metrics: numbers about calls, not calls.
    pub metrics: u64,
    /// OTLP spans and log records about something else than a model, a tool or an agent.
    pub unrelated: u64,
    /// OTLP spans and log records that were joined with another report of the same call.
    pub joined: u64,
}

/// Where something was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) input: usize,
    pub(crate) line: u64,
}

impl Unit {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            input: place.input,
            line: place.line,
            interactions: Vec::new(),
            provider: None,
            passed_over: PassedOver::default(),
        }
    }

    fn of(place: Place, interaction: Interaction) -> Self {
        Self {
            interactions: vec![interaction],
            ..Self::new(place)
        }
    }
}

/// Reads `input`, which may be compressed with gzip, one unit at a time.
///
/// A line that cannot be read is an error that names it, and the next call goes on with the line
/// after it. Nothing is read before the first call of `next`.
pub fn reader<R: BufRead>(input: R, format: Format, options: Options) -> Reader<R> {
    Reader {
        session: Session::new(format, options),
        source: Source::new(input),
    }
}

/// The units of one input; made by [`reader`].
pub struct Reader<R: BufRead> {
    session: Session,
    source: Source<R>,
}

impl<R: BufRead> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(f)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Unit, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { session, source } = self;
        let unit = session.next(source);
        unit.or_else(|| session.calls.finish().map(Ok))
    }
}

/// Several inputs that belong together: what the OTLP logs in one file and the spans in another
/// say about the same call becomes one interaction.
///
/// ```
/// use symlog_ingest::{Format, Options, Session};
///
/// let mut session = Session::new(Format::Auto, Options::default());
/// let mut lines = 0;
/// for input in [&br#"{"request_data":{"prompt":"a"}}"#[..], br#"{"request_data":{"prompt":"b"}}"#] {
///     lines += session.read(input).filter(Result::is_ok).count();
/// }
/// lines += session.finish().count();
/// assert_eq!(lines, 2);
/// ```
pub struct Session {
    format: Format,
    options: Options,
    calls: Calls,
    inputs: usize,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("format", &self.format)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session without any input yet.
    pub fn new(format: Format, options: Options) -> Self {
        Self {
            format,
            calls: Calls::new(&options),
            options,
            inputs: 0,
        }
    }

    /// Reads one input, as [`reader`] does, but keeps the calls about which a later one may say
    /// more.
    pub fn read<R: BufRead>(
        &mut self,
        input: R,
    ) -> impl Iterator<Item = Result<Unit, InputError>> + use<'_, R> {
        let mut source = Source::new(input);
        source.input = self.inputs;
        self.inputs += 1;
        std::iter::from_fn(move || self.next(&mut source))
    }

    /// The calls that are left, with the lines on which they were first reported.
    pub fn finish(mut self) -> impl Iterator<Item = Unit> {
        std::iter::from_fn(move || self.calls.finish())
    }

    fn next<R: BufRead>(&mut self, source: &mut Source<R>) -> Option<Result<Unit, InputError>> {
        loop {
            if let Some((place, run)) = &mut source.run {
                match run.next() {
                    Some(turn) => return Some(Ok(Unit::of(*place, turn))),
                    None => source.run = None,
                }
            }
            if let Some(unit) = self.calls.overdue() {
                return Some(Ok(unit));
            }
            match std::mem::replace(&mut source.state, State::Ended) {
                State::Closed(input) => match self.open(input) {
                    Ok(lines) => source.state = State::Open(lines),
                    Err(error) => return Some(Err(io_problem(error, true).at(1))),
                },
                State::Open(lines) => {
                    if let Some(item) = self.step(source, lines) {
                        return Some(item);
                    }
                }
                State::Ended => return None,
            }
        }
    }

    fn open<R: BufRead>(&self, input: R) -> io::Result<Lines<R>> {
        let Options {
            max_line_bytes,
            hold_line_bytes,
            ..
        } = self.options;
        Lines::open(input, hold_line_bytes, max_line_bytes)
    }

    /// Reads one line, or the whole of a protobuf file. None where there is nothing to give out
    /// yet.
    fn step<R: BufRead>(
        &mut self,
        source: &mut Source<R>,
        mut lines: Lines<R>,
    ) -> Option<Result<Unit, InputError>> {
        let protobuf = !source.seen
            && matches!(self.format, Format::Auto | Format::Otlp)
            && otlp::looks_like_protobuf(lines.head());
        let advanced = match protobuf {
            true => lines.rest(),
            false => lines.advance(),
        };
        let mut long = None;
        let advanced = match advanced {
            Ok(Advanced::Long) if self.reads_long(lines.line()) => {
                let mut line = lines.long();
                long = Some(long::read(without_mark(&mut line), &self.options));
                line.finish().map(|_| Advanced::Long)
            }
            Ok(Advanced::Long) => lines.go_on(),
            advanced => advanced,
        };
        let advanced = match advanced {
            Ok(advanced) => advanced,
            Err(error) => {
                let line = lines.number() + 1;
                return Some(Err(io_problem(error, lines.is_gzip()).at(line)));
            }
        };
        let place = Place {
            input: source.input,
            line: lines.number(),
        };
        let result = match advanced {
            Advanced::End if source.seen => return None,
            Advanced::End => return Some(Err(Problem::Empty.at(1))),
            Advanced::TooLong(bytes) => Err(Problem::TooLong {
                bytes,
                limit: self.options.max_line_bytes,
            }),
            Advanced::Line if protobuf => {
                let unit = self.calls.protobuf(lines.line(), place);
                unit.map(|unit| Line::Unit(Box::new(unit)))
            }
            Advanced::Line => self.line(lines.line(), place),
            Advanced::Long => match long {
                Some(read) => read.map(|it| Line::Unit(Box::new(Unit::of(place, it)))),
                None => Ok(Line::Blank),
            },
        };
        lines.release();
        source.state = State::Open(lines);
        // A line of blanks is neither an interaction nor an error.
        source.seen |= !matches!(result, Ok(Line::Blank));
        match result {
            Ok(Line::Blank) => None,
            Ok(Line::Unit(unit)) => Some(Ok(*unit)),
            Ok(Line::Run(run)) => {
                source.run = Some((place, *run));
                None
            }
            Err(problem) => Some(Err(problem.at(place.line))),
        }
    }

    /// Whether a long line that begins so need not be held.
    fn reads_long(&self, head: &[u8]) -> bool {
        match self.format {
            Format::Interaction => true,
            Format::Auto => long::begins_as_interaction(head.strip_prefix(MARK).unwrap_or(head)),
            Format::ProviderHttp | Format::AgentRun | Format::Otlp => false,
        }
    }

    fn line(&mut self, bytes: &[u8], place: Place) -> Result<Line, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| Problem::InvalidUtf8 {
            byte: error.valid_up_to() + 1,
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        if text.is_empty() {
            return Ok(Line::Blank);
        }
        let fields = Fields::parse(text)?;
        let unit = match self.format_of(&fields)? {
            Format::Interaction => Unit::of(place, interaction::map(&fields, &self.options)?),
            Format::ProviderHttp => {
                let mapped = exchange::map_row(&fields, &self.options)?;
                Unit {
                    provider: Some(mapped.summary),
                    ..Unit::of(place, mapped.interaction)
                }
            }
            Format::AgentRun => {
                let run = AgentRun::read(&fields, &self.options)?;
                return Ok(Line::Run(Box::new(run)));
            }
            Format::Otlp | Format::Auto => self.calls.json(&fields, place)?,
        };
        Ok(Line::Unit(Box::new(unit)))
    }

    fn format_of(&self, fields: &Fields<'_>) -> Result<Format, Problem> {
        if self.format != Format::Auto {
            return Ok(self.format);
        }
        if interaction::recognises(fields) {
            Ok(Format::Interaction)
        } else if exchange::recognises(fields) {
            Ok(Format::ProviderHttp)
        } else if agent_run::recognises(fields) {
            Ok(Format::AgentRun)
        } else if otlp::recognises(fields) {
            Ok(Format::Otlp)
        } else {
            Err(Problem::NotOfFormat {
                format: Format::Auto,
                expected: "a line has request_data (interaction), path and request_body or \
                           response_body (provider-http), traj (agent-run), or resourceSpans, \
                           resourceLogs or resourceMetrics (otlp)",
                found: fields.names(),
            })
        }
    }
}

/// One input.
struct Source<R: BufRead> {
    state: State<R>,
    /// Which one it is.
    input: usize,
    /// The run whose turns are being given out, with its place.
    run: Option<(Place, AgentRun)>,
    /// Whether there was anything in it.
    seen: bool,
}

impl<R: BufRead> Source<R> {
    fn new(input: R) -> Self {
        Self {
            state: State::Closed(input),
            input: 0,
            run: None,
            seen: false,
        }
    }
}

enum State<R: BufRead> {
    Closed(R),
    Open(Lines<R>),
    Ended,
}

/// What a line comes to.
enum Line {
    Blank,
    Unit(Box<Unit>),
    Run(Box<AgentRun>),
}

/// Editors on some systems put a byte order mark in front.
const MARK: &[u8] = "\u{feff}".as_bytes();

fn without_mark<'a>(line: &'a mut LongLine<'_>) -> impl Read + 'a {
    let mut head = [0; MARK.len()];
    let read = line.read(&mut head).unwrap_or(0);
    let kept = if &head[..read] == MARK { 0 } else { read };
    Cursor::new(head).take(kept as u64).chain(line)
}

fn io_problem(error: io::Error, gzip: bool) -> Problem {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    if gzip && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) {
        Problem::Gzip(error)
    } else {
        Problem::Io(error)
    }
}
