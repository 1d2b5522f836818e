//! What the admin endpoint says while records go through a real Kafka.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use harness::{Ended, Load, Pipeline, paths};

use crate::{LIMIT, STEP, broker, topics, wait_outputs};

/// The body of a page, after its status line was checked.
pub fn page(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the endpoint");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    body.to_owned()
}

/// The sum of a metric's series.
pub fn value(page: &str, metric: &str) -> f64 {
    let series = page.lines().filter(|line| line.starts_with(metric));
    let own = series.filter(|line| line[metric.len()..].starts_with(['{', ' ']));
    own.map(|line| line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")).sum()
}

#[test]
fn metrics_and_readiness_tell_what_happened() {
    let name = "telemetry";
    let (input, output) = topics(name).expect("topics");
    let letters = format!("{name}.dlq");
    broker().create_topic(&letters, 1, &[]).expect("topic");
    let load = Load { negative_every: 10, ..Load::new(0..20_000) };
    load.send(broker(), &input).expect("load");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline {
        dead_letters: Some(letters.clone()),
        more: format!("\n[commit]\ninterval = \"200ms\"\n\n[admin]\nlisten = \"127.0.0.1:{port}\"\n"),
        ..Pipeline::new(broker(), name, &input, &output)
    };
    let mut process = pipeline.run(folder.path()).expect("start");
    wait_outputs(&pipeline, &mut process, 20_000 - load.bad());
    broker().wait_count(&letters, load.bad(), LIMIT, STEP).expect("dead letters");

    let committed = "millstream_records_committed_total";
    let done = |page: &str| {
        value(page, committed) == 20_000.0
            && page.contains("consumer_lag_records")
            && value(page, "millstream_consumer_lag_records") == 0.0
    };
    let mut metrics = page(port, "/metrics");
    for _ in 0..200 {
        if done(&metrics) {
            break;
        }
        std::thread::sleep(STEP);
        metrics = page(port, "/metrics");
    }
    let says = |metric: &str| value(&metrics, metric);
    let bad = load.bad() as f64;
    assert!(done(&metrics), "{metrics}");
    assert_eq!(says("millstream_records_consumed_total"), 20_000.0);
    assert_eq!(says("millstream_records_produced_total"), 20_000.0 - bad);
    assert_eq!(says("millstream_records_dead_lettered_total"), bad);
    assert_eq!(says("millstream_errors_total"), bad);
    assert_eq!(says("millstream_end_to_end_latency_seconds_count"), 20_000.0);
    assert_eq!(says("millstream_in_flight_records"), 0.0);
    for some in ["bytes_consumed_total", "bytes_produced_total", "commits_total", "guest_call_duration_seconds_count"] {
        assert!(says(&format!("millstream_{some}")) > 0.0, "{some}: {metrics}");
    }
    let running =
        metrics.lines().find(|line| line.starts_with("millstream_pipeline_state") && line.contains("running"));
    assert!(running.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    let ready = page(port, "/readyz");
    assert!(ready.contains("\"ready\":true") && ready.contains(name), "{ready}");
    page(port, "/livez");
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());
}
