//! The consumer against the embedded broker, fed by the producer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::*;
use crate::commit::client::OffsetCommitter;
use crate::kafka::EmbeddedBroker;
use crate::record::{Batch, Headers, Parts, Ticket};
use crate::sink::{Delivery, Outgoing, Producer, ProducerSettings};

pub(super) const TURN: Duration = Duration::from_millis(50);
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What the events were told.
#[derive(Default)]
struct Seen {
    slots: BTreeMap<TopicPartition, Slot>,
    revoked: Vec<(TopicPartition, Slot)>,
    committer: Option<OffsetCommitter>,
    /// What to commit when partitions are revoked.
    next: BTreeMap<Slot, i64>,
    given: u16,
}

#[derive(Clone, Default)]
struct Events(Arc<Mutex<Seen>>);

impl Events {
    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }
}

impl RebalanceEvents for Events {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot> {
        self.seen(|seen| {
            let mut slots = Vec::new();
            for partition in partitions {
                seen.given += 1;
                slots.push(Slot(seen.given));
                seen.slots.insert(partition.clone(), Slot(seen.given));
            }
            slots
        })
    }

    fn revoked(&mut self, partitions: &[(TopicPartition, Slot)]) {
        self.seen(|seen| {
            let next = |(partition, slot): &(_, Slot)| Some((Clone::clone(partition), *seen.next.get(slot)?));
            let offsets: Vec<_> = partitions.iter().filter_map(next).collect();
            if let Some(committer) = &seen.committer {
                committer.commit(&offsets).expect("still ours");
            }
            seen.slots.retain(|held, _| partitions.iter().all(|(partition, _)| partition != held));
            seen.revoked.extend_from_slice(partitions);
        });
    }

    fn lost(&mut self, partitions: &[(TopicPartition, Slot)]) {
        panic!("nothing is lost here: {partitions:?}");
    }
}

pub(super) fn broker(partitions: i32) -> EmbeddedBroker {
    EmbeddedBroker::start(&[("t".to_owned(), partitions)]).expect("a broker")
}

pub(super) fn settings(brokers: &str) -> ConsumerSettings {
    ConsumerSettings {
        pipeline: "test".to_owned(),
        brokers: brokers.to_owned(),
        group: "g".to_owned(),
        topics: vec!["t".to_owned()],
        start: Start::Earliest,
        // Members hear of a rebalance with a heartbeat, and the mock gives them all but a second of the session for it:
        // two seconds, so that a busy machine loses no member, at two seconds a rebalance.
        properties: vec![
            ("heartbeat.interval.ms".to_owned(), "100".to_owned()),
            ("session.timeout.ms".to_owned(), "3000".to_owned()),
        ],
    }
}

fn connect(broker: &EmbeddedBroker) -> (Consumer, Events) {
    let events = Events::default();
    let consumer =
        Consumer::connect(&settings(&broker.bootstrap_servers()), Box::new(events.clone())).expect("connect");
    let committer = OffsetCommitter::new(consumer.group(), PATIENCE);
    events.seen(|seen| seen.committer = Some(committer));
    (consumer, events)
}

/// Sends all and checks that each comes back acknowledged, once.
fn feed(broker: &EmbeddedBroker, records: &[Outgoing<'_>]) {
    let properties = vec![("linger.ms".to_owned(), "1".to_owned())];
    let settings = ProducerSettings {
        pipeline: "feed".to_owned(),
        brokers: broker.bootstrap_servers(),
        properties,
        transactional_id: None,
    };
    let (producer, mut deliveries) = Producer::connect(&settings).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    let sent = producer.sender().send(&topic, records);
    assert_eq!((sent.accepted, sent.refused), (records.len(), None));
    let mut all: Vec<Delivery> = Vec::new();
    while deliveries.in_flight() > 0 {
        deliveries.poll(TURN, &mut all).expect("no fatal error");
    }
    assert!(all.iter().all(|delivery| delivery.error.is_none()), "all are acknowledged");
    let mut tickets: Vec<u64> = all.iter().map(|delivery| delivery.ticket.to_word()).collect();
    let mut expected: Vec<u64> = records.iter().map(|record| record.ticket.to_word()).collect();
    tickets.sort_unstable();
    expected.sort_unstable();
    assert_eq!(tickets, expected, "each ticket comes back once");
}

/// Numbered records, spread over the partitions in turn.
fn numbered(count: u64, partitions: i32) -> Vec<Outgoing<'static>> {
    let number = |sequence: u64| Outgoing {
        partition: Some((sequence % partitions as u64) as i32),
        ..Outgoing::plain(Ticket::new(Slot(9), sequence), None, Some(b"v"))
    };
    (0..count).map(number).collect()
}

/// Polls into one batch until `enough` says so.
fn poll_until(consumer: &mut Consumer, batch: &mut Batch, mut enough: impl FnMut(&Batch) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !enough(batch) {
        assert!(Instant::now() < deadline, "only {} records came", batch.len());
        let keep = &mut |record: RawRecord<'_>| {
            let RawRecord { slot, offset, timestamp, log_append, key, value, headers } = record;
            assert!(batch.push(Parts { slot, offset, timestamp, log_append, key, value }, headers));
        };
        consumer.poll(1_000, TURN, keep).expect("no error");
    }
}

type OwnedHeaders = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn own<'a>(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> OwnedHeaders {
    headers.map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec))).collect()
}

#[test]
fn ten_thousand_records_arrive_as_they_were_sent() {
    let broker = broker(4);
    let mut passed_on = Batch::default();
    let bad_name: (&[u8], Option<&[u8]>) = (&[0xff, 0xfe, b'x'], Some(b"not UTF-8"));
    let parts = Parts { slot: Slot(0), offset: 0, timestamp: -1, log_append: false, key: None, value: None };
    assert!(passed_on.push(parts, [bad_name, (b"null", None), (b"empty", Some(&b""[..]))].into_iter()));
    let inherited = passed_on.get(0).headers();
    let extra: [(&[u8], Option<&[u8]>); 1] = [(b"why", Some(b"because"))];

    let values: Vec<String> = (0..10_000).map(|number| format!("value {number}")).collect();
    let record = |(number, value): (usize, &'static str)| {
        let value = Some(value.as_bytes());
        let plain = Outgoing::plain(Ticket::new(Slot(9), number as u64), Some(b"key"), value);
        let plain = Outgoing { partition: Some(number as i32 % 4), ..plain };
        match number % 50 {
            10 => Outgoing { headers: inherited, ..plain },
            20 => Outgoing { headers: inherited, extra_headers: &extra, ..plain },
            30 => Outgoing { timestamp: Some(1_700_000_000_000), ..plain },
            31 => Outgoing { key: None, value: Some(b""), ..plain },
            32 => Outgoing { key: Some(b""), value: None, ..plain },
            33 => Outgoing { key: None, value: None, headers: inherited, ..plain },
            _ => plain,
        }
    };
    // Leaked so that the closure above can hand the texts out; a test's ten thousand short strings.
    let values: &'static [String] = values.leak();
    let sent: Vec<_> = values.iter().map(String::as_str).enumerate().map(record).collect();
    feed(&broker, &sent);

    let (mut consumer, events) = connect(&broker);
    let mut batch = Batch::default();
    poll_until(&mut consumer, &mut batch, |batch| batch.len() == 10_000);
    let slots = events.seen(|seen| seen.slots.clone());
    assert_eq!(slots.len(), 4);
    for (partition, slot) in slots {
        let expected = sent.iter().filter(|record| record.partition == Some(partition.partition));
        let arrived = batch.iter().filter(|record| record.slot() == slot);
        for (offset, (expected, record)) in expected.zip(arrived).enumerate() {
            assert_eq!(record.offset(), offset as i64, "{partition}");
            assert_eq!((record.key(), record.value()), (expected.key, expected.value), "{partition} {offset}");
            let all = expected.headers.chain(expected.extra_headers.iter().copied());
            assert_eq!(own(record.headers()), own(all), "{partition} {offset}");
            assert!(record.timestamp() >= 1_700_000_000_000);
            assert!(expected.timestamp.is_none_or(|at| at == record.timestamp()));
        }
        assert_eq!(batch.iter().filter(|record| record.slot() == slot).count(), 2_500);
    }
    let progress = consumer.progress();
    assert!(progress.iter().all(|at| at.position == Some(2_500) && at.lag() == Some(0)), "{progress:?}");
    consumer.close(PATIENCE).expect("a clean leave");
    assert_eq!(events.seen(|seen| seen.revoked.len()), 4, "all go when the group is left");
    assert_eq!(own(Headers::default()), OwnedHeaders::new());
}

#[test]
fn a_paused_partition_is_silent_and_goes_on_where_it_stopped() {
    let broker = broker(2);
    let (mut consumer, events) = connect(&broker);
    let mut batch = Batch::default();
    poll_until(&mut consumer, &mut batch, |_| events.seen(|seen| seen.slots.len() == 2));
    let slot = events.seen(|seen| seen.slots[&TopicPartition::new("t", 0)]);
    consumer.pause(&[slot, Slot(999)]);
    feed(&broker, &numbered(200, 2));
    poll_until(&mut consumer, &mut batch, |batch| batch.len() == 100);
    poll_quietly(&mut consumer);
    assert!(batch.iter().all(|record| record.slot() != slot), "nothing of the paused one");
    consumer.resume(&[slot]);
    poll_until(&mut consumer, &mut batch, |batch| batch.len() == 200);
    let offsets: Vec<i64> = batch.iter().filter(|record| record.slot() == slot).map(|record| record.offset()).collect();
    assert_eq!(offsets, (0..100).collect::<Vec<_>>());
}

/// Half a second in which nothing may come.
fn poll_quietly(consumer: &mut Consumer) {
    for _ in 0..10 {
        let polled = consumer.poll(100, TURN, &mut |record| panic!("offset {}", record.offset)).expect("no error");
        assert_eq!(polled, Polled::default());
    }
}

#[test]
fn the_next_consumer_starts_at_what_was_committed() {
    let broker = broker(1);
    feed(&broker, &numbered(100, 1));
    let (mut consumer, events) = connect(&broker);
    let mut batch = Batch::default();
    poll_until(&mut consumer, &mut batch, |batch| batch.len() == 100);
    let committer = OffsetCommitter::new(consumer.group(), PATIENCE);
    let partition = TopicPartition::new("t", 0);
    let offsets = [(partition.clone(), 30)];
    std::thread::scope(|scope| scope.spawn(|| committer.commit(&offsets)).join())
        .expect("no panic")
        .expect("from another thread");
    assert_eq!(committer.commit(&[]), Ok(()));
    // The last commit is made from inside `revoked`.
    events.seen(|seen| seen.next = BTreeMap::from([(seen.slots[&partition], 40)]));
    consumer.close(PATIENCE).expect("a clean leave");
    let late = committer.commit(&offsets).expect_err("the group was left").to_string();
    assert_eq!(late, "the group has moved on and does not take these offsets: this consumer has left it");

    let (mut consumer, _events) = connect(&broker);
    let mut batch = Batch::default();
    poll_until(&mut consumer, &mut batch, |batch| batch.len() == 60);
    assert_eq!(batch.get(0).offset(), 40);
    consumer.close(PATIENCE).expect("a clean leave");
}

#[test]
fn a_second_consumer_takes_half_and_gives_it_back() {
    let broker = broker(4);
    let (mut first, first_events) = connect(&broker);
    let mut batch = Batch::default();
    poll_until(&mut first, &mut batch, |_| first_events.seen(|seen| seen.slots.len() == 4));
    let before = first_events.seen(|seen| seen.slots.clone());

    // Two of these leave while they are paused; nothing may remain of that when they come back.
    first.pause(&before.values().copied().collect::<Vec<_>>());

    let (mut second, second_events) = connect(&broker);
    let mut others = Batch::default();
    poll_until(&mut first, &mut batch, |_| {
        poll_until(&mut second, &mut others, once());
        second_events.seen(|seen| seen.slots.len() == 2) && first_events.seen(|seen| seen.revoked.len() == 2)
    });
    let kept = first_events.seen(|seen| seen.slots.clone());
    first.resume(&kept.values().copied().collect::<Vec<_>>());
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|(partition, slot)| before[partition] == *slot), "what stays keeps its slot");

    feed(&broker, &numbered(400, 4));
    poll_until(&mut first, &mut batch, |batch| {
        poll_until(&mut second, &mut others, once());
        batch.len() == 200 && others.len() == 200
    });
    second.close(PATIENCE).expect("a clean leave");
    poll_until(&mut first, &mut batch, |_| first_events.seen(|seen| seen.slots.len() == 4));
    let after = first_events.seen(|seen| seen.slots.clone());
    let returned = after.iter().filter(|(partition, slot)| before[*partition] != **slot).count();
    assert_eq!(returned, 2, "what comes back has a new slot");
    feed(&broker, &numbered(400, 4));
    // 200 before, 400 now, and the 200 that the second one took and did not commit.
    poll_until(&mut first, &mut batch, |batch| batch.len() == 800);
    first.close(PATIENCE).expect("a clean leave");
}

/// Enough after one turn.
fn once() -> impl FnMut(&Batch) -> bool {
    let mut turns = 0;
    move |_| std::mem::replace(&mut turns, 1) == 1
}

#[test]
fn a_missing_topic_is_named() {
    let broker = broker(1);
    let mut settings = settings(&broker.bootstrap_servers());
    settings.topics = vec!["paymets".to_owned()];
    let mut consumer = Consumer::connect(&settings, Box::new(Events::default())).expect("connect");
    let deadline = Instant::now() + PATIENCE;
    let error = loop {
        assert!(Instant::now() < deadline, "no error came");
        match consumer.poll(10, TURN, &mut |_| ()) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.class(), ErrorClass::TopicMissing);
    let text = "topic `paymets` does not exist on the broker; create it, or correct `topics` in [source]";
    assert_eq!(error.to_string(), text);
}

#[test]
fn without_a_broker_troubles_are_few_and_leaving_is_quick() {
    let mut consumer = Consumer::connect(&settings("127.0.0.1:1"), Box::new(Events::default())).expect("connect");
    let (mut troubles, start) = (Vec::new(), Instant::now());
    while start.elapsed() < Duration::from_millis(700) {
        troubles.extend(consumer.poll(10, TURN, &mut |_| ()).expect("worth waiting for").troubles);
    }
    let refused = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused";
    assert!(troubles.iter().any(|trouble| trouble.text == refused), "{troubles:?}");
    assert!(troubles.len() < 10 && troubles.iter().all(|one| one.class == ErrorClass::Transient), "{troubles:?}");
    let start = Instant::now();
    let _ = consumer.close(Duration::from_secs(1));
    assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refusal = |settings: &ConsumerSettings| {
        Consumer::connect(settings, Box::new(Events::default())).err().expect("refused").to_string()
    };
    let mut pattern = settings("127.0.0.1:1");
    pattern.topics = vec!["^t.*".to_owned()];
    assert_eq!(refusal(&pattern), "the consumer cannot start: `^t.*` is no topic's name; patterns are not taken");
    let mut bad = settings("127.0.0.1:1");
    bad.properties.push(("fetch.min.byte".to_owned(), "1".to_owned()));
    assert_eq!(
        refusal(&bad),
        "the consumer cannot start: librdkafka has no property `fetch.min.byte`; did you mean `fetch.min.bytes`?"
    );
}

#[test]
fn errors_are_sorted_and_say_where() {
    use rdkafka_sys::rd_kafka_resp_err_t as Raw;
    let text = |raw: Raw, reason: &str| {
        let place = Place { partition: TopicPartition::new("t", 3), offset: 17 };
        sort(Code(raw as i32), reason, place).expect_err("not transient").to_string()
    };
    assert_eq!(
        text(Raw::RD_KAFKA_RESP_ERR__BAD_MSG, "MessageSet at offset 17 failed CRC32C check"),
        "t[3] holds data at offset 17 that cannot be read: MessageSet at offset 17 failed CRC32C check; nothing \
         behind it is processed, so that nothing is lost unseen"
    );
    let lost = text(Raw::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, "out of range");
    assert_eq!(lost, "t[3] no longer holds offset 17: out of range");
    let denied = text(Raw::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "denied");
    assert!(denied.starts_with("the broker refuses to let this consumer read: denied"), "{denied}");
    let fatal = text(Raw::RD_KAFKA_RESP_ERR__FATAL, "gone");
    assert_eq!(fatal, "the Kafka consumer failed and cannot go on: gone (_FATAL)");
}
