//! The flight recorder for AI agents: masks, encrypts and durably appends every model interaction.

mod config;
mod interaction;

pub use config::{
    ArchiveConfig, ArchivePriority, Config, ConfigError, ConfigProblem, ConfigProblemKind,
    Durability, FailureMode, LogFormat, LoggingConfig, MaskingConfig, MetadataMode, Overflow,
    Oversize, RetentionClass, RetentionSelector, Settings, SinkConfig, SinkKind,
};
pub use interaction::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
    UnknownInteractionType,
};
