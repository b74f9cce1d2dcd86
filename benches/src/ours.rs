//! The logger under test.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use symlog_core::logging::{LoggingConfig, ModelLogger, RequestData, ResponseData};
use symlog_core::{Durability, Interaction, ModelInteractionType, TokenUsage};
use symlog_crypto::SecretBytes;
use symlog_keys::{MemoryStore, SecretStore};
use symlog_pii::{Masker, Profile};

use crate::Entry;

const KEY_NAME: &str = "bench/key";
/// A raw key, so that opening costs no Argon2 run: 32 bytes of zero.
const KEY: &str = "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A logger that writes to `path`.
///
/// # Errors
///
/// When the log cannot be made.
pub async fn open(path: &Path, durability: Durability, profile: Profile) -> Result<ModelLogger> {
    let store = MemoryStore::new();
    store
        .put(KEY_NAME, &SecretBytes::from(KEY.to_owned()))
        .await?;
    let config = LoggingConfig {
        log_file_path: path.display().to_string(),
        encryption_key_name: KEY_NAME.to_owned(),
        encryption_key_env: None,
        ..LoggingConfig::default()
    };
    let logger = ModelLogger::builder(config)
        .secret_store(Arc::new(store))
        .masker(Masker::builder().profile(profile).build()?)
        .durability(durability)
        .build()?;
    Ok(logger)
}

/// What a caller hands over, with everything that the peer logs.
pub fn interaction(entry: &Entry) -> Interaction {
    let request = RequestData {
        prompt: entry.prompt.clone(),
        tool_name: None,
        tool_arguments: None,
        parameters: HashMap::new(),
    };
    let response = ResponseData {
        content: entry.response.clone(),
        tool_result: None,
        confidence: None,
        metadata: HashMap::new(),
    };
    Interaction::new("agent_123", ModelInteractionType::Completion, "gpt-4")
        .request(request)
        .response(response)
        .latency(Duration::from_millis(150))
        .tokens(TokenUsage {
            input_tokens: 10,
            output_tokens: 15,
            total_tokens: 25,
        })
}
