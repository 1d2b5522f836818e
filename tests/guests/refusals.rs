//! What is wrong with an example's settings is said before the first record.

use std::process::Command;

use harness::paths;

use crate::language::languages;

/// Checks an example with something in its file replaced, in every language that the run is about: each time the program
/// has to say all of this.
fn refused(case: &str, old: &str, new: &str, wanted: &[&str]) {
    for language in languages(case) {
        let said = check(language.name, case, old, new);
        for words in wanted {
            assert!(said.contains(words), "{}: {said}", language.name);
        }
    }
}

fn check(language: &str, case: &str, old: &str, new: &str) -> String {
    let root = paths::root();
    let example = root.join("guests").join(language).join(case);
    let text = std::fs::read_to_string(example.join("pipeline.toml")).expect("the example");
    assert!(text.contains(old), "`{old}` is not in:\n{text}");
    let text = text.replacen(old, new, 1).replace("../../..", &root.display().to_string());
    let text = text.replace(&format!("\"{case}.wasm\""), &format!("{:?}", example.join(format!("{case}.wasm"))));
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
    refused("filter", "min-amount = \"1000\"", "", &["`min-amount` is missing in `config`"]);
    refused("filter", "\"1000\"", "\"10.00\"", &["`min-amount` must be a whole number of cents, not \"10.00\""]);
}

#[test]
fn a_guest_that_reads_its_config_needs_the_grant() {
    refused("filter", "grants = [\"config\"]\n", "", &["config", "grant"]);
}

#[test]
fn a_mask_of_a_field_that_no_record_has_does_not_start() {
    refused("mask", "name, city", "name, town", &["no record of the schema has a field `town`"]);
}

#[test]
fn a_mask_needs_the_same_schema_at_both_ends() {
    refused(
        "mask",
        "account.avsc\"\n\n[[stage]]",
        "balances.avsc\"\n\n[[stage]]",
        &["source and sink need the same schema"],
    );
}
