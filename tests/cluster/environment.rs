//! What the program cannot do without is missing: it says so in one line and exits with 3.

use harness::{Ended, Pipeline, paths};

use crate::{LIMIT, broker, topics};

/// Runs a pipeline that cannot start and gives back what it wrote.
fn refused(pipeline: &Pipeline) -> String {
    let folder = paths::scratch(&pipeline.name).expect("folder");
    let mut process = pipeline.run(folder.path()).expect("start");
    let ended = process.wait(LIMIT).expect("its end");
    let log = process.log();
    assert_eq!(ended, Ended::Code(3), "it wrote:\n{log}");
    assert!(log.lines().count() <= 8, "more than a short message:\n{log}");
    log
}

fn has_line_with(log: &str, words: &[&str]) -> bool {
    log.lines().any(|line| words.iter().all(|word| line.contains(word)))
}

#[test]
fn a_missing_input_topic_is_named() {
    let (_, output) = topics("no-input").expect("topics");
    let log = refused(&Pipeline::new(broker(), "no-input", "never-created.in", &output));
    assert!(has_line_with(&log, &["never-created.in", "not exist"]), "{log}");
}

#[test]
fn a_missing_output_topic_is_named() {
    let (input, _) = topics("no-output").expect("topics");
    let log = refused(&Pipeline::new(broker(), "no-output", &input, "never-created.out"));
    assert!(has_line_with(&log, &["never-created.out", "not exist"]), "{log}");
}

#[test]
fn a_missing_dead_letter_topic_is_named() {
    let (input, output) = topics("no-letters").expect("topics");
    let mut pipeline = Pipeline::new(broker(), "no-letters", &input, &output);
    pipeline.dead_letters = Some("never-created.dlq".to_owned());
    let log = refused(&pipeline);
    assert!(has_line_with(&log, &["never-created.dlq", "not exist"]), "{log}");
}

#[test]
fn an_unreachable_broker_is_named() {
    let mut pipeline = Pipeline::new(broker(), "no-broker", "in", "out");
    // Nothing listens on the discard port.
    pipeline.brokers = "127.0.0.1:9".to_owned();
    let log = refused(&pipeline);
    assert!(has_line_with(&log, &["127.0.0.1:9"]), "{log}");
}
