//! Each payment goes to its topic with its new key, its old headers and the new ones, and its old timestamp.

use std::time::Duration;

use harness::{Cluster, Ended, Process, Record, paths};

use crate::example::{Example, Ground, node};
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

#[test]
fn a_time_of_the_broker_is_told_as_such() {
    let limit = Duration::from_secs(60);
    let log_append = [("message.timestamp.type", "LogAppendTime")];
    node().create_topic("late.in", 1, &log_append).unwrap_or_else(|why| panic!("{why}"));
    node().create_topic("late.out", 3, &[]).unwrap_or_else(|why| panic!("{why}"));
    let text = std::fs::read_to_string(paths::root().join("guests/rust/route/pipeline.toml")).expect("the example");
    let text = text.replace("../../..", &paths::root().display().to_string()).replace("\"route", "\"late");
    let text = text.replace("\"late.wasm\"", &format!("{:?}", paths::guest("route")));
    let text = text.replace("topics = [\"payments.large\", \"payments.domestic\", \"payments.europe\"]\n", "");
    let folder = paths::scratch("late").expect("folder");
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).expect("the file");
    let log = folder.path().join("millstream.log");
    let brokers = [("KAFKA_BROKERS", Some(node().address()))];
    let program = paths::millstream().expect("the program");
    let mut process =
        Process::start_with(&program, &["run".as_ref(), file.as_os_str()], &brokers, &log).expect("start");

    let cluster = Cluster::at(node().address()).expect("a client");
    let old = 1_700_000_000_000;
    let sent = Record { timestamp: Some(old), ..record(&payment("a", 250, "US", &[])) };
    cluster.send("late.in", &[sent]).unwrap_or_else(|why| panic!("{why}"));
    let done = cluster.wait_committed("late", "late.in", limit);
    done.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
    let [read] = &cluster.read("late.in").expect("records")[..] else { panic!("one record") };
    assert!(read.timestamp > Some(old), "the broker gave its own: {:?}", read.timestamp);
    let out = cluster.read("late.out").expect("records");
    let [out] = &out[..] else { panic!("one record, not {out:?}; it wrote:\n{}", process.log()) };
    assert_eq!(out.header_text("clock").as_deref(), Some("broker"));
    assert_eq!(out.timestamp, read.timestamp, "the guest keeps it");
    assert_eq!(process.terminate(limit).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());
}
