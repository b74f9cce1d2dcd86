//! What the crate makes of real and hostile input.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are outside of #[test] functions"
)]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod agent_runs;
mod captures;
mod hostile;
mod interactions;
mod otlp;
mod properties;
mod protocols;
mod providers;
mod reading;
mod shared_set;
mod support;
