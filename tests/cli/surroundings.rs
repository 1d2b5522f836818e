//! What can be missing around the program: brokers, topics, a port; and the signals that end it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use harness::{Ended, Process};

use crate::case::Case;
use crate::cluster::Cluster;

/// Longer than the program looks for a broker.
const SOON: Duration = Duration::from_secs(12);

fn at(address: &str) -> Case {
    Case::payments().edit("\"embedded\"", &format!("\"{address}\""))
}

#[test]
fn an_unreachable_broker_is_one_line() {
    // Nothing listens on port 1.
    let start = Instant::now();
    let done = at("127.0.0.1:1").run(&["run"]);
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    done.mentions(
        3,
        &["error: cannot reach the Kafka broker at 127.0.0.1:1: ", "Connection refused", "check `brokers` in [kafka]"],
    );
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    assert_eq!(done.out, "");
}

#[test]
fn a_host_that_is_not_there_is_one_line() {
    let start = Instant::now();
    let done = at("no-such-host.invalid:9092").run(&["check"]);
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    done.mentions(3, &["error: cannot reach the Kafka broker at no-such-host.invalid:9092: "]);
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
}

#[test]
fn a_missing_topic_is_named() {
    let cluster = Cluster::with(&["payments"]);
    let address = cluster.address();
    for command in ["run", "check"] {
        let line = format!(
            "error: topic `payments.enriched` does not exist on the Kafka broker at {address}; create it first\n"
        );
        at(&address).run(&[command]).says(3, &line);
    }
}

#[test]
fn all_missing_topics_are_named() {
    let cluster = Cluster::with(&["other"]);
    let case =
        at(&cluster.address()).add("\n[errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"payments.dlq\"\n");
    case.run(&["run"])
        .mentions(3, &["topics `payments`, `payments.dlq`, `payments.enriched` do not exist", "create them first"]);
}

#[test]
fn a_broker_that_has_all_is_fine() {
    let cluster = Cluster::with(&["payments", "payments.enriched"]);
    let address = cluster.address();
    at(&address).run(&["check"]).shows(&[&format!("kafka      {address} has all topics\nok\n")]);
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let done = Case::payments().add(&format!("\n[admin]\nlisten = \"{address}\"\n")).run(&["--log", "error", "run"]);
    done.mentions(3, &[&address.to_string(), "[admin]", "in use"]);
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
}

#[test]
fn an_endpoint_for_all_machines_is_refused() {
    let done = Case::payments().add("\n[admin]\nlisten = \"0.0.0.0:9000\"\n").check();
    done.mentions(2, &["0.0.0.0:9000", "--> pipeline.toml:19:10"]);
}

fn running(case: &Case) -> Process {
    let mut process = case.start();
    let deadline = Instant::now() + SOON;
    while !process.log().contains("partitions assigned") {
        assert!(process.running() && Instant::now() < deadline, "it wrote:\n{}", process.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

#[test]
fn a_termination_signal_ends_it_well_and_soon() {
    let case = Case::payments();
    let mut process = running(&case);
    let start = Instant::now();
    let ended = process.terminate(SOON).expect("its end");
    assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    let log = process.log();
    assert!(log.contains("draining") && log.contains("stopped") && log.contains("consumed=0"), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "an ordinary end has no bad words:\n{log}");
}

#[test]
fn a_termination_signal_before_the_first_assignment_ends_it_too() {
    let case = Case::payments();
    let mut process = case.start();
    let deadline = Instant::now() + SOON;
    while !process.log().contains("embedded broker started") {
        assert!(process.running() && Instant::now() < deadline, "it wrote:\n{}", process.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The handlers come up right after that line.
    std::thread::sleep(Duration::from_millis(200));
    let ended = process.terminate(SOON).expect("its end");
    assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
}
