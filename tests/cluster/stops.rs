//! The program is stopped in the middle of its work, kindly and not, and started again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Check, Ended, Load, Pipeline, Process, Report, paths};

use crate::{LIMIT, broker, topics, wait_outputs};

/// Records go on coming until the stops are over; this many at most, in case they never are.
const MOST: u64 = 600_000;
const RATE: u64 = 20_000;

/// Commits seldom, so that a kill finds much that is written and not committed.
const COMMIT: &str = "\n[commit]\ninterval = \"2s\"\nrecords = 1000000\n";

/// A member that was killed is missed after three seconds. One that was asked to stop says goodbye: its successor has
/// to work long before its session would end.
pub const SESSION: &str = "\n[kafka.consumer]\n\"session.timeout.ms\" = 3000\n\"heartbeat.interval.ms\" = 500\n";

/// Stops the program twice in the given way while records keep coming, lets it finish, and judges. Answers the number
/// of records, too.
fn stopped_under_load(name: &str, more: String, stop: fn(&mut Process)) -> (Report, u64) {
    let (input, output) = topics(name).expect("topics");
    let folder = paths::scratch(name).expect("folder");
    let pipeline = Pipeline { more, ..Pipeline::new(broker(), name, &input, &output) };
    let load = Load { rate: RATE, ..Load::new(0..MOST) };
    let end = AtomicU64::new(MOST);

    let sent = thread::scope(|scope| {
        let sending = scope.spawn(|| load.send_while(broker(), &input, |i| i < end.load(Ordering::Relaxed)));
        for _ in 0..2 {
            let mut process = pipeline.run(folder.path()).expect("start");
            let before = broker().count(&output).expect("count");
            wait_outputs(&pipeline, &mut process, before + 20_000);
            assert!(
                !sending.is_finished(),
                "the load ended at {:?}, so this is no stop under load",
                broker().count(&input)
            );
            stop(&mut process);
        }
        let mut process = pipeline.run(folder.path()).expect("start");
        end.store(broker().count(&input).expect("count") + RATE, Ordering::Relaxed);
        let sent = sending.join().expect("sending").expect("load");
        // Repeated outputs count too, so what is committed says when it is done.
        wait_committed(&pipeline, &mut process);
        let ended = process.terminate(LIMIT).expect("stop");
        assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
        sent
    });
    let load = Load::new(0..sent);
    let check = Check::new(broker(), &load).schema_id(2).committed(name, &input);
    (check.records(&output).expect("report"), sent)
}

/// Waits until the group has committed all that the input holds.
pub fn wait_committed(pipeline: &Pipeline, process: &mut Process) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let ends = broker().ends(&pipeline.input).expect("ends");
        let committed = broker().committed(&pipeline.name, &pipeline.input, 4).expect("committed");
        if ends == committed {
            return;
        }
        assert!(
            process.running() && Instant::now() < deadline,
            "committed {committed:?} of {ends:?}; running: {}; it wrote:\n{}",
            process.running(),
            process.log()
        );
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn sigterm_under_load_loses_nothing_and_repeats_nothing() {
    let (report, sent) = stopped_under_load("sigterm", COMMIT.to_owned(), |process| {
        let ended = process.terminate(LIMIT).expect("stop");
        assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
    });
    assert!(report.is_clean(sent), "{report:?}");
}

#[test]
fn sigkill_under_load_loses_nothing() {
    let (report, sent) = stopped_under_load("sigkill", format!("{COMMIT}{SESSION}"), Process::kill);
    let but_repeats = Report { count: 0, duplicate: 0, examples: Vec::new(), ..report.clone() };
    assert_eq!(but_repeats, Report::default(), "{report:?}");
    assert_eq!(report.count, sent + report.duplicate, "{report:?}");
}
