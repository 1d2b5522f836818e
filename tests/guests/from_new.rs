//! From `millstream new` to a running pipeline on Apache Kafka, where nothing but one language's tool chain is on PATH.

use std::time::Instant;

use harness::{Avro, Record};
use serde_json::{Value, json};

use crate::example::{Example, Ground};
use crate::language::{LANGUAGES, Language, wanted};
use crate::payment::{payment, record};
use crate::project::{Project, only};

const MAP: [&str; 3] = ["map", "payment", "enriched"];
const RECORDS: i64 = 300;

/// What a language's own tool chain is: rustc links macros by the C compiler, npm is a script for node.
fn tools(language: Language) -> &'static [&'static str] {
    match language.name {
        "rust" => &["cargo", "rustc", "cc", "ld"],
        "go" => &["go"],
        "python" => &["python3"],
        "javascript" | "typescript" => &["node", "npm"],
        _ => &["clang-19", "wasm-ld-19"],
    }
}

/// The PATH is what counts: with another language's tools there is no component.
fn needs_its_own_tools(language: Language) {
    let other = if language.name == "go" { "c" } else { "go" };
    let other = LANGUAGES.into_iter().find(|known| known.name == other).expect("another language");
    let path = only(language, tools(other));
    let project = Project::new(language, "alone", Some(path), MAP).unwrap_or_else(|why| panic!("{why}"));
    let why = project.run(&["build"]).expect_err("a build without its tools");
    assert!(why.contains("exit status: 3") && why.contains("which is not on PATH"), "{why}");
    assert!(!project.file(&format!("{}.wasm", project.name)).exists());
}

/// Payments of all kinds, some without a note, some without tags.
fn payments() -> Vec<Value> {
    let one = |number: i64| {
        let tags: &[&str] = if number % 3 == 0 { &[] } else { &["web", "gift"] };
        let mut json = payment(&format!("p-{number:04}"), number * 1_000_003 - 7_000_000, "DE", tags);
        json["seq"] = json!(i32::MAX - i32::try_from(number).expect("a small number"));
        if number % 2 == 0 {
            json["note"] = Value::Null;
        }
        json
    };
    (0..RECORDS).map(one).collect()
}

/// As `new` leaves it, a guest hands on what both schemas have, and the rest is zero.
fn goes_through(language: Language) {
    let path = only(language, tools(language));
    let project = Project::new(language, "kafka", Some(path), MAP).unwrap_or_else(|why| panic!("{why}"));
    project.build().and_then(|()| project.test()).unwrap_or_else(|why| panic!("{why}"));
    let letters = format!("{}.dlq", project.name);
    let mut example = Example::start_file(Ground::Kafka, &project.name, &project.file("pipeline.toml"), &[&letters]);
    let payments = payments();
    let records: Vec<Record> = payments.iter().map(record).collect();
    example.feed(&records);

    let avro = Avro::of("enriched", 2).expect("the schema");
    let outputs = example.outputs();
    assert_eq!(outputs.len(), payments.len(), "{}", language.name);
    for ((output, sent), mut wanted) in outputs.iter().zip(&records).zip(payments) {
        wanted["amount_eur"] = json!(0.0);
        wanted["risk"] = json!(0);
        let value = output.value.as_deref().expect("a value");
        assert_eq!(avro.decode(value).unwrap_or_else(|why| panic!("{why}")), wanted, "{}", language.name);
        assert_eq!(output.key, sent.key);
    }
    assert_eq!(example.records(&letters), []);
    example.stop();
}

#[test]
fn a_new_project_runs_on_kafka() {
    for language in wanted() {
        let start = Instant::now();
        needs_its_own_tools(language);
        goes_through(language);
        eprintln!("from new to Kafka in {}: {:.1} s", language.name, start.elapsed().as_secs_f64());
    }
}
