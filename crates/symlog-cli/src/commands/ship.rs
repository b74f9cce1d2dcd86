//! `symlog ship`

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_core::LoggerBuilder;
use symlog_sink::ShipStatus;

use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::sinks;
use crate::units::{bytes, number};

const AFTER_HELP: &str = "\
Examples:
  symlog ship                    ship what waits to every [[sink]] of the configuration
  symlog ship --wait 600 --json

A running logger ships by itself; this is for logs that nobody writes at the moment. Exit code 1:
something is still only here, and why.";

/// Ship what is only in the local log to the configured sinks
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Give up after so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    wait: u64,
}

/// What is told of a copy, for machines.
#[derive(Debug, Serialize)]
pub(super) struct Copy {
    sink: String,
    replica: Option<String>,
    shipped_bytes: u64,
    waiting_bytes: u64,
    failures: u64,
    bytes_per_second: Option<u64>,
    error: Option<String>,
}

impl From<ShipStatus> for Copy {
    fn from(status: ShipStatus) -> Self {
        let busy = status.busy.as_secs_f64();
        Self {
            bytes_per_second: (busy > 0.0).then(|| (status.shipped_bytes as f64 / busy) as u64),
            sink: status.name,
            replica: status.replica,
            shipped_bytes: status.shipped_bytes,
            waiting_bytes: status.waiting_bytes,
            failures: status.failures,
            // What was overcome is told by the count.
            error: status.error.filter(|_| status.waiting_bytes > 0),
        }
    }
}

impl Copy {
    pub(super) fn is_whole(&self) -> bool {
        self.waiting_bytes == 0
    }

    pub(super) fn show(&self, out: &mut impl Write, paint: Paint) -> Result<()> {
        let word = match self.is_whole() {
            true => paint.good("shipped"),
            false => paint.warn("waiting"),
        };
        write!(
            out,
            "{word:<9} {} to {}",
            bytes(self.shipped_bytes),
            self.sink
        )?;
        if !self.is_whole() {
            write!(out, ", {} are only here", bytes(self.waiting_bytes))?;
        }
        if self.failures > 0 {
            write!(out, " ({} failures)", number(self.failures))?;
        }
        writeln!(out)?;
        if let Some(error) = &self.error {
            writeln!(out, "{:<9} {error}", "because")?;
        }
        Ok(())
    }
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let ships = sinks::ships(&config)?;
    if ships.is_empty() {
        bail!("there is no [[sink]] in the configuration to ship to; see docs/configuration.md");
    }
    let path = &config.logging.log_file_path;
    if !std::path::Path::new(path).exists() {
        bail!("there is no log {path} to ship; check `log_file_path`, or record something first");
    }
    let mut builder = LoggerBuilder::from_config(&config);
    for ship in ships {
        builder = builder.ship(ship);
    }
    let logger = builder
        .build()
        .with_context(|| format!("cannot open the log {path}"))?;
    let begun = Instant::now();
    let wait = Duration::from_secs(options.wait);
    while logger.shipping().iter().any(|copy| copy.waiting_bytes > 0) && begun.elapsed() < wait {
        std::thread::sleep(Duration::from_millis(20));
    }
    logger.close_blocking().context("cannot close the log")?;
    let copies: Vec<Copy> = logger.shipping().into_iter().map(Into::into).collect();
    let mut results = Results::open();
    if common.json {
        results.json(&copies)?;
    } else {
        for copy in &copies {
            copy.show(&mut results, Paint::for_stdout())?;
        }
    }
    results.flush()?;
    Ok(Answer::fine_if(copies.iter().all(Copy::is_whole)))
}
