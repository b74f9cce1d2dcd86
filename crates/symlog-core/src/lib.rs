//! The flight recorder for AI agents: masks, encrypts and durably appends every model interaction.

mod interaction;

pub use interaction::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
    UnknownInteractionType,
};
