//! The rules of the house as tests: sizes, names, borders between modules, and words that stand only where they may.
//!
//! A rule is a pure function from a file to findings, and each has a test of its own that it can fail. This file runs
//! them over the repository. What is allowed where, and why, stands in `allowed.rs`.

mod allowed;
mod borders;
mod finding;
mod json;
mod pages;
mod places;
mod repository;
mod shape;
mod source;
mod words;

use finding::{Finding, none};
use repository::Repository;
use source::Source;

/// Runs a rule over all Rust sources of the host.
fn host(rule: fn(&Source) -> Vec<Finding>) -> Vec<Finding> {
    Repository::open().host().iter().flat_map(rule).collect()
}

/// Runs a rule over all Rust sources.
fn rust(rule: fn(&Source) -> Vec<Finding>) -> Vec<Finding> {
    Repository::open().rust().iter().flat_map(rule).collect()
}

/// Runs a rule over all text files.
fn texts(rule: fn(&str, &str) -> Vec<Finding>) -> Vec<Finding> {
    Repository::open().texts.iter().flat_map(|(path, text)| rule(path, text)).collect()
}

#[test]
fn files_are_short() {
    for (path, text) in &Repository::open().texts {
        if let Some(warning) = shape::long_file(path, text) {
            println!("{warning}");
        }
    }
    none(texts(shape::too_long_file));
}

#[test]
fn functions_are_short() {
    none(host(shape::long_functions));
}

#[test]
fn entry_points_are_thin() {
    none(texts(shape::thick_entry_point));
}

#[test]
fn names_say_what_is_inside() {
    none(texts(shape::empty_name));
}

#[test]
fn crates_stay_in_their_folders() {
    none(host(words::foreign_crates));
}

#[test]
fn unsafe_code_stays_in_its_places() {
    none(rust(words::unsafe_code));
}

#[test]
fn clocks_sleeps_and_threads_stay_in_named_files() {
    none(host(words::ambient_effects));
}

#[test]
fn the_lists_of_exceptions_name_what_exists() {
    let repository = Repository::open();
    none(words::stale_exceptions(&repository.host()));
}

#[test]
fn nothing_panics_on_purpose() {
    none(host(words::panics));
}

#[test]
fn queues_are_bounded() {
    none(host(words::unbounded_queues));
}

#[test]
fn no_test_is_ignored() {
    none(rust(words::ignored_tests));
}

#[test]
fn exceptions_to_lints_have_a_reason() {
    none(rust(words::silent_exceptions));
}

#[test]
fn bindings_are_generated_in_one_place() {
    none(words::scattered_bindings(&Repository::open().host()));
}

#[test]
fn modules_use_only_what_lies_below_them() {
    none(host(borders::upward_uses));
}

#[test]
fn no_machine_paths() {
    none(texts(places::machine_paths));
}

#[test]
fn no_private_hosts() {
    none(texts(places::unknown_hosts));
}

#[test]
fn guests_are_listed() {
    let repository = Repository::open();
    let paths: Vec<&str> = repository.texts.keys().map(String::as_str).collect();
    none(pages::unlisted_guests(&paths, repository.page("guests/README.md")));
}

#[test]
fn metrics_are_documented() {
    let repository = Repository::open();
    none(pages::undocumented_metrics(&repository.host(), repository.page("docs/metrics.md")));
}

#[test]
fn configuration_keys_are_documented() {
    let repository = Repository::open();
    let (schema, page) = (repository.page("pipeline.schema.json"), repository.page("docs/pipeline.toml.md"));
    none(pages::undocumented_keys(schema, page));
}

#[test]
fn requirements_point_to_tests_that_exist() {
    let repository = Repository::open();
    none(pages::unproven_requirements(repository.page("docs/requirements.md"), &repository.texts));
}
