//! Each payment goes to its topic with its new key, its old headers and the new ones, and its old timestamp.

use harness::Record;

use crate::example::{Example, Ground};
use crate::on_both_brokers;
use crate::payment::{payment, record};

const TOPICS: [&str; 4] = ["route.out", "payments.large", "payments.domestic", "payments.europe"];

/// Id, amount, country; then what the rules say: topic and grade.
const CASES: [(&str, i64, &str, &str, &str); 8] = [
    ("a", 9_999, "DE", "payments.domestic", "small"),
    ("b", 10_000, "FR", "payments.europe", "medium"),
    ("c", 499_999, "US", "route.out", "medium"),
    ("d", 500_000, "DE", "payments.large", "large"),
    ("e", -1, "NL", "payments.europe", "refund"),
    ("f", i64::MAX, "US", "payments.large", "large"),
    ("g", 0, "", "route.out", "small"),
    ("h", i64::MIN, "DE", "payments.domestic", "refund"),
];

fn the_envelope_is_the_guests_to_choose(ground: Ground) {
    let mut records: Vec<Record> = Vec::new();
    for (offset, (id, amount, country, ..)) in CASES.iter().enumerate() {
        // As much as the guest's language can hold.
        let amount = (*amount).clamp(-ground.largest(), ground.largest());
        let mut record = record(&payment(id, amount, country, &[])).header("trace", *id).header("trace", "again");
        record.headers.push(("none".to_owned(), None));
        record.timestamp = Some(1_700_000_000_000 + offset as i64);
        records.push(record);
    }
    // One without a key, one without headers.
    records[6].key = None;
    records[7].headers.clear();
    let mut example = Example::start(ground, "route", &TOPICS[1..]);
    example.feed(&records);

    for topic in TOPICS {
        let mut wanted = Vec::new();
        for (offset, (id, _, _, _, grade)) in CASES.iter().enumerate().filter(|(_, case)| case.3 == topic) {
            let Record { key: old_key, value, headers, timestamp } = records[offset].clone();
            let mut record = Record { key: Some(format!("acc-{id}").into()), value, headers, timestamp }
                .header("correlation-id", format!("route.in-0-{offset}"))
                .header("source", "route.in")
                .header("version", "0.1.0")
                .header("grade", *grade)
                .header("clock", "producer");
            record.headers.push(("original-key".to_owned(), old_key));
            wanted.push(record);
        }
        assert!(!wanted.is_empty());
        assert_eq!(example.records(topic), wanted, "{topic}");
    }
    example.stop();
}

on_both_brokers!(the_envelope_is_the_guests_to_choose, "route");
