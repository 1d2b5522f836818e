//! `millstream conformance`: what it says of guests that pass, that fail, and that are of no case.

use harness::paths;

use crate::case::{Case, Done, run_in};

fn over(guest: &str, more: &[&str]) -> Done {
    let arguments = [&["conformance", guest], more].concat();
    run_in(&paths::root(), &arguments, &[])
}

#[test]
fn a_guest_is_told_by_its_type_and_passes() {
    for (case, tests) in [("enrich", 50), ("filter", 15), ("mask", 15)] {
        let done = over(&format!("guests/rust/{case}/{case}.wasm"), &[]);
        done.shows(&[&format!("case {case}: "), "ok    ", "ok    all records in batches of 256, by one instance\n"]);
        assert!(done.out.ends_with(" passed, 0 failed\n"), "{}", done.out);
        assert!(done.out.matches("\nok    ").count() >= tests, "{}", done.out);
        assert_eq!(done.err, "");
    }
    over("guests/rust/filter/filter.wasm", &[]).shows(&["ok    init fails without a limit\n"]);
}

#[test]
fn a_guest_that_answers_something_else_fails_field_by_field() {
    let done = over("guests/rust/subset/subset.wasm", &["--case", "enrich"]);
    done.mentions(2, &["subset.wasm", "passthrough"]);
    // Generic records of another schema than it wants.
    let done = over("guests/rust/account-balances/account-balances.wasm", &["--case", "mask"]);
    assert_eq!(done.code, Some(1), "{}\n{}", done.out, done.err);
    assert!(
        done.out.contains("FAIL  an account without bookings\n        1 output expected, 0 found\n"),
        "{}",
        done.out
    );
    assert!(done.out.contains("FAIL  init fails without fields\n        its init succeeds, expected"), "{}", done.out);
}

#[test]
fn a_guest_of_no_case_is_told_the_cases_and_how_to_begin_one() {
    let done = over("guests/rust/csv/csv.wasm", &[]);
    let parts = [
        "error: the guest is of no case of the kit: no case has its functions and its types",
        "--> guests/rust/csv/csv.wasm",
        "account-balances  accounts become balances",
        "millstream conformance --case NAME --write FOLDER",
    ];
    done.mentions(2, &parts);
    over("guests/rust/csv/none.wasm", &[]).mentions(2, &["error: cannot read the guest guests/rust/csv/none.wasm"]);
    let done = over("guests/rust/csv/csv.wasm", &["--case", "csv"]);
    done.mentions(2, &["error: the kit has no case \"csv\"", "enrich            adds two fields to a payment"]);
}

#[test]
fn a_case_is_written_for_its_author_and_can_be_run() {
    let case = Case::of("");
    let done = case.run(&["conformance", "--case", "types", "--write", "mine"]);
    done.shows(&[
        "mine/tests.toml\n",
        "mine/everything.avsc\n",
        "mine/wit/world.wit\n",
        "mine/wit/deps/millstream-pipeline/types.wit\n",
    ]);
    std::fs::copy(paths::guest("types"), case.path("mine/guest.wasm")).expect("a guest");
    let done = case.run(&["test", "mine/pipeline.toml"]);
    assert!(done.out.ends_with(" passed, 0 failed\n"), "{}\n{}", done.out, done.err);
    // A file is where a folder should be.
    let done = case.with("file", "").run(&["conformance", "--case", "types", "--write", "file"]);
    done.mentions(1, &["error: cannot write file: "]);
}

#[test]
fn the_cases_are_listed() {
    let done = run_in(&paths::root(), &["conformance", "--list"], &[]);
    let mut folders: Vec<String> = std::fs::read_dir(paths::root().join("tests/conformance/cases"))
        .expect("the cases")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let mut listed: Vec<String> =
        done.out.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    folders.sort();
    listed.sort();
    assert_eq!(listed, folders);
    let done = run_in(&paths::root(), &["conformance"], &[]);
    assert_eq!(done.code, Some(2), "{}", done.err);
}
