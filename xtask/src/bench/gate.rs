//! Medians, and how far a ratio may fall.

use std::collections::BTreeMap;

use super::Row;

/// A shared machine is noisy: less than half is a change, not noise.
const FLOOR: f64 = 0.5;

/// For each benchmark the run with the median ratio, in the first run's order.
pub(super) fn median(rounds: Vec<Vec<Row>>) -> Vec<Row> {
    let mut groups: Vec<Vec<Row>> = Vec::new();
    for row in rounds.into_iter().flatten() {
        match groups.iter_mut().find(|group| group[0].name == row.name) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
        .into_iter()
        .map(|mut group| {
            group.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
            group.swap_remove(group.len() / 2)
        })
        .collect()
}

/// What fell below half of its committed ratio, or is gone.
pub(super) fn check(
    rows: &[Row],
    baseline: &BTreeMap<String, f64>,
    benchmarks: &[&str],
) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, committed) in baseline {
        let ran = benchmarks
            .iter()
            .any(|benchmark| name.split('/').next() == Some(*benchmark));
        if !ran {
            continue;
        }
        match rows.iter().find(|row| row.name == *name) {
            Some(row) if row.ratio < committed * FLOOR => findings.push(format!(
                "{name}: ratio {:.2}, committed {committed:.2}, at least {:.2} wanted",
                row.ratio,
                committed * FLOOR
            )),
            Some(_) => {}
            // Cases over data that a clone need not have.
            None if name.contains("corpus") => {}
            None => findings.push(format!("{name}: in the baseline, but was not measured")),
        }
    }
    findings
}

/// Three digits: more would be noise, and each save would change every line.
pub(super) fn rounded(ratio: f64) -> f64 {
    format!("{ratio:.2e}").parse().unwrap_or(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, ratio: f64) -> Row {
        Row {
            name: name.to_owned(),
            ours: 1.0,
            peer: 1.0,
            unit: "ns".to_owned(),
            against: "peer".to_owned(),
            ratio,
            goal: String::new(),
            met: true,
        }
    }

    #[test]
    fn takes_the_median_of_each() {
        let rounds = vec![
            vec![row("a", 9.0), row("b", 1.0)],
            vec![row("a", 2.0), row("b", 3.0)],
            vec![row("a", 3.0), row("b", 2.0)],
        ];
        let ratios: Vec<f64> = median(rounds).iter().map(|row| row.ratio).collect();
        assert_eq!(ratios, [3.0, 2.0]);
    }

    #[test]
    fn fails_below_half_and_for_what_is_gone() {
        let baseline = BTreeMap::from([
            ("submit/p50".to_owned(), 10.0),
            ("submit/p99".to_owned(), 10.0),
            ("submit/gone".to_owned(), 1.0),
            ("write/default".to_owned(), 1.0),
        ]);
        let rows = [row("submit/p50", 5.0), row("submit/p99", 4.9)];
        let findings = check(&rows, &baseline, &["submit"]);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn a_baseline_keeps_three_digits() {
        assert_eq!(rounded(1234.5), 1230.0);
        assert_eq!(rounded(0.012_345), 0.0123);
    }
}
