//! The named fields of the sample accounts are stars, everything else is as it was.

use harness::{Avro, Record};
use serde_json::Value;

use crate::account_balances::samples;
use crate::example::{Example, Ground, timeless};
use crate::on_both_brokers;

/// The same on JSON: what the setting of the example names.
fn masked(json: &Value, hidden: bool) -> Value {
    match json {
        Value::String(text) if hidden => "*".repeat(text.chars().count()).into(),
        Value::Array(items) => items.iter().map(|item| masked(item, hidden)).collect(),
        Value::Object(fields) => {
            let named = |name: &str| ["name", "city", "reference"].contains(&name);
            // The one string in a union stands under its type's name.
            let field = |(name, value): (&String, &Value)| {
                (name.clone(), masked(value, named(name) || hidden && name == "string"))
            };
            Value::Object(fields.iter().map(field).collect())
        }
        _ => json.clone(),
    }
}

fn named_fields_become_stars_at_any_depth(ground: Ground) {
    let avro = Avro::of("account", 3).expect("the schema");
    let samples = samples(ground);
    let record = |index: usize, json: &Value| {
        Record::new(&format!("{index:02}"), avro.encode(json).expect("a value")).header("trace", index.to_string())
    };
    let records: Vec<Record> = samples.iter().enumerate().map(|(index, json)| record(index, json)).collect();
    let mut example = Example::start(ground, "mask", &[]);
    example.feed(&records);

    let outputs = timeless(example.outputs());
    assert_eq!(outputs.len(), records.len());
    let mut changed = 0;
    for ((output, input), sample) in outputs.iter().zip(&records).zip(&samples) {
        assert_eq!((&output.key, &output.headers), (&input.key, &input.headers));
        let json = avro.decode(output.value.as_deref().expect("a value")).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(json, masked(sample, false));
        changed += usize::from(json != *sample);
    }
    // In one of them all that is masked is empty.
    assert_eq!(changed, samples.len() - 1);
    example.stop();
}

on_both_brokers!(named_fields_become_stars_at_any_depth, "mask");
