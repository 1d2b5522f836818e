//! Exactly once: whoever reads only what is committed finds each record's outputs once, whatever happens in between.

use harness::{Check, Ended, Load, Pipeline, paths};

use crate::stops::{SESSION, wait_committed};
use crate::{LIMIT, STEP, broker, topics};

/// Transactions of a second, so that a kill finds much in one that is open.
const SLOW: &str = "\n[commit]\ninterval = \"1s\"\nrecords = 1000000\n";

const RECORDS: u64 = 100_000;

#[test]
fn a_hundred_thousand_records_arrive_once_over_a_kill() {
    let name = "eos-kill";
    let (input, output) = topics(name).expect("topics");
    let load = Load::new(0..RECORDS);
    let paced = Load { rate: 25_000, ..load.clone() };
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline {
        more: format!("{SLOW}{SESSION}"),
        ..Pipeline::new(broker(), name, &input, &output).exactly_once("eos-kill")
    };
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| paced.send(broker(), &input).expect("load"));
        let mut process = pipeline.run(folder.path()).expect("start");
        broker().wait_count(&output, 40_000, LIMIT, STEP).unwrap_or_else(|why| panic!("{why}; {}", process.log()));
        process.kill();
        sending.join().expect("load");
    });
    let mut process = pipeline.run(folder.path()).expect("start");
    wait_committed(&pipeline, &mut process);
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());

    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(RECORDS), "{report:?}");
    assert_eq!(broker().readable(&output, "read_committed").expect("committed"), RECORDS);
    let all = broker().readable(&output, "read_uncommitted").expect("all");
    assert!(all > RECORDS, "the kill hit no open transaction, so this has shown nothing: {all}");
}

#[test]
fn a_clean_stop_leaves_no_transaction_open_and_dead_letters_are_part_of_it() {
    let name = "eos-stop";
    let (input, output) = topics(name).expect("topics");
    let letters = format!("{name}.dlq");
    broker().create_topic(&letters, 1, &[]).expect("topic");
    let load = Load { negative_every: 10, broken_every: 37, headers: true, ..Load::new(0..20_000) };
    load.send(broker(), &input).expect("load");
    let folder = paths::scratch(name).expect("folder");
    let more = "\n[commit]\ninterval = \"50ms\"\n".to_owned();
    let pipeline =
        Pipeline { dead_letters: Some(letters.clone()), more, ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-stop");
    let mut process = pipeline.run(folder.path()).expect("start");
    wait_committed(&pipeline, &mut process);
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());

    let check = Check::new(broker(), &load).schema_id(2);
    let records = check.clone().committed(name, &input).records(&output).expect("report");
    assert!(records.is_clean(20_000 - load.bad()), "{records:?}");
    let dead = check.dead_letters(&input, &letters).expect("report");
    assert!(dead.is_clean(load.bad()), "{dead:?}");
    for topic in [&output, &letters] {
        let [all, committed] = ["read_uncommitted", "read_committed"].map(|level| broker().readable(topic, level));
        assert_eq!(all.expect("all"), committed.expect("committed"), "{topic}");
    }
}
