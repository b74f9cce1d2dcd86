#![doc = include_str!("../README.md")]

mod access;
pub mod archive;
mod clock;
mod config;
mod error;
mod format;
#[cfg(test)]
mod forward;
mod integrity;
mod interaction;
mod logger;
pub mod logging;
mod maintenance;
mod mask;
mod masking;
mod media;
mod observe;
mod pipeline;
mod read;
mod retention;
mod seal;
pub mod secrets;
mod spool;
mod symbiont;
mod verify;

pub use access::{open_keyring, owner as access_log_owner};
pub use clock::{Clock, SystemClock};
pub use config::{
    ArchiveConfig, ArchivePriority, AtCeiling, Config, ConfigError, ConfigProblem,
    ConfigProblemKind, Durability, FailureMode, KeyAudit, KeysConfig, LogFormat, LoggingConfig,
    MaskingConfig, MaskingField, MaskingOverride, MetadataMode, Overflow, Oversize, ProfileFile,
    RetentionClass, RetentionSelector, Settings, SinkConfig, SinkKind,
};
pub use error::LoggingError;
pub use interaction::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
    UnknownInteractionType,
};
pub use logger::{LoggerBuilder, ModelLogger};
pub use maintenance::{Chore, Maintenance, Permit};
pub use masking::{OperatorKeys, build_masker};
pub use observe::{
    Describe, ErrorsOnly, ObserveError, Observed, OnOk, OnOutput, Outcome, RecordedStream,
    StreamRecorder,
};
pub use pipeline::{Receipt, Stats};
pub use read::{
    Entries, Entry, Filter, Follow, KeysUsed, LogReader, Payload, PayloadReader, ReadError,
    period_keys_in_use,
};
pub use retention::{
    Decision, KeyPlan, LegalHold, ObjectPlan, Retention, RetentionPlan, RetentionReceipt,
    TimeTrust, holds, place_hold, release_hold, replicas, trust_clock,
};
pub use spool::{Spool, SpoolReader};
pub use verify::{Check, Problem, VerifyReport, verify, verify_archived, verify_in, verify_newest};
