//! The sections beside `[logging]`.

use std::fmt;

use toml::Table;

use super::choice::choices;
use super::section::Section;

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

/// Which entries are meant: those for which everything that is set here is equal.
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

impl RetentionSelector {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            agent,
            model,
            kind,
            tenant,
        } = self;
        *agent = section.text("agent");
        *model = section.text("model");
        *kind = section.text("type");
        *tenant = section.text("tenant");
        section.finish();
    }
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
            Some(selector) => new.selector.read(selector),
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
    /// The age in hours at which it is sealed, however small; 0 for never.
    pub seal_hours: u32,
    /// Bytes of memory that the archiver takes at most.
    pub memory_limit: u64,
    /// How much the archiver holds itself back.
    pub priority: ArchivePriority,
    /// Whether the `symlog` command archives what is sealed while it records. A program does so where
    /// it gives its logger the archiver as a [`Chore`](crate::Chore).
    pub background: bool,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            seal_bytes: 256 * 1024 * 1024,
            seal_hours: 24,
            memory_limit: 256 * 1024 * 1024,
            priority: ArchivePriority::default(),
            background: true,
        }
    }
}

impl ArchiveConfig {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            seal_bytes,
            seal_hours,
            memory_limit,
            priority,
            background,
        } = self;
        section.integer("seal_bytes", seal_bytes);
        section.integer("seal_hours", seal_hours);
        section.integer("memory_limit", memory_limit);
        section.choice("priority", priority);
        section.boolean("background", background);
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

choices! {
    /// What a writer meets when more than `spool_bytes` wait to be shipped. What waits is never
    /// dropped.
    AtCeiling {
        /// It waits until there is room.
        #[default]
        Block = "block",
        /// Its entries are refused with an error.
        Reject = "reject",
        /// It goes on as long as there is room on the disk.
        Exceed = "exceed",
    }
}

/// `[[sink]]`: a remote sink. Its own keys are checked by the crate of its kind.
#[derive(Clone, PartialEq)]
pub struct SinkConfig {
    /// What kind it is.
    pub kind: SinkKind,
    /// What it is called; its kind, where nothing else is said.
    pub name: String,
    /// Milliseconds that what was written waits for more to be shipped with it.
    pub interval_ms: u32,
    /// Bytes that may wait to be shipped; 0 for no limit.
    pub spool_bytes: u64,
    /// What happens when more do.
    pub at_ceiling: AtCeiling,
    /// Milliseconds that closing the log waits for what is left to be shipped.
    pub drain_ms: u32,
    /// Its own keys, with variables replaced. They may hold credentials.
    pub options: Table,
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self {
            kind: SinkKind::default(),
            name: String::new(),
            interval_ms: 10_000,
            spool_bytes: 16 << 30,
            at_ceiling: AtCeiling::default(),
            drain_ms: 3000,
            options: Table::new(),
        }
    }
}

impl SinkConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut new = Self::default();
        if !section.has("kind") {
            section.missing("kind", "write kind = \"object\", \"nats\" or \"kafka\"");
        }
        section.choice("kind", &mut new.kind);
        new.name = match new.kind {
            SinkKind::Object => "object".to_owned(),
            SinkKind::Nats => "nats".to_owned(),
            SinkKind::Kafka => "kafka".to_owned(),
        };
        section.name("name", &mut new.name);
        section.integer("interval_ms", &mut new.interval_ms);
        section.integer("spool_bytes", &mut new.spool_bytes);
        section.choice("at_ceiling", &mut new.at_ceiling);
        section.integer("drain_ms", &mut new.drain_ms);
        new.options = section.rest();
        new
    }
}

impl fmt::Debug for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkConfig")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("keys", &self.options.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
