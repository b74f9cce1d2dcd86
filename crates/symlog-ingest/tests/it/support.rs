use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::Value;
use symlog_core::{Interaction, RequestData, ResponseData, TokenUsage};
use symlog_ingest::{Format, InputError, Options, Unit, reader};

/// A small file that lies in the repository.
pub(crate) fn testdata(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the data that is shared beside the repository; none, with a message, where it is
/// absent.
pub(crate) fn shared(test: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {test}: ../shared/data/{name} is not here");
    None
}

pub(crate) fn units(input: &[u8], format: Format) -> Vec<Result<Unit, InputError>> {
    reader(input, format, Options::default()).collect()
}

pub(crate) fn units_of_file(path: &Path, format: Format) -> Vec<Result<Unit, InputError>> {
    let file = BufReader::new(File::open(path).unwrap());
    reader(file, format, Options::default()).collect()
}

/// All interactions of an input that has no errors.
#[track_caller]
pub(crate) fn interactions(input: &[u8], format: Format) -> Vec<Interaction> {
    units(input, format)
        .into_iter()
        .flat_map(|unit| unit.unwrap().interactions)
        .collect()
}

/// The only interaction of an input.
#[track_caller]
pub(crate) fn only(input: &[u8], format: Format) -> Interaction {
    let mut all = interactions(input, format);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

pub(crate) fn request(interaction: &Interaction) -> &RequestData {
    interaction.request_data().unwrap()
}

pub(crate) fn response(interaction: &Interaction) -> &ResponseData {
    interaction.response_data().unwrap()
}

pub(crate) fn tokens(interaction: &Interaction) -> Option<(u32, u32, u32)> {
    interaction.token_usage().map(|tokens| {
        let TokenUsage {
            input_tokens,
            output_tokens,
            total_tokens,
        } = tokens;
        (input_tokens, output_tokens, total_tokens)
    })
}

/// Names and arguments of the tool calls in an answer.
pub(crate) fn tool_calls(interaction: &Interaction) -> Vec<(String, Value)> {
    let calls = response(interaction)
        .tool_result
        .as_ref()
        .and_then(|result| result.get("tool_calls")?.as_array());
    calls
        .into_iter()
        .flatten()
        .map(|call| {
            (
                call["name"].as_str().unwrap().to_owned(),
                call["arguments"].clone(),
            )
        })
        .collect()
}

pub(crate) fn meta<'a>(interaction: &'a Interaction, name: &str) -> Option<&'a str> {
    interaction.metadata_map().get(name).map(String::as_str)
}

/// A row of `provider-http` with these bodies.
pub(crate) fn row(path: &str, request: &str, status: u16, response: &str) -> Vec<u8> {
    serde_json::json!({
        "provider": "test",
        "method": "POST",
        "path": path,
        "request_body": request,
        "status": status,
        "response_body": response,
    })
    .to_string()
    .into_bytes()
}
