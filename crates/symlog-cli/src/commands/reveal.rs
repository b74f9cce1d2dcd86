//! `symlog reveal`

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;
use symlog_core::LogReader;
use symlog_crypto::sha256;
use symlog_pii::Token;

use crate::access::Access;
use crate::diagnostics;
use crate::masking;
use crate::options::Common;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog reveal '[EMAIL~ghijklmn…]'                 the value that a reversible token stands for
  symlog reveal --tenant acme --reason 'ticket 4711' '[EMAIL~ghijklmn…]'
  grep -o '\\[[A-Z_]*~[g-v]*\\]' masked.txt | symlog reveal --json -

Tokens are what the operator `token` writes. Each reveal is recorded in the access log, which lies
beside the log as PATH.access, before anything is shown: see it with `symlog --log PATH.access cat`.";

/// Show the values that reversible tokens stand for; each reveal is recorded
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The tokens, with or without brackets; `-` reads them from standard input, one a line
    #[arg(value_name = "TOKEN", required = true)]
    tokens: Vec<String>,
    /// The tenant that they were made for
    #[arg(long)]
    tenant: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    token: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    value: Option<&'a str>,
}

/// How much of a token's digest stands in the record.
const SHOWN: usize = 8;

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let tokens = given(&options.tokens)?;
    let mut parsed = Vec::new();
    for text in &tokens {
        match Token::parse(text) {
            Some(token) if token.reversible => parsed.push(token),
            Some(_) => bail!(
                "{text} is a pseudonym, which nobody can reveal; tokens are written by the operator `token`"
            ),
            None => bail!("{text:?} is no token; one looks like [EMAIL~ghij…]"),
        }
    }
    let keys = masking::operator_keys(&config)?;
    record(&config, options, &parsed)?;
    let mut results = Results::open();
    let mut refused = 0;
    for (text, token) in tokens.iter().zip(&parsed) {
        let value = keys.reveal(token, options.tenant.as_deref());
        let shown = value
            .as_ref()
            .map(|value| value.expose_str())
            .transpose()
            .context("a token does not hold text")?;
        if shown.is_none() {
            refused += 1;
            diagnostics::refuse(format_args!(
                "{text}: not a token of this log and tenant; name them with --log and --tenant"
            ));
        }
        if common.json {
            results.json(&Row {
                token: text,
                kind: token.kind.as_str(),
                value: shown,
            })?;
        } else if let Some(shown) = shown {
            writeln!(results, "{shown}")?;
        }
    }
    results.flush()?;
    Ok(Answer::fine_if(refused == 0))
}

fn given(arguments: &[String]) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for argument in arguments {
        if argument != "-" {
            tokens.push(argument.clone());
            continue;
        }
        for line in std::io::stdin().lock().lines() {
            let line = line.context("cannot read standard input")?;
            if !line.trim().is_empty() {
                tokens.push(line.trim().to_owned());
            }
        }
    }
    Ok(tokens)
}

/// Notes which tokens are asked for, by digest: the record reveals nothing itself.
fn record(config: &symlog_core::Config, options: &Options, tokens: &[Token]) -> Result<()> {
    let digests = tokens.iter().map(|token| {
        let digest = sha256(&[&token.bytes]);
        let hex: String = digest[..SHOWN].iter().map(|b| format!("{b:02x}")).collect();
        Value::from(format!("{} {hex}", token.kind))
    });
    let mut details = vec![("tokens", Value::Array(digests.collect()))];
    if let Some(reason) = &options.reason {
        details.push(("reason", Value::from(reason.clone())));
    }
    Access {
        action: "reveal",
        details,
        tenant: options.tenant.as_deref(),
    }
    .record(config, &LogReader::from_config(config)?)
}
