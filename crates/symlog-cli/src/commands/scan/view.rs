//! Findings as a person reads them.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use symlog_pii::{Finding, PiiType};

use crate::input::Input;
use crate::output::Paint;

/// Characters shown before and after a finding.
const CONTEXT: usize = 32;

/// Prints where each finding stands, with the text around it.
pub(super) fn show(
    out: &mut impl Write,
    paint: Paint,
    input: &Input,
    bytes: &[u8],
    findings: &[Finding],
) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint.heading(input))?;
    let mut lines = Lines::new(bytes);
    for finding in findings {
        let (line, column) = lines.position(finding.start);
        let place = format!("{line}:{column}");
        let (before, value, after) = excerpt(bytes, finding);
        writeln!(
            out,
            "{place:>9}  {:<16} {:.2}  {before}{}{after}  {}",
            finding.kind.as_str(),
            finding.score,
            paint.mark(value),
            paint.faint(finding.rule.as_str()),
        )?;
    }
    writeln!(out)?;
    Ok(())
}

/// Lines and columns of offsets that are asked for in ascending order.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    start: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
            start: 0,
        }
    }

    fn position(&mut self, offset: usize) -> (usize, usize) {
        for (i, _) in self.bytes[self.at..offset]
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
        {
            self.line += 1;
            self.start = self.at + i + 1;
        }
        self.at = offset;
        let column = String::from_utf8_lossy(&self.bytes[self.start..offset])
            .chars()
            .count()
            + 1;
        (self.line, column)
    }
}

/// The finding and a little of its line on either side, safe to print on a terminal.
fn excerpt(bytes: &[u8], finding: &Finding) -> (String, String, String) {
    let near = &bytes[finding.start.saturating_sub(4 * CONTEXT)..finding.start];
    let before = near
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let before: Vec<char> = printable(before).chars().collect();
    let before: String = before[before.len().saturating_sub(CONTEXT)..]
        .iter()
        .collect();
    let near = &bytes[finding.end..bytes.len().min(finding.end + 4 * CONTEXT)];
    let after = near.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let after: String = printable(after).chars().take(CONTEXT).collect();
    let value: String = printable(&bytes[finding.start..finding.end])
        .chars()
        .take(80)
        .collect();
    (before, value, after)
}

/// Control characters would let a text play with the terminal.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// How much there is of each type, over all inputs.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<PiiType, (u64, f32)>,
}

impl Table {
    pub(super) fn add(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (count, surest) = self.rows.entry(finding.kind).or_default();
            *count += 1;
            *surest = surest.max(finding.score);
        }
    }

    pub(super) fn show(&self, out: &mut impl Write, paint: Paint) -> Result<()> {
        if self.rows.is_empty() {
            writeln!(out, "nothing found")?;
            return Ok(());
        }
        writeln!(
            out,
            "{}",
            paint.heading(format_args!("{:<16} {:>8}  surest", "type", "found"))
        )?;
        for (kind, (count, surest)) in &self.rows {
            writeln!(out, "{:<16} {count:>8}    {surest:.2}", kind.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symlog_pii::RuleId;

    #[test]
    fn findings_are_shown_where_they_stand() {
        let text = "one\n\tmail me: a@b.example now\nlast";
        let start = text.find("a@b").unwrap();
        let finding = Finding {
            start,
            end: start + "a@b.example".len(),
            kind: PiiType::Email,
            score: 0.95,
            rule: RuleId::new("email"),
        };
        let mut out = Vec::new();
        let findings = [finding];
        show(
            &mut out,
            Paint::plain(),
            &Input::Stdin,
            text.as_bytes(),
            &findings,
        )
        .unwrap();
        let mut table = Table::default();
        table.add(&findings);
        table.show(&mut out, Paint::plain()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<stdin>\n     2:11  EMAIL            0.95   mail me: a@b.example now  email\n\n\
             type                found  surest\nEMAIL                   1    0.95\n"
        );
    }
}
