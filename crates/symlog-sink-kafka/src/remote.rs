use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use symlog_sink::{
    Created, Operation, PartName, PartStorage, Remote, SinkError, Storage, check_log_name,
};

use crate::config::{ConfigError, KafkaConfig};
use crate::parts::KafkaParts;
use crate::topic::{Create, Fetch, Partition, Refresh, Topic};

/// A topic that holds logs.
#[derive(Clone, Debug)]
pub struct KafkaRemote {
    topic: Topic,
}

/// No name of a log.
const PROBE: &str = ".probe";
const PROBE_TEXT: &[u8] = b"symlog tried out here whether this topic can be written and read.\n";

impl KafkaRemote {
    /// The topic that `config` names. It is connected to when it is needed.
    ///
    /// # Errors
    ///
    /// Where the configuration makes no sense, or a file of it cannot be read.
    pub fn new(config: KafkaConfig) -> Result<Self, ConfigError> {
        Topic::new(config).map(|topic| Self { topic })
    }
}

impl Remote for KafkaRemote {
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError> {
        check_log_name(name)?;
        let parts = KafkaParts::new(self.topic.clone(), name);
        let part_len = self.topic.part_len();
        Ok(Arc::new(PartStorage::new(parts).with_part_len(part_len)))
    }

    fn logs(&self) -> Result<Vec<String>, SinkError> {
        let mut logs = BTreeSet::new();
        for partition in 0..self.topic.partition_count() {
            let names = Refresh(|partition: &Partition| {
                let logs = partition.parts.keys().map(|(log, _)| log.clone());
                logs.collect::<BTreeSet<_>>()
            });
            logs.extend(self.topic.run(Operation::List, partition, names)?);
        }
        logs.retain(|log| check_log_name(log).is_ok());
        Ok(logs.into_iter().collect())
    }

    fn probe(&self) -> Result<(), SinkError> {
        let part = PartName {
            chapter: PROBE.to_owned(),
            number: 0,
        };
        let partition = self.topic.partition_of(PROBE);
        let create = || Create {
            log: PROBE.to_owned(),
            part: part.clone(),
            bytes: PROBE_TEXT.to_vec(),
        };
        self.topic.run(Operation::Append, partition, create())?;
        if self.topic.run(Operation::Append, partition, create())? == Created::New {
            return Err(SinkError::Unconditional {
                path: self.address(),
            });
        }
        let fetch = Fetch {
            log: PROBE.to_owned(),
            part,
            offset: 0,
            len: PROBE_TEXT.len(),
        };
        match self.topic.run(Operation::Read, partition, fetch)? {
            Some(text) if text == PROBE_TEXT => Ok(()),
            found => Err(SinkError::Foreign {
                path: self.address(),
                what: format!(
                    "{} bytes where a probe was put",
                    found.map_or(0, |text| text.len())
                ),
            }),
        }
    }

    fn address(&self) -> PathBuf {
        self.topic.address()
    }
}
