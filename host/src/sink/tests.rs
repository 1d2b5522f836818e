//! The producer against the embedded broker.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::*;
use crate::kafka::EmbeddedBroker;
use crate::record::Slot;

fn settings(brokers: &str, properties: &[(&str, &str)]) -> ProducerSettings {
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ProducerSettings { pipeline: "test".to_owned(), brokers: brokers.to_owned(), properties, transactional_id: None }
}

fn broker() -> EmbeddedBroker {
    EmbeddedBroker::start(&[("t".to_owned(), 2)]).expect("a broker")
}

fn ticket(sequence: u64) -> Ticket {
    Ticket::new(Slot(1), sequence)
}

fn small(sequence: u64) -> Outgoing<'static> {
    Outgoing { partition: Some(0), ..Outgoing::plain(ticket(sequence), None, Some(b"v")) }
}

/// Polls until nothing is in flight.
fn collect(deliveries: &mut Deliveries) -> Vec<Delivery> {
    let (mut all, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(10));
    while deliveries.in_flight() > 0 && Instant::now() < deadline {
        let _ = deliveries.poll(Duration::from_millis(50), &mut all);
    }
    all
}

/// The error kind of each sequence number; each may come back only once.
fn outcomes(deliveries: &[Delivery]) -> HashMap<u64, Option<DeliveryErrorKind>> {
    let mut outcomes = HashMap::new();
    for delivery in deliveries {
        let kind = delivery.error.as_ref().map(|error| error.kind);
        assert_eq!(outcomes.insert(delivery.ticket.sequence(), kind), None, "delivered twice: {delivery:?}");
    }
    outcomes
}

#[test]
fn a_full_queue_takes_a_prefix_and_the_rest_after_room_was_made() {
    let broker = broker();
    let few = [("queue.buffering.max.messages", "10")];
    let (producer, mut deliveries) = Producer::connect(&settings(&broker.bootstrap_servers(), &few)).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    let (mut sender, records) = (producer.sender(), (0..100).map(small).collect::<Vec<_>>());

    let first = sender.send(&topic, &records);
    assert_eq!(first.accepted, 10);
    let Some(Refusal::QueueFull(full)) = first.refused.clone() else { panic!("{first:?}") };
    assert_eq!(first.refused.map(|refusal| refusal.to_string()).as_deref(), Some("the producer's queue is full"));
    assert!(!producer.wait_for_room(full, Duration::from_millis(10)), "nobody polls, so no room is made");

    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut sent = first.accepted;
            while sent < records.len() {
                let answer = sender.send(&topic, &records[sent..]);
                sent += answer.accepted;
                if let Some(Refusal::QueueFull(full)) = answer.refused {
                    assert!(producer.wait_for_room(full, Duration::from_secs(10)), "room was made");
                }
            }
        });
        while !sending.is_finished() || deliveries.in_flight() > 0 {
            deliveries.poll(Duration::from_millis(20), &mut all).expect("no fatal error");
        }
    });
    assert_eq!(outcomes(&all), (0..100).map(|sequence| (sequence, None)).collect());
}

#[test]
fn a_record_that_is_too_large_stops_just_before_itself() {
    let broker = broker();
    let (producer, mut deliveries) = Producer::connect(&settings(&broker.bootstrap_servers(), &[])).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    let large = vec![0; 1_000_000];
    let headers: [(&[u8], Option<&[u8]>); 1] = [(b"large", Some(&large))];
    let records = [
        small(0),
        Outgoing { value: Some(&large), ..small(1) },
        small(2),
        Outgoing { extra_headers: &headers, ..small(3) },
        Outgoing { value: Some(&large[..900_000]), ..small(4) },
    ];
    let mut sender = producer.sender();
    let sent = sender.send(&topic, &records);
    assert_eq!(sent.accepted, 1);
    let text = sent.refused.expect("refused").to_string();
    assert!(
        text.starts_with("the record is too large: 1000036 bytes with key, headers and framing, 1000000"),
        "{text}"
    );
    let sent = sender.send(&topic, &records[2..]);
    assert_eq!(sent.accepted, 1);
    assert!(matches!(sent.refused, Some(Refusal::TooLarge { size: 1_000_052, .. })), "{sent:?}");
    assert_eq!(sender.send(&topic, &records[4..]), Sent { accepted: 1, refused: None });
    assert_eq!(outcomes(&collect(&mut deliveries)), HashMap::from([(0, None), (2, None), (4, None)]));
}

#[test]
fn a_partition_that_does_not_exist_fails_alone() {
    let broker = broker();
    let (producer, mut deliveries) = Producer::connect(&settings(&broker.bootstrap_servers(), &[])).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    let mut sender = producer.sender();
    // Until the first answer the client does not know the topic's partitions and takes any.
    let elsewhere = Outgoing { partition: Some(99), ..small(8) };
    assert_eq!(sender.send(&topic, &[small(7), elsewhere, small(9)]).accepted, 3);
    let all = collect(&mut deliveries);
    let missing = Some(DeliveryErrorKind::TopicMissing);
    assert_eq!(outcomes(&all), HashMap::from([(7, None), (8, missing), (9, None)]));
    let texts: Vec<_> = all.into_iter().filter_map(|delivery| delivery.error).map(|error| error.to_string()).collect();
    assert_eq!(texts, ["Unknown partition (_UNKNOWN_PARTITION)"]);
    let elsewhere = Outgoing { partition: Some(99), ..small(2) };
    let sent = sender.send(&topic, &[small(1), elsewhere, small(3)]);
    assert_eq!(sent.accepted, 1);
    let text = sent.refused.expect("refused").to_string();
    assert_eq!(text, "the producer does not take the record: Unknown partition (_UNKNOWN_PARTITION)");
    let with_timestamp = Outgoing { timestamp: Some(1), ..elsewhere };
    assert_eq!(sender.send(&topic, &[with_timestamp]).accepted, 0, "the other way in refuses it too");
    let negative = Outgoing { partition: Some(-1), ..small(5) };
    assert_eq!(sender.send(&topic, &[negative]).accepted, 0, "-1 does not mean any");
    assert_eq!(sender.send(&topic, &[small(3)]), Sent { accepted: 1, refused: None });
    assert_eq!(outcomes(&collect(&mut deliveries)), HashMap::from([(1, None), (3, None)]));
    assert_eq!(deliveries.in_flight(), 0);
}

#[test]
fn without_a_broker_records_time_out_and_troubles_are_named() {
    let hasty = [("message.timeout.ms", "300"), ("socket.connection.setup.timeout.ms", "1000")];
    let (producer, mut deliveries) = Producer::connect(&settings("127.0.0.1:1", &hasty)).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    assert_eq!(producer.sender().send(&topic, &[small(0)]).accepted, 1);
    let (mut all, mut troubles) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + Duration::from_secs(10);
    while all.is_empty() && Instant::now() < deadline {
        troubles.extend(deliveries.poll(Duration::from_millis(50), &mut all).expect("no fatal error"));
    }
    assert_eq!(outcomes(&all), HashMap::from([(0, Some(DeliveryErrorKind::TimedOut))]));
    let refused = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused";
    assert!(troubles.iter().any(|trouble| trouble.text == refused), "{troubles:?}");
    assert!(troubles.iter().all(|trouble| trouble.class == ErrorClass::Transient), "{troubles:?}");
    assert!(troubles.len() < 10, "a broker that is away must not flood: {troubles:?}");
}

#[test]
fn a_fatal_error_ends_the_producer_and_says_so() {
    let broker = broker();
    let (producer, mut deliveries) = Producer::connect(&settings(&broker.bootstrap_servers(), &[])).expect("connect");
    let topic = producer.topic("t").expect("a topic");
    native::raise_fatal(&producer.sender());
    let mut all = Vec::new();
    let error = deliveries.poll(Duration::from_secs(5), &mut all).expect_err("fatal").to_string();
    assert!(error.starts_with("the Kafka producer failed and cannot go on: ") && error.contains("FENCED"), "{error}");
    assert!(producer.fatal().is_some());
    let sent = producer.sender().send(&topic, &[small(0), small(1)]);
    assert!(matches!(sent, Sent { accepted: 0, refused: Some(Refusal::Other { .. }) }), "{sent:?}");
}

#[test]
fn refused_settings_are_named() {
    let bad = settings("127.0.0.1:1", &[("linger.ms", "soon")]);
    let text = Producer::connect(&bad).err().expect("refused").to_string();
    assert!(text.starts_with("the producer cannot start: `linger.ms`: invalid value"), "{text}");
}
