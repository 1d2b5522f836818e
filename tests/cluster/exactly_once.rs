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

#[test]
fn a_second_instance_with_the_same_id_fences_the_first_which_says_so_and_ends() {
    let name = "eos-fence";
    let (input, output) = topics(name).expect("topics");
    let load = Load::new(0..RECORDS);
    let paced = Load { rate: 10_000, ..load.clone() };
    let folders = [paths::scratch(name).expect("folder"), paths::scratch(name).expect("folder")];
    let pipeline = Pipeline { more: SESSION.to_owned(), ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-fence");
    let mut first = pipeline.run(folders[0].path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| paced.send(broker(), &input).expect("load"));
        broker().wait_count(&output, 10_000, LIMIT, STEP).unwrap_or_else(|why| panic!("{why}; {}", first.log()));
        let mut second = pipeline.run(folders[1].path()).expect("start");
        let ended = first.wait(LIMIT).expect("its end");
        let log = first.log();
        assert_eq!(ended, Ended::Code(1), "it wrote:\n{log}");
        assert!(log.contains("another instance has taken over the transactional id `eos-fence`"), "{log}");
        assert!(log.contains("give each its own `transactional-id` in [pipeline]"), "{log}");
        assert!(!log.contains("beginning anew"), "it fought back:\n{log}");
        sending.join().expect("load");
        wait_committed(&pipeline, &mut second);
        assert_eq!(second.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", second.log());
    });
    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(RECORDS), "{report:?}");
}

#[test]
fn members_that_join_and_leave_repeat_nothing() {
    let name = "eos-members";
    let (input, output) = topics(name).expect("topics");
    let load = Load::new(0..RECORDS);
    let paced = Load { rate: 12_000, ..load.clone() };
    let folders = [paths::scratch(name).expect("folder"), paths::scratch(name).expect("folder")];
    let pipeline = Pipeline::new(broker(), name, &input, &output);
    let (one, other) = (pipeline.clone().exactly_once("eos-members-1"), pipeline.exactly_once("eos-members-2"));
    let mut first = one.run(folders[0].path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| paced.send(broker(), &input).expect("load"));
        broker().wait_count(&output, 10_000, LIMIT, STEP).unwrap_or_else(|why| panic!("{why}; {}", first.log()));
        let mut second = other.run(folders[1].path()).expect("start");
        let joined = (0..600).any(|_| {
            std::thread::sleep(STEP);
            second.log().contains("partitions assigned")
        });
        assert!(joined, "the second member got no partition:\n{}", second.log());
        std::thread::sleep(STEP * 20);
        assert_eq!(second.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", second.log());
        sending.join().expect("load");
        wait_committed(&one, &mut first);
    });
    assert_eq!(first.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", first.log());
    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(RECORDS), "{report:?}");
}

/// Shorter than the process will be held up, so that the broker aborts its transaction meanwhile.
const SHORT: &str = "\n[kafka.producer]\n\"transaction.timeout.ms\" = 2000\n";

#[test]
fn a_transaction_that_the_broker_aborted_comes_again_without_a_new_process() {
    let name = "eos-late";
    let (input, output) = topics(name).expect("topics");
    let load = Load::new(0..RECORDS);
    let paced = Load { rate: 12_000, ..load.clone() };
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline { more: format!("{SLOW}{SHORT}"), ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-late");
    let mut process = pipeline.run(folder.path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| paced.send(broker(), &input).expect("load"));
        broker().wait_count(&output, 30_000, LIMIT, STEP).unwrap_or_else(|why| panic!("{why}; {}", process.log()));
        process.pause().expect("pause");
        std::thread::sleep(STEP * 100);
        process.resume().expect("resume");
        sending.join().expect("load");
    });
    wait_committed(&pipeline, &mut process);
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());
    let log = process.log();
    assert!(log.contains("beginning anew from the committed offsets"), "the broker aborted nothing:\n{log}");
    let report = Check::new(broker(), &load).schema_id(2).committed(name, &input).records(&output).expect("report");
    assert!(report.is_clean(RECORDS), "{report:?}");
}
