//! How soon a guest works that was compiled by an earlier start.

use std::time::{Duration, Instant};

use harness::{Cluster, Ended, Pipeline, Process, paths};

use crate::example::node;
use crate::language::{Language, languages};
use crate::payment::{payment, record};

/// From the start of the program to its first output in Kafka, joining the group included.
const SOON: Duration = Duration::from_secs(1);
/// Longer than compiling takes where eight others do too.
const LIMIT: Duration = Duration::from_secs(240);

/// Starts a pipeline of a group of its own on a topic with one record, and waits for the first output.
fn first_output(language: Language, number: usize) -> Duration {
    let folder = paths::scratch("start").expect("a folder");
    let name = format!("start-{}-{number}", language.name);
    let (input, output) = (format!("{name}.in"), format!("{name}.out"));
    for topic in [&input, &output] {
        node().create_topic(topic, 1, &[]).unwrap_or_else(|why| panic!("{why}"));
    }
    let cluster = Cluster::at(node().address()).expect("a client");
    cluster.send(&input, &[record(&payment("a", 100, "DE", &[]))]).unwrap_or_else(|why| panic!("{why}"));
    let mut pipeline = Pipeline::new(node(), &name, &input, &output);
    pipeline.guest = paths::root().join(format!("guests/{}/enrich/enrich.wasm", language.name));
    let file = pipeline.write(folder.path()).expect("the file");
    let kept = paths::root().join("target/rig/cache/start").display().to_string();
    let start = Instant::now();
    let process = Process::start_with(
        &paths::millstream().expect("the program"),
        &["run".as_ref(), file.as_os_str()],
        &[("MILLSTREAM_CACHE_DIR", Some(&kept))],
        &folder.path().join("log"),
    );
    let mut process = process.expect("start");
    let came = node().wait_count(&output, 1, LIMIT, Duration::from_millis(5));
    let time = start.elapsed();
    came.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
    let ended = process.terminate(LIMIT).expect("stop");
    assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", process.log());
    time
}

#[test]
fn a_second_start_has_its_first_output_within_a_second() {
    for language in languages("enrich") {
        // Compiles the guest, unless an earlier run of this test has.
        let first = first_output(language, 0);
        let mut later: Vec<Duration> = (1..6).map(|number| first_output(language, number)).collect();
        later.sort();
        eprintln!("{}: first start {first:?}, later {later:?}", language.name);
        // Other tests use the cores too; what can be done in a second is done in one at least once.
        assert!(later[0] <= SOON, "{}: {later:?}", language.name);
    }
}
