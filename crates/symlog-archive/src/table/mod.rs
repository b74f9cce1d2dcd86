//! Rows as a Parquet file.

mod columns;
mod ranged;
mod read;
mod write;

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

use self::columns::{Access, COLUMNS, Column};
pub(crate) use self::ranged::Columns;
pub(crate) use self::read::read;
pub(crate) use self::write::write;

/// The key under which the footer holds the archive's own description.
pub(crate) const DESCRIPTION: &str = "symlog";

fn schema() -> Result<TypePtr, ParquetError> {
    let fields = COLUMNS.iter().map(|column| column.schema().map(Arc::new));
    let root = Type::group_type_builder("symlog")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    Ok(Arc::new(root))
}

impl Column {
    fn is_required(&self) -> bool {
        matches!(self.name, "seq" | "seg" | "kind" | "leaf")
    }

    fn schema(&self) -> Result<Type, ParquetError> {
        let unsigned = Some(LogicalType::integer(64, false));
        let string = Some(LogicalType::String);
        let (physical, logical, len) = match &self.access {
            Access::Int { is_time: true, .. } => {
                let logical = LogicalType::timestamp(true, TimeUnit::MICROS);
                (Physical::INT64, Some(logical), 0)
            }
            Access::Int { .. } => (Physical::INT64, unsigned, 0),
            Access::Text { .. } => (Physical::BYTE_ARRAY, string, 0),
            Access::Flag { .. } => (Physical::BOOLEAN, None, 0),
            Access::Bytes { len, is_uuid, .. } => {
                let logical = is_uuid.then_some(LogicalType::Uuid);
                (Physical::FIXED_LEN_BYTE_ARRAY, logical, *len as i32)
            }
            Access::Texts => return map(self.name, Physical::BYTE_ARRAY, string),
            Access::Counts => return map(self.name, Physical::INT64, unsigned),
        };
        Type::primitive_type_builder(self.name, physical)
            .with_repetition(match self.is_required() {
                true => Repetition::REQUIRED,
                false => Repetition::OPTIONAL,
            })
            .with_logical_type(logical)
            .with_length(len)
            .build()
    }
}

/// A map from text to `value`, which is there in every row.
fn map(name: &str, value: Physical, logical: Option<LogicalType>) -> Result<Type, ParquetError> {
    let field = |name, physical, logical| {
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let entries = Type::group_type_builder("key_value")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![
            field("key", Physical::BYTE_ARRAY, Some(LogicalType::String))?,
            field("value", value, logical)?,
        ])
        .build()?;
    Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::Map))
        .with_fields(vec![Arc::new(entries)])
        .build()
}
