//! The checker itself: a right output is clean, and each kind of planted fault turns it red.

use harness::{Result, paths};

use crate::broker;
use crate::checker::{Checker, Report, Subject};

const COUNT: u64 = 400;

fn judged(fault: &str) -> Result<Report> {
    let (input, output) = (format!("planted.{fault}.in"), format!("planted.{fault}.out"));
    broker().create_topic(&input, 4, &[])?;
    broker().create_topic(&output, 1, &[])?;
    let folder = paths::scratch("planted")?;
    let subject = Subject {
        input,
        output,
        letters: None,
        group: format!("planted.{fault}"),
        partitions: 4,
        records: COUNT,
        rate: 0,
        seed: 1,
        odd_every: 0,
        verbs: ".",
        origins: true,
    };
    let mut checker = Checker::start(broker(), &subject, folder.path())?;
    checker.say("feed")?;
    checker.say("fed")?;
    if fault == "excused" {
        checker.say("mark")?;
        checker.say("healed")?;
    }
    checker.say(&format!("plant {fault}"))?;
    checker.judge()
}

/// The report on this planted fault, without words and times, and the words.
fn found(fault: &str) -> (Report, Vec<String>) {
    let report = judged(fault).unwrap_or_else(|why| panic!("{fault}: {why}"));
    let examples = report.examples.clone();
    (Report { silence: 0.0, examples: Vec::new(), ..report }, examples)
}

fn clean() -> Report {
    Report { count: COUNT, ..Report::default() }
}

#[test]
fn a_right_output_is_clean() {
    assert_eq!(found("nothing"), (clean(), Vec::new()));
}

#[test]
fn a_duplicate_is_found() {
    let (report, examples) = found("duplicate");
    assert_eq!(report, Report { count: COUNT + 1, duplicate: 1, unexcused: 1, ..clean() }, "{examples:?}");
    assert!(examples[0].contains("record 4 of input partition 1 came again"), "{examples:?}");
}

#[test]
fn a_repetition_of_what_was_not_committed_at_a_fault_is_excused() {
    let (report, examples) = found("excused");
    assert_eq!(report, Report { count: COUNT + 1, duplicate: 1, ..clean() }, "{examples:?}");
}

#[test]
fn a_gap_is_found() {
    let (report, examples) = found("gap");
    assert_eq!(report, Report { count: COUNT - 1, missing: 1, ..clean() });
    assert_eq!(examples, ["missing: record 4 of input partition 1"]);
}

#[test]
fn a_reorder_is_found() {
    let (report, examples) = found("reorder");
    assert_eq!(report, Report { out_of_order: 1, ..clean() }, "{examples:?}");
}

#[test]
fn a_flipped_bit_is_found() {
    let (report, examples) = found("flip");
    assert_eq!(report, Report { wrong: 1, missing: 1, ..clean() }, "{examples:?}");
}

#[test]
fn another_key_is_found() {
    let (report, examples) = found("key");
    assert_eq!(report, Report { wrong: 1, missing: 1, ..clean() }, "{examples:?}");
}

#[test]
fn records_from_elsewhere_are_found() {
    let (report, examples) = found("stranger");
    assert_eq!(report, Report { count: COUNT + 1, unknown: 1, ..clean() }, "{examples:?}");
    let (report, examples) = found("beyond");
    assert_eq!(report, Report { count: COUNT + 1, unknown: 1, ..clean() }, "{examples:?}");
}

#[test]
fn a_false_origin_is_found() {
    // One in each of the four input partitions.
    let (report, examples) = found("origin");
    assert_eq!(report, Report { origin: 4, ..clean() }, "{examples:?}");
}

#[test]
fn records_that_vanish_again_are_found() {
    let (report, examples) = found("gone");
    assert_eq!((report.gone, report.missing), (3, 3), "{examples:?}");
}

#[test]
fn an_open_transaction_is_found() {
    let (report, examples) = found("open");
    assert_eq!(report, Report { open: 1, hidden: 1, ..clean() }, "{examples:?}");
}

#[test]
fn an_uncommitted_input_is_found() {
    let (report, examples) = found("uncommitted");
    assert_eq!(report, Report { behind: COUNT, ..clean() }, "{examples:?}");
}
