//! Everything that is no result, on standard error.

use std::fmt;
use std::io::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::options::Common;
use crate::output::Paint;

/// Lets warnings of the libraries through, and with `-v` more.
pub(crate) fn init(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => Level::ERROR,
        (false, 0) => Level::WARN,
        (false, 1) => Level::INFO,
        (false, 2) => Level::DEBUG,
        (false, _) => Level::TRACE,
    };
    // Other crates' events may hold what theirs say; ours never hold payload or keys.
    let filter = tracing_subscriber::filter::Targets::new()
        .with_target("symlog", level)
        .with_targets(OUR_CRATES.map(|name| (name, level)));
    use tracing_subscriber::layer::SubscriberExt;
    let subscriber = tracing_subscriber::registry().with(tracing_subscriber::Layer::with_filter(
        tracing_subscriber::fmt::layer()
            .event_format(Plain {
                paint: Paint::for_stderr(),
            })
            .with_writer(Stderr),
        filter,
    ));
    // Fails only where one was set before, and nothing in this program does.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

const OUR_CRATES: [&str; 5] = [
    "symlog_core",
    "symlog_crypto",
    "symlog_ingest",
    "symlog_keys",
    "symlog_sink",
];

/// Prints what could not be done, and why, down to the first cause.
pub(crate) fn error(error: &anyhow::Error) {
    let paint = Paint::for_stderr();
    let mut text = format!("{} {error}\n", paint.bad("error:"));
    let mut shown = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Transparent wrappers repeat what they wrap.
        if !shown.contains(&cause) {
            text.push_str(&format!("  {} {cause}\n", paint.faint("because:")));
        }
        shown = cause;
    }
    // Nobody is left to be told when standard error itself is gone.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints a line for the person at the terminal.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a line that names something refused.
pub(crate) fn refuse(line: impl fmt::Display) {
    say(format_args!(
        "{} {line}",
        Paint::for_stderr().warn("refused:")
    ));
}

struct Stderr;

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = io::Stderr;

    fn make_writer(&'a self) -> io::Stderr {
        io::stderr()
    }
}

/// `warning: what happened (why)`: as the rest of this program speaks.
struct Plain {
    paint: Paint,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => self.paint.bad("error:"),
            Level::WARN => self.paint.warn("warning:"),
            Level::INFO => self.paint.good("info:"),
            Level::DEBUG => self.paint.faint("debug:"),
            Level::TRACE => self.paint.faint("trace:"),
        };
        let mut parts = Parts::default();
        event.record(&mut parts);
        writeln!(out, "{level} {}{}", parts.message, parts.fields)
    }
}

#[derive(Default)]
struct Parts {
    message: String,
    fields: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push_str(&format!(" {name}={value:?}")),
        }
    }
}
