use bytes::Bytes;
use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::{BoolType, ByteArrayType, DataType, FixedLenByteArrayType, Int64Type};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use symlog_core::archive::Row;

use super::columns::{Access, COLUMNS, Column};
use super::{DESCRIPTION, schema};
use crate::error::FormatError;

/// Rows that one archive has at most: more than fit into an object.
const MAX_ROWS: i64 = 1 << 24;
/// How much longer the columns may become in memory than the file is, beyond a fixed room: of what
/// is written here, far less.
const MAX_GROWTH: i64 = 1 << 10;
const ROOM: i64 = 1 << 24;

/// The rows of a Parquet file, and the archive's description.
pub(crate) fn read(file: Bytes) -> Result<(Vec<Row>, String), FormatError> {
    let len = file.len() as i64;
    // The reader of Parquet has assertions that hostile pages can run into.
    std::panic::catch_unwind(move || read_file(file, len))
        .unwrap_or(Err(FormatError::Table(MALFORMED)))
}

pub(super) const MALFORMED: &str = "its pages are malformed";

fn read_file(file: Bytes, len: i64) -> Result<(Vec<Row>, String), FormatError> {
    let reader = SerializedFileReader::new(file)?;
    let description = check(reader.metadata(), len)?;
    let mut rows = Vec::new();
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at)?;
        read_group(&*group, &mut rows)?;
    }
    Ok((rows, description))
}

/// Whether the file is a table, and one that fits into memory; gives the description.
pub(super) fn check(metadata: &ParquetMetaData, len: i64) -> Result<String, FormatError> {
    let about = metadata.file_metadata();
    if *about.schema() != *schema()? {
        return Err(FormatError::Table("its columns are others"));
    }
    let description = about
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|pair| pair.key == DESCRIPTION)
        .and_then(|pair| pair.value.clone())
        .ok_or(FormatError::Table("it says nothing of an archive"))?;
    let mut total = 0i64;
    let mut size = 0i64;
    for group in metadata.row_groups() {
        total = total.saturating_add(group.num_rows().max(0));
        size = size.saturating_add(group.total_byte_size().max(0));
    }
    if total > MAX_ROWS || total != about.num_rows() || size / MAX_GROWTH > len + ROOM {
        return Err(FormatError::Table("it claims to hold more than it can"));
    }
    Ok(description)
}

fn read_group(group: &dyn RowGroupReader, rows: &mut Vec<Row>) -> Result<(), FormatError> {
    let count = usize::try_from(group.metadata().num_rows())
        .map_err(|_| FormatError::Table("it has a negative number of rows"))?;
    let start = rows.len();
    rows.resize_with(start + count, Row::default);
    let rows = &mut rows[start..];
    let mut at = 0;
    for column in &COLUMNS {
        at += column.read(group, at, rows)?;
    }
    Ok(())
}

pub(super) const WRONG: FormatError =
    FormatError::Table("a value in it is none that a line can have");

impl Column {
    /// Gives the number of its columns in the file.
    fn read(
        &self,
        group: &dyn RowGroupReader,
        at: usize,
        rows: &mut [Row],
    ) -> Result<usize, FormatError> {
        let reader = group.get_column_reader(at)?;
        match &self.access {
            Access::Int { set, .. } => self
                .values::<Int64Type>(reader, rows, |row, value| set(row, value.cast_unsigned()))?,
            Access::Text { set, .. } => {
                self.values::<ByteArrayType>(reader, rows, |row, value| {
                    text(value.data()).is_some_and(|text| set(row, text))
                })?;
            }
            Access::Flag { set, .. } => {
                self.values::<BoolType>(reader, rows, set)?;
            }
            Access::Bytes { set, .. } => {
                self.values::<FixedLenByteArrayType>(reader, rows, |row, value| {
                    set(row, value.data())
                })?;
            }
            Access::Texts => {
                pairs::<ByteArrayType>(reader, rows, |row, _, value| {
                    let key = text(value.data());
                    row.metadata.extend(key.map(|key| (key, String::new())));
                    true
                })?;
                let values = group.get_column_reader(at + 1)?;
                pairs::<ByteArrayType>(values, rows, |row, i, value| {
                    set_second(&mut row.metadata, i, text(value.data()))
                })?;
                return Ok(2);
            }
            Access::Counts => {
                pairs::<ByteArrayType>(reader, rows, |row, _, value| {
                    row.masked.extend(text(value.data()).map(|key| (key, 0)));
                    true
                })?;
                let values = group.get_column_reader(at + 1)?;
                pairs::<Int64Type>(values, rows, |row, i, value| {
                    set_second(&mut row.masked, i, Some(value.cast_unsigned()))
                })?;
                return Ok(2);
            }
        }
        Ok(1)
    }

    fn values<T: DataType>(
        &self,
        reader: ColumnReader,
        rows: &mut [Row],
        mut set: impl FnMut(&mut Row, T::T) -> bool,
    ) -> Result<(), FormatError> {
        let (values, levels, _) = all::<T>(reader, rows.len())?;
        let mut values = values.into_iter();
        for (i, row) in rows.iter_mut().enumerate() {
            let is_there = self.is_required() || levels.get(i) == Some(&1);
            if is_there && !values.next().is_some_and(|value| set(row, value)) {
                return Err(WRONG);
            }
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn set_second<V>(pairs: &mut [(String, V)], at: usize, value: Option<V>) -> bool {
    match (pairs.get_mut(at), value) {
        (Some(pair), Some(value)) => {
            pair.1 = value;
            true
        }
        _ => false,
    }
}

/// One half of a map; `set` is given the place in it.
fn pairs<T: DataType>(
    reader: ColumnReader,
    rows: &mut [Row],
    mut set: impl FnMut(&mut Row, usize, T::T) -> bool,
) -> Result<(), FormatError> {
    let (values, defined, repeated) = all::<T>(reader, rows.len())?;
    let mut values = values.into_iter();
    let (mut next_row, mut place) = (0usize, 0usize);
    for (defined, repeated) in defined.iter().zip(&repeated) {
        if *repeated == 0 {
            next_row += 1;
            place = 0;
        } else {
            place += 1;
        }
        if *defined == 0 {
            continue;
        }
        let row = rows.get_mut(next_row.wrapping_sub(1)).ok_or(WRONG)?;
        if !values.next().is_some_and(|value| set(row, place, value)) {
            return Err(WRONG);
        }
    }
    if next_row == rows.len() {
        Ok(())
    } else {
        Err(WRONG)
    }
}

pub(super) type Column3<T> = (Vec<<T as DataType>::T>, Vec<i16>, Vec<i16>);

pub(super) fn all<T: DataType>(
    reader: ColumnReader,
    rows: usize,
) -> Result<Column3<T>, FormatError> {
    let mut reader = get_typed_column_reader::<T>(reader);
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    let (records, _, _) =
        reader.read_records(rows, Some(&mut defined), Some(&mut repeated), &mut values)?;
    if records == rows {
        Ok((values, defined, repeated))
    } else {
        Err(FormatError::Table("a column is too short"))
    }
}
