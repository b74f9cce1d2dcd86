use std::fmt::{self, Display};
use std::str::FromStr;

/// What the input holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Each line is recognised by its fields, a protobuf file by its bytes.
    #[default]
    Auto,
    /// One interaction a line, in the shape of the log itself, decrypted.
    Interaction,
    /// One HTTP exchange with a model provider a line.
    ProviderHttp,
    /// One run of an agent a line: its messages from first to last.
    AgentRun,
    /// OTLP/HTTP export bodies: one JSON body a line, or one protobuf body a file.
    Otlp,
}

impl Format {
    /// All formats, in the order of their declaration.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::Interaction,
        Self::ProviderHttp,
        Self::AgentRun,
        Self::Otlp,
    ];

    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Interaction => "interaction",
            Self::ProviderHttp => "provider-http",
            Self::AgentRun => "agent-run",
            Self::Otlp => "otlp",
        }
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no input format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown input format {0:?}: use one of auto, interaction, provider-http, agent-run, otlp")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
