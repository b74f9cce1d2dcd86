use std::time::SystemTime;

use crate::format::{Meta, Timestamp};
use crate::interaction::{EntryId, ModelInteractionType};

/// Which entries are wanted: those for which everything that is set here holds.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Filter {
    /// At or after.
    pub since: Option<SystemTime>,
    /// Before.
    pub until: Option<SystemTime>,
    /// Of this agent.
    pub agent: Option<String>,
    /// With this model.
    pub model: Option<String>,
    /// Of this kind.
    pub kind: Option<ModelInteractionType>,
    /// With this id, or with an id that begins with this.
    pub id: Option<String>,
    /// Of this conversation.
    pub conversation: Option<String>,
}

impl Filter {
    /// Wants everything.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wants(&self, id: &EntryId, at: Timestamp, meta: &Meta<'_>) -> bool {
        let Self {
            since,
            until,
            agent,
            model,
            kind,
            id: wanted_id,
            conversation,
        } = self;
        let equal = |wanted: &Option<String>, actual: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| actual == Some(wanted))
        };
        since.is_none_or(|since| at >= Timestamp::from_system_time(since))
            && until.is_none_or(|until| at < Timestamp::from_system_time(until))
            && equal(agent, meta.agent_id.as_deref())
            && equal(model, meta.model.as_deref())
            && equal(conversation, meta.conversation.as_deref())
            && kind.is_none_or(|kind| meta.kind == Some(kind))
            && wanted_id
                .as_deref()
                .is_none_or(|wanted| id.to_string().starts_with(wanted))
    }
}
