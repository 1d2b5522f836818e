//! Records that cannot be worked on: each goes where the pipeline says, and the others are not held up.

use harness::{Check, Ended, Load, Pipeline, paths};

use crate::{LIMIT, STEP, broker, topics, wait_outputs};

#[test]
fn rejected_and_broken_records_become_dead_letters_and_nothing_else_does() {
    let name = "dead-letters";
    let (input, output) = topics(name).expect("topics");
    let letters = format!("{name}.dlq");
    broker().create_topic(&letters, 1, &[]).expect("topic");
    let load = Load { negative_every: 10, broken_every: 37, headers: true, ..Load::new(0..20_000) };
    load.send(broker(), &input).expect("load");

    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline { dead_letters: Some(letters.clone()), ..Pipeline::new(broker(), name, &input, &output) };
    let mut process = pipeline.run(folder.path()).expect("start");
    let good = 20_000 - load.bad();
    wait_outputs(&pipeline, &mut process, good);
    broker()
        .wait_count(&letters, load.bad(), LIMIT, STEP)
        .unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
    let ended = process.terminate(LIMIT).expect("stop");
    assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());

    let check = Check::new(broker(), &load).schema_id(2);
    let records = check.clone().committed(name, &input).records(&output).expect("report");
    assert!(records.is_clean(good), "{records:?}");
    let dead = check.dead_letters(&input, &letters).expect("report");
    assert!(dead.is_clean(load.bad()), "{dead:?}");
    // Every record read was written or dead-lettered.
    assert_eq!(broker().count(&input).expect("count"), records.count + dead.count);
}

#[test]
fn without_a_policy_the_first_rejected_record_stops_the_pipeline_before_it() {
    let name = "stops";
    let (input, output) = topics(name).expect("topics");
    // Record 999 is the first negative one; it is record 249 of partition 3.
    let load = Load { negative_every: 1_000, ..Load::new(0..1_000) };
    load.send(broker(), &input).expect("load");

    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline::new(broker(), name, &input, &output);
    let mut process = pipeline.run(folder.path()).expect("start");
    let ended = process.wait(LIMIT).expect("its end");

    let log = process.log();
    assert_eq!(ended, Ended::Code(1), "it wrote:\n{log}");
    assert!(log.contains("negative amount"), "it wrote:\n{log}");
    assert!(log.contains("stops.in") && log.contains("249"), "it names no place; it wrote:\n{log}");
    let committed = broker().committed(name, &input, 4).expect("committed");
    assert!(committed[3] <= 249, "committed past the record that stopped it: {committed:?}");
}
