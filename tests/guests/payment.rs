//! Payments of the stories.

use harness::{Avro, Record};
use serde_json::{Value, json};

/// The schema of payments.
pub fn avro() -> Avro {
    Avro::of("payment", 1).expect("the schema")
}

/// A payment of this id, amount and country.
pub fn payment(id: &str, amount: i64, country: &str, tags: &[&str]) -> Value {
    json!({
        "id": id, "account": format!("acc-{id}"), "amount": amount, "currency": "GBP", "ts": 1_760_000_000_123_i64,
        "note": "für Oma 🎂", "tags": tags, "rate": 1.17, "country": country, "seq": -7,
    })
}

/// The payment on the topic, its id as the key.
pub fn record(payment: &Value) -> Record {
    let key = payment["id"].as_str().expect("an id");
    Record::new(key, avro().encode(payment).expect("a payment"))
}

/// What stands on a topic: key and payment, none for a tombstone.
pub fn read(records: &[Record]) -> Vec<(String, Option<Value>)> {
    let key = |record: &Record| String::from_utf8(record.key.clone().expect("a key")).expect("a text");
    let value = |bytes: &Vec<u8>| avro().decode(bytes).unwrap_or_else(|why| panic!("{why}"));
    records.iter().map(|record| (key(record), record.value.as_ref().map(value))).collect()
}
