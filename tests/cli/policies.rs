//! What `[errors] reject` makes of a record that is rejected.

use std::time::{Duration, Instant};

use crate::case::{Case, Done};
use crate::cluster::Cluster;
use crate::component::UNLUCKY;

/// A framed number.
fn framed(n: u8) -> Option<Vec<u8>> {
    // Zigzag: small positive numbers are doubled.
    Some(vec![0, 0, 0, 0, 1, n * 2])
}

const DEAD_LETTERS: &str = "reject = \"dead-letter\"\ndead-letter-topic = \"numbers.dlq\"";

fn cluster() -> Cluster {
    Cluster::with(&["numbers", "numbers.out", "numbers.dlq"])
}

/// Runs to its end, as the policy is to stop.
fn stopped(cluster: &Cluster) -> Done {
    let case = Case::numbers("unreachable").edit(DEAD_LETTERS, "reject = \"stop\"");
    let case = case.edit("\"embedded\"", &format!("\"{}\"", cluster.address()));
    let start = Instant::now();
    let done = case.run(&["--log", "error", "run"]);
    assert!(start.elapsed() < Duration::from_secs(10), "stopping took {:?}", start.elapsed());
    done
}

#[test]
fn stop_names_the_record_and_commits_nothing_from_it_on() {
    let cluster = cluster();
    let mut values: Vec<_> = (0..20).map(framed).collect();
    values[13] = Some(vec![0, 0, 0, 0, 1]);
    cluster.fill("numbers", &values);
    let done = stopped(&cluster);
    let text = "\
error: numbers[0]@13 was rejected (decode): value ends early: 1 bytes promised, 0 left at byte 0, field `n`
  the pipeline stops before it, as `[errors] reject = \"stop\"` says; `skip` or `dead-letter` would go on
";
    done.says(1, text);
    assert_eq!(cluster.committed("numbers", "numbers"), 13);
    assert_eq!(cluster.count("numbers.out"), 13);
    assert_eq!(cluster.count("numbers.dlq"), 0);
}

#[test]
fn outputs_say_where_they_come_from_if_they_are_to() {
    let cluster = cluster();
    cluster.fill("numbers", &[framed(1), framed(2), Some(b"text".to_vec())]);
    let case = Case::numbers("unreachable").edit(DEAD_LETTERS, "reject = \"stop\"");
    let case = case.edit("\"embedded\"", &format!("\"{}\"", cluster.address()));
    let case = case.edit("[sink]\n", "[sink]\norigin-headers = true\n");
    case.run(&["--log", "error", "run"]).mentions(1, &["numbers[0]@2 was rejected"]);
    let said = |offset: u8| {
        ["topic=numbers", "partition=0", &format!("offset={offset}")]
            .map(|header| format!("millstream.origin.{header}"))
    };
    assert_eq!(cluster.headers("numbers.out"), [said(0), said(1)]);
}

#[test]
fn stop_at_the_very_first_record_commits_nothing() {
    let cluster = cluster();
    cluster.fill("numbers", &[Some(b"text".to_vec()), framed(1)]);
    stopped(&cluster).mentions(1, &["error: numbers[0]@0 was rejected (decode): "]);
    assert_eq!((cluster.committed("numbers", "numbers"), cluster.count("numbers.out")), (0, 0));
}

#[test]
fn a_record_without_a_value_is_rejected() {
    let cluster = cluster();
    cluster.fill("numbers", &[framed(1), None, framed(2)]);
    stopped(&cluster).mentions(1, &["numbers[0]@1 was rejected (decode): the record has no value (a tombstone)"]);
    assert_eq!((cluster.committed("numbers", "numbers"), cluster.count("numbers.out")), (1, 1));
}

fn samples() -> Vec<String> {
    (0..20).map(|n| if n == 13 { "{\"raw-hex\": \"0000000001\"}".into() } else { format!("{{\"n\": {n}}}") }).collect()
}

#[test]
fn stop_in_the_quickstart_is_a_failure_too() {
    let done = Case::numbers("unreachable").edit(DEAD_LETTERS, "reject = \"stop\"").quickstart(&samples());
    done.mentions(
        1,
        &["error: numbers[", "was rejected (decode): value ends early", "`skip` or `dead-letter` would go on"],
    );
    assert!(!done.out.contains("consumed="), "{}", done.out);
}

#[test]
fn skip_leaves_the_record_out_and_goes_on() {
    let done = Case::numbers("unreachable").edit(DEAD_LETTERS, "reject = \"skip\"").quickstart(&samples());
    done.shows(&["1 records were skipped; `--log warn` says which and why"]);
    assert_eq!(done.counts(), [20, 19, 0, 20], "{}", done.out);
    assert!(done.err.contains("record rejected") && done.err.contains("value ends early"), "{}", done.err);
}

#[test]
fn dead_letter_writes_it_elsewhere_and_goes_on() {
    let done = Case::numbers("unreachable").quickstart(&samples());
    done.shows(&[
        "1 dead letters in `numbers.dlq`:",
        "1 x value ends early: 1 bytes promised, 0 left at byte 0, field `n` (first at numbers[",
    ]);
    assert_eq!(done.counts(), [20, 19, 1, 20], "{}", done.out);
}

#[test]
fn a_guest_that_rejects_gives_its_own_words() {
    // A result's error: discriminant 1, then the text's pointer and length.
    let words = "(i32.store (local.get $answer) (i32.const 1)) (i32.store offset=4 (local.get $answer) (i32.const 35))
        (i32.store offset=8 (local.get $answer) (i32.const 21))";
    let samples: Vec<String> = (UNLUCKY - 5..UNLUCKY + 5).map(|n| format!("{{\"n\": {n}}}")).collect();
    let done = Case::numbers(words).quickstart(&samples);
    done.shows(&["1 x cannot divide by zero (first at numbers["]);
    assert!(done.err.contains("stage=transform guest=guest kind=reject"), "{}", done.err);
    assert_eq!(done.counts(), [10, 9, 1, 10]);
}
