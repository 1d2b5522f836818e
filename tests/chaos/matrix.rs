//! Runs the cases, judges each run, and makes the table.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use harness::{Result, RigError, paths};
use millstream::fault::Point;

use crate::cases::{self, Act, Case};
use crate::checker::Report;
use crate::scene::{Closed, Mode, Scene, Setup};

/// A run with fewer records shows nothing.
const LEAST: u64 = 20_000;
/// After the load has ended, all has to be committed within this time.
const BOUND: Duration = Duration::from_secs(60);

/// The longest time without a record after a kill, or after another fault is healed.
const RESUME: Duration = Duration::from_secs(20);

/// What is asked for in the environment.
struct Wanted {
    /// All cases, and not only those of `make test`.
    whole: bool,
    /// Only cases whose names have this text.
    only: String,
    /// Only this promise; all where it is empty.
    mode: String,
    seed: u64,
    runs: u64,
    /// Length of the soak in seconds; 0 for none.
    soak: u64,
}

/// What came of the runs of one case.
struct Row {
    name: &'static str,
    mode: Mode,
    runs: u64,
    records: u64,
    faults: u32,
    lost: u64,
    duplicated: u64,
    out_of_order: u64,
    /// The longest silence of all runs, in seconds.
    silence: f64,
}

/// A run that is to be made.
struct Job {
    case: Case,
    mode: Mode,
    seed: u64,
}

#[derive(Default)]
struct Results {
    rows: Vec<Row>,
    failures: Vec<String>,
    /// What hosts noted of their fault points.
    notes: String,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

fn wanted() -> Wanted {
    // Another seed each time would make `make test` fail now and then for reasons that were there all along.
    Wanted {
        whole: number("MILLSTREAM_CHAOS_WHOLE", 0) > 0,
        only: std::env::var("MILLSTREAM_CHAOS_CASE").unwrap_or_default(),
        mode: std::env::var("MILLSTREAM_CHAOS_MODE").unwrap_or_default(),
        seed: number("MILLSTREAM_CHAOS_SEED", 1),
        runs: number("MILLSTREAM_CHAOS_RUNS", 1),
        soak: number("MILLSTREAM_CHAOS_SOAK", 0),
    }
}

#[test]
fn no_fault_loses_or_doubles_what_is_promised() {
    let wanted = wanted();
    let mut cases: Vec<Case> = cases::all().into_iter().filter(|case| wanted.whole || case.short).collect();
    if wanted.soak > 0 {
        cases.push(cases::soak());
    }
    cases.retain(|case| case.name.contains(&wanted.only));
    assert!(!cases.is_empty(), "no case has `{}` in its name", wanted.only);
    // The runs behind the proxy have to wait for each other, so they have a queue of their own.
    let queues: [Mutex<VecDeque<Job>>; 2] = Default::default();
    for (run, case, mode) in (0..wanted.runs)
        .flat_map(|run| cases.iter().flat_map(move |case| case.modes.iter().map(move |mode| (run, *case, *mode))))
    {
        if !mode.name().contains(&wanted.mode) {
            continue;
        }
        let job = Job { case, mode, seed: wanted.seed + run };
        queues[usize::from(case.behind_proxy)].lock().unwrap_or_else(PoisonError::into_inner).push_back(job);
    }
    let results = Mutex::new(Results::default());
    std::thread::scope(|scope| {
        for first in 0..2 {
            let (queues, results, wanted) = (&queues, &results, &wanted);
            scope.spawn(move || {
                while let Some(job) = pop(&queues[first]).or_else(|| pop(&queues[1 - first])) {
                    work(&job, wanted, results);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let table = table(&results.rows);
    println!("{table}");
    let file = paths::root().join("target/chaos/table.md");
    std::fs::write(&file, table).expect("the table");
    assert!(
        results.failures.is_empty(),
        "{} runs failed:\n\n{}",
        results.failures.len(),
        results.failures.join("\n\n")
    );
    if wanted.only.is_empty() && wanted.mode.is_empty() {
        let missed: Vec<_> =
            Point::ALL.iter().filter(|point| !results.notes.contains(&format!("fired {}", point.name()))).collect();
        assert!(missed.is_empty(), "no host was killed at {missed:?}");
    }
}

fn pop(queue: &Mutex<VecDeque<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn work(job: &Job, wanted: &Wanted, results: &Mutex<Results>) {
    let Job { case, mode, seed } = job;
    let done = run(case, *mode, *seed, wanted.soak);
    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
    match done {
        Ok((row, notes)) => {
            println!("{}", row.line());
            results.notes.push_str(&notes);
            match results.rows.iter_mut().find(|other| other.name == row.name && other.mode == row.mode) {
                Some(other) => other.add(&row),
                None => results.rows.push(row),
            }
        }
        Err(why) => {
            let which = format!("MILLSTREAM_CHAOS_CASE='{}' MILLSTREAM_CHAOS_MODE={}", case.name, mode.name());
            let again = format!("MILLSTREAM_CHAOS_SEED={seed} MILLSTREAM_CHAOS_RUNS=1 {which} make chaos");
            let text = format!("{} ({}), seed {seed}: {why}\nrepeat it with: {again}", case.name, mode.name());
            println!("{text}");
            results.failures.push(text);
        }
    }
}

/// One run from start to verdict.
fn run(case: &Case, mode: Mode, seed: u64, soak: u64) -> Result<(Row, String)> {
    let mut setup = Setup::default();
    if !case.repeats {
        // Nobody is missed, so nobody need be missed soon: a busy machine must not look like a fault.
        setup.session_ms = 10_000;
    }
    (case.setup)(&mut setup);
    if case.name == cases::soak().name {
        (setup.rate, setup.records) = (2_000, 2_000 * soak);
    }
    let records = setup.records;
    let topic: String = case.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut scene = Scene::open(&topic, mode, seed, setup, case.behind_proxy)?;
    let mut notes = String::new();
    match case.act {
        Act::Kill(point) => {
            cases::kill_at(&mut scene, point)?;
            let _ = writeln!(notes, "fired {}", point.name());
        }
        Act::Do(act) => act(&mut scene)?,
    }
    let faults = scene.faults;
    let Closed { report, took, notes: more, logs } = scene.close(BOUND)?;
    notes.push_str(&more);
    let complaints = complaints(case, mode, records, faults, &report, took);
    if !complaints.is_empty() {
        let complaints = complaints.join(", ");
        return Err(RigError::new(format!("{complaints}; {report:?}\nthe hosts wrote:\n{logs}")));
    }
    let Report { missing: lost, duplicate: duplicated, out_of_order, silence, .. } = report;
    let name = case.name;
    Ok((Row { name, mode, runs: 1, records, faults, lost, duplicated, out_of_order, silence }, notes))
}

/// What is wrong with a run, in words.
fn complaints(case: &Case, mode: Mode, records: u64, faults: u32, report: &Report, took: Duration) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut none = |what: &str, count: u64| {
        if count > 0 {
            complaints.push(format!("{what}: {count}"));
        }
    };
    let repeats = case.repeats && mode == Mode::AtLeastOnce;
    none("lost", report.missing);
    none("came again though committed before the fault, or read after it", report.unexcused);
    none("came again though nothing could be left uncommitted", if repeats { 0 } else { report.duplicate });
    none("unknown", report.unknown);
    none("changed", report.wrong);
    none("of another origin", report.origin);
    none("out of order", report.out_of_order);
    none("seen and then gone", report.gone);
    none("not committed", report.behind);
    none("open transactions", report.open);
    none("hidden behind a transaction", report.hidden);
    if report.letters < case.letters {
        complaints.push(format!("{} dead letters of {}", report.letters, case.letters));
    }
    // A run that shows nothing is a failure.
    if report.silence > RESUME.as_secs_f64() {
        complaints.push(format!("nothing came for {:.1} s", report.silence));
    }
    if records < LEAST {
        complaints.push(format!("only {records} records"));
    }
    if faults == 0 {
        complaints.push("no fault fired".to_owned());
    }
    if took < case.least {
        complaints.push(format!("no fault fired: it took {took:?}, not {:?}", case.least));
    }
    complaints
}

impl Row {
    fn add(&mut self, other: &Row) {
        self.runs += other.runs;
        self.records += other.records;
        self.faults += other.faults;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.out_of_order += other.out_of_order;
        self.silence = self.silence.max(other.silence);
    }

    fn line(&self) -> String {
        let Row { name, runs, records, faults, lost, duplicated, out_of_order, silence, .. } = self;
        let mode = self.mode.name();
        format!(
            "| {name} | {mode} | {runs} | {records} | {faults} | {lost} | {duplicated} | {out_of_order} | {silence:.1} |"
        )
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| Fault | Mode | Runs | Records | Faults | Lost | Duplicated | Out of order | Seconds to resume, at most |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(table, "{}", row.line());
    }
    table
}
