//! Entries a second through the whole write path, into the page cache: masked,
//! encrypted, hashed.
//!
//! Beside tracing and tracing-appender writing the same entries as plaintext
//! JSON, lossless, and beside the logger that this one replaces. Every thread is
//! pinned to one core, except in the row that says otherwise. Time runs from the
//! first call until the last entry is in the file.
//!
//! Time is that on the processor, which on one core of an idle machine is that on
//! the wall: so neighbours on a shared machine do not count. Rates by the wall
//! clock are printed as well, and count where there are more cores or syncs.

use anyhow::{Context, Result};
use symlog_benches::{
    Benchmark, Core, Elapsed, Entry, Row, Scratch, SeedLogger, Steps, Stopwatch, TracingJson,
    entries, interaction, open, pin,
};
use symlog_core::Durability;
use symlog_pii::Profile;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut benchmark = Benchmark::from_args();
    let count = if benchmark.is_quick() {
        30_000
    } else {
        300_000
    };
    let entries = entries();

    let peer = tracing_json(&entries, count)?;
    let seed = ours(&entries, count, Profile::Seed, Core::One).await?;
    let default = ours(&entries, count, Profile::Default, Core::One).await?;
    let both = ours(&entries, count, Profile::Default, Core::All).await?;
    let hipaa = ours(&entries, count, Profile::Hipaa, Core::One).await?;
    let unmasked = ours(&entries, count, Profile::Off, Core::One).await?;

    let (name, unit) = ("tracing JSON, plaintext", "entries/s");
    for (case, rate, goal) in [
        ("write/seed", &seed, Some(2.0)),
        ("write/default", &default, Some(1.0)),
        ("write/hipaa", &hipaa, None),
        ("write/off", &unmasked, None),
    ] {
        let row = Row::higher(case, rate.work, name, peer.work, unit);
        benchmark.row(match goal {
            Some(goal) => row.ratio_at_least(goal),
            None => row,
        });
    }
    benchmark.note(format!(
        "by the wall: {name} {:.0}, seed {:.0}, default {:.0}, hipaa {:.0}, off {:.0} {unit}",
        peer.wall, seed.wall, default.wall, hipaa.wall, unmasked.wall
    ));
    if std::thread::available_parallelism().map_or(1, usize::from) > 1 {
        benchmark.row(
            Row::higher(
                "write/all-cores",
                both.wall,
                "ours on one core",
                default.wall,
                unit,
            )
            .ratio_at_least(2.0),
        );
    }

    let as_it_is = seed_logger(&entries, 4, Steps::AsItIs)?;
    let optimised = seed_logger(&entries, count / 30, Steps::Optimised)?;
    benchmark.row(
        Row::higher(
            "write/vs-seed-logger",
            seed.wall,
            "the seed's logger",
            as_it_is.wall,
            unit,
        )
        .ratio_at_least(20_000.0),
    );
    benchmark.row(
        Row::higher(
            "write/vs-seed-optimised",
            seed.work,
            "it without Argon2, fsync",
            optimised.work,
            unit,
        )
        .ratio_at_least(10.0),
    );
    benchmark.finish()
}

/// Entries a second.
struct Rate {
    /// Of time on a processor.
    work: f64,
    /// By the clock on the wall.
    wall: f64,
}

impl Rate {
    fn new(count: usize, taken: Elapsed) -> Self {
        Self {
            work: count as f64 / taken.processor.as_secs_f64(),
            wall: count as f64 / taken.wall.as_secs_f64(),
        }
    }
}

async fn ours(entries: &[Entry], count: usize, profile: Profile, cores: Core) -> Result<Rate> {
    let pinned = pin(cores)?;
    let scratch = Scratch::new()?;
    let logger = open(&scratch.path("ours.log"), Durability::Buffered, profile).await?;
    let stopwatch = Stopwatch::start();
    let mut last = None;
    for entry in entries.iter().cycle().take(count) {
        last = Some(logger.submit(interaction(entry))?);
    }
    // Appended in sequence: when the last one is there, all are.
    last.context("nothing was submitted")?.await?;
    let taken = stopwatch.stop();
    logger.close().await?;
    anyhow::ensure!(
        logger.stats().entries == count as u64,
        "entries are missing"
    );
    drop(pinned);
    Ok(Rate::new(count, taken))
}

fn tracing_json(entries: &[Entry], count: usize) -> Result<Rate> {
    let pinned = pin(Core::One)?;
    let scratch = Scratch::new()?;
    let logger = TracingJson::open(scratch.folder());
    let stopwatch = Stopwatch::start();
    logger.with(|| {
        for entry in entries.iter().cycle().take(count) {
            // Its caller made the entry as well.
            TracingJson::log(&entry.clone());
        }
    });
    logger.close();
    let taken = stopwatch.stop();
    drop(pinned);
    Ok(Rate::new(count, taken))
}

fn seed_logger(entries: &[Entry], count: usize, steps: Steps) -> Result<Rate> {
    let pinned = pin(Core::One)?;
    let scratch = Scratch::new()?;
    let mut logger = SeedLogger::open(&scratch.path("seed.log"), steps)?;
    let stopwatch = Stopwatch::start();
    for entry in entries.iter().cycle().take(count) {
        logger.log(entry)?;
    }
    let taken = stopwatch.stop();
    drop(pinned);
    Ok(Rate::new(count, taken))
}
