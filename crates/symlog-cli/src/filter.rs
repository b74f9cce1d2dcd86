//! The options that choose entries, shared by all reading commands.

use symlog_core::{Filter, ModelInteractionType};

use crate::moment::Moment;

/// Which entries are read. All that are given must fit.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Which entries")]
pub(crate) struct Which {
    /// Not before T: 2026-01-15T10:30:00Z, 2026-01-15, today, yesterday, or 90m, 36h, 7d ago; UTC
    #[arg(long, value_name = "T")]
    since: Option<Moment>,
    /// Before T; a day is included whole
    #[arg(long, value_name = "T")]
    until: Option<Moment>,
    /// Of this agent
    #[arg(long, value_name = "A")]
    agent: Option<String>,
    /// With this model
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Of this type: Completion, ToolCall, RagQuery or AgentExecution
    #[arg(long = "type", value_name = "T")]
    kind: Option<ModelInteractionType>,
    /// The entry with this id, or whose id begins so
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Of this conversation
    #[arg(long, value_name = "C")]
    conversation: Option<String>,
}

impl Which {
    pub(crate) fn filter(&self) -> Filter {
        let Self {
            since,
            until,
            agent,
            model,
            kind,
            id,
            conversation,
        } = self;
        let mut filter = Filter::new();
        filter.since = since.map(|moment| moment.start().into());
        filter.until = until.map(|moment| moment.end().into());
        filter.agent.clone_from(agent);
        filter.model.clone_from(model);
        filter.kind = *kind;
        filter.id = id.as_deref().map(str::to_lowercase);
        filter.conversation.clone_from(conversation);
        filter
    }
}
