#![doc = include_str!("../README.md")]

mod agent_run;
mod error;
mod exchange;
mod fields;
mod format;
mod interaction;
mod lines;
mod long;
mod otlp;
mod reader;

pub use error::{InputError, Problem};
pub use exchange::{ExchangeSummary, HttpExchange, MappedExchange, map_exchange};
pub use format::{Format, UnknownFormat};
pub use reader::{Options, PassedOver, Reader, Session, Unit, reader};
