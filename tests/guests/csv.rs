//! Text becomes payments in Avro; a line that is none becomes a dead letter that says why.

use harness::Record;
use serde_json::json;

use crate::example::{Example, Ground};
use crate::on_both_brokers;
use crate::payment::read;

fn lines_become_payments(ground: Ground) {
    let good = "p-1,acc-1,-250,EUR,1760000000000,\"Order for \"\"Müller\"\",\nsecond try\",web;gift,1.0,DE,1\r\n";
    let bare = "p-2,,9223372036854775807,USD,-1,,,0.92,\"\",-2147483648";
    let lines = [
        Record::new("a", good).header("trace", "1"),
        Record::new("b", "p-3,acc-3,1"),
        Record::new("c", bare),
        Record::new("d", "p-4,acc-4,1,CHF,0,,,1,CH,0"),
        Record::new("e", ""),
        Record::new("f", "p-5,\"acc-5"),
        Record::new("g", "p-6,acc-6,1,EUR,0,,,1,DE,2147483648"),
        Record::new("h", b"not \xff UTF-8".to_vec()),
    ];
    let mut example = Example::start(ground, "csv", &["csv.dlq"]);
    example.feed(&lines);

    let outputs = example.outputs();
    let payments = [
        (
            "a".to_owned(),
            Some(json!({
                "id": "p-1", "account": "acc-1", "amount": -250, "currency": "EUR", "ts": 1_760_000_000_000_i64,
                "note": "Order for \"Müller\",\nsecond try", "tags": ["web", "gift"], "rate": 1.0, "country": "DE", "seq": 1,
            })),
        ),
        (
            "c".to_owned(),
            Some(json!({
                "id": "p-2", "account": "", "amount": i64::MAX, "currency": "USD", "ts": -1,
                "note": null, "tags": [], "rate": 0.92, "country": "", "seq": i32::MIN,
            })),
        ),
    ];
    assert_eq!(read(&outputs), payments);
    assert_eq!(outputs[0].header_text("trace").as_deref(), Some("1"));

    let letters = example.records("csv.dlq");
    let reasons = [
        "columns: 3 instead of 10: id,account,",
        "currency: \"CHF\" is none of EUR, USD, GBP",
        "columns: 1 instead of 10",
        "column 2 has no closing quote",
        "seq: \"2147483648\" is not a number of its kind",
        "UTF-8",
    ];
    assert_eq!(letters.len(), reasons.len(), "{letters:?}");
    for ((letter, line), reason) in
        letters.iter().zip([1, 3, 4, 5, 6, 7].map(|index: usize| &lines[index])).zip(reasons)
    {
        assert_eq!((&letter.key, &letter.value), (&line.key, &line.value));
        let message = letter.header_text("__dlq.errors.message").expect("a message");
        assert!(message.contains(reason), "{message}");
    }
    example.stop();
}

on_both_brokers!(lines_become_payments, "csv");
