//! What archiving costs and gains: `cargo run --release -p symlog-archive --example figures -- DIR`,
//! with `making` behind it only the first of them, where DIR holds `agent_runs.jsonl.gz` and `provider_http.jsonl.gz`.
#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use symlog_archive::{Archiver, FileArchives, Made, make};
use symlog_core::logging::LoggingConfig;
use symlog_core::{
    ArchiveConfig, Filter, Interaction, LogReader, ModelInteractionType, ModelLogger, RequestData,
    ResponseData,
};
use symlog_crypto::{SecretBytes, default_provider};
use symlog_ingest::{Format, Options, reader};
use symlog_keys::{Keyring, LoggingKey};
use symlog_sink::{FileStorage, ObjectName, Storage};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often each archive is made.
const MAKINGS: u32 = 10;

const KEY: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn main() -> Outcome<()> {
    let directory = std::env::args()
        .nth(1)
        .ok_or("give the directory of the exchanges")?;
    for name in ["agent_runs", "provider_http"] {
        compression(
            &Path::new(&directory).join(format!("{name}.jsonl.gz")),
            name,
        )?;
    }
    if std::env::args().nth(2).as_deref() == Some("making") {
        return Ok(());
    }
    opening(10_000)?;
    submitting()
}

struct Log {
    place: tempfile::TempDir,
    storage: Arc<dyn Storage>,
    keyring: Keyring,
}

impl Log {
    fn new() -> Outcome<Self> {
        let place = tempfile::tempdir()?;
        let key = LoggingKey::from_text(SecretBytes::new(KEY.into()))?;
        Ok(Self {
            storage: Arc::new(FileStorage::new(place.path().join("a.log"))?),
            keyring: Keyring::in_memory([1; 16], &key, &default_provider())?,
            place,
        })
    }

    fn open(&self) -> Outcome<ModelLogger> {
        let config = LoggingConfig {
            log_file_path: "figures.log".to_owned(),
            ..LoggingConfig::default()
        };
        Ok(ModelLogger::builder(config)
            .storage(Arc::clone(&self.storage))
            .keyring(self.keyring.clone())
            .build()?)
    }

    fn reader(&self) -> LogReader {
        LogReader::over(Arc::clone(&self.storage), self.keyring.clone())
            .with_archives(Arc::new(FileArchives::default()))
    }

    fn make(&self, object: &ObjectName) -> Outcome<Made> {
        let limit = ArchiveConfig::default().memory_limit;
        make(&*self.storage, object, &self.keyring, limit, &|| false)?.ok_or("given up".into())
    }

    fn sealed(&self) -> Outcome<Vec<ObjectName>> {
        let mut objects = self.storage.objects()?;
        objects.retain(|object| *object != ObjectName::Active);
        Ok(objects)
    }
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

fn compression(file: &Path, name: &str) -> Outcome<()> {
    let log = Log::new()?;
    let logger = log.open()?;
    let input = BufReader::new(File::open(file)?);
    for unit in reader(input, Format::Auto, Options::default()) {
        for interaction in unit?.interactions {
            drop(logger.submit(interaction)?);
        }
    }
    logger.flush_blocking()?;
    logger.maintenance()?.seal()?;
    let (mut payload, mut object_bytes, mut table, mut frames, mut entries) = (0, 0, 0, 0, 0);
    let before = cpu();
    let sealed = log.sealed()?;
    // Of so little data, one making says more of the first touch of memory than of the work.
    for _ in 1..MAKINGS {
        for object in &sealed {
            log.make(object)?;
        }
    }
    for object in &sealed {
        let made = log.make(object)?;
        payload += made.payload_bytes;
        object_bytes += made.object_bytes;
        table += made.parquet.0;
        frames += made.frames.0;
        entries += made.entries;
    }
    let took = (cpu() - before) / MAKINGS;
    Archiver::new(&ArchiveConfig::default()).run(&logger.maintenance()?)?;
    let before = cpu();
    let read = log.reader().entries(Filter::new())?.count();
    let reading = cpu() - before;
    by_id(&log)?;
    let rate = |took: Duration| payload as f64 / 1e6 / took.as_secs_f64();
    println!(
        "{name}: {entries} entries, payloads {payload}, object {object_bytes}, table {table}, frames {frames}: {:.1} times smaller; made and compared at {:.0} MB/s of payload a core; {read} entries read at {:.0} MB/s",
        payload as f64 / (table + frames) as f64,
        rate(took),
        rate(reading),
    );
    Ok(())
}

/// What it takes to read one entry by its id, each time from nothing.
fn by_id(log: &Log) -> Outcome<()> {
    let reader = log.reader();
    let ids: Vec<String> = reader
        .entries(Filter::new())?
        .step_by(50)
        .map(|entry| entry.map(|entry| entry.id))
        .collect::<Result<_, _>>()?;
    let before = cpu();
    for id in &ids {
        let mut filter = Filter::new();
        filter.id = Some(id.clone());
        if log.reader().entries(filter)?.count() != 1 {
            return Err("an entry was not found by its id".into());
        }
    }
    println!(
        "one entry by its id in {:.1?}",
        (cpu() - before) / ids.len() as u32
    );
    Ok(())
}

fn entry(number: u64, text: &str) -> Interaction {
    let request = RequestData {
        prompt: text.to_owned(),
        tool_name: None,
        tool_arguments: None,
        parameters: Default::default(),
    };
    let response = ResponseData {
        content: text[..text.len() / 2].to_owned(),
        tool_result: None,
        confidence: None,
        metadata: Default::default(),
    };
    Interaction::new("agent", ModelInteractionType::Completion, "model")
        .request(request)
        .response(response)
        .conversation(format!("c-{}", number % 50))
}

fn opening(segments: u64) -> Outcome<()> {
    let log = Log::new()?;
    let logger = log.open()?;
    // The last segment's number is above those of the copies.
    for number in 0..20 {
        drop(logger.submit(entry(number, "a few words"))?);
    }
    logger.flush_blocking()?;
    let maintenance = logger.maintenance()?;
    maintenance.seal()?;
    Archiver::new(&ArchiveConfig::default()).run(&maintenance)?;
    logger.close_blocking()?;
    drop((maintenance, logger));
    let file =
        |number: u64, kind: &str| log.place.path().join(format!("a.log.{number:010}.{kind}"));
    for number in 1..segments {
        for kind in ["parquet", "frames"] {
            std::fs::hard_link(file(0, kind), file(number, kind))?;
        }
    }
    let before = Instant::now();
    let logger = log.open()?;
    let writer = before.elapsed();
    logger.submit(entry(1, "one more"))?.wait()?;
    let before = Instant::now();
    let newest = log.reader().follow(1, Filter::new())?.poll_next()?;
    println!(
        "{segments} archived segments: opened for writing in {writer:.1?}, newest entry ({}) read in {:.1?}",
        newest.is_some(),
        before.elapsed()
    );
    Ok(())
}

fn submitting() -> Outcome<()> {
    let log = Log::new()?;
    let logger = log.open()?;
    let text = "words of a prompt that goes on for a while ".repeat(48);
    for number in 0..40_000 {
        drop(logger.submit(entry(number, &text))?);
    }
    logger.flush_blocking()?;
    let maintenance = logger.maintenance()?;
    maintenance.seal()?;
    let alone = paced(&logger, &text)?;
    let archiving = std::thread::scope(|scope| -> Outcome<_> {
        let work = scope.spawn(|| {
            let mut archiver = Archiver::new(&ArchiveConfig::default());
            symlog_core::Chore::run(&mut archiver, &maintenance).is_ok()
        });
        let latency = paced(&logger, &text)?;
        let done = work.join().unwrap_or(false);
        Ok((latency, done))
    })?;
    println!(
        "submit at 10,000/s, p50 and p99: alone {:?}, while archiving {:?}, archived: {}",
        alone, archiving.0, archiving.1
    );
    Ok(())
}

fn paced(logger: &ModelLogger, text: &str) -> Outcome<(Duration, Duration)> {
    let mut took = Vec::with_capacity(20_000);
    let start = Instant::now();
    for number in 0..20_000u64 {
        let due = start + Duration::from_micros(100 * number);
        let entry = entry(number, text);
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        let before = Instant::now();
        let receipt = logger.submit(entry)?;
        took.push(before.elapsed());
        drop(receipt);
    }
    took.sort_unstable();
    Ok((took[took.len() / 2], took[took.len() * 99 / 100]))
}
