//! What is known of the topic's partitions, and the connection to them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use rskafka::client::ClientBuilder;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::record::{Record, RecordAndOffset};
use symlog_sink::{Created, Operation, PartName, SinkError};
use tokio::sync::Mutex;

use crate::config::{ConfigError, KafkaConfig};
use crate::tls;

/// A topic that holds logs.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    config: Arc<KafkaConfig>,
    tls: Option<Arc<rustls::ClientConfig>>,
    partitions: Arc<Vec<Mutex<Option<Partition>>>>,
}

/// One partition, read up to `next`.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Kept after a failure: a message that a stalled broker has not taken is then the
    /// only one in memory, and those behind it are given up in their queue.
    client: PartitionClient,
    patience: Duration,
    next: i64,
    /// The record that counts for each part, and its length.
    pub(crate) parts: BTreeMap<(String, PartName), (i64, u64)>,
    /// The record that was read last.
    last: Option<(i64, Vec<u8>)>,
}

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const CHAPTER: &str = "symlog-chapter";
const NUMBER: &str = "symlog-number";
/// Asked for at once; brokers give one record at least.
const FETCH: i32 = 8 << 20;
/// How long a broker may wait for a record that should be there.
const WAIT_MS: i32 = 500;
/// Between looks for a record that the broker said it has.
const PAUSE: Duration = Duration::from_millis(50);

impl Topic {
    pub(crate) fn new(config: KafkaConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let partitions = (0..config.partitions.max(1)).map(|_| Mutex::default());
        Ok(Self {
            partitions: Arc::new(partitions.collect()),
            tls: config.tls.then(|| tls::client(&config)).transpose()?,
            config: Arc::new(config),
        })
    }

    pub(crate) fn address(&self) -> PathBuf {
        self.config.address()
    }

    pub(crate) fn part_len(&self) -> usize {
        self.config.part_len()
    }

    pub(crate) fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// Where a log is: FNV-1a of its name, which never changes.
    pub(crate) fn partition_of(&self, log: &str) -> usize {
        let hash = log.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        usize::try_from(hash % self.partitions.len() as u64).unwrap_or_default()
    }

    /// Runs a request to its end, or until the broker takes too long to answer.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        operation: Operation,
        partition: usize,
        request: impl AsyncRequest<T>,
    ) -> Result<T, SinkError> {
        let topic = self.clone();
        let answer = symlog_sink::wait_for(async move {
            let mut place = topic.partitions[partition].lock().await;
            let answer = async {
                let open = match place.take() {
                    Some(open) => open,
                    None => patiently(topic.config.timeout(), topic.connect(partition)).await??,
                };
                request.run(place.insert(open)).await
            };
            answer.await.map_err(io_error)
        });
        answer
            .and_then(|answer| answer)
            .map_err(|source| SinkError::io(operation, self.address(), source))
    }

    async fn connect(&self, partition: usize) -> Result<Partition, Failure> {
        let config = &self.config;
        let brokers = config
            .brokers
            .split(',')
            .map(|broker| broker.trim().to_owned())
            .collect();
        let mut builder = ClientBuilder::new(brokers).client_id("symlog");
        if let Some(tls) = &self.tls {
            builder = builder.tls_config(Arc::clone(tls));
        }
        if let Some(sasl) = config.sasl() {
            builder = builder.sasl_config(sasl);
        }
        let client = builder.build().await?;
        let known = client.list_topics().await?;
        if !known.iter().any(|topic| topic.name == config.topic) {
            let timeout = i32::try_from(config.timeout().as_millis()).unwrap_or(i32::MAX);
            let (partitions, replicas) = (config.partitions.max(1), config.replicas.max(1));
            let replicas = i16::try_from(replicas).unwrap_or(i16::MAX);
            let made = client
                .controller_client()?
                .create_topic(&config.topic, partitions.into(), replicas, timeout)
                .await;
            match made {
                // Another host was quicker.
                Err(Error::ServerError {
                    protocol_error: ProtocolError::TopicAlreadyExists,
                    ..
                })
                | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let client = client
            .partition_client(
                &config.topic,
                i32::try_from(partition).unwrap_or_default(),
                UnknownTopicHandling::Retry,
            )
            .await?;
        let next = client.get_offset(OffsetAt::Earliest).await?;
        Ok(Partition {
            client,
            patience: config.timeout(),
            next,
            parts: BTreeMap::new(),
            last: None,
        })
    }
}

/// The client tries for ever; when to stop is the shipper's.
async fn patiently<T>(patience: Duration, request: impl Future<Output = T>) -> io::Result<T> {
    let answer = tokio::time::timeout(patience, request).await;
    answer.map_err(|_| io::ErrorKind::TimedOut.into())
}

fn io_error(failure: Failure) -> io::Error {
    let mut kind = io::ErrorKind::Other;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*failure);
    while let Some(error) = next {
        kind = kind_of(error).unwrap_or(kind);
        next = error.source();
    }
    io::Error::new(kind, failure)
}

/// What a system error says that this one stands for.
fn kind_of(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    if let Some(system) = error.downcast_ref::<io::Error>() {
        return Some(system.kind());
    }
    match error.downcast_ref::<Error>()? {
        Error::ServerError { protocol_error, .. } => match protocol_error {
            ProtocolError::MessageTooLarge | ProtocolError::RecordListTooLarge => {
                Some(io::ErrorKind::FileTooLarge)
            }
            ProtocolError::TopicAuthorizationFailed
            | ProtocolError::ClusterAuthorizationFailed
            | ProtocolError::SaslAuthenticationFailed => Some(io::ErrorKind::PermissionDenied),
            ProtocolError::NotEnoughReplicas | ProtocolError::NotEnoughReplicasAfterAppend => {
                Some(io::ErrorKind::NotConnected)
            }
            _ => None,
        },
        Error::Connection(_) | Error::RetryFailed(_) => Some(io::ErrorKind::NotConnected),
        Error::Timeout => Some(io::ErrorKind::TimedOut),
        _ => None,
    }
}

/// A request to a partition. Closures cannot say yet that what they return
/// borrows from their argument and may go to another thread.
pub(crate) trait AsyncRequest<T>: Send + 'static {
    fn run(self, partition: &mut Partition) -> impl Future<Output = Result<T, Failure>> + Send;
}

/// Reads what is new.
pub(crate) struct Refresh<F>(pub(crate) F);

impl<T: 'static, F: FnOnce(&Partition) -> T + Send + 'static> AsyncRequest<T> for Refresh<F> {
    async fn run(self, partition: &mut Partition) -> Result<T, Failure> {
        partition.catch_up().await?;
        Ok((self.0)(partition))
    }
}

/// Sends a record for a part, and finds out whether it is the one that counts.
pub(crate) struct Create {
    pub(crate) log: String,
    pub(crate) part: PartName,
    pub(crate) bytes: Vec<u8>,
}

impl AsyncRequest<Created> for Create {
    async fn run(self, partition: &mut Partition) -> Result<Created, Failure> {
        let key = (self.log, self.part);
        if partition.parts.contains_key(&key) {
            return Ok(Created::Exists);
        }
        let len = self.bytes.len() as u64;
        let number = key.1.number.to_string();
        let headers = [
            (CHAPTER.to_owned(), key.1.chapter.clone().into_bytes()),
            (NUMBER.to_owned(), number.into_bytes()),
        ];
        let record = Record {
            key: Some(key.0.clone().into_bytes()),
            value: Some(self.bytes),
            headers: headers.into(),
            timestamp: now(),
        };
        let sent = partition
            .client
            .produce(vec![record], Compression::NoCompression);
        let offsets = patiently(partition.patience, sent).await??;
        let offset = offsets.first().copied().ok_or("no offset")?;
        if offset == partition.next {
            // Nobody else wrote meanwhile.
            partition.next += 1;
            partition.parts.insert(key, (offset, len));
            return Ok(Created::New);
        }
        if offset < partition.next {
            // Lower than what was there: the topic was made anew.
            partition.begin_again().await?;
        }
        partition.read_to(offset + 1).await?;
        Ok(match partition.parts.get(&key) {
            Some((first, _)) if *first == offset => Created::New,
            _ => Created::Exists,
        })
    }
}

/// By which brokers tell how long a record has been kept.
fn now() -> DateTime<chrono::Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Reads the record that counts for a part.
pub(crate) struct Fetch {
    pub(crate) log: String,
    pub(crate) part: PartName,
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

impl AsyncRequest<Option<Vec<u8>>> for Fetch {
    async fn run(self, partition: &mut Partition) -> Result<Option<Vec<u8>>, Failure> {
        let key = (self.log, self.part);
        if !partition.parts.contains_key(&key) {
            partition.catch_up().await?;
        }
        let Some((at, _)) = partition.parts.get(&key).copied() else {
            return Ok(None);
        };
        if partition.last.as_ref().is_none_or(|(last, _)| *last != at) {
            let records = partition.fetch(at).await?;
            // What has taken its place, where the topic was made anew.
            let found = records.into_iter().find(|found| found.offset == at);
            let record = found.map(|found| found.record);
            let record = record.filter(|record| part_of(record).is_some_and(|(of, _)| of == key));
            let Some(value) = record.and_then(|record| record.value) else {
                return Ok(None);
            };
            partition.last = Some((at, value));
        }
        Ok(partition.last.as_ref().map(|(_, value)| {
            let rest = usize::try_from(self.offset)
                .ok()
                .and_then(|offset| value.get(offset..))
                .unwrap_or_default();
            rest[..rest.len().min(self.len)].to_vec()
        }))
    }
}

impl Partition {
    /// Notes which records count, up to the newest.
    async fn catch_up(&mut self) -> Result<(), Failure> {
        let latest = self.client.get_offset(OffsetAt::Latest);
        let end = patiently(self.patience, latest).await??;
        if end < self.next {
            // Fewer than there were: the topic was made anew.
            self.begin_again().await?;
        }
        self.read_to(end).await
    }

    async fn begin_again(&mut self) -> Result<(), Failure> {
        let earliest = self.client.get_offset(OffsetAt::Earliest);
        self.next = patiently(self.patience, earliest).await??;
        self.parts.clear();
        self.last = None;
        Ok(())
    }

    /// Notes which records count, up to the one at `end`. What was noted stays so
    /// where it stops half-way.
    async fn read_to(&mut self, end: i64) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        while self.next < end {
            let records = self.fetch(self.next).await?;
            if records.is_empty() {
                // To go on without them might be to take another's part for none.
                if waited >= self.patience {
                    return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                }
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
                continue;
            }
            waited = Duration::ZERO;
            for found in records {
                if found.offset < self.next {
                    continue;
                }
                self.next = found.offset + 1;
                if let Some((key, len)) = part_of(&found.record) {
                    self.parts.entry(key).or_insert((found.offset, len));
                }
            }
        }
        Ok(())
    }

    async fn fetch(&self, from: i64) -> Result<Vec<RecordAndOffset>, Failure> {
        let records = self.client.fetch_records(from, 1..FETCH, WAIT_MS);
        let (records, _) = patiently(self.patience, records).await??;
        Ok(records)
    }
}

fn part_of(record: &Record) -> Option<((String, PartName), u64)> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let log = text(record.key.as_ref()?)?;
    let chapter = text(record.headers.get(CHAPTER)?)?;
    let number = text(record.headers.get(NUMBER)?)?.parse().ok()?;
    let len = record.value.as_ref()?.len() as u64;
    Some(((log, PartName { chapter, number }), len))
}
