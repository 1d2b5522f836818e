//! The bench in small: it runs, and all contenders write the same bytes.

use std::path::Path;

use harness::{Ended, Process, paths};

use crate::LIMIT;

#[test]
fn all_contenders_of_the_bench_write_the_same_bytes() {
    let folder = paths::scratch("contenders").expect("folder");
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let small = ["--records", "20000", "--rounds", "1", "--heap", "512"];
    let mut process = Process::start(bench, &small, &folder.path().join("bench.log")).expect("start");
    let ended = process.wait(LIMIT).expect("its end");
    let log = process.log();
    assert_eq!(ended, Ended::Code(0), "it wrote:\n{log}");
    for name in ["native-batch", "native-safe", "millstream"] {
        assert!(log.lines().any(|line| line.starts_with(name)), "no row for {name}:\n{log}");
    }
    assert!(log.contains("equal, byte for byte"), "{log}");
}
