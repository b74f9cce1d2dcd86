//! Trains the name scorer: the same data gives the same bytes.

use std::path::Path;

use anyhow::{Context, Result};
use symlog_pii::{PiiType, Trainer};

use crate::data::{self, Row};
use crate::labels::types;
use crate::synth;

/// Where the model stands in the repository.
pub(crate) const MODEL: &str = "crates/symlog-pii/data/names.model";
const EPOCHS: u32 = 6;

/// One in this many rows of a set that has no development part of its own is held out.
pub(crate) const HELD_OUT: usize = 5;

/// Trains on everything that is not held out and writes the model.
pub(crate) fn run(data: &Path, model: &str) -> Result<()> {
    let mut documents = Vec::new();
    for set in ["presidio_synth_v2", "pl_pii_bench_given"] {
        documents.extend(
            data::rows(data, set)?
                .into_iter()
                .enumerate()
                .filter(|(i, _)| i % HELD_OUT != 0)
                .map(|(_, row)| row),
        );
    }
    for set in ["meddocan_train", "wnut17_train"] {
        documents.extend(data::rows(data, set)?);
    }
    // Text without names, half of it: the other half measures the noise.
    let clean = data::corpus(data, "clean")?;
    documents.extend(clean.into_iter().step_by(2).map(|text| Row {
        text,
        spans: Vec::new(),
    }));
    documents.extend(synth::documents());
    let mut order = synth::Random::new(7);
    let mut trainer = Trainer::default();
    for epoch in 0..EPOCHS {
        order.shuffle(&mut documents);
        let rate = 0.2 / (1.0 + epoch as f32);
        for row in &documents {
            let gold = gold(row);
            trainer.learn(&row.text, rate, &|start, end| {
                gold.iter()
                    .find(|(s, e, _)| *s < end && start < *e)
                    .map_or(0, |(_, _, tag)| *tag)
            });
        }
    }
    std::fs::write(model, trainer.finish()).with_context(|| model.to_owned())
}

fn gold(row: &Row) -> Vec<(usize, usize, u8)> {
    let tag = |label: &str| match types(label).first() {
        _ if label == "FAMILIARES_SUJETO_ASISTENCIA" => 0,
        Some(PiiType::Person) => 1,
        Some(PiiType::Location) => 2,
        Some(PiiType::Organization) => 3,
        _ => 0,
    };
    row.byte_spans()
        .into_iter()
        .map(|(s, e, label)| (s, e, tag(label)))
        .collect()
}
