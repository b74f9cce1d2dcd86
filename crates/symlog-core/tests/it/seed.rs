//! What users of the seed's runtime have written already: its own examples, as they stand there.
//!
//! They log into the current directory and find their key in the environment, so each runs in a
//! child process with a directory and an environment of its own.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use symlog_core as symbi_runtime;
use tempfile::TempDir;

use symbi_runtime::logging::{
    LoggingConfig, ModelInteractionType, ModelLogger, RequestData, ResponseData, TokenUsage,
};
use symbi_runtime::secrets::{self, SecretStore, SecretsConfig};

use crate::support::{KEY, block_on};

type Outcome = Result<(), Box<dyn Error>>;

/// An identity as a runtime has it: its own type, which displays.
#[derive(Clone, Copy)]
struct AgentId(u32);

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agent_{}", self.0)
    }
}

const CHILD: &str = "SYMLOG_TEST_SEED_CHILD";

/// Where a child was run.
struct Place(TempDir);

impl Place {
    #[track_caller]
    fn entries(&self) -> Vec<Value> {
        let log: PathBuf = self.0.path().join("logs/model_io.encrypted.log");
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line.get("control").is_none())
            .collect()
    }
}

/// Runs `body` in a child process; gives the place to the parent, and nothing to the child.
#[track_caller]
fn in_child(
    test: &str,
    variables: &[(&str, &str)],
    body: impl FnOnce() -> Outcome,
) -> Option<Place> {
    if std::env::var_os(CHILD).is_some() {
        body().unwrap();
        return None;
    }
    let place = Place(tempfile::tempdir().unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg(format!("seed::{test}"))
        .current_dir(place.0.path())
        .env_clear()
        .env(CHILD, "1")
        .env("HOME", place.0.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(place)
}

const KEY_VARIABLE: (&str, &str) = ("SYMBIONT_LOGGING_KEY", KEY);

/// The table under `[security.secrets]`, with a file in the current directory.
fn secrets_config() -> SecretsConfig {
    let table = r#"
        type = "file"
        path = "secrets.json"

        [encryption]
        enabled = true
        algorithm = "AES-256-GCM"

        [encryption.key]
        provider = "env"
        env_var = "SECRETS_FILE_KEY"
    "#;
    toml::from_str(table).unwrap()
}

const SECRETS_VARIABLE: (&str, &str) = ("SECRETS_FILE_KEY", "correct horse battery staple");

async fn fill_store(secrets_config: &SecretsConfig) -> Outcome {
    let secret_store = secrets::new_secret_store(secrets_config, "symbiont-runtime").await?;
    let key = symlog_crypto::SecretBytes::new(KEY.as_bytes().to_vec());
    secret_store
        .put("symbiont/logging/encryption_key", &key)
        .await?;
    Ok(())
}

async fn basic_configuration(secrets_config: SecretsConfig) -> Result<ModelLogger, Box<dyn Error>> {
    use std::sync::Arc;
    use symbi_runtime::logging::{LoggingConfig, ModelLogger};
    use symbi_runtime::secrets;
    let config = LoggingConfig {
        enabled: true,
        log_file_path: "logs/model_io.encrypted.log".to_string(),
        encryption_key_name: "symbiont/logging/encryption_key".to_string(),
        encryption_key_env: Some("SYMBIONT_LOGGING_KEY".to_string()),
        max_entry_size: 1024 * 1024, // 1MB
        retention_days: 90,
        enable_pii_masking: true,
        batch_size: 100,
    };
    // Create secret store for key management
    let secret_store = secrets::new_secret_store(&secrets_config, "symbiont-runtime").await?;
    let logger = ModelLogger::new(config, Some(Arc::new(secret_store)))?;
    Ok(logger)
}

async fn manual_logging(secrets_config: SecretsConfig, agent_id: AgentId) -> Outcome {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;
    use symbi_runtime::logging::{
        ModelInteractionType, ModelLogger, RequestData, ResponseData, TokenUsage,
    };
    use symbi_runtime::secrets;
    // Create logger with SecretStore integration
    let secret_store = secrets::new_secret_store(&secrets_config, "symbiont-runtime").await?;
    let logger = ModelLogger::new(LoggingConfig::default(), Some(Arc::new(secret_store)))?;
    drop(logger);
    // Or use defaults (no SecretStore, falls back to environment variables)
    let logger = ModelLogger::with_defaults()?;
    // Log a complete interaction
    let request_data = RequestData {
        prompt: "What is the weather like?".to_string(),
        tool_name: None,
        tool_arguments: None,
        parameters: HashMap::new(),
    };
    let response_data = ResponseData {
        content: "The weather is sunny today.".to_string(),
        tool_result: None,
        confidence: Some(0.95),
        metadata: HashMap::new(),
    };
    let token_usage = TokenUsage {
        input_tokens: 10,
        output_tokens: 15,
        total_tokens: 25,
    };
    logger
        .log_interaction(
            agent_id,
            ModelInteractionType::Completion,
            "gpt-4",
            request_data,
            response_data,
            Duration::from_millis(150),
            HashMap::new(),
            Some(token_usage),
            None,
        )
        .await?;
    Ok(())
}

async fn request_and_response(logger: &ModelLogger, agent_id: AgentId) -> Outcome {
    let request_data = RequestData {
        prompt: String::new(),
        tool_name: Some("calculator".to_string()),
        tool_arguments: Some(serde_json::json!({"expression": "2 + 2"})),
        parameters: HashMap::new(),
    };
    let metadata = HashMap::from([("rag_pipeline".to_string(), "generate_response".to_string())]);
    let response_data = ResponseData {
        content: "4".to_string(),
        tool_result: Some(serde_json::json!(4)),
        confidence: None,
        metadata: HashMap::new(),
    };
    let latency = Duration::from_millis(7);
    let token_usage = TokenUsage {
        input_tokens: 3,
        output_tokens: 1,
        total_tokens: 4,
    };
    // Log request first
    let entry_id = logger
        .log_request(
            agent_id,
            ModelInteractionType::ToolCall,
            "calculator-tool",
            request_data,
            metadata,
        )
        .await?;
    // ... perform actual model call ...
    // Log response when available
    logger
        .log_response(
            &entry_id,
            response_data,
            latency,
            Some(token_usage),
            None, // No error
        )
        .await?;
    Ok(())
}

async fn the_whole_day(secrets_config: SecretsConfig) -> Outcome {
    fill_store(&secrets_config).await?;
    let agent_id = AgentId(123);
    let logger = basic_configuration(secrets_config.clone()).await?;
    request_and_response(&logger, agent_id).await?;
    logger.close().await?;
    manual_logging(secrets_config, agent_id).await
}

#[track_caller]
fn check_the_whole_day(place: &Place) {
    let entries = place.entries();
    let [request, response, interaction] = &entries[..] else {
        panic!("{} entries", entries.len());
    };
    assert_eq!(request["agent_id"], "agent_123");
    assert_eq!(request["interaction_type"], "ToolCall");
    assert_eq!(request["model_identifier"], "calculator-tool");
    assert_eq!(request["metadata"]["rag_pipeline"], "generate_response");
    assert_eq!(request["id"], response["id"]);
    assert_eq!(response["latency_ms"], 7);
    assert_eq!(response["token_usage"]["total_tokens"], 4);
    assert_eq!(interaction["interaction_type"], "Completion");
    assert_eq!(interaction["latency_ms"], 150);
    for envelope in ["request_data", "response_data"] {
        assert_eq!(interaction[envelope]["algorithm"], "AES-256-GCM");
    }
}

#[test]
fn in_a_current_thread_runtime() {
    let variables = [KEY_VARIABLE, SECRETS_VARIABLE];
    let place = in_child("in_a_current_thread_runtime", &variables, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(the_whole_day(secrets_config()))
    });
    place.iter().for_each(check_the_whole_day);
}

#[test]
fn in_a_multi_thread_runtime() {
    let variables = [KEY_VARIABLE, SECRETS_VARIABLE];
    let place = in_child("in_a_multi_thread_runtime", &variables, || {
        let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
        runtime.block_on(the_whole_day(secrets_config()))
    });
    place.iter().for_each(check_the_whole_day);
}

#[test]
fn outside_of_any_runtime() {
    let variables = [KEY_VARIABLE, SECRETS_VARIABLE];
    let place = in_child("outside_of_any_runtime", &variables, || {
        block_on(the_whole_day(secrets_config()))
    });
    place.iter().for_each(check_the_whole_day);
}

#[test]
fn with_defaults_makes_a_key_of_its_own_when_there_is_none() {
    let name = "with_defaults_makes_a_key_of_its_own_when_there_is_none";
    let place = in_child(name, &[], || {
        for _ in 0..2 {
            let logger = ModelLogger::with_defaults()?;
            block_on(request_and_response(&logger, AgentId(1)))?;
            logger.close_blocking()?;
        }
        Ok(())
    });
    if let Some(place) = place {
        assert_eq!(place.entries().len(), 4);
    }
}

/// The seed's `symbiont.toml` with its file store. The key of the store is in a variable here,
/// since a machine that runs tests has no keychain.
const SYMBIONT_TOML: &str = r#"
[security.secrets]
type = "file"
path = "secrets.json"
[security.secrets.encryption]
enabled = true
algorithm = "AES-256-GCM"
[security.secrets.encryption.key]
provider = "env"
env_var = "SECRETS_FILE_KEY"
[logging]
enabled = true
encryption_key_name = "symbiont/logging/encryption_key"
log_file_path = "logs/model_io.encrypted.log"
enable_pii_masking = true
"#;

#[test]
fn from_the_configuration_file() {
    let place = in_child("from_the_configuration_file", &[SECRETS_VARIABLE], || {
        std::fs::write("symbiont.toml", SYMBIONT_TOML)?;
        let config = symbi_runtime::Config::discover(None)?;
        block_on(fill_store(config.secrets.as_ref().unwrap()))?;
        let logger = ModelLogger::from_config(&config)?;
        block_on(request_and_response(&logger, AgentId(1)))?;
        logger.close_blocking()?;
        // A log under the key of the store does not open under another one.
        let error = ModelLogger::builder(config.logging)
            .secret_store(Arc::new(secrets::MemoryStore::new()))
            .build()
            .unwrap_err();
        assert!(error.to_string().starts_with("KeyManagementError: "));
        Ok(())
    });
    if let Some(place) = place {
        assert_eq!(place.entries().len(), 2);
    }
}

#[test]
fn stores_are_given_as_the_seed_gives_them() {
    fn takes(_: Option<Arc<dyn SecretStore>>) {}
    let opened: Box<dyn SecretStore> = Box::new(secrets::MemoryStore::new());
    takes(Some(Arc::new(opened)));
    takes(Some(Arc::new(secrets::MemoryStore::new())));
    takes(None);
}

#[test]
fn the_configuration_is_plain_data() {
    fn plain_data<T: Clone + fmt::Debug + Default + Serialize + DeserializeOwned>() {}
    plain_data::<LoggingConfig>();
    let read: LoggingConfig = serde_json::from_str(r#"{"batch_size": 7}"#).unwrap();
    assert_eq!(
        read,
        LoggingConfig {
            batch_size: 7,
            ..LoggingConfig::default()
        }
    );
}

#[test]
fn the_calls_may_move_between_threads() {
    fn moves<T: Send + Sync>() {}
    fn sends<T: Send>(_: &T) {}
    moves::<ModelLogger>();
    let logger = ModelLogger::new(
        LoggingConfig {
            enabled: false,
            ..LoggingConfig::default()
        },
        None,
    )
    .unwrap();
    sends(&logger.log_interaction(
        "any text",
        ModelInteractionType::AgentExecution,
        "m",
        RequestData::default(),
        ResponseData::default(),
        Duration::ZERO,
        HashMap::new(),
        None::<TokenUsage>,
        Some("timeout".to_string()),
    ));
    sends(&logger.log_request(
        7_u64,
        ModelInteractionType::RagQuery,
        "m",
        RequestData::default(),
        HashMap::new(),
    ));
    sends(&logger.log_response("id", ResponseData::default(), Duration::ZERO, None, None));
}
