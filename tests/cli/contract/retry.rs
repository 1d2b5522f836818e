//! Records that a guest asks to try again.

use std::time::{Duration, Instant};

use harness::Record;

use super::chains::at;
use super::guest::transform;
use super::story::{Story, case, dead, records, text};
use crate::case::Case;

const FAULT: &str = "variant fault { reject(string), retry(string), halt(string) }";

/// Text as it is; one that begins with an `r` asks to be tried again so many times before it
/// passes.
fn asking(times: u32) -> Case {
    let ask = format!(
        "(local.set $a (i32.shl (i32.load8_u offset=1 (i32.load (local.get $in))) (i32.const 2)))
         (i32.store offset=4096 (local.get $a) (i32.add (i32.load offset=4096 (local.get $a)) (i32.const 1)))
         (if (i32.le_u (i32.load offset=4096 (local.get $a)) (i32.const {times}))
            (then
                (i32.store8 (local.get $answer) (i32.const 1))
                (i32.store8 offset=4 (local.get $answer) (i32.const 1))
                (i32.store offset=8 (local.get $answer) (i32.const 16))
                (i32.store offset=12 (local.get $answer) (i32.const 7))))"
    );
    case(transform(FAULT, "string -> result<string, fault>", "not yet", &at('r', &ask)))
}

fn all() -> Vec<Record> {
    records(&[("k", "g1"), ("k", "r2"), ("k", "g3"), ("k", "r4"), ("k", "g5")])
}

#[test]
fn a_record_is_tried_until_it_passes_and_nothing_passes_it() {
    let told = Story::with(&all(), &[]).tell(asking(3).add("\n[retry]\ninitial = \"10ms\"\n"));
    assert_eq!(told.values(), ["g1", "r2", "g3", "r4", "g5"]);
    assert!(told.dead.is_empty());
    assert_eq!(told.metric("millstream_retries_total{component=\"guest\""), 5.0, "r4 was called once with r2");
    assert_eq!(told.metric("millstream_records_consumed_total"), 5.0, "each counts once");
    assert_eq!(told.metric("millstream_retry_next_attempt_timestamp_seconds"), 0.0, "none waits at the end");
    // The first and second attempt of each.
    assert_eq!(told.log.matches("record is tried again").count(), 4, "{}", told.log);
    let line = told.log.lines().find(|line| line.contains("record is tried again")).unwrap_or_default();
    for part in ["WARN", "record=in[0]@1", "stage=guest", "why=\"not yet\"", "attempts=1", "pipeline=story"] {
        assert!(line.contains(part), "no {part} in: {line}");
    }
}

#[test]
fn a_record_that_asks_for_too_long_follows_the_policy() {
    let limit = "\n[retry]\ninitial = \"10ms\"\nmax = \"50ms\"\ngive-up-after = \"300ms\"\n";
    let all = all();
    let told = Story::with(&all, &[]).tell(asking(1_000_000).add(limit));
    assert_eq!(told.values(), ["g1", "g3", "g5"]);
    let [second, fourth] = &told.dead[..] else { panic!("{:?}", told.dead) };
    for (letter, at) in [(second, 1), (fourth, 3)] {
        dead(letter, &all[at], at as i64, ["transform", "guest", "retry", "not yet; tried "]);
        let message = letter.header_text("__dlq.errors.message").unwrap_or_default();
        assert!(message.contains(" times in 0.3 s, then given up"), "{message}");
    }
    assert_eq!((text(second), text(fourth)), ("r2".to_owned(), "r4".to_owned()));
}

#[test]
fn a_record_that_asks_for_too_long_can_stop_the_pipeline() {
    let limit = "\n[retry]\ninitial = \"10ms\"\ngive-up-after = \"50ms\"\n";
    let stop = "reject = \"dead-letter\"\ndead-letter-topic = \"dlq\"";
    let story = Story::with(&all(), &[]);
    let done = story.fails(asking(1_000_000).edit(stop, "reject = \"stop\"").add(limit));
    done.mentions(1, &["in[0]@1 was rejected (retry): not yet; tried ", "the pipeline stops before it"]);
    assert_eq!((story.read("out").len(), story.committed()), (1, 1));
}

#[test]
fn a_record_that_waits_is_seen_and_holds_up_no_stop() {
    let story = Story::with(&all(), &[]);
    let plan = "\n[[retry.phase]]\ndelay = \"1s\"\nfor = \"1ms\"\n\n[[retry.phase]]\ndelay = \"1h\"\n";
    // The embedded broker gives the partition to the next member when the session of this one is over.
    let session = "\n[kafka.consumer]\n\"session.timeout.ms\" = 3000\n\"heartbeat.interval.ms\" = 500\n";
    let mut running = story.start(asking(1_000_000).add(plan).add(session));
    running.until("millstream_retries_total", 2.0);
    let next = running.metric("millstream_retry_next_attempt_timestamp_seconds").expect("when it is tried again");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now").as_secs_f64();
    assert!((2800.0..=4400.0).contains(&(next - now)), "an hour, give or take a fifth: {}", next - now);
    let status = running.get("/readyz");
    for part in ["\"record\":\"in[0]@1\"", "\"stage\":\"guest\"", "\"why\":\"not yet\"", "\"attempts\":2"] {
        assert!(status.contains(part), "no {part} in: {status}");
    }
    assert!(status.contains("\"next-attempt-in-seconds\":"), "{status}");
    let asked = Instant::now();
    let log = running.stop();
    assert!(asked.elapsed() < Duration::from_secs(15), "the wait ends with the pipeline: {log}");
    assert_eq!((story.read("out").len(), story.committed()), (1, 1), "the record that waits is not committed");
    // What waited comes again.
    let told = story.tell(asking(0).add(session));
    assert_eq!(told.values(), ["g1", "r2", "g3", "r4", "g5"]);
}
