//! Results, on standard output, and how they look.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::Arc;

use owo_colors::{OwoColorize, Style};
use serde::Serialize;

/// What a command that could be carried out has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Fine,
    /// Exit code 1: the log is broken, input was refused, nothing was found.
    No,
}

impl Answer {
    pub(crate) fn fine_if(fine: bool) -> Self {
        if fine { Self::Fine } else { Self::No }
    }
}

/// Standard output, buffered. When its reader has gone, writing fails with an error that
/// [`were_closed`](Self::were_closed) recognises.
#[derive(Debug)]
pub(crate) struct Results {
    out: BufWriter<StdoutLock<'static>>,
}

/// The reader of standard output has gone.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
struct Closed;

impl Results {
    pub(crate) fn open() -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout().lock()),
        }
    }

    /// Writes `value` as one line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        // As itself again: the writer's error must stay recognisable.
        serde_json::to_writer(&mut *self, value).map_err(io::Error::from)?;
        self.write_all(b"\n")
    }

    /// Whether a person is looking.
    pub(crate) fn is_terminal() -> bool {
        io::stdout().is_terminal()
    }

    /// Whether `error` only says that nobody reads the results any more.
    pub(crate) fn were_closed(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| {
            // The reader passes the writer's error on behind an `Arc`.
            let io = cause
                .downcast_ref::<io::Error>()
                .or_else(|| cause.downcast_ref::<Arc<io::Error>>().map(Arc::as_ref));
            io.and_then(io::Error::get_ref)
                .is_some_and(|inner| inner.is::<Closed>())
        })
    }
}

fn mark(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, Closed),
        _ => error,
    }
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(mark)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(mark)
    }
}

/// Colours, where a person is looking and did not say no.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn for_stdout() -> Self {
        Self::on_if(io::stdout().is_terminal())
    }

    pub(crate) fn for_stderr() -> Self {
        Self::on_if(io::stderr().is_terminal())
    }

    /// <https://no-color.org>: any value but the empty one switches colours off.
    fn on_if(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            on: terminal && !refused,
        }
    }

    #[cfg(test)]
    pub(crate) const fn plain() -> Self {
        Self { on: false }
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        if self.on {
            text.style(style).to_string()
        } else {
            text.to_string()
        }
    }

    pub(crate) fn heading(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(crate) fn faint(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.paint(Style::new().green(), text)
    }

    pub(crate) fn warn(self, text: impl Display) -> String {
        self.paint(Style::new().yellow(), text)
    }

    pub(crate) fn bad(self, text: impl Display) -> String {
        self.paint(Style::new().red().bold(), text)
    }

    pub(crate) fn mark(self, text: impl Display) -> String {
        self.paint(Style::new().black().on_yellow(), text)
    }
}
