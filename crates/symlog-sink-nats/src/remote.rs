use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use symlog_sink::{Created, Operation, PartStorage, Remote, SinkError, Storage, check_log_name};

use crate::client::Client;
use crate::config::NatsConfig;
use crate::parts::{NatsParts, create, get, subjects};

/// A stream that holds logs.
#[derive(Clone, Debug)]
pub struct NatsRemote {
    client: Client,
}

const PROBE_TEXT: &[u8] = b"symlog tried out here whether this stream keeps conditions.\n";

impl NatsRemote {
    /// The stream that `config` names. It is connected to when it is needed.
    #[must_use]
    pub fn new(config: NatsConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }
}

impl Remote for NatsRemote {
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError> {
        check_log_name(name)?;
        let parts = NatsParts::new(self.client.clone(), name);
        let part_len = self.client.part_len();
        Ok(Arc::new(PartStorage::new(parts).with_part_len(part_len)))
    }

    fn logs(&self) -> Result<Vec<String>, SinkError> {
        let all = subjects(&self.client, format!("{}.>", self.client.stream_name()))?;
        let logs: BTreeSet<_> = all
            .iter()
            .filter_map(|subject| {
                // Log, chapter and number; a probe has less.
                let mut words = subject.rsplit('.').skip(2);
                words.next().filter(|_| words.next().is_some())
            })
            .map(str::to_owned)
            .collect();
        Ok(logs.into_iter().collect())
    }

    fn probe(&self) -> Result<(), SinkError> {
        let subject = format!("{}.probe", self.client.stream_name());
        let first = create(&self.client, subject.clone(), PROBE_TEXT)?;
        let second = create(&self.client, subject.clone(), PROBE_TEXT)?;
        if (first, second) == (Created::New, Created::New) {
            return Err(SinkError::Unconditional {
                path: self.address(),
            });
        }
        match get(&self.client, Operation::Read, subject)? {
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
        self.client.address()
    }
}
