//! Exactly once: whoever reads only what is committed finds each record's outputs once, whatever happens in between.

use std::net::TcpListener;

use harness::{Check, Ended, Load, Pipeline, Process, paths};

use crate::stops::{SESSION, wait_committed};
use crate::telemetry::{page, value};
use crate::{LIMIT, STEP, broker, topics};

/// Long transactions, so that a process that is held up has one open.
const SLOW: &str = "\n[commit]\ninterval = \"1s\"\nrecords = 1000000\n";

/// Longer than a process lives that is killed, so that all that it wrote is in one open transaction.
const NEVER: &str = "\n[commit]\ninterval = \"60s\"\n\n[kafka.producer]\n\"transaction.timeout.ms\" = 120000\n";

const RECORDS: u64 = 100_000;

/// The records at this many a second.
fn load(rate: u64) -> Load {
    Load { rate, ..Load::new(0..RECORDS) }
}

/// Every record is there once for a reader of what is committed, in order, and all of them are committed.
fn judge(pipeline: &Pipeline) {
    let load = Load::new(0..RECORDS);
    let check = Check::new(broker(), &load).schema_id(2).committed(&pipeline.name, &pipeline.input);
    let report = check.records(&pipeline.output).expect("report");
    assert!(report.is_clean(RECORDS), "{report:?}");
}

/// Waits for so many more outputs, seen or not.
fn wait_more(pipeline: &Pipeline, process: &Process, more: u64) {
    let before = broker().count(&pipeline.output).expect("count");
    let waited = broker().wait_count(&pipeline.output, before + more, LIMIT, STEP);
    waited.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
}

fn stop(process: &mut Process) {
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());
}

#[test]
fn a_hundred_thousand_records_arrive_once_over_kills() {
    let name = "eos-kill";
    let (input, output) = topics(name).expect("topics");
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline { more: SESSION.to_owned(), ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-kill");
    let killed = Pipeline { more: format!("{NEVER}{SESSION}"), ..pipeline.clone() };
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| load(12_000).send(broker(), &input).expect("load"));
        for _ in 0..3 {
            let mut process = killed.run(folder.path()).expect("start");
            wait_more(&killed, &process, 10_000);
            process.kill();
        }
        sending.join().expect("load");
    });
    let mut process = pipeline.run(folder.path()).expect("start");
    wait_committed(&pipeline, &mut process);
    stop(&mut process);
    judge(&pipeline);
    assert_eq!(broker().readable(&output, "read_committed").expect("committed"), RECORDS);
    let all = broker().readable(&output, "read_uncommitted").expect("all");
    assert!(all >= RECORDS + 30_000, "the kills hit no open transactions, so this has shown nothing: {all}");
}

#[test]
fn transactions_follow_the_interval_and_an_idle_pipeline_makes_none() {
    let name = "eos-cadence";
    let (input, output) = topics(name).expect("topics");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let folder = paths::scratch(name).expect("folder");
    let more = format!("\n[commit]\ninterval = \"250ms\"\n\n[admin]\nlisten = \"127.0.0.1:{port}\"\n");
    let pipeline = Pipeline { more, ..Pipeline::new(broker(), name, &input, &output).exactly_once("eos-cadence") };
    let mut process = pipeline.run(folder.path()).expect("start");
    // Five seconds of records: twenty transactions, fewer where the machine is busy.
    load(20_000).send(broker(), &input).expect("load");
    wait_committed(&pipeline, &mut process);
    let transactions = || value(&page(port, "/metrics"), "millstream_transactions_total");
    let made = transactions();
    assert!((5.0..=40.0).contains(&made), "{made} transactions; it wrote:\n{}", process.log());
    std::thread::sleep(STEP * 20);
    assert_eq!(transactions(), made, "nothing was there to commit");
    let metrics = page(port, "/metrics");
    assert_eq!(value(&metrics, "millstream_records_committed_total"), RECORDS as f64);
    assert_eq!(value(&metrics, "millstream_transaction_duration_seconds_count"), made);
    stop(&mut process);
    judge(&pipeline);
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
    stop(&mut process);

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
    let folders = [paths::scratch(name).expect("folder"), paths::scratch(name).expect("folder")];
    let pipeline = Pipeline { more: SESSION.to_owned(), ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-fence");
    let mut first = pipeline.run(folders[0].path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| load(12_000).send(broker(), &input).expect("load"));
        wait_more(&pipeline, &first, 10_000);
        let mut second = pipeline.run(folders[1].path()).expect("start");
        let ended = first.wait(LIMIT).expect("its end");
        let log = first.log();
        assert_eq!(ended, Ended::Code(1), "it wrote:\n{log}");
        assert!(log.contains("another instance has taken over the transactional id `eos-fence`"), "{log}");
        assert!(log.contains("give each its own `transactional-id` in [pipeline]"), "{log}");
        assert!(!log.contains("beginning anew"), "it fought back:\n{log}");
        sending.join().expect("load");
        wait_committed(&pipeline, &mut second);
        stop(&mut second);
    });
    judge(&pipeline);
}

#[test]
fn members_that_join_and_leave_repeat_nothing() {
    let name = "eos-members";
    let (input, output) = topics(name).expect("topics");
    let folders = [paths::scratch(name).expect("folder"), paths::scratch(name).expect("folder")];
    let pipeline = Pipeline::new(broker(), name, &input, &output);
    let (one, other) = (pipeline.clone().exactly_once("eos-members-1"), pipeline.exactly_once("eos-members-2"));
    let mut first = one.run(folders[0].path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| load(12_000).send(broker(), &input).expect("load"));
        wait_more(&one, &first, 10_000);
        let mut second = other.run(folders[1].path()).expect("start");
        let joined = (0..600).any(|_| {
            std::thread::sleep(STEP);
            second.log().contains("partitions assigned")
        });
        assert!(joined, "the second member got no partition:\n{}", second.log());
        std::thread::sleep(STEP * 20);
        stop(&mut second);
        sending.join().expect("load");
        wait_committed(&one, &mut first);
    });
    stop(&mut first);
    judge(&one);
}

/// Shorter than the process will be held up, so that the broker aborts its transaction meanwhile.
const SHORT: &str = "\n[kafka.producer]\n\"transaction.timeout.ms\" = 2000\n";

#[test]
fn a_transaction_that_the_broker_aborted_comes_again_without_a_new_process() {
    let name = "eos-late";
    let (input, output) = topics(name).expect("topics");
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline { more: format!("{SLOW}{SHORT}"), ..Pipeline::new(broker(), name, &input, &output) };
    let pipeline = pipeline.exactly_once("eos-late");
    let mut process = pipeline.run(folder.path()).expect("start");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| load(12_000).send(broker(), &input).expect("load"));
        wait_more(&pipeline, &process, 30_000);
        process.pause().expect("pause");
        std::thread::sleep(STEP * 100);
        process.resume().expect("resume");
        sending.join().expect("load");
    });
    wait_committed(&pipeline, &mut process);
    stop(&mut process);
    let log = process.log();
    assert!(log.contains("beginning anew from the committed offsets"), "the broker aborted nothing:\n{log}");
    judge(&pipeline);
}
