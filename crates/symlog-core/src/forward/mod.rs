//! Every later feature in turn: a log of version 1 carries it without a change of the format, and
//! the present reader takes it or refuses it as the specification says.

mod features;
mod tombstones;

use std::ffi::OsString;
use std::fs::{DirBuilder, DirEntry, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use symlog_crypto::{SecretBytes, default_provider};
use symlog_keys::{Access, Keyring, LoggingKey, MemoryStore, SecretStore};
use tempfile::TempDir;

use crate::config::{LoggingConfig, RetentionClass, RetentionSelector};
use crate::format::{
    Body, ControlLine, MetaFragments, Timestamp, leaf_hash, parse_line, push_tail,
};
use crate::interaction::{Interaction, ModelInteractionType, RequestData, ResponseData};
use crate::logger::{LoggerBuilder, ModelLogger, keyring_path};
use crate::read::{Entry, Filter, LogReader, ReadError};
use crate::verify::VerifyReport;

const KEY: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A log that was written by the present version and is changed as a later one would.
struct Crafted {
    dir: TempDir,
    /// The lines of its one object, without newlines.
    lines: Vec<Vec<u8>>,
}

impl Crafted {
    /// Five prompts in two retention classes, three units and one chain of chunks.
    fn new() -> Self {
        // Written once: making keys and syncing them takes longer than all the rest.
        static FILES: OnceLock<Vec<(OsString, Vec<u8>)>> = OnceLock::new();
        let files = FILES.get_or_init(|| {
            let written = Self::written();
            let directory = std::fs::read_dir(written.path().parent().unwrap()).unwrap();
            let name = |entry: io::Result<DirEntry>| entry.unwrap().file_name();
            directory
                .map(name)
                .map(|name| {
                    let bytes = std::fs::read(written.path().with_file_name(&name)).unwrap();
                    (name, bytes)
                })
                .collect()
        });
        let mut crafted = Self {
            dir: tempfile::tempdir().unwrap(),
            lines: Vec::new(),
        };
        let log = crafted.path();
        DirBuilder::new()
            .mode(0o700)
            .create(log.parent().unwrap())
            .unwrap();
        for (name, bytes) in files {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(log.with_file_name(name))
                .and_then(|mut file| file.write_all(bytes))
                .unwrap();
        }
        crafted.lines = std::fs::read(log)
            .unwrap()
            .strip_suffix(b"\n")
            .unwrap()
            .split(|&byte| byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        crafted
    }

    fn written() -> Self {
        let crafted = Self {
            dir: tempfile::tempdir().unwrap(),
            lines: Vec::new(),
        };
        let logger = crafted.builder().build().unwrap();
        let long = "All work and no play. ".repeat(800);
        for (prompt, tenant, conversation) in [
            ("first", None, Some("c-1")),
            ("second", None, None),
            (&*long, None, Some("c-2")),
            ("fourth", Some("clinic"), Some("c-3")),
            ("fifth", None, Some("c-1")),
        ] {
            let mut interaction =
                Interaction::new("agent", ModelInteractionType::Completion, "model")
                    .request(RequestData {
                        prompt: prompt.to_owned(),
                        ..RequestData::default()
                    })
                    .response(ResponseData {
                        content: "answer".to_owned(),
                        ..ResponseData::default()
                    });
            if let Some(tenant) = tenant {
                interaction = interaction.tenant(tenant);
            }
            if let Some(conversation) = conversation {
                interaction = interaction.conversation(conversation);
            }
            logger.submit(interaction).unwrap().wait().unwrap();
        }
        logger.close_blocking().unwrap();
        crafted
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("logs/model.log")
    }

    fn builder(&self) -> LoggerBuilder {
        let store = MemoryStore::new();
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(store.put(
                "symbiont/logging/encryption_key",
                &SecretBytes::new(KEY.as_bytes().to_vec()),
            ))
            .unwrap();
        ModelLogger::builder(LoggingConfig {
            log_file_path: self.path().display().to_string(),
            max_entry_size: 4096,
            ..LoggingConfig::default()
        })
        .secret_store(Arc::new(store))
        .retention(vec![RetentionClass {
            class: "clinical".to_owned(),
            selector: RetentionSelector {
                tenant: Some("clinic".to_owned()),
                ..RetentionSelector::default()
            },
            days: 3650,
        }])
    }

    fn key() -> LoggingKey {
        LoggingKey::from_text(KEY.to_owned().into()).unwrap()
    }

    fn keyring(&self) -> Keyring {
        Keyring::open(
            &keyring_path(&self.path()),
            &Self::key(),
            Access::ReadWrite,
            &default_provider(),
        )
        .unwrap()
    }

    /// Writes the lines to the log's file.
    fn save(&self) {
        let mut bytes = self.lines.join(&b'\n');
        bytes.push(b'\n');
        std::fs::write(self.path(), bytes).unwrap();
    }

    fn reader(&self) -> LogReader {
        self.save();
        LogReader::open(&self.path(), &Self::key()).unwrap()
    }

    fn read(&self) -> Vec<Result<Entry, ReadError>> {
        self.reader().entries(Filter::new()).unwrap().collect()
    }

    fn prompts(&self) -> Vec<String> {
        let prompt = |entry: Entry| {
            let request = entry.request_data.unwrap().to_request().unwrap();
            request.prompt.chars().take(6).collect()
        };
        self.read()
            .into_iter()
            .map(Result::unwrap)
            .map(prompt)
            .collect()
    }

    /// With and without keys, which must agree on everything but the envelopes.
    fn verify(&self) -> VerifyReport {
        let report = self.reader().verify().unwrap();
        let keyless = crate::verify::verify(&self.path()).unwrap();
        assert_eq!(keyless.root, report.root);
        assert_eq!(keyless.order, report.order);
        report
    }

    /// What becomes of the log when the present version goes on with it.
    fn goes_on(&self) -> Result<(), crate::LoggingError> {
        self.save();
        let logger = self.builder().build()?;
        let next = Interaction::new("agent", ModelInteractionType::Completion, "model")
            .request(RequestData::default());
        logger.submit(next)?.wait()?;
        logger.close_blocking()
    }

    /// Appends a control line of any kind.
    fn push_control(&mut self, control: &str, critical: bool, body: String) {
        let last = parse_line(self.lines.last().unwrap()).unwrap();
        let line = ControlLine {
            segment: last.segment(),
            sequence: last.sequence() + 1,
            control: control.to_owned().into(),
            critical,
            timestamp: Timestamp::parse_canonical("2031-01-15T10:30:00.123456Z").unwrap(),
            body: body.into(),
            extensions: "".into(),
        };
        let bytes = self.sealed(|out| line.write(out), &line.body_digest(&self.log()));
        self.lines.push(bytes);
    }

    fn log(&self) -> [u8; 16] {
        self.keyring().log_id()
    }

    fn sealed(&self, write: impl Fn(&mut Vec<u8>), digest: &[u8; 32]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        push_tail(&mut out, None, &leaf_hash(digest, None));
        out.pop();
        out
    }

    /// Writes every line again with extension members, as a later version would seal it.
    fn extend(&mut self, extensions: &str) {
        let log = self.log();
        let lines = std::mem::take(&mut self.lines);
        self.lines = lines
            .iter()
            .map(|bytes| match parse_line(bytes).unwrap().body {
                Body::Entry {
                    mut line,
                    meta,
                    metadata_digest,
                } => {
                    line.extensions = extensions.to_owned().into();
                    let mut fragments = MetaFragments::default();
                    fragments.render(&meta);
                    self.sealed(
                        |out| line.write(&fragments, out),
                        &line.body_digest(&log, &metadata_digest),
                    )
                }
                Body::Chunk(mut line) => {
                    line.extensions = extensions.to_owned().into();
                    self.sealed(|out| line.write(out), &line.body_digest(&log))
                }
                Body::Control(mut line) => {
                    line.extensions = extensions.to_owned().into();
                    self.sealed(|out| line.write(out), &line.body_digest(&log))
                }
                Body::Tombstone(_) => bytes.clone(),
            })
            .collect();
    }

    /// Changes the body of the segment's first line.
    fn edit_header(&mut self, change: impl Fn(&mut serde_json::Value)) {
        let Body::Control(mut line) = parse_line(&self.lines[0]).unwrap().body else {
            panic!("no control line");
        };
        let mut body = serde_json::from_str(&line.body).unwrap();
        change(&mut body);
        line.body = body.to_string().into();
        self.lines[0] = self.sealed(|out| line.write(out), &line.body_digest(&self.log()));
    }

    /// The places of entry and chunk lines.
    fn sealed_lines(&self) -> Vec<usize> {
        (0..self.lines.len())
            .filter(|&at| {
                let body = parse_line(&self.lines[at]).unwrap().body;
                matches!(body, Body::Entry { .. } | Body::Chunk(_))
            })
            .collect()
    }
}
