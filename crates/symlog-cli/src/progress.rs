//! A progress bar on standard error, where a person is looking.

use std::io::{self, BufRead, IsTerminal, Read};

use indicatif::{ProgressBar, ProgressStyle};

use crate::options::Common;

/// How far a long command has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Counts bytes up to `total`, or without an end where that is not known.
    pub(crate) fn of_bytes(common: &Common, total: Option<u64>) -> Self {
        if common.quiet || !io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:30} {percent:>3}% {decimal_bytes_per_sec} {eta} left  {msg}",
            ),
            None => (
                ProgressBar::no_length(),
                "{spinner} {decimal_bytes} {decimal_bytes_per_sec}  {msg}",
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(crate) fn message(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Runs `print` with the bar out of the way.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// `reader`, with what is read from it counted.
    pub(crate) fn count<R>(&self, reader: R) -> Counted<R> {
        Counted {
            reader,
            progress: self.clone(),
        }
    }
}

/// A reader that moves the bar.
#[derive(Debug)]
pub(crate) struct Counted<R> {
    reader: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.bar.inc(read as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.progress.bar.inc(amount as u64);
        self.reader.consume(amount);
    }
}
