//! Records that a guest traps on stand among others in a call: they alone are set aside.

use harness::Record;

use super::chains::at;
use super::guest::transform;
use super::story::{Story, case, dead, text};
use crate::case::Case;

/// Text as it is; traps where it begins with a `t`.
fn poisoned() -> Case {
    case(transform("", "string -> result<string, string>", "", &at('t', "unreachable")))
}

#[test]
fn poison_is_found_wherever_it_stands() {
    // At both ends of calls, one after the other, and alone.
    let is_poison = |n: usize| n < 4 || n % 10 == 9 || (250..262).contains(&n) || n == 599;
    let all: Vec<Record> =
        (0..600).map(|n| Record::new("k", format!("{}{n:03}", if is_poison(n) { "t" } else { "g" }))).collect();
    let told = Story::with(&all, &[]).tell(poisoned());
    let good: Vec<String> = (0..600).filter(|n| !is_poison(*n)).map(|n| format!("g{n:03}")).collect();
    assert!(told.values() == good, "all others, in order: {:?}", told.values());
    let mut letters: Vec<&Record> = told.dead.iter().collect();
    letters.sort_by_key(|letter| text(letter));
    let bad: Vec<usize> = (0..600).filter(|n| is_poison(*n)).collect();
    assert_eq!(letters.len(), bad.len());
    for (letter, n) in letters.into_iter().zip(bad) {
        dead(letter, &all[n], n as i64, ["transform", "guest", "trap", "the guest trapped: "]);
    }
    let warned = told.log.matches("guest instance condemned").count();
    assert!((1..=3).contains(&warned), "once for each call that failed: {}", told.log);
}

#[test]
fn poison_stops_the_pipeline_at_its_own_place() {
    let all: Vec<Record> = (0..100).map(|n| Record::new("k", if n == 37 || n == 60 { "t" } else { "g" })).collect();
    let story = Story::with(&all, &[]);
    let stop = "reject = \"dead-letter\"\ndead-letter-topic = \"dlq\"";
    let done = story.fails(poisoned().edit(stop, "reject = \"stop\""));
    done.mentions(1, &["in[0]@37 was rejected (trap): the guest trapped: ", "the pipeline stops before it"]);
    assert_eq!((story.read("out").len(), story.committed()), (37, 37));
}

#[test]
fn a_guest_that_fails_for_everything_leaves_nothing_behind() {
    let all: Vec<Record> = (0..50).map(|n| Record::new(&format!("{n}"), "t")).collect();
    let told = Story::with(&all, &[]).tell(poisoned());
    assert_eq!((told.out.len(), told.dead.len()), (0, 50));
    assert_eq!(told.metric("millstream_records_committed_total"), 50.0);
}
