//! The flags of `millstream wit`: the shapes they make, and what a person reads where they make none.

use crate::case::{Case, Done};

const NODE: &str =
    r#"{"type":"record","name":"Node","fields":[{"name":"n","type":"int"},{"name":"next","type":["null","Node"]}]}"#;
const NODE_KEY: &str = r#"{"type":"record","name":"NodeKey","fields":[{"name":"id","type":"string"}]}"#;

/// `millstream wit` with these arguments in a folder with some schemas.
fn wit(arguments: &str) -> (Case, Done) {
    let case = Case::payments().with("node.avsc", NODE).with("key.avsc", NODE_KEY);
    let fixed = ["wit", "--package", "a:b"];
    let done = case.run(&[&fixed[..], &arguments.split(' ').collect::<Vec<_>>()].concat());
    (case, done)
}

/// What of the folder's file was written.
fn text(arguments: &str, file: &str) -> String {
    let (case, done) = wit(arguments);
    done.shows(&[&format!("wit/{file}\n")]);
    std::fs::read_to_string(case.path("wit").join(file)).expect("the file")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "no `{part}` in:\n{text}"));
}

/// Refused with exit code 2 and this text, and nothing written.
#[track_caller]
fn refused(arguments: &str, expected: &str) {
    let (case, done) = wit(arguments);
    done.says(2, expected);
    assert!(!case.path("wit").exists(), "a refusal writes nothing");
}

#[test]
fn every_flag_makes_its_shape() {
    let world = text("--input generic --output string --filter", "world.wit");
    has(&world, &["func(batch: list<generic-record>) -> list<result<option<string>, fault>>;"]);
    let world = text("--input bytes --output payment.avsc --fan-out --init --import log,schemas", "world.wit");
    has(&world, &["list<result<list<payment>, fault>>;", "export init:", "pipeline/log@", "pipeline/schemas@"]);
    let around = "--input payment.avsc --output enriched.avsc --envelope-in key,offset --envelope-out key --tombstones \
                  --key key.avsc --key-out long";
    let types = text(around, "types.wit");
    has(&types, &["record payment-in {", "value: option<enriched>,", "key: option<node-key>,", "key: option<s64>,"]);
    let world = text("--input payment.avsc --output enriched.avsc --deserialize string --serialize bytes", "world.wit");
    has(&world, &["func(batch: list<string>) -> list<result<payment, fault>>;", "list<result<list<u8>, fault>>;"]);
    let guest = text("--resource order --deserialize generic --serialize generic", "guest.wit");
    has(&guest, &["    resource order;\n", "func(batch: list<order>) -> list<result<generic-record, fault>>;"]);
    let world = text("--input payment.avsc --deserialize string --no-transform", "world.wit");
    assert!(!world.contains("transform:"), "{world}");
}

#[test]
fn a_recursive_schema_ends_in_a_generic_record() {
    let types = text("--input node.avsc --output node.avsc", "types.wit");
    has(
        &types,
        &[
            "/// Node again, as a generic record: a WIT type cannot contain itself.\n        next: option<generic-record>,",
        ],
    );
}

#[test]
fn a_value_must_be_given_unless_something_else_is() {
    let missing = |flag| {
        format!(
            "error: {flag} is missing: a schema file, or one of generic, bytes, string; or use --resource\n --> {flag}\n"
        )
    };
    refused("--output bytes", &missing("--input"));
    refused("--input bytes", &missing("--output"));
    let both = "--deserialize bytes --serialize bytes --resource order";
    refused(
        &format!("{both} --output bytes"),
        "error: the resource order takes the place of --output; leave --output out\n --> --output\n",
    );
    refused(
        "--input bytes --output bytes --deserialize string --no-transform",
        "error: without `transform` the output is the value of --input; leave --output out\n --> --output\n",
    );
}

#[test]
fn a_word_that_is_none_of_those_is_named_with_those_there_are() {
    let known = "key, headers, topic, partition, offset, timestamp, timestamp-type";
    let (_, done) = wit("--input bytes --output bytes --envelope-in key,time");
    done.mentions(
        2,
        &["invalid value 'time' for '--envelope-in <FIELDS>'", &format!("an envelope's fields are {known}")],
    );
    let (_, done) = wit("--input bytes --output bytes --import kafka");
    done.mentions(
        2,
        &["invalid value 'kafka' for '--import <INTERFACES>'", "a guest may import log, metrics, config, schemas"],
    );
    let (_, done) = wit("--input bytes --output bytes --serialize json");
    done.mentions(
        2,
        &["invalid value 'json' for '--serialize <generic|bytes|string>'", "it is one of generic, bytes, string"],
    );
    let (_, done) = wit("--input bytes --output bytes --filter --fan-out");
    done.mentions(2, &["the argument '--filter' cannot be used with '--fan-out'"]);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    for (arguments, flag, message) in [
        (
            "--input bytes --output bytes --tombstones",
            "--tombstones",
            "--tombstones needs --envelope-in or --envelope-out: a tombstone is an envelope without a value",
        ),
        (
            "--input bytes --output bytes --key int",
            "--key",
            "--key says what type a key has, but neither --envelope-in nor --envelope-out has key",
        ),
        (
            "--resource order --deserialize bytes",
            "--resource",
            "--resource needs both --deserialize and --serialize: only the guest can make its own values and write them",
        ),
        (
            "--input bytes --output bytes --envelope-out offset",
            "--envelope-out",
            "--envelope-out cannot have offset: Kafka decides it when the output is written; an output has key, headers, \
             topic, partition, timestamp",
        ),
        (
            "--input bytes --output string --deserialize bytes",
            "--deserialize",
            "--deserialize bytes has nothing to do where --input is bytes too; leave --deserialize out",
        ),
    ] {
        refused(arguments, &format!("error: {message}\n --> {flag}\n"));
    }
}

#[test]
fn what_is_wrong_with_a_key_names_its_file() {
    let arguments = "--input bytes --output bytes --envelope-in key --key none.avsc";
    wit(arguments).1.mentions(2, &["cannot read schema none.avsc: ", " --> none.avsc\n"]);
    let case = Case::payments().with("null.avsc", "\"null\"");
    let done = case.run(&[
        "wit",
        "--package",
        "a:b",
        "--input",
        "bytes",
        "--output",
        "bytes",
        "--envelope-in",
        "key",
        "--key",
        "null.avsc",
    ]);
    done.mentions(2, &["error: key schema: the outermost type is null, which carries no data", " --> null.avsc\n"]);
}

#[test]
fn the_help_explains_every_flag() {
    let done = crate::case::run_in(&harness::paths::root(), &["wit", "--help"], &[]);
    let flags = "--input --output --package --out --input-fields --output-fields --filter --fan-out --envelope-in \
                 --envelope-out --tombstones --key --key-out --deserialize --serialize --resource --no-transform --import --init";
    done.shows(&flags.split(' ').filter(|flag| !flag.is_empty()).collect::<Vec<_>>());
    done.shows(&["Kafka's tombstone, which says that the key is deleted"]);
}
