use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use symlog_sink::{Created, Operation, PartName, PartStore, SinkError};

use crate::client::Client;

/// The parts of one log, each a message on a subject of its own.
#[derive(Debug)]
pub(crate) struct NatsParts {
    client: Client,
    log: String,
}

/// Tells the length of a message whose content is left out.
const SIZE: &str = "Nats-Msg-Size";

impl NatsParts {
    pub(crate) fn new(client: Client, log: &str) -> Self {
        Self {
            client,
            log: log.to_owned(),
        }
    }

    fn below(&self, rest: &str) -> String {
        format!("{}.{}.{rest}", self.client.stream_name(), self.log)
    }

    fn subject(&self, part: &PartName) -> String {
        self.below(&format!("{}.{}", part.chapter, part.number))
    }
}

/// Publishes the first message of a subject.
pub(crate) fn create(client: &Client, subject: String, bytes: &[u8]) -> Result<Created, SinkError> {
    let message = PublishMessage::build()
        .payload(Bytes::copy_from_slice(bytes))
        .expected_last_subject_sequence(0);
    client.run(Operation::Append, |connection| async move {
        let sent = connection.context.send_publish(subject, message).await;
        let stored = match sent {
            Ok(acknowledgement) => acknowledgement.await.map(drop),
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => Ok(Created::New),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                Ok(Created::Exists)
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// The message of a subject. The leader of the stream is asked, which never lags.
pub(crate) fn get(
    client: &Client,
    operation: Operation,
    subject: String,
) -> Result<Option<Bytes>, SinkError> {
    client.run(operation, |connection| async move {
        let message = connection.stream.get_last_raw_message_by_subject(&subject);
        match message.await {
            Ok(message) => Ok(Some(message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
}

/// The subjects that hold a message.
pub(crate) fn subjects(client: &Client, filter: String) -> Result<Vec<String>, SinkError> {
    client.run_long(Operation::List, |connection| async move {
        let listed = connection.stream.info_with_subjects(filter).await?;
        let subjects = listed.map_ok(|(subject, _)| subject);
        Ok(subjects.try_collect().await?)
    })
}

impl PartStore for NatsParts {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        create(&self.client, self.subject(part), bytes)
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        let subjects = subjects(&self.client, self.below(">"))?;
        let chapters: BTreeSet<_> = subjects
            .iter()
            .filter_map(|subject| subject.rsplit('.').nth(1))
            .map(str::to_owned)
            .collect();
        Ok(chapters.into_iter().collect())
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        let next = PartName {
            chapter: chapter.to_owned(),
            number: from,
        };
        // Mostly there is nothing new, which one request tells.
        if from > 0 && self.len(&next)?.is_none() {
            return Ok(Vec::new());
        }
        let filter = self.below(&format!("{chapter}.*"));
        let mut parts = self
            .client
            .run_long(Operation::List, |connection| async move {
                let mut consumer = connection
                    .stream
                    .create_consumer(OrderedConfig {
                        filter_subject: filter,
                        headers_only: true,
                        ..OrderedConfig::default()
                    })
                    .await?;
                let mut left = consumer.info().await?.num_pending;
                let mut messages = consumer.messages().await?;
                let mut parts = Vec::new();
                while left > 0 {
                    let next = tokio::time::timeout(connection.patience, messages.next()).await;
                    let next = next.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
                    let Some(message) = next else { break };
                    let message = message?;
                    left = message.info()?.pending;
                    let number = message.subject.rsplit('.').next();
                    let size = message.headers.as_ref().and_then(|all| all.get(SIZE));
                    if let (Some(number), Some(size)) = (number, size) {
                        parts.push((number.parse::<u64>()?, size.as_str().parse::<u64>()?));
                    }
                }
                Ok(parts)
            })?;
        parts.retain(|(number, _)| *number >= from);
        parts.sort_unstable();
        Ok(parts)
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        let message = get(&self.client, Operation::Inspect, self.subject(part))?;
        Ok(message.map(|bytes| bytes.len() as u64))
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let message = get(&self.client, Operation::Read, self.subject(part))?;
        let Some(bytes) = message else {
            return Err(SinkError::Lost {
                path: self.address(),
                what: part.to_string(),
            });
        };
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..))
            .unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        let filter = self.below(&format!("{chapter}.*"));
        self.client.run(Operation::Remove, |connection| async move {
            connection.stream.purge().filter(filter).await?;
            Ok(())
        })
    }

    fn address(&self) -> PathBuf {
        self.client.address().join(&self.log)
    }
}
