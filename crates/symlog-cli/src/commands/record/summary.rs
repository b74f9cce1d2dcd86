//! What a run of `symlog record` came to.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use symlog_ingest::{ExchangeSummary, PassedOver};
use symlog_pii::Counts;

use super::super::ship::Copy;
use crate::masking;
use crate::output::{Paint, Results};
use crate::units::{bytes, counted, number};

/// The exchanges of one provider that were recorded, and in how many of them each part was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Provider {
    recorded: u64,
    prompt: u64,
    text: u64,
    model: u64,
    tokens: u64,
    tools: u64,
}

/// Counted while recording.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) entries: u64,
    pub(super) refused: u64,
    pub(super) bytes: u64,
    pub(super) masked: Counts,
    metrics: u64,
    unrelated: u64,
    joined: u64,
    providers: BTreeMap<String, Provider>,
}

impl Tally {
    pub(super) fn recorded(&mut self, exchange: Option<&ExchangeSummary>) {
        self.entries += 1;
        let Some(exchange) = exchange else { return };
        let row = match self.providers.get_mut(&exchange.provider) {
            Some(row) => row,
            None => self.providers.entry(exchange.provider.clone()).or_default(),
        };
        row.recorded += 1;
        row.prompt += u64::from(exchange.prompt);
        row.text += u64::from(exchange.text);
        row.model += u64::from(exchange.model);
        row.tokens += u64::from(exchange.tokens);
        row.tools += u64::from(exchange.tools > 0);
    }

    pub(super) fn passed_over(&mut self, passed_over: PassedOver) {
        self.metrics += passed_over.metrics;
        self.unrelated += passed_over.unrelated;
        self.joined += passed_over.joined;
    }
}

/// What is printed at the end.
pub(super) struct Summary<'a> {
    pub(super) tally: &'a Tally,
    pub(super) took: Duration,
    /// Where to; `None` for `--dry-run`.
    pub(super) log: Option<&'a Path>,
    /// How far the copies elsewhere are.
    pub(super) copies: &'a [Copy],
}

#[derive(Serialize)]
struct Json<'a> {
    entries: u64,
    bytes: u64,
    masked: &'a Counts,
    masked_by_rule: BTreeMap<&'a str, u64>,
    seconds: f64,
    log: Option<String>,
    refused: u64,
    passed_over: PassedOverJson,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    providers: &'a BTreeMap<String, Provider>,
    #[serde(skip_serializing_if = "<[Copy]>::is_empty")]
    sinks: &'a [Copy],
}

#[derive(Serialize)]
struct PassedOverJson {
    metrics: u64,
    unrelated: u64,
    joined: u64,
}

impl Summary<'_> {
    pub(super) fn json(&self, out: &mut Results) -> Result<()> {
        let Tally {
            entries,
            refused,
            bytes,
            masked,
            metrics,
            unrelated,
            joined,
            providers,
        } = self.tally;
        out.json(&Json {
            entries: *entries,
            bytes: *bytes,
            masked,
            masked_by_rule: by_rule(masked),
            seconds: (self.took.as_secs_f64() * 1000.0).round() / 1000.0,
            log: self.log.map(|path| path.display().to_string()),
            refused: *refused,
            passed_over: PassedOverJson {
                metrics: *metrics,
                unrelated: *unrelated,
                joined: *joined,
            },
            providers,
            sinks: self.copies,
        })?;
        Ok(())
    }

    pub(super) fn show(&self, out: &mut impl Write, paint: Paint) -> Result<()> {
        let tally = self.tally;
        if !tally.providers.is_empty() {
            self.providers(out, paint)?;
        }
        let seconds = self.took.as_secs_f64();
        let rate = tally.entries as f64 / seconds.max(0.001);
        let did = if self.log.is_some() {
            "recorded"
        } else {
            "would record"
        };
        writeln!(
            out,
            "{:<9} {}, {} in {seconds:.1} s ({}/s)",
            did,
            paint.good(counted(tally.entries, "entry", "entries")),
            bytes(tally.bytes),
            number(rate as u64),
        )?;
        writeln!(out, "{:<9} {}", "masked", masking::summary(&tally.masked))?;
        let rules = by_rule(&tally.masked);
        if !rules.is_empty() {
            let rules: Vec<String> = rules
                .iter()
                .map(|(rule, n)| format!("{rule} {n}"))
                .collect();
            writeln!(out, "{:<9} {}", "by rule", paint.faint(rules.join(", ")))?;
        }
        if tally.refused > 0 {
            writeln!(
                out,
                "{:<9} {}",
                "refused",
                paint.bad(counted(tally.refused, "line", "lines"))
            )?;
        }
        for (count, what) in [
            (tally.metrics, "metrics, which are no calls"),
            (tally.unrelated, "spans and records about something else"),
            (tally.joined, "further reports of a call that is recorded"),
        ] {
            if count > 0 {
                writeln!(out, "{:<9} {} {what}", "left out", number(count))?;
            }
        }
        match self.log {
            Some(log) => writeln!(out, "{:<9} {}", "in", log.display())?,
            None => writeln!(out, "nothing was written: this was a dry run")?,
        }
        for copy in self.copies {
            copy.show(out, paint)?;
        }
        Ok(())
    }

    fn providers(&self, out: &mut impl Write, paint: Paint) -> Result<()> {
        let widest = self
            .tally
            .providers
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0)
            .max(8);
        let heading = format!(
            "{:<widest$} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7}",
            "provider", "recorded", "prompt", "text", "model", "tokens", "tools"
        );
        writeln!(out, "{}", paint.heading(heading))?;
        for (name, row) in &self.tally.providers {
            let Provider {
                recorded,
                prompt,
                text,
                model,
                tokens,
                tools,
            } = row;
            writeln!(
                out,
                "{name:<widest$} {recorded:>9} {prompt:>7} {text:>7} {model:>7} {tokens:>7} {tools:>7}"
            )?;
        }
        writeln!(out)?;
        Ok(())
    }
}

fn by_rule(counts: &Counts) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for (_, rule, n) in counts.iter() {
        *sums.entry(rule.as_str()).or_default() += n;
    }
    sums
}
