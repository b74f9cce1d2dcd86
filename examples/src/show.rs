use std::error::Error;
use std::fmt::Display;
use std::path::Path;

use symlog_core::secrets::{SecretBytes, new_secret_store};
use symlog_core::{Config, Filter, LogReader};
use tempfile::TempDir;

/// A directory for one run of an example: its configuration, its key, its log.
#[derive(Debug)]
pub struct Workspace {
    /// What a configuration file would say.
    pub config: Config,
    directory: TempDir,
}

impl Workspace {
    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A fresh one, which goes when this is dropped.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made.
    pub async fn new() -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::tempdir()?;
        let config = Config::from_toml(&toml(directory.path()), "symbiont.toml")?;
        if let Some(secrets) = &config.secrets {
            let store = new_secret_store(secrets, "symlog-examples").await?;
            let key = SecretBytes::from("of no use outside this example".to_owned());
            store.put(&config.logging.encryption_key_name, &key).await?;
        }
        Ok(Self { config, directory })
    }
}

fn toml(directory: &Path) -> String {
    let quoted = |name| format!("{:?}", directory.join(name));
    format!(
        "[security.secrets]
         type = \"file\"
         path = {}
         [logging]
         enabled = true
         log_file_path = {}",
        quoted("secrets.json"),
        quoted("logs/model_io.encrypted.log")
    )
}

fn show(what: &str, value: Option<impl Display>) {
    let text = value.map_or_else(String::new, |value| value.to_string());
    if !text.is_empty() {
        println!("  {:9} {}", format!("{what}:"), text.replace('\n', " "));
    }
}

/// Prints what stands in the log: what it holds, and as little of it as the masks leave.
///
/// # Errors
///
/// When the log cannot be read.
pub fn print_log(config: &Config) -> Result<(), Box<dyn Error>> {
    println!("In the log:");
    let reader = LogReader::from_config(config)?;
    for entry in reader.entries(Filter::new())? {
        let entry = entry?;
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let kind = entry.interaction_type.map_or("?", |kind| kind.as_str());
        println!(
            "- {kind} by {} with {}",
            name(&entry.agent_id),
            name(&entry.model_identifier)
        );
        if let Some(request) = &entry.request_data {
            let request = request.to_request()?;
            show("asked", Some(request.prompt));
            show("with", request.tool_arguments);
        }
        if let Some(response) = &entry.response_data {
            let response = response.to_response()?;
            show("answered", Some(response.content));
            show("result", response.tool_result);
        }
        show("error", entry.error);
        if !entry.masked.is_empty() {
            println!("  masked:   {:?}", entry.masked);
        }
    }
    Ok(())
}
