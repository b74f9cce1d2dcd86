//! Masking beside one regular expression after another, and beside a copy.
//!
//! Text: one agent run (10 KB), and where the shared data is there the sparse
//! corpus (12 MB), message by message. MB/s, 10^6 bytes; one thread.

use std::hint::black_box;

use anyhow::Result;
use symlog_benches::{Benchmark, RegexMasker, Row, Throughput, entries, sparse};
use symlog_pii::{Counts, Masker, Profile};

fn main() -> Result<()> {
    let mut benchmark = Benchmark::from_args();
    let mut throughput = Throughput::new(&benchmark)?;

    let example: Vec<String> = entries().into_iter().map(|entry| entry.prompt).collect();
    let mut texts = vec![("example", example)];
    match sparse()? {
        Some(corpus) => texts.push(("corpus", corpus)),
        None => benchmark.note("mask/corpus: ../shared/data/corpus is not there"),
    }
    for (name, texts) in &texts {
        measure(&mut benchmark, &mut throughput, name, texts)?;
    }
    benchmark.finish()
}

fn measure(
    benchmark: &mut Benchmark,
    throughput: &mut Throughput,
    name: &str,
    texts: &[String],
) -> Result<()> {
    let bytes: usize = texts.iter().map(String::len).sum();
    let regexes = RegexMasker::new()?;
    let peer = throughput.megabytes("mask", &format!("regexes-{name}"), bytes, || {
        for text in texts {
            black_box(regexes.mask(text));
        }
    })?;
    let copy = throughput.megabytes("mask", &format!("copy-{name}"), bytes, || {
        for text in texts {
            black_box(text.clone());
        }
    })?;
    benchmark.note(format!("mask/copy-{name}: {copy:.0} MB/s"));

    let goals = [
        ("seed", Profile::Seed, 2_000.0),
        ("default", Profile::Default, 300.0),
        ("hipaa", Profile::Hipaa, 100.0),
    ];
    for (profile_name, profile, goal) in goals {
        let masker = Masker::builder().profile(profile).build()?;
        let case = format!("{profile_name}-{name}");
        let ours = throughput.megabytes("mask", &case, bytes, || {
            let mut counts = Counts::default();
            for text in texts {
                black_box(masker.mask(text, &mut counts));
            }
            counts
        })?;
        benchmark.row(
            Row::higher(
                &format!("mask/{case}"),
                ours,
                "17 regexes in turn",
                peer,
                "MB/s",
            )
            .at_least(goal),
        );
    }
    Ok(())
}
