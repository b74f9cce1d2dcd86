//! What the crate makes of real and hostile input.

mod agent_runs;
mod captures;
mod hostile;
mod interactions;
mod otlp;
mod properties;
mod providers;
mod reading;
mod shared_set;
mod support;
