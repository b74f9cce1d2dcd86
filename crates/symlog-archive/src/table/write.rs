use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;
use symlog_core::archive::Row;

use super::columns::{Access, COLUMNS, Column};
use super::{DESCRIPTION, schema};

/// Rows that are written, and later read, at a time.
const GROUP: usize = 1 << 17;

/// The Parquet file of `rows`, with the archive's description in its footer.
pub(crate) fn write(rows: &[Row], description: String) -> Result<Vec<u8>, ParquetError> {
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, schema()?, Arc::new(properties(description)?))?;
    for group in rows.chunks(GROUP) {
        let mut group_writer = writer.next_row_group()?;
        for column in &COLUMNS {
            column.write(group, &mut group_writer)?;
        }
        group_writer.close()?;
    }
    writer.close()?;
    Ok(file)
}

fn properties(description: String) -> Result<WriterProperties, ParquetError> {
    let path = |name: &str| ColumnPath::new(vec![name.to_owned()]);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        .set_created_by(concat!("symlog ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(vec![KeyValue::new(
            DESCRIPTION.to_owned(),
            description,
        )]));
    // What rises, or nearly so, is shortest as differences.
    for name in ["seq", "timestamp"] {
        properties = properties
            .set_column_dictionary_enabled(path(name), false)
            .set_column_encoding(path(name), Encoding::DELTA_BINARY_PACKED);
    }
    // By these whole files are passed over.
    for name in [
        "seq",
        "timestamp",
        "id",
        "agent_id",
        "model_identifier",
        "conversation",
    ] {
        properties = properties.set_column_statistics_enabled(path(name), EnabledStatistics::Chunk);
    }
    // No two are the same, and nothing makes them shorter.
    for name in ["id", "salt", "leaf"] {
        properties = properties.set_column_dictionary_enabled(path(name), false);
    }
    for name in ["salt", "leaf"] {
        properties = properties.set_column_compression(path(name), Compression::UNCOMPRESSED);
    }
    Ok(properties.build())
}

type Group<'a, 'w> = SerializedRowGroupWriter<'a, &'w mut Vec<u8>>;

impl Column {
    fn write(&self, rows: &[Row], group: &mut Group<'_, '_>) -> Result<(), ParquetError> {
        match &self.access {
            Access::Int { get, .. } => {
                self.write_values::<Int64Type>(rows, group, |row| get(row).map(u64::cast_signed))
            }
            Access::Text { get, .. } => {
                self.write_values::<ByteArrayType>(rows, group, |row| get(row).map(ByteArray::from))
            }
            Access::Flag { get, .. } => self.write_values::<BoolType>(rows, group, get),
            Access::Bytes { get, .. } => {
                self.write_values::<FixedLenByteArrayType>(rows, group, |row| {
                    get(row).map(|bytes| FixedLenByteArray::from(bytes.to_vec()))
                })
            }
            Access::Texts => {
                let all = |row: &Row| row.metadata.len();
                pairs::<ByteArrayType>(rows, group, all, |row, i| {
                    ByteArray::from(row.metadata[i].0.as_str())
                })?;
                pairs::<ByteArrayType>(rows, group, all, |row, i| {
                    ByteArray::from(row.metadata[i].1.as_str())
                })
            }
            Access::Counts => {
                let all = |row: &Row| row.masked.len();
                pairs::<ByteArrayType>(rows, group, all, |row, i| {
                    ByteArray::from(row.masked[i].0.as_str())
                })?;
                pairs::<Int64Type>(rows, group, all, |row, i| row.masked[i].1.cast_signed())
            }
        }
    }

    fn write_values<T: DataType>(
        &self,
        rows: &[Row],
        group: &mut Group<'_, '_>,
        get: impl Fn(&Row) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let mut values = Vec::with_capacity(rows.len());
        let mut levels = Vec::with_capacity(rows.len());
        for row in rows {
            let value = get(row);
            levels.push(i16::from(value.is_some()));
            values.extend(value);
        }
        let levels = (!self.is_required()).then_some(&levels[..]);
        batch::<T>(group, &values, levels, None)
    }
}

/// One half of a map.
fn pairs<T: DataType>(
    rows: &[Row],
    group: &mut Group<'_, '_>,
    len: impl Fn(&Row) -> usize,
    get: impl Fn(&Row, usize) -> T::T,
) -> Result<(), ParquetError> {
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let len = len(row);
        defined.extend(std::iter::repeat_n(i16::from(len > 0), len.max(1)));
        repeated.push(0);
        repeated.extend(std::iter::repeat_n(1, len.saturating_sub(1)));
        values.extend((0..len).map(|i| get(row, i)));
    }
    batch::<T>(group, &values, Some(&defined), Some(&repeated))
}

fn batch<T: DataType>(
    group: &mut Group<'_, '_>,
    values: &[T::T],
    defined: Option<&[i16]>,
    repeated: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("a column is missing".to_owned()));
    };
    column.typed::<T>().write_batch(values, defined, repeated)?;
    column.close()
}
