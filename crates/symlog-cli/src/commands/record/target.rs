//! Where interactions go: a log, or nowhere.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use symlog_archive::Archiver;
use symlog_core::logging::ModelLogger;
use symlog_core::{Config, Interaction, LoggerBuilder, LoggingError, Receipt};
use symlog_pii::Masker;

use super::super::ship::Copy;
use super::summary::Tally;
use crate::{log, masking, sinks};

/// What takes interactions.
pub(super) enum Target {
    Log {
        logger: ModelLogger,
        path: PathBuf,
    },
    /// `--dry-run`: they are masked and counted.
    Nowhere {
        masker: Masker,
    },
}

impl Target {
    pub(super) fn open(config: &Config, dry_run: bool) -> Result<Self> {
        if dry_run {
            return Ok(Self::Nowhere {
                masker: masking::masker(config, None, &[])?,
            });
        }
        if !config.logging.enabled {
            bail!(
                "Model logging is disabled, so nothing would be recorded; set `enabled = true` in [logging]"
            );
        }
        let path = PathBuf::from(&config.logging.log_file_path);
        let mut builder = LoggerBuilder::from_config(config).archives(log::archives());
        if config.archive.background {
            builder = builder.chore(Box::new(Archiver::of(config)));
        }
        for ship in sinks::ships(config)? {
            builder = builder.ship(ship);
        }
        let logger = builder
            .build()
            .with_context(|| format!("cannot write to the log {}", path.display()))?;
        Ok(Self::Log { logger, path })
    }

    /// Hands an interaction over. Without a receipt there is nothing to wait for.
    pub(super) fn submit(
        &self,
        mut interaction: Interaction,
        tally: &mut Tally,
    ) -> Result<Option<Receipt>, LoggingError> {
        match self {
            Self::Log { logger, .. } => logger.submit(interaction).map(Some),
            Self::Nowhere { masker } => {
                for reader in interaction.take_readers().into_iter().flatten() {
                    let counted = count_text(masker, reader, tally);
                    counted.map_err(|error| LoggingError::Source {
                        source: Arc::new(error),
                    })?;
                }
                count(masker, &interaction, tally);
                Ok(None)
            }
        }
    }

    /// Where the log lies.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        let parent = self.path()?.parent()?;
        Some(match parent.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => parent.to_owned(),
        })
    }

    /// Closes the log and adds what it counted itself, also when closing fails.
    pub(super) fn close(&self, mut tally: Tally) -> (Tally, Result<()>) {
        let Self::Log { logger, path } = self else {
            return (tally, Ok(()));
        };
        let closed = logger
            .close_blocking()
            .with_context(|| format!("cannot close the log {}", path.display()));
        let stats = logger.stats();
        tally.bytes = stats.bytes;
        tally.masked = stats.masked;
        (tally, closed)
    }

    /// How far the copies elsewhere are.
    pub(super) fn copies(&self) -> Vec<Copy> {
        match self {
            Self::Log { logger, .. } => logger.shipping().into_iter().map(Into::into).collect(),
            Self::Nowhere { .. } => Vec::new(),
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Log { path, .. } => Some(path),
            Self::Nowhere { .. } => None,
        }
    }
}

/// Counts what would be masked in a text that is too long to be held.
fn count_text(masker: &Masker, mut text: impl Read, tally: &mut Tally) -> io::Result<()> {
    let mut stream = masker.stream();
    let mut buffer = Vec::new();
    loop {
        let begun = buffer.len();
        let read = text.by_ref().take(1 << 16).read_to_end(&mut buffer)?;
        // A character that is cut waits for its rest.
        let whole = match std::str::from_utf8(&buffer) {
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            _ => begun + read,
        };
        let rest = buffer.split_off(whole);
        tally.bytes += stream.push(&String::from_utf8_lossy(&buffer)).len() as u64;
        buffer = rest;
        if read == 0 {
            break;
        }
    }
    let (rest, counts) = stream.finish();
    tally.bytes += rest.len() as u64;
    tally.masked.merge(&counts);
    Ok(())
}

/// Counts what would be masked, and the bytes of what would be sealed.
fn count(masker: &Masker, interaction: &Interaction, tally: &mut Tally) {
    let mut part = |value: serde_json::Result<Value>| {
        // Structs of strings, numbers and JSON values have no way to fail.
        if let Ok(mut value) = value {
            masker.mask_json(&mut value, &mut tally.masked);
            tally.bytes += value.to_string().len() as u64;
        }
    };
    if let Some(request) = interaction.request_data() {
        part(serde_json::to_value(request));
    }
    if let Some(response) = interaction.response_data() {
        part(serde_json::to_value(response));
    }
    part(serde_json::to_value(interaction.metadata_map()));
}
