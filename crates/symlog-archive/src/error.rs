use parquet::errors::ParquetError;

/// What is wrong with the files of an archive. Holds nothing of their content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The table cannot be read.
    #[error("the table is damaged: {0}; bring the file back from a copy")]
    Parquet(#[from] ParquetError),
    /// The table is none of an archive.
    #[error("the table is no archive of this version: {0}; bring the file back from a copy")]
    Table(&'static str),
    /// The description in the table is malformed.
    #[error("the table does not say what it belongs to; bring the file back from a copy")]
    Description(#[from] serde_json::Error),
    /// It was made by a newer version.
    #[error("the archive has version {0}, which is newer than this program; update symlog")]
    Newer(u32),
    /// It belongs elsewhere.
    #[error("the archive is one of {what}: it was moved or renamed; bring the right file back")]
    Elsewhere {
        /// What it belongs to.
        what: String,
    },
    /// The frames do not fit the table.
    #[error("the frames are damaged: {0}; bring the file back from a copy")]
    Frames(&'static str),
    /// A frame cannot be decompressed.
    #[error("a frame is damaged: {0}; bring the file back from a copy")]
    Compression(#[from] std::io::Error),
}
