//! Other people's engines read the tables: PyArrow and DuckDB, where `cargo xtask services` has
//! fetched them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use symlog_core::{Filter, Interaction, ModelInteractionType, TokenUsage};
use symlog_sink::{FileStorage, Storage};

use crate::log::{archive, entries, keyring, open, reader};

/// The interpreter of the environment that holds `module`, or `None` after saying why the test is
/// skipped. In CI it has to be there.
fn python(test: &str, module: &str) -> Option<PathBuf> {
    let services = std::env::var_os("SYMLOG_SERVICES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/services"),
        PathBuf::from,
    );
    let python = services.join("venv/bin/python");
    let import = format!("import {module}");
    let imports = Command::new(&python).args(["-c", &import]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!is_ci, "no {module}; run: cargo xtask services");
    eprintln!("SKIPPED: {test}: no {module}; run: cargo xtask services");
    None
}

/// What a program prints that is given the path of a table.
fn run(python: &Path, program: &str, table: &Path) -> String {
    let output = Command::new(python)
        .args(["-c", program])
        .arg(table)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// An archived log of 30 entries of two agents, its table, and the id of the first entry.
fn table() -> (tempfile::TempDir, PathBuf, String) {
    let place = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(place.path().join("a.log")).unwrap());
    let keyring = keyring(40);
    let logger = open(&storage, &keyring);
    for number in 0..30u32 {
        let entry = Interaction::new(
            format!("agent-{}", number % 2),
            ModelInteractionType::Completion,
            "gpt-4",
        )
        .request(format!("question {number}"))
        .response("yes")
        .meta("n", number.to_string())
        .tokens(TokenUsage {
            input_tokens: number,
            output_tokens: 1,
            total_tokens: number + 1,
        });
        logger.submit(entry).unwrap().wait().unwrap();
    }
    assert_eq!(archive(&logger).made.len(), 1);
    logger.close_blocking().unwrap();
    let first = entries(&reader(&storage, &keyring), Filter::new()).remove(0);
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    let table = place.path().join("a.log.0000000000.parquet");
    (place, table, first["id"].as_str().unwrap().to_owned())
}

#[test]
fn duckdb_counts_groups_and_looks_into_maps() {
    let Some(python) = python("duckdb", "duckdb") else {
        return;
    };
    let (_place, table, first) = table();
    let program = r#"
import sys, duckdb
rows = duckdb.sql(f"""
    SELECT agent_id, count(*), sum(total_tokens), min(timestamp) <= max(timestamp),
           sum(CAST(metadata['n'] AS INTEGER))
    FROM '{sys.argv[1]}' WHERE kind = 'entry' GROUP BY agent_id ORDER BY agent_id
""").fetchall()
for row in rows:
    print(*row)
print(duckdb.sql(f"SELECT id FROM '{sys.argv[1]}' WHERE id IS NOT NULL ORDER BY seq LIMIT 1").fetchall()[0][0])
"#;
    let expected = format!("agent-0 15 225 True 210\nagent-1 15 240 True 225\n{first}\n");
    assert_eq!(run(&python, program, &table), expected);
}

#[test]
fn pyarrow_reads_every_column_and_passes_over_groups() {
    let Some(python) = python("pyarrow", "pyarrow") else {
        return;
    };
    let (_place, table, _) = table();
    let program = r#"
import sys, pyarrow.compute as pc, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
table.validate(full=True)
entries = table.filter(pc.equal(table["kind"], "entry"))
sums = entries.group_by("agent_id").aggregate([("total_tokens", "sum"), ("seq", "count")]).sort_by("agent_id")
print(sums.to_pylist() == [
    {"agent_id": "agent-0", "total_tokens_sum": 225, "seq_count": 15},
    {"agent_id": "agent-1", "total_tokens_sum": 240, "seq_count": 15},
])
print([dict(row)["n"] for row in entries["metadata"].to_pylist()] == [str(n) for n in range(30)])
print({len(leaf) for leaf in table["leaf"].to_pylist()}, table.num_columns)
print(pq.read_table(sys.argv[1], filters=[("agent_id", "=", "nobody")]).num_rows)
"#;
    assert_eq!(run(&python, program, &table), "True\nTrue\n{32} 38\n0\n");
}
