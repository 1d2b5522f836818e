//! What is wrong with an example's settings is said before the first record.

use std::process::Command;

use harness::paths;

/// Checks an example with something in its file replaced, and reads what the program says.
fn refused(case: &str, old: &str, new: &str) -> String {
    let root = paths::root();
    let text = std::fs::read_to_string(root.join(format!("guests/rust/{case}/pipeline.toml"))).expect("the example");
    assert!(text.contains(old), "`{old}` is not in:\n{text}");
    let text = text.replacen(old, new, 1).replace("../../..", &root.display().to_string());
    let text = text.replace(&format!("\"{case}.wasm\""), &format!("{:?}", paths::guest(case)));
    let folder = paths::scratch(case).expect("folder");
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).expect("the file");
    let program = paths::millstream().expect("the program");
    let done = Command::new(program).args(["check", "--offline"]).arg(&file).output().expect("its end");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    said
}

#[test]
fn a_filter_without_a_limit_does_not_start() {
    let said = refused("filter", "min-amount = \"1000\"", "");
    assert!(said.contains("`min-amount` is missing in `config`"), "{said}");
    let said = refused("filter", "\"1000\"", "\"10.00\"");
    assert!(said.contains("`min-amount` must be a whole number of cents, not \"10.00\""), "{said}");
}

#[test]
fn a_guest_that_reads_its_config_needs_the_grant() {
    let said = refused("filter", "grants = [\"config\"]\n", "");
    assert!(said.contains("config") && said.contains("grant"), "{said}");
}

#[test]
fn a_mask_of_a_field_that_no_record_has_does_not_start() {
    let said = refused("mask", "name, city", "name, town");
    assert!(said.contains("no record of the schema has a field `town`"), "{said}");
}

#[test]
fn a_mask_needs_the_same_schema_at_both_ends() {
    let said = refused("mask", "account.avsc\"\n\n[[stage]]", "balances.avsc\"\n\n[[stage]]");
    assert!(said.contains("source and sink need the same schema"), "{said}");
}
