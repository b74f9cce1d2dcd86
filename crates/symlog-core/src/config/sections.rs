//! The sections beside `[logging]`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use symlog_pii::PiiType;
use toml::Table;

use super::choice::choices;
use super::error::{ConfigProblemKind as Problem, nearest};
use super::section::Section;

/// `[masking]`: what is masked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskingConfig {
    /// The name of a built-in profile, or the path of a profile file.
    pub profile: String,
    /// More rule files.
    pub rules: Vec<String>,
    /// Texts that are never masked.
    pub allow: Vec<String>,
    /// Texts that are always masked.
    pub deny: Vec<String>,
    /// What is written for each type or rule, where that is not its default mask.
    pub operators: BTreeMap<String, String>,
}

impl Default for MaskingConfig {
    fn default() -> Self {
        Self {
            profile: "default".to_owned(),
            rules: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            operators: BTreeMap::new(),
        }
    }
}

impl MaskingConfig {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            profile,
            rules,
            allow,
            deny,
            operators,
        } = self;
        section.name("profile", profile);
        section.texts("rules", rules);
        section.texts("allow", allow);
        section.texts("deny", deny);
        section.text_map("operators", unknown_type, operators);
        section.finish();
    }

    /// Lets paths of rule and profile files start where the configuration file is.
    pub(super) fn resolve(&mut self, directory: &Path) {
        let resolve = |path: &mut String| {
            if let Some(resolved) = directory.join(&*path).to_str() {
                *path = resolved.to_owned();
            }
        };
        self.rules.iter_mut().for_each(resolve);
        // Names of built-in profiles have neither.
        if self.profile.contains(['/', '.']) {
            resolve(&mut self.profile);
        }
    }
}

/// Types are written in capitals, rules are not, and which rules there are is known only with the
/// rule files.
fn unknown_type(name: &str) -> Option<Problem> {
    if name.contains(|c: char| c.is_lowercase()) || PiiType::from_str(name).is_ok() {
        return None;
    }
    let known: Vec<String> = PiiType::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    Some(Problem::UnknownKey {
        nearest: nearest(name, &known),
        known,
    })
}

/// `[[retention]]`: entries that are kept longer or shorter than `retention_days`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionClass {
    /// The name of the class.
    pub class: String,
    /// Which entries belong to it.
    pub selector: RetentionSelector,
    /// How many days they are kept.
    pub days: u32,
}

/// Which entries belong to a class: those for which everything that is set here is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionSelector {
    /// The agent.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The type of interaction.
    pub kind: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
}

impl RetentionClass {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut new = Self::default();
        section.name("class", &mut new.class);
        if new.class.is_empty() {
            section.missing("class", "write class = \"the name of the class\"");
        }
        match section.section("match") {
            None => section.missing(
                "match",
                "write match = { agent = \"…\" } or model, type, tenant",
            ),
            Some(mut selector) => {
                let RetentionSelector {
                    agent,
                    model,
                    kind,
                    tenant,
                } = &mut new.selector;
                *agent = selector.text("agent");
                *model = selector.text("model");
                *kind = selector.text("type");
                *tenant = selector.text("tenant");
                selector.finish();
            }
        }
        let mut days = u32::MAX;
        let given = section.has("days");
        section.integer("days", &mut days);
        if !given {
            section.missing(
                "days",
                "write days = the number of days to keep these entries",
            );
        }
        new.days = days;
        section.finish();
        new
    }
}

choices! {
    /// How much the archiver holds itself back.
    ArchivePriority {
        /// Only what the machine has left over.
        #[default]
        Low = "low",
        /// As any other work.
        Normal = "normal",
    }
}

/// `[archive]`: when the active file is sealed, and what making an archive of it may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveConfig {
    /// The size in bytes at which the active file is sealed and a new one begins.
    pub seal_bytes: u64,
    /// Bytes of memory that the archiver takes at most.
    pub memory_limit: u64,
    /// How much the archiver holds itself back.
    pub priority: ArchivePriority,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            seal_bytes: 256 * 1024 * 1024,
            memory_limit: 256 * 1024 * 1024,
            priority: ArchivePriority::default(),
        }
    }
}

impl ArchiveConfig {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            seal_bytes,
            memory_limit,
            priority,
        } = self;
        section.integer("seal_bytes", seal_bytes);
        section.integer("memory_limit", memory_limit);
        section.choice("priority", priority);
        section.finish();
    }
}

choices! {
    /// What kind of remote sink it is.
    SinkKind {
        /// An object store: S3, Google Cloud Storage, Azure.
        #[default]
        Object = "object",
        /// NATS JetStream.
        Nats = "nats",
        /// A broker that speaks the Kafka protocol.
        Kafka = "kafka",
    }
}

/// `[[sink]]`: a remote sink. Its own keys are checked by the crate of its kind.
#[derive(Clone, Default, PartialEq)]
pub struct SinkConfig {
    /// What kind it is.
    pub kind: SinkKind,
    /// Its own keys, with variables replaced. They may hold credentials.
    pub options: Table,
}

impl SinkConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut kind = SinkKind::default();
        if !section.has("kind") {
            section.missing("kind", "write kind = \"object\", \"nats\" or \"kafka\"");
        }
        section.choice("kind", &mut kind);
        Self {
            kind,
            options: section.rest(),
        }
    }
}

impl fmt::Debug for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkConfig")
            .field("kind", &self.kind)
            .field("keys", &self.options.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
