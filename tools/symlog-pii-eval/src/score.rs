//! Recall, precision and noise.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use symlog_pii::{Finding, Masker, PiiType};

use crate::data::{self, Row};
use crate::labels::{SECRET_SETS, SETS, types};
use crate::own;
use crate::train::HELD_OUT;

/// Findings below this are hints.
const MIN_SCORE: f32 = 0.5;

#[derive(Default)]
struct Tally {
    labels: usize,
    found: usize,
    whole: usize,
    findings: usize,
    right: usize,
}

fn overlaps(a: (usize, usize), b: (usize, usize)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn findings(masker: &Masker, text: &str) -> Vec<Finding> {
    masker
        .scan(text)
        .into_iter()
        .filter(|f| f.score >= MIN_SCORE)
        .collect()
}

fn covered(span: (usize, usize), found: &[Finding]) -> bool {
    let mut at = span.0;
    for finding in found {
        if finding.start <= at && finding.end > at {
            at = finding.end;
        }
    }
    at >= span.1
}

/// Counts each label of `rows`, and each finding of a type that the set labels at all.
fn tally(masker: &Masker, rows: &[Row]) -> BTreeMap<PiiType, Tally> {
    let mut out: BTreeMap<PiiType, Tally> = BTreeMap::new();
    let labelled: Vec<PiiType> = rows
        .iter()
        .flat_map(|r| &r.spans)
        .filter_map(|(_, _, l)| types(l).first().copied())
        .collect();
    for row in rows {
        let found = findings(masker, &row.text);
        let spans = row.byte_spans();
        for (start, end, label) in &spans {
            let Some(first) = types(label).first() else {
                continue;
            };
            let tally = out.entry(*first).or_default();
            tally.labels += 1;
            let hit = found.iter().any(|f| {
                types(label).contains(&f.kind) && overlaps((f.start, f.end), (*start, *end))
            });
            tally.found += usize::from(hit);
            tally.whole += usize::from(covered((*start, *end), &found));
        }
        for finding in &found {
            if !labelled.contains(&finding.kind) {
                continue;
            }
            let tally = out.entry(finding.kind).or_default();
            tally.findings += 1;
            let right = spans.iter().any(|(s, e, label)| {
                types(label).contains(&finding.kind)
                    && overlaps((*s, *e), (finding.start, finding.end))
            });
            tally.right += usize::from(right);
        }
    }
    out
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        "   –".to_owned()
    } else {
        format!("{:.3}", part as f64 / whole as f64)
    }
}

/// One line per set and type.
pub(crate) fn print_table(data: &Path) -> Result<()> {
    let masker = Masker::default_profile();
    println!("| set | type | labels | recall | whole | precision |\n|---|---|---|---|---|---|");
    for set in SETS {
        let held_out = matches!(set, "presidio_synth_v2" | "pl_pii_bench_given");
        let rows: Vec<Row> = data::rows(data, set)?
            .into_iter()
            .enumerate()
            .filter(|(i, _)| !held_out || i % HELD_OUT == 0)
            .map(|(_, row)| row)
            .collect();
        for (kind, t) in tally(&masker, &rows) {
            if t.labels > 0 {
                println!(
                    "| {set} | {kind} | {} | {} | {} | {} |",
                    t.labels,
                    share(t.found, t.labels),
                    share(t.whole, t.labels),
                    share(t.right, t.findings)
                );
            }
        }
    }
    Ok(())
}

/// The project's own sets: labels found as their type, labels touched as any type, and how many of the
/// hard negatives are touched.
pub(crate) fn print_own(data: &Path) -> Result<()> {
    let masker = Masker::default_profile();
    println!(
        "\n| own set | type | labels | recall | any type | precision |\n|---|---|---|---|---|---|"
    );
    let mut negatives = String::new();
    for (set, _) in own::SETS {
        let rows = data::rows(data, set)?;
        let (mut spans, mut masked, mut hard, mut touched) = (0, 0, 0, 0);
        let mut any: BTreeMap<PiiType, usize> = BTreeMap::new();
        for row in &rows {
            let found = findings(&masker, &row.text);
            for (start, end, label) in row.byte_spans() {
                let hit = found
                    .iter()
                    .any(|f| overlaps((f.start, f.end), (start, end)));
                if label == own::NOT {
                    hard += 1;
                    touched += usize::from(hit);
                } else {
                    spans += 1;
                    masked += usize::from(hit);
                    if let Some(kind) = types(label).first() {
                        *any.entry(*kind).or_default() += usize::from(hit);
                    }
                }
            }
        }
        for (kind, t) in tally(&masker, &rows) {
            if t.labels > 0 {
                println!(
                    "| {set} | {kind} | {} | {} | {} | {} |",
                    t.labels,
                    share(t.found, t.labels),
                    share(any.get(&kind).copied().unwrap_or(0), t.labels),
                    share(t.right, t.findings)
                );
            }
        }
        negatives += &format!(
            "| {set} | {spans} | {} | {hard} | {} |\n",
            share(masked, spans),
            share(touched, hard)
        );
    }
    print!(
        "\n| own set | spans | found | hard negatives | touched |\n|---|---|---|---|---|\n{negatives}"
    );
    Ok(())
}

fn is_secret(kind: PiiType) -> bool {
    matches!(
        kind,
        PiiType::Secret | PiiType::Password | PiiType::Jwt | PiiType::PrivateKey
    )
}

/// The secret scanners' sets: a label is found when any secret touches it.
pub(crate) fn print_secrets(data: &Path) -> Result<()> {
    let masker = Masker::default_profile();
    println!(
        "\n| secrets | labels | found | rows without labels | touched |\n|---|---|---|---|---|"
    );
    for set in SECRET_SETS {
        let (mut labels, mut found, mut clean, mut touched) = (0, 0, 0, 0);
        for row in data::rows(data, set)? {
            let hits: Vec<_> = findings(&masker, &row.text)
                .into_iter()
                .filter(|f| is_secret(f.kind))
                .collect();
            let spans = row.byte_spans();
            if spans.is_empty() {
                clean += 1;
                touched += usize::from(!hits.is_empty());
            }
            for (start, end, label) in spans {
                if label == "SECRET" || label == "SECRET_LINE" {
                    labels += 1;
                    found += usize::from(
                        hits.iter()
                            .any(|f| overlaps((f.start, f.end), (start, end))),
                    );
                }
            }
        }
        println!(
            "| {set} | {labels} | {} | {clean} | {} |",
            share(found, labels),
            share(touched, clean)
        );
    }
    Ok(())
}

/// Findings per megabyte of text that holds nothing.
pub(crate) fn print_noise(data: &Path) -> Result<()> {
    let masker = Masker::default_profile();
    // The other half taught the name scorer.
    let texts: Vec<String> = data::corpus(data, "clean")?
        .into_iter()
        .skip(1)
        .step_by(2)
        .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut counts: BTreeMap<PiiType, usize> = BTreeMap::new();
    for text in &texts {
        for finding in findings(&masker, text) {
            *counts.entry(finding.kind).or_default() += 1;
        }
    }
    let megabytes = bytes as f64 / 1e6;
    println!("\n| corpus/clean | findings | per MB |\n|---|---|---|");
    for (kind, n) in &counts {
        println!("| {kind} | {n} | {:.1} |", *n as f64 / megabytes);
    }
    let secrets: usize = counts
        .iter()
        .filter(|(kind, _)| is_secret(**kind))
        .map(|(_, n)| n)
        .sum();
    println!(
        "| secrets of all kinds | {secrets} | {:.1} |",
        secrets as f64 / megabytes
    );
    Ok(())
}

/// Missed labels and wrong findings of one type, for whoever works on the rules.
pub(crate) fn print_errors(data: &Path, set: &str, kind: &str) -> Result<()> {
    let masker = Masker::default_profile();
    let rows = if set == "clean" {
        data::corpus(data, "clean")?
            .into_iter()
            .map(|text| Row {
                text,
                spans: Vec::new(),
            })
            .collect()
    } else {
        data::rows(data, set)?
    };
    for row in rows {
        let found = findings(&masker, &row.text);
        let spans = row.byte_spans();
        let around = |start: usize, end: usize| {
            let from = (0..=start.saturating_sub(50))
                .rev()
                .find(|i| row.text.is_char_boundary(*i))
                .unwrap_or(0);
            let to = (end + 30..=row.text.len())
                .find(|i| row.text.is_char_boundary(*i))
                .unwrap_or(row.text.len());
            format!("{:?} in {:?}", &row.text[start..end], &row.text[from..to])
        };
        for (start, end, label) in &spans {
            let wanted = types(label)
                .first()
                .is_some_and(|k| k.as_str() == kind || kind == "ALL")
                || *label == kind;
            let accepted = |f: &Finding| {
                if *label == "SECRET_LINE" {
                    is_secret(f.kind)
                } else {
                    types(label).contains(&f.kind)
                }
            };
            if wanted
                && !found
                    .iter()
                    .any(|f| accepted(f) && overlaps((f.start, f.end), (*start, *end)))
            {
                println!("missed {label} {}", around(*start, *end));
            }
        }
        for finding in found.iter().filter(|f| {
            f.kind.as_str() == kind || kind == "ALL" || kind == "SECRETS" && is_secret(f.kind)
        }) {
            if !spans.iter().any(|(s, e, label)| {
                (types(label).contains(&finding.kind) || *label == "SECRET_LINE")
                    && overlaps((*s, *e), (finding.start, finding.end))
            }) {
                println!(
                    "wrong {} {:.2} {}",
                    finding.rule,
                    finding.score,
                    around(finding.start, finding.end)
                );
            }
        }
    }
    Ok(())
}
