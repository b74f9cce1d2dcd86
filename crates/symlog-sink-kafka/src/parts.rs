use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use symlog_sink::{Created, Operation, PartName, PartStore, SinkError};

use crate::topic::{Create, Fetch, Partition, Refresh, Topic};

/// The parts of one log, each a record.
#[derive(Debug)]
pub(crate) struct KafkaParts {
    topic: Topic,
    log: String,
    partition: usize,
}

impl KafkaParts {
    pub(crate) fn new(topic: Topic, log: &str) -> Self {
        Self {
            partition: topic.partition_of(log),
            topic,
            log: log.to_owned(),
        }
    }

    /// The numbers and lengths of all parts, after another look.
    fn all(&self, operation: Operation) -> Result<Vec<(PartName, u64)>, SinkError> {
        let log = self.log.clone();
        let parts = Refresh(move |partition: &Partition| {
            let first = PartName {
                chapter: String::new(),
                number: 0,
            };
            let own = partition.parts.range((log.clone(), first)..);
            own.take_while(|((of, _), _)| *of == log)
                .map(|((_, part), (_, len))| (part.clone(), *len))
                .collect()
        });
        self.topic.run(operation, self.partition, parts)
    }
}

impl PartStore for KafkaParts {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        let create = Create {
            log: self.log.clone(),
            part: part.clone(),
            bytes: bytes.to_vec(),
        };
        self.topic.run(Operation::Append, self.partition, create)
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        let parts = self.all(Operation::List)?;
        let chapters: BTreeSet<_> = parts.into_iter().map(|(part, _)| part.chapter).collect();
        Ok(chapters.into_iter().collect())
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        let parts = self.all(Operation::List)?;
        Ok(parts
            .into_iter()
            .filter(|(part, _)| part.chapter == chapter && part.number >= from)
            .map(|(part, len)| (part.number, len))
            .collect())
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        let key = (self.log.clone(), part.clone());
        let len = Refresh(move |partition: &Partition| {
            let found = partition.parts.get(&key);
            found.map(|(_, len)| *len)
        });
        self.topic.run(Operation::Inspect, self.partition, len)
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let fetch = Fetch {
            log: self.log.clone(),
            part: part.clone(),
            offset,
            len: buf.len(),
        };
        let bytes = self.topic.run(Operation::Read, self.partition, fetch)?;
        let bytes = bytes.ok_or_else(|| SinkError::Lost {
            path: self.address(),
            what: part.to_string(),
        })?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn remove(&self, _chapter: &str) -> Result<(), SinkError> {
        let why = "records of a topic go with its retention, not one by one";
        let source = io::Error::new(io::ErrorKind::Unsupported, why);
        Err(SinkError::io(Operation::Remove, self.address(), source))
    }

    fn address(&self) -> PathBuf {
        self.topic.address().join(&self.log)
    }
}
