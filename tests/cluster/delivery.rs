//! Records in, records out: nothing lost, nothing twice, nothing changed, in order, and all of it committed.

use harness::{Check, Ended, Load, Pipeline, paths};

use crate::{LIMIT, broker, topics, wait_outputs};

/// Runs a pipeline with this guest over 100,000 records to its end and has every one of them judged.
fn everything_arrives(guest: &str, change: impl FnOnce(&mut Pipeline)) {
    let name = guest;
    let (input, output) = topics(name).expect("topics");
    let load = Load::new(0..100_000);
    load.send(broker(), &input).expect("load");

    let folder = paths::scratch(name).expect("folder");
    let mut pipeline = Pipeline { guest: paths::guest(guest), ..Pipeline::new(broker(), name, &input, &output) };
    change(&mut pipeline);
    let mut process = pipeline.run(folder.path()).expect("start");
    wait_outputs(&pipeline, &mut process, 100_000);
    let ended = process.terminate(LIMIT).expect("stop");

    assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(100_000), "{report:?}");
}

#[test]
fn a_hundred_thousand_records_arrive_once_in_order_and_committed() {
    everything_arrives("enrich", |_| {});
}

#[test]
fn a_guest_of_three_fields_passes_the_others_through() {
    everything_arrives("subset", |pipeline| pipeline.passthrough = true);
}
