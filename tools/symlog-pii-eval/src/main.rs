//! Measures recall, precision, noise and speed of symlog-pii on the labelled sets.
//!
//! `symlog-pii-eval train [FILE]` writes the model of the name scorer, always the same bytes.
//! `symlog-pii-eval eval [--errors SET TYPE] [DATA]` prints the table of `docs/masking.md`,
//! `symlog-pii-eval speed [DATA]` only its last part.
#![allow(clippy::print_stdout)]

mod data;
mod labels;
mod own;
mod score;
mod speed;
mod synth;
mod train;

use std::path::PathBuf;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut data = PathBuf::from("../shared/data");
    let mut errors = None;

    let mut only = None;
    let only_speed = match args.next().as_deref() {
        Some("train") => return train::run(&data, args.next().as_deref().unwrap_or(train::MODEL)),
        command @ Some("eval" | "speed") => command == Some("speed"),
        other => bail!(
            "unknown command {other:?}; use `train [FILE]`, `eval [--errors SET TYPE] [DATA]` or `speed [--profile P] [DATA]`"
        ),
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--profile" => only = args.next(),
            "--errors" => errors = args.next().zip(args.next()),
            path => data = PathBuf::from(path),
        }
    }
    if !data.is_dir() {
        println!("skipped: {} is not there", data.display());
        return Ok(());
    }
    if let Some((set, kind)) = errors {
        return score::print_errors(&data, &set, &kind);
    }
    if only_speed {
        return speed::print(&data, only.as_deref());
    }
    score::print_table(&data)?;
    score::print_own(&data)?;
    score::print_secrets(&data)?;
    score::print_noise(&data)?;
    speed::print(&data, only.as_deref())
}
