//! `millstream inspect`: what is told of a guest, and of files that are none.

use harness::paths;

use crate::case::{Case, Done, run_in};
use crate::component::idle;

fn inspect(arguments: &[&str]) -> Done {
    run_in(&paths::root(), &[&["inspect"], arguments].concat(), &[])
}

#[test]
fn a_guest_is_told_with_its_lane_and_its_grants() {
    let schemas = ["--schema-in", "schemas/payment.avsc", "--schema-out", "schemas/payment.avsc"];
    let done = inspect(&[&["guests/rust/filter/filter.wasm"], &schemas[..]].concat());
    done.shows(&[
        "language   Rust",
        "tools      rustc ",
        "exports    transform: func(batch: list<record { value, key }>) -> list<result<option<record { value, key }>, ",
        "takes typed records in an envelope, gives typed records in an envelope; one output or none (filter)\n",
        "init: func() -> result<_, string>\n",
        "imports    millstream:pipeline/config@0.1.0 takes the grant \"config\"\n",
        "\n           wasi:io/streams@0.2.6\n",
        "grants     config\n",
        "schemas    it fits\n",
    ]);
}

#[test]
fn each_lane_has_its_name() {
    for (guest, words) in [
        ("enrich", "takes typed records, gives typed records\n"),
        ("fan-out", "; any number of outputs (fan-out)\n"),
        ("mask", "takes generic records, gives generic records\n"),
        ("csv", "takes raw values, gives typed records\n"),
        ("account-balances", "gives resources\n"),
    ] {
        inspect(&[&format!("guests/rust/{guest}/{guest}.wasm")]).shows(&[words, "sha256     "]);
    }
}

#[test]
fn json_has_the_same() {
    let done = inspect(&["guests/rust/route/route.wasm", "--json"]);
    done.shows(&[]);
    let json: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(json["exports"][0]["name"], "transform");
    assert_eq!(json["exports"][0]["gives"]["envelope"], true);
    let file = std::fs::metadata(paths::guest("route")).expect("the file");
    assert_eq!(json["size"].as_u64(), Some(file.len()));
    assert_eq!(json["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(json["language"], "Rust");
    assert_eq!(json["form"], "component");
}

#[test]
fn schemas_that_do_not_fit_are_told_as_at_load() {
    let enrich = "guests/rust/enrich/enrich.wasm";
    let done = inspect(&[enrich, "--schema-in", "schemas/payment.avsc", "--schema-out", "schemas/tagged.avsc"]);
    done.mentions(
        2,
        &["does not fit the sink schema schemas/tagged.avsc:\n  - ", "--> guests/rust/enrich/enrich.wasm"],
    );
    assert!(done.out.contains("schemas    it does not fit\n"), "{}", done.out);
    let subset = "guests/rust/subset/subset.wasm";
    let done = inspect(&[subset, "--schema-in", "schemas/payment.avsc", "--schema-out", "schemas/enriched.avsc"]);
    done.shows(&["schemas    it fits with `passthrough = true`\n"]);
    let none = inspect(&[enrich, "--schema-in", "none.avsc", "--schema-out", "schemas/enriched.avsc"]);
    none.mentions(2, &["error: cannot read schema none.avsc: ", "name a file with an Avro schema"]);
    inspect(&[enrich, "--schema-in", "none.avsc"]).mentions(2, &["--schema-out"]);
}

#[test]
fn files_that_are_no_guests_are_told_as_at_load() {
    inspect(&["none.wasm"]).mentions(2, &["error: cannot read the guest none.wasm: ", "--> none.wasm"]);
    let why = "the guest README.md is not a WebAssembly component: it does not begin with the four bytes";
    inspect(&["README.md"]).mentions(2, &[why]);
    let case = Case::payments().with("guest.wasm", b"\0asm\x01\0\0\0");
    case.run(&["inspect", "guest.wasm"]).mentions(
        2,
        &["the guest guest.wasm is a core wasm module that does not carry its WIT, so that no component can be made"],
    );
    let case = case.with("guest.wasm", idle("export transform: func(a: u32, b: u32) -> u32;"));
    case.run(&["inspect", "guest.wasm"])
        .mentions(2, &["the guest guest.wasm exports `transform: func(a: u32, b: u32) -> u32`; expected"]);
}
