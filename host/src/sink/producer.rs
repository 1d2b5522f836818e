//! Hands records over to librdkafka, in order, many to a call.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::native::{self, Scratch};
use super::{
    Deliveries, Delivery, DeliveryError, Outgoing, Partitions, ProducerSettings, Refusal, Sent, SinkError, Transactions,
};
use crate::kafka::error::{Code, ErrorClass};
use crate::kafka::native::{Client, Queue, Role, TopicHandle};
use crate::kafka::properties;

/// Records of one batch call at most: bounds the scratch memory of a sender.
const MAX_RUN: usize = 1024;

/// What a record costs in a request beside key, value and headers; librdkafka counts the same.
const FRAMING: usize = 36;

/// What a header costs beside name and value: two lengths.
const HEADER_FRAMING: usize = 10;

/// librdkafka's limit where none is set.
const DEFAULT_LIMIT: usize = 1_000_000;

/// A connection to the brokers for writing. Cheap to clone.
#[derive(Clone)]
pub struct Producer {
    shared: Arc<Shared>,
}

/// What the three objects share.
pub(super) struct Shared {
    pub(super) client: Arc<Client>,
    /// Failed at once, though others behind them were accepted: reported with the deliveries.
    pub(super) failed: Mutex<Vec<Delivery>>,
    rooms: Mutex<u64>,
    more_room: Condvar,
    limit: usize,
}

/// A topic to send to. Keep it: opening one costs a question to the broker.
#[derive(Clone)]
pub struct Topic {
    handle: Arc<TopicHandle>,
}

/// One worker's way in.
pub struct Sender {
    shared: Arc<Shared>,
    scratch: Scratch,
}

/// The moment at which the queue was found full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room(u64);

impl Producer {
    /// Starts a client. Does not wait for a broker: run the probe first.
    pub fn connect(settings: &ProducerSettings) -> Result<(Producer, Deliveries), SinkError> {
        let refused = |reason| SinkError::Settings { reason };
        let ProducerSettings { pipeline, brokers, properties, transactional_id } = settings;
        let conf = properties::producer_conf(pipeline, brokers, properties, transactional_id.as_deref());
        let mut conf = conf.map_err(refused)?;
        let limit = conf.get("message.max.bytes").and_then(|value| value.parse().ok()).unwrap_or(DEFAULT_LIMIT);
        native::report_as_events(&mut conf);
        let client = Arc::new(Client::start(conf, Role::Producer, None).map_err(refused)?);
        let queue = Queue::main(&client).ok_or_else(|| refused("the client has no event queue".to_owned()))?;
        let shared = Arc::new(Shared {
            client,
            failed: Mutex::default(),
            rooms: Mutex::default(),
            more_room: Condvar::new(),
            limit,
        });
        Ok((Producer { shared: shared.clone() }, Deliveries::new(shared, queue)))
    }

    /// Opens a topic.
    pub fn topic(&self, name: &str) -> Result<Topic, SinkError> {
        let refused = |code: Code| SinkError::Topic { topic: name.to_owned(), reason: code.text() };
        let handle = TopicHandle::new(&self.shared.client, name).map_err(refused)?;
        Ok(Topic { handle: Arc::new(handle) })
    }

    /// The transactions of a producer that has an id for them.
    pub fn transactions(&self) -> Transactions {
        Transactions::new(self.shared.clone())
    }

    /// A way in for one more worker.
    pub fn sender(&self) -> Sender {
        Sender { shared: self.shared.clone(), scratch: Scratch::default() }
    }

    /// Waits until records have left the queue since it was found full; `false` if `timeout` came first.
    ///
    /// Room comes from [`Deliveries::poll`], so another thread has to call it.
    pub fn wait_for_room(&self, full: Room, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut rooms = self.shared.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        while *rooms == full.0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let (guard, _) = self.shared.more_room.wait_timeout(rooms, left).unwrap_or_else(PoisonError::into_inner);
            rooms = guard;
        }
        true
    }

    /// Asks the broker how many partitions a topic has that was opened with [`Producer::topic`], and waits `at_most` so
    /// long.
    pub fn partitions(&self, topic: &str, at_most: Duration) -> Partitions {
        let answer = match self.shared.client.metadata(at_most) {
            Ok(answer) => answer,
            Err(code) => return Partitions::of(code, 0),
        };
        match answer.iter().find(|found| found.name == topic) {
            Some(found) => Partitions::of(found.code, found.partitions),
            None => Partitions::Later("the broker says nothing of it".to_owned()),
        }
    }

    /// Records accepted whose deliveries were not collected yet.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight()
    }

    /// The error after which the producer does nothing any more.
    pub fn fatal(&self) -> Option<SinkError> {
        self.shared.fatal()
    }
}

impl Shared {
    pub(super) fn in_flight(&self) -> usize {
        native::queue_len(&self.client) + self.failed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn fatal(&self) -> Option<SinkError> {
        self.client.fatal().map(|(code, reason)| SinkError::Fatal { name: code.name(), reason })
    }

    pub(super) fn announce_room(&self) {
        *self.rooms.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.more_room.notify_all();
    }

    fn room(&self) -> Room {
        Room(*self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Partitions {
    fn of(code: Code, count: usize) -> Partitions {
        match code.class() {
            _ if code == Code::NONE => Partitions::Known(count),
            // A topic whose partitions have no leader right now exists all the same.
            ErrorClass::Transient if count > 0 => Partitions::Known(count),
            ErrorClass::TopicMissing => Partitions::Known(0),
            ErrorClass::Unauthorized => Partitions::Unauthorized(code.text()),
            _ => Partitions::Later(code.text()),
        }
    }
}

impl Sender {
    #[cfg(test)]
    pub(super) fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Why a record would not be taken however long one waits, if that is so.
    pub fn refusal(&self, record: &Outgoing<'_>) -> Option<Refusal> {
        let (size, limit) = (wire_size(record), self.shared.limit);
        (size > limit).then_some(Refusal::TooLarge { size, limit })
    }

    /// Hands records over in order, as many as are taken.
    ///
    /// Order holds per partition, also between records with and without headers. Should a record be refused while
    /// others behind it are taken, it counts as accepted and comes back failed: nothing is sent twice or out of order.
    pub fn send(&mut self, topic: &Topic, records: &[Outgoing<'_>]) -> Sent {
        debug_assert!(Arc::ptr_eq(topic.handle.client(), &self.shared.client), "a topic of this producer");
        // Before the first try, or room made during it would be waited for in vain.
        let room = self.shared.room();
        let mut accepted = 0;
        while let Some(rest) = records.get(accepted..).filter(|rest| !rest.is_empty()) {
            let (count, refused) = match self.plain_run(rest) {
                0 => self.send_one(topic, rest, room),
                run => self.send_run(topic, rest.get(..run).unwrap_or_default(), room),
            };
            accepted += count;
            if refused.is_some() {
                return Sent { accepted, refused };
            }
        }
        Sent { accepted, refused: None }
    }

    /// How many records from the front can go in one batch call: it carries neither headers nor timestamps, it is for
    /// one partition, and one record that is too large would be refused while those behind it are taken.
    fn plain_run(&self, records: &[Outgoing<'_>]) -> usize {
        let Some(partition) = records.first().map(|record| record.partition) else { return 0 };
        let fits = |record: &&Outgoing<'_>| {
            record.partition == partition
                && record.partition.is_none_or(|partition| partition >= 0)
                && !record.has_headers()
                && record.timestamp.is_none_or(|at| at <= 0)
                && wire_size(record) <= self.shared.limit
        };
        records.iter().take(MAX_RUN).take_while(fits).count()
    }

    fn send_one(&mut self, topic: &Topic, records: &[Outgoing<'_>], room: Room) -> (usize, Option<Refusal>) {
        let Some(record) = records.first() else { return (0, None) };
        let size = wire_size(record);
        if size > self.shared.limit {
            return (0, Some(Refusal::TooLarge { size, limit: self.shared.limit }));
        }
        // librdkafka would take -1 for "any", and other negative numbers until it knows the topic.
        if record.partition.is_some_and(|partition| partition < 0) {
            return (0, Some(refusal(Code::UNKNOWN_PARTITION, room)));
        }
        match native::produce_one(&self.shared.client, &topic.handle, record) {
            Ok(()) => (1, None),
            Err(code) => (0, Some(refusal(code, room))),
        }
    }

    fn send_run(&mut self, topic: &Topic, records: &[Outgoing<'_>], room: Room) -> (usize, Option<Refusal>) {
        let partition = records.first().and_then(|record| record.partition);
        let answers = self.scratch.produce(&topic.handle, partition, records);
        if answers.all_accepted() {
            return (records.len(), None);
        }
        let taken = answers.codes().rposition(|code| code == Code::NONE).map_or(0, |last| last + 1);
        for (record, code) in records.iter().zip(answers.codes()).take(taken).filter(|(_, code)| *code != Code::NONE) {
            let failed = Delivery { ticket: record.ticket, error: Some(DeliveryError::new(code)) };
            self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
        }
        (taken, answers.codes().nth(taken).map(|code| refusal(code, room)))
    }
}

fn refusal(code: Code, room: Room) -> Refusal {
    match code {
        Code::QUEUE_FULL => Refusal::QueueFull(room),
        _ => Refusal::Other { name: code.name(), reason: code.text() },
    }
}

/// The size of a record in a request, at most; never less than librdkafka counts.
fn wire_size(record: &Outgoing<'_>) -> usize {
    let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let plain = FRAMING + len(record.key) + len(record.value);
    if !record.has_headers() {
        return plain;
    }
    let headers = record.headers.chain(record.extra_headers.iter().copied());
    plain + headers.map(|(name, value)| HEADER_FRAMING + name.len() + len(value)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Slot, Ticket};

    #[test]
    fn the_size_counts_all_parts() {
        let mut record = Outgoing::plain(Ticket::new(Slot(0), 0), Some(b"key"), Some(b"value"));
        assert_eq!(wire_size(&record), 36 + 8);
        record.extra_headers = &[(b"name", Some(b"v")), (b"n", None)];
        assert_eq!(wire_size(&record), 36 + 8 + 15 + 11);
    }
}
