//! As many outputs as a payment has tags, in their order, all with the key and the headers of the payment.

use harness::{Avro, Record};
use serde_json::json;

use crate::example::{Example, Ground, timeless};
use crate::on_both_brokers;
use crate::payment::{payment, record};

fn every_tag_becomes_a_record(ground: Ground) {
    let many: Vec<String> = (0..100).map(|n| format!("tag-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let cases = [("a", &[][..]), ("b", &["web"]), ("c", &["gift", "web", "gift", ""]), ("d", &many), ("e", &[])];
    let records = cases.map(|(id, tags)| record(&payment(id, 250, "DE", tags)).header("trace", id));
    let mut example = Example::start(ground, "fan-out", &[]);
    example.feed(&records);

    let avro = Avro::of("tagged", 5).expect("the schema");
    let mut wanted = Vec::new();
    for (id, tags) in cases {
        for tag in tags {
            let value = avro.encode(&json!({ "tag": tag, "payment": id, "amount": 250 })).expect("a value");
            wanted.push(Record::new(id, value).header("trace", id));
        }
    }
    assert_eq!(wanted.len(), 105);
    assert_eq!(timeless(example.outputs()), wanted);
    example.stop();
}

on_both_brokers!(every_tag_becomes_a_record, "fan-out");
