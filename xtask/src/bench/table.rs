//! The table that a person reads.

use super::Row;

const HEAD: [&str; 7] = [
    "benchmark",
    "ours",
    "peer",
    "unit",
    "against",
    "ratio",
    "goal",
];
const RIGHT: [bool; 7] = [false, true, true, false, false, true, false];

pub(super) fn render(rows: &[Row]) -> String {
    let mut cells = vec![HEAD.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| {
        [
            row.name.clone(),
            number(row.ours),
            number(row.peer),
            row.unit.clone(),
            row.against.clone(),
            format!("{}x", number(row.ratio)),
            match (row.goal.is_empty(), row.met) {
                (true, _) => String::new(),
                (false, true) => format!("met  {}", row.goal),
                (false, false) => format!("OPEN {}", row.goal),
            },
        ]
    }));
    let mut widths = [0; 7];
    for line in &cells {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for line in &cells {
        let mut text = String::new();
        for ((cell, width), right) in line.iter().zip(widths).zip(RIGHT) {
            if right {
                text.push_str(&format!("{cell:>width$}  "));
            } else {
                text.push_str(&format!("{cell:<width$}  "));
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// Four digits at most, thousands apart.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1000.0 {
        let digits = format!("{magnitude:.0}");
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if value < 0.0 {
            grouped.insert(0, '-');
        }
        return grouped;
    }
    match magnitude {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, expected: &str) {
        assert_eq!(number(value), expected);
    }

    #[test]
    fn numbers_are_short() {
        check(0.5, "0.50");
        check(12.34, "12.3");
        check(999.4, "999");
        check(68_600.0, "68,600");
        check(1_234_567.8, "1,234,568");
    }

    #[test]
    fn columns_line_up() {
        let row = Row {
            name: "submit/p50".into(),
            ours: 80.0,
            peer: 6_700.0,
            unit: "ns".into(),
            against: "tracing-appender".into(),
            ratio: 83.75,
            goal: ">= 50x".into(),
            met: true,
        };
        let table = render(&[row]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].find("against"), lines[1].find("tracing"));
        assert!(lines[1].ends_with("met  >= 50x"));
    }
}
