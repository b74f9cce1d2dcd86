//! The flight recorder for AI agents: masks, encrypts and durably appends every model interaction.
