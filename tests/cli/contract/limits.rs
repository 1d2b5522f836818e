//! How much a guest is given at once, and how much is read ahead of it.

use std::time::Duration;

use harness::Record;

use super::guest::transform;
use super::story::{Story, case, metric, text};
use crate::case::Case;

/// Answers each record with the number of records in its call, as one letter: `a` is one.
fn counting() -> Case {
    let each = "(local.set $a (call $alloc (i32.const 1)))
        (i32.store8 (local.get $a) (i32.add (i32.const 96) (select (local.get $count) (i32.const 26)
            (i32.lt_u (local.get $count) (i32.const 26)))))
        (call $list (local.get $out) (local.get $a) (i32.const 1))";
    case(transform("", "string -> result<string, string>", "", each))
}

fn limited(limits: &str) -> Case {
    counting().edit("\"guest.wasm\"", &format!("\"guest.wasm\"\nlimits = {{ {limits} }}"))
}

fn numbers(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new(&format!("{n:04}"), format!("value {n:04}"))).collect()
}

#[test]
fn one_record_in_a_call() {
    let told = Story::with(&numbers(40), &[]).tell(limited("records = 1"));
    assert_eq!(told.values(), ["a"; 40]);
    assert_eq!(told.metric("millstream_batch_size_records_count"), 40.0);
}

#[test]
fn so_many_records_in_a_call() {
    let told = Story::with(&numbers(40), &[]).tell(limited("records = 7"));
    assert_eq!(told.values().concat(), format!("{}{}", "g".repeat(35), "e".repeat(5)));
    assert_eq!(told.metric("millstream_batch_size_records_count"), 6.0);
}

#[test]
fn a_thousand_records_in_a_call() {
    let told = Story::with(&numbers(1000), &[]).tell(limited("records = 1000"));
    assert_eq!((told.metric("millstream_batch_size_records_count"), told.out.len()), (1.0, 1000), "{}", told.metrics);
    let told = Story::with(&numbers(1000), &[]).tell(counting());
    assert_eq!(told.metric("millstream_batch_size_records_count"), 4.0, "256 where nothing is said");
}

#[test]
fn so_many_bytes_in_a_call() {
    // Keys of 4 bytes and values of 10: 1 KiB has room for 73.
    let told = Story::with(&numbers(146), &[]).tell(limited("bytes = \"1KiB\""));
    assert_eq!(told.metric("millstream_batch_size_records_count"), 2.0, "{}", told.metrics);
    assert_eq!(told.metric("millstream_batch_size_records_sum"), 146.0);
    // A record that is larger than the limit goes alone.
    let large = |n: usize| Record::new(&format!("{n}"), "x".repeat(2000));
    let told = Story::with(&[large(0), large(1), large(2)], &[]).tell(limited("bytes = \"1KiB\""));
    assert_eq!(told.values(), ["a", "a", "a"]);
}

#[test]
fn a_second_stage_has_limits_of_its_own() {
    let second = "\"guest.wasm\"\nlimits.records = 20\n\n[[stage]]\nguest = \"second.wasm\"\nname = \"second\"\nlimits.records = 3";
    let echo = transform("", "string -> result<string, string>", "", "");
    let counting_case = counting();
    let count = std::fs::read(counting_case.path("guest.wasm")).expect("the guest");
    let told =
        Story::with(&numbers(40), &[]).tell(case(echo).with("second.wasm", count).edit("\"guest.wasm\"", second));
    assert_eq!(told.values().concat(), format!("{0}bb{0}bb", "c".repeat(18)));
}

/// Takes its time for each record: about a second, several times what it takes to send one.
fn slow() -> Vec<u8> {
    let each = "(local.set $a (i32.const 2000000000))
        (loop $on (br_if $on (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))";
    transform("", "string -> result<string, string>", "", each)
}

/// For which share of the time something waited for a slow guest while records came one by one.
fn waiting(read_ahead: bool) -> f64 {
    let story = Story::with(&numbers(1), &[]);
    let file = case(slow())
        .edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits = { records = 1, time = \"20s\" }")
        .edit("topics = [\"in\"]", &format!("topics = [\"in\"]\nread-ahead = {read_ahead}"));
    let mut running = story.start(file);
    running.until("millstream_records_committed_total", 1.0);
    for n in 0..3 {
        // Each is a poll of its own, if there is one.
        story.feed(&[Record::new(&format!("n{n:02}"), "x")]);
        std::thread::sleep(Duration::from_millis(50));
    }
    let (mut looks, mut seen) = (0.0, 0.0);
    while metric(&running.metrics(), "millstream_records_committed_total") < Some(4.0) {
        looks += 1.0;
        seen += f64::from(metric(&running.metrics(), "millstream_in_flight_bytes") > Some(0.0));
    }
    running.stop();
    assert_eq!(story.read("out").iter().skip(1).map(text).collect::<Vec<_>>(), ["x"; 3]);
    seen / looks
}

/// A record always passes through the queue, so a look may catch one on its way to a worker that is about to take it.
#[test]
fn without_read_ahead_nothing_waits_for_a_slow_guest() {
    let (with, without) = (waiting(true), waiting(false));

    assert!(with > 0.25, "with it, two of three records wait: {with}");
    assert!(without < 0.1, "without it, the next poll comes when the worker has nothing to do: {without}");
}
