//! A small agent runtime that logs: what a runtime does to hold one logger and share it.
//!
//! The programs in `src/bin` run its parts. What answers them is no model but a few lines of
//! Rust, so that they run anywhere.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

mod database;
mod model;
mod rag;
mod runtime;
mod show;
mod tools;

pub use database::{Database, Parts};
pub use model::{Completion, complete};
pub use rag::{ContextManager, Documents, StandardRAGEngine};
pub use runtime::{AgentRuntime, RuntimeConfig, RuntimeError};
pub use show::{Workspace, print_log};
pub use tools::{DefaultToolInvocationEnforcer, InvocationEnforcementConfig, ToolError};
