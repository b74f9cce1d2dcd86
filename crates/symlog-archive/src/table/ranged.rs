//! A table of which only some columns are read.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArrayType, DataType, FixedLenByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, FileReader, Length};
use parquet::file::serialized_reader::SerializedFileReader;
use symlog_sink::Source;

use super::read::{MALFORMED, WRONG, all, check};
use crate::error::FormatError;

/// A file that is read where it lies.
#[derive(Clone, Debug)]
struct Ranged {
    source: Arc<dyn Source>,
    len: u64,
}

impl Length for Ranged {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Ranged {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let from = From {
            ranged: self.clone(),
            offset: start,
        };
        Ok(BufReader::with_capacity(4 << 10, from))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF("it is cut".to_owned()));
        }
        let mut bytes = vec![0; length];
        let from = From {
            ranged: self.clone(),
            offset: start,
        };
        { from }.read_exact(&mut bytes)?;
        Ok(Bytes::from(bytes))
    }
}

/// What comes from an offset on.
#[derive(Debug)]
struct From {
    ranged: Ranged,
    offset: u64,
}

impl Read for From {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let source = &self.ranged.source;
        let read = source
            .read_at(self.offset, bytes)
            .map_err(io::Error::other)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// An opened table.
pub(crate) struct Columns {
    reader: SerializedFileReader<Ranged>,
    description: String,
}

impl Columns {
    pub(crate) fn open(source: Box<dyn Source>) -> Result<Self, FormatError> {
        let source: Arc<dyn Source> = Arc::from(source);
        let len = source
            .len()
            .map_err(io::Error::other)
            .map_err(ParquetError::from)?;
        guarded(move || {
            let reader = SerializedFileReader::new(Ranged { source, len })?;
            let description = check(reader.metadata(), len.cast_signed())?;
            Ok(Self {
                reader,
                description,
            })
        })
    }

    /// The archive's description of itself.
    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn rows(&self) -> u64 {
        self.reader
            .metadata()
            .file_metadata()
            .num_rows()
            .unsigned_abs()
    }

    pub(crate) fn ids(&self) -> Result<Vec<[u8; 16]>, FormatError> {
        let mut ids = Vec::new();
        self.each("id", |column, rows| {
            for value in all::<FixedLenByteArrayType>(column, rows)?.0 {
                ids.push(value.data().try_into().map_err(|_| WRONG)?);
            }
            Ok(())
        })?;
        Ok(ids)
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<Option<u64>>, FormatError> {
        let values = self.optional::<Int64Type>(name)?.into_iter();
        Ok(values.map(|value| value.map(i64::cast_unsigned)).collect())
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<Option<String>>, FormatError> {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned);
        let values = self.optional::<ByteArrayType>(name)?.into_iter();
        values
            .map(|value| {
                value
                    .map(|value| text(value.data()).map_err(|_| WRONG))
                    .transpose()
            })
            .collect()
    }

    fn optional<T: DataType>(&self, name: &str) -> Result<Vec<Option<T::T>>, FormatError> {
        let mut column = Vec::new();
        self.each(name, |reader, rows| {
            let (values, levels, _) = all::<T>(reader, rows)?;
            let is_required = levels.is_empty();
            let mut values = values.into_iter();
            for row in 0..rows {
                let is_there = is_required || levels.get(row) == Some(&1);
                column.push(if is_there {
                    Some(values.next().ok_or(WRONG)?)
                } else {
                    None
                });
            }
            Ok(())
        })?;
        Ok(column)
    }

    /// Hands over a column, group by group.
    fn each(
        &self,
        name: &str,
        mut take: impl FnMut(ColumnReader, usize) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let columns = self
            .reader
            .metadata()
            .file_metadata()
            .schema_descr()
            .columns();
        let at = columns
            .iter()
            .position(|column| column.path().string() == name)
            .ok_or(FormatError::Table("its columns are others"))?;
        guarded(|| {
            for group in 0..self.reader.num_row_groups() {
                let group = self.reader.get_row_group(group)?;
                let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| WRONG)?;
                take(group.get_column_reader(at)?, rows)?;
            }
            Ok(())
        })
    }
}

/// The reader of Parquet has assertions that hostile pages can run into.
fn guarded<T>(read: impl FnOnce() -> Result<T, FormatError>) -> Result<T, FormatError> {
    // What was read so far is dropped with the error.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or(Err(FormatError::Table(MALFORMED)))
}
