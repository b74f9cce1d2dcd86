//! What retention does with an archive: seeing what is in it, burying what is over, removing it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use symlog_core::LoggingError;
use symlog_core::archive::{ArchiveError, ArchivedSummary, Buried, Row, RowKind, Say};
use symlog_crypto::{Sha256, sha256};
use symlog_sink::{Attachments, ObjectName, SinkError, Source};

use crate::catalogue::Catalogue;
use crate::describe::{Description, hex, names, stem};
use crate::frames;
use crate::object::read_whole;
use crate::open::as_sink_error;
use crate::table::{self, Columns};

pub(crate) fn columns(
    attachments: &dyn Attachments,
    object: &ObjectName,
) -> Result<Columns, ArchiveError> {
    let name = stem(object)?;
    let [table_name, _] = names(name)?;
    let columns = Columns::open(attachments.open(&table_name)?).map_err(frames::format)?;
    Description::read(columns.description(), name).map_err(frames::format)?;
    Ok(columns)
}

/// Of every row the segment, and the class where there is anything sealed.
fn classes(columns: &Columns) -> Result<impl Iterator<Item = (u64, Option<u16>)>, ArchiveError> {
    let segments = columns.numbers("seg").map_err(frames::format)?;
    let classes = columns.numbers("class").map_err(frames::format)?;
    Ok(segments.into_iter().zip(classes).map(|(segment, class)| {
        let class = class.and_then(|class| class.try_into().ok());
        (segment.unwrap_or_default(), class)
    }))
}

fn first(columns: &Columns) -> Result<u64, ArchiveError> {
    let sequences = columns.numbers("seq").map_err(frames::format)?;
    Ok(sequences.first().copied().flatten().unwrap_or_default())
}

pub(crate) fn summary(
    attachments: &dyn Attachments,
    object: &ObjectName,
) -> Result<ArchivedSummary, ArchiveError> {
    let columns = columns(attachments, object)?;
    let mut bytes = 0;
    for name in names(stem(object)?)? {
        bytes += attachments.open(&name)?.len()?;
    }
    let mut segments = Vec::new();
    let kinds = columns.texts("control").map_err(frames::format)?;
    let bodies = columns.texts("body").map_err(frames::format)?;
    let numbers = columns.numbers("seg").map_err(frames::format)?;
    for ((kind, body), segment) in kinds.iter().zip(bodies).zip(numbers) {
        if kind.as_deref() == Some("segment")
            && let (Some(segment), Some(body)) = (segment, body)
        {
            segments.push((segment, body));
        }
    }
    let sealed: BTreeSet<(u64, u16)> = classes(&columns)?
        .filter_map(|(segment, class)| Some((segment, class?)))
        .collect();
    let first_sequence = first(&columns)?;
    Ok(ArchivedSummary {
        sequences: (
            first_sequence,
            (first_sequence + columns.rows()).saturating_sub(1),
        ),
        bytes,
        segments,
        sealed,
    })
}

pub(crate) fn lines_of(
    attachments: &dyn Attachments,
    object: &ObjectName,
    is_wanted: &dyn Fn(u64, u16) -> bool,
) -> Result<Vec<(u64, u64)>, ArchiveError> {
    let columns = columns(attachments, object)?;
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for (sequence, (segment, class)) in (first(&columns)?..).zip(classes(&columns)?) {
        if !class.is_some_and(|class| is_wanted(segment, class)) {
            continue;
        }
        match ranges.last_mut() {
            Some(range) if range.1 + 1 == sequence => range.1 = sequence,
            _ => ranges.push((sequence, sequence)),
        }
    }
    Ok(ranges)
}

/// Puts tombstones into the table. The frames stay as they are: nobody can open those of what is over,
/// and the others need not be sealed again.
pub(crate) fn bury(
    attachments: &dyn Attachments,
    object: &ObjectName,
    buried: &[Buried],
    say: &mut Say<'_>,
) -> Result<(), LoggingError> {
    let failed = |error: ArchiveError| LoggingError::from(as_sink_error(error));
    let name = stem(object)?;
    let [table_name, frames_name] = names(name)?;
    let file = read_whole(&*attachments.open(&table_name)?).map_err(failed)?;
    let (mut rows, description) =
        table::read(file).map_err(|error| failed(frames::format(error)))?;
    for row in &mut rows {
        let at = buried.partition_point(|run| run.last < row.sequence);
        if let Some(run) = buried.get(at).filter(|run| run.first <= row.sequence) {
            *row = Row {
                kind: RowKind::Tombstone,
                segment: row.segment,
                sequence: row.sequence,
                leaf: row.leaf,
                allowed_by: Some(run.allowed_by),
                ..Row::default()
            };
        }
    }
    let table = table::write(&rows, description)
        .map_err(|error| failed(frames::format(crate::error::FormatError::from(error))))?;
    let sequences = (
        rows.first().map_or(0, |row| row.sequence),
        rows.last().map_or(0, |row| row.sequence),
    );
    drop(rows);
    let frames_file = attachments.open(&frames_name)?;
    let (frames_len, frames_hash) = digest(&*frames_file)?;
    let body = json!({
        "object": name,
        "sequences": [[sequences.0, sequences.1]],
        "parquet": { "bytes": table.len(), "sha256": hex(&sha256(&[&table])) },
        "frames": { "bytes": frames_len, "sha256": frames_hash },
    });
    let mut file = attachments.create(&table_name)?;
    file.append(&table)?;
    if let Value::Object(body) = &body {
        say(body)?;
    }
    file.commit()?;
    forget(attachments, object)?;
    Ok(())
}

fn digest(source: &dyn Source) -> Result<(u64, String), SinkError> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut len = 0;
    loop {
        match source.read_at(len, &mut block)? {
            0 => return Ok((len, hex(&hash.finish()))),
            read => {
                hash.update(&block[..read]);
                len += read as u64;
            }
        }
    }
}

pub(crate) fn remove(attachments: &dyn Attachments, object: &ObjectName) -> Result<(), SinkError> {
    // The table first: for readers the archive is gone with it, at once.
    forget(attachments, object)?;
    for name in names(stem(object)?)? {
        match attachments.remove(&name) {
            Ok(()) | Err(SinkError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The ids of what is gone do not stay behind in the catalogue.
fn forget(attachments: &dyn Attachments, object: &ObjectName) -> Result<(), SinkError> {
    Catalogue::new(attachments).forget(object)
}
