//! The sample accounts become balances by way of the guest's own types; the one without a rate does not.

use std::collections::BTreeMap;

use harness::{Avro, Record, paths};
use serde_json::{Value, json};

use crate::example::{Example, Ground};
use crate::on_both_brokers;

const DAY: i64 = 86_400_000;

/// `schemas/samples/accounts.jsonl`, without accounts whose integers the guest's language cannot hold.
pub fn samples(ground: Ground) -> Vec<Value> {
    let file = paths::root().join("schemas/samples/accounts.jsonl");
    let text = std::fs::read_to_string(file).expect("the samples");
    let all = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let some: Vec<Value> = all.filter(|account| fits(account, ground.largest())).collect();
    assert!(some.len() >= 15, "{} samples are left", some.len());
    some
}

fn fits(json: &Value, largest: i64) -> bool {
    match json {
        Value::Number(number) => number.as_i64().is_none_or(|number| (-largest..=largest).contains(&number)),
        Value::Array(items) => items.iter().all(|item| fits(item, largest)),
        Value::Object(fields) => fields.values().all(|value| fits(value, largest)),
        _ => true,
    }
}

/// What `balances.avsc` says of an account.
fn balances(account: &Value) -> Value {
    let (holder, person) = account["holder"].as_object().and_then(|tagged| tagged.iter().next()).expect("a holder");
    let bookings = account["bookings"].as_array().expect("bookings");
    let mut cents = BTreeMap::<&str, i64>::new();
    let mut days = BTreeMap::<i64, i64>::new();
    for booking in bookings {
        *cents.entry(booking["currency"].as_str().expect("a currency")).or_default() +=
            booking["amount"].as_i64().expect("an amount");
        *days.entry(booking["at"].as_i64().expect("a time").div_euclid(DAY)).or_default() += 1;
    }
    let rate =
        |currency: &str| if currency == "EUR" { 1.0 } else { account["rates"][currency].as_f64().expect("a rate") };
    // In the order of the currencies, as sums of floats differ by it.
    let total: f64 = cents.iter().fold(0.0, |sum, (currency, cents)| sum + *cents as f64 / 100.0 * rate(currency));
    let days: Vec<Value> = days.iter().map(|(day, count)| json!({ "day": day, "bookings": count })).collect();
    json!({
        "number": account["number"],
        "owner": {
            "name": person["name"],
            "city": person["address"]["city"],
            "country": person["address"]["country"],
            "company": holder == "acme.accounts.Company",
        },
        "kind": account["kind"],
        "balances": cents,
        "total_eur": total,
        "days": days,
        "last_reference": bookings.last().map_or(Value::Null, |last| last["reference"].clone()),
    })
}

fn accounts_become_balances(ground: Ground) {
    let (account, result) = (Avro::of("account", 3).expect("a schema"), Avro::of("balances", 4).expect("a schema"));
    let samples = samples(ground);
    let record = |index: usize, json: &Value| {
        Record::new(&format!("{index:02}"), account.encode(json).expect("a value")).header("trace", index.to_string())
    };
    let records: Vec<Record> = samples.iter().enumerate().map(|(index, json)| record(index, json)).collect();
    let mut example = Example::start(ground, "account-balances", &["account-balances.dlq"]);
    example.feed(&records);

    let outputs = example.outputs();
    // All but the last.
    assert_eq!(outputs.len(), samples.len() - 1);
    for ((output, input), sample) in outputs.iter().zip(&records).zip(&samples) {
        assert_eq!((&output.key, &output.headers), (&input.key, &input.headers));
        let json = result.decode(output.value.as_deref().expect("a value")).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(json, balances(sample));
    }

    let letters = example.records("account-balances.dlq");
    let [letter] = &letters[..] else { panic!("one dead letter, not {letters:?}") };
    let last = records.last().expect("an account");
    assert_eq!((&letter.key, &letter.value), (&last.key, &last.value));
    let message = letter.header_text("__dlq.errors.message").expect("a message");
    assert!(message.contains("the account has no rate for CHF"), "{message}");
    example.stop();
}

on_both_brokers!(accounts_become_balances, "account-balances");
