//! The commands of the project itself: `cargo xtask <command>`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what these commands are for"
)]

mod bench;
mod ci;
mod crash;
mod demo;
mod deny;
mod eval;
mod fuzz;
mod house;
mod layering;
mod libtest;
mod limits;
mod lint;
mod measured;
mod release;
mod report;
mod scale;
mod services;
mod shell;
mod targets;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch the services, run every check, fuzz shortly, gate the benchmarks
    Ci,
    /// Format, lints, every test, documentation, layering, licences
    Test,
    /// Format, lints, documentation and the house rules
    Lint,
    /// Which crate may depend on which, over `cargo metadata`
    Layering,
    /// Compile what is for macOS and Windows alone, where the toolchain has them
    Targets,
    /// Bans, licences, sources; advisories where there is a network
    Deny,
    /// Run the benchmarks beside their peers; print one table, write target/bench.json
    Bench(bench::Args),
    /// Record the examples with the command line, show an entry, verify
    Demo,
    /// Check versions and changelog, package every crate; publish only with --execute
    Release(release::Args),
    /// Fetch the servers that the tests run against
    Services,
    /// Kill a process that logs, again and again, and check what is left each time
    Crash(crash::Args),
    /// Record and read a gigabyte, a line of 100 MB and 500,000 entries under hard memory limits
    Limits,
    /// Print the figures of the keyring: a million units, a rotation over ten thousand segments
    Keys,
    /// Look one id up among a hundred million that are archived, and print the figures
    Archive,
    /// Simulate a month of a fleet: requests, bytes and costs of shipping and keeping its logs
    Scale(scale::Args),
    /// Run every fuzz target for some minutes, with the corpora as seeds
    Fuzz(fuzz::Args),
    /// Measure the masking engine on the labelled sets
    Eval(eval::Args),
    /// Rebuild the model of the masking engine
    Train(eval::Args),
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: Args) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    match args.command {
        Command::Ci => ci::run(&workspace),
        Command::Test => Ok(test::run(&workspace).finish()),
        Command::Lint => Ok(lint::run(&workspace).finish()),
        Command::Layering => Ok(layering::run(&workspace).finish()),
        Command::Targets => Ok(targets::run(&workspace).finish()),
        Command::Deny => Ok(deny::run(&workspace).finish()),
        Command::Bench(args) => Ok(bench::run(&workspace, &args)?.finish()),
        Command::Demo => demo::run(&workspace),
        Command::Release(args) => Ok(release::run(&workspace, &args).finish()),
        Command::Services => Ok(services::run(&workspace).finish()),
        Command::Crash(args) => crash::run(&workspace, &args),
        Command::Keys => measured::run(&workspace, measured::KEYS),
        Command::Archive => measured::run(&workspace, measured::ARCHIVE),
        Command::Limits => limits::run(&workspace),
        Command::Scale(args) => Ok(scale::run(&args)),
        Command::Fuzz(args) => fuzz::command(&workspace, &args),
        Command::Eval(args) => eval::run(&workspace, "eval", &args),
        Command::Train(args) => eval::run(&workspace, "train", &args),
    }
}
