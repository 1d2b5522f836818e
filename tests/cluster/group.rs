//! Two members of one group: partitions move while records flow, and nothing is lost or comes twice.

use harness::{Check, Ended, Load, Pipeline, paths};

use crate::{LIMIT, broker, topics, wait_outputs};

#[test]
fn a_member_that_joins_and_leaves_costs_no_record_and_repeats_none() {
    let name = "members";
    let (input, output) = topics(name).expect("topics");
    let load = Load { rate: 20_000, ..Load::new(0..160_000) };
    let (first_folder, second_folder) = (paths::scratch(name).expect("folder"), paths::scratch(name).expect("folder"));
    let pipeline = Pipeline::new(broker(), name, &input, &output);
    let mut first = pipeline.run(first_folder.path()).expect("start");
    std::thread::scope(|scope| {
        scope.spawn(|| load.send(broker(), &input).expect("load"));
        wait_outputs(&pipeline, &mut first, 10_000);
        let mut second = pipeline.run(second_folder.path()).expect("start");
        let joined = (0..600).any(|_| {
            std::thread::sleep(crate::STEP);
            second.log().contains("partitions assigned")
        });
        assert!(joined, "the second member got no partition:\n{}", second.log());
        std::thread::sleep(crate::STEP * 10);
        assert_eq!(second.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", second.log());
        wait_outputs(&pipeline, &mut first, 160_000);
    });
    assert_eq!(first.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", first.log());
    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(160_000), "{report:?}");
}
