//! Two guests that answer the same: one names all fields, the other only those it needs.

use harness::{Avro, Record};
use serde_json::json;

use crate::example::{Example, Ground, timeless};
use crate::language::languages;
use crate::on_both_brokers;
use crate::payment::{payment, record};

/// Runs either guest over the same payments.
fn enriches(ground: Ground, case: &'static str) {
    let letters = format!("{case}.dlq");
    let euros = |cents: i64| cents as f64 / 100.0 * 1.17;
    let cases = [("a", 1_000_000, "DE", 2), ("b", 100, "FR", 1), ("c", 100, "DE", 0), ("d", -1, "DE", 0)];
    let payments = cases.map(|(id, amount, country, _)| payment(id, amount, country, &["web", "gift"]));
    let records = payments.clone().map(|payment| record(&payment).header("trace", "1"));
    let mut example = Example::start(ground, case, &[&letters]);
    example.feed(&records);

    let avro = Avro::of("enriched", 2).expect("the schema");
    let mut wanted = Vec::new();
    for ((id, amount, _, risk), mut json) in cases.into_iter().zip(payments).take(3) {
        json["amount_eur"] = json!(euros(amount));
        json["risk"] = json!(risk);
        wanted.push(Record::new(id, avro.encode(&json).expect("a value")).header("trace", "1"));
    }
    assert_eq!(timeless(example.outputs()), wanted);
    let letters = example.records(&letters);
    let [letter] = &letters[..] else { panic!("one dead letter, not {letters:?}") };
    assert_eq!((&letter.key, &letter.value), (&records[3].key, &records[3].value));
    assert_eq!(letter.header_text("trace").as_deref(), Some("1"));
    let message = letter.header_text("__dlq.errors.message").expect("a message");
    assert!(message.contains("negative amount -1"), "{message}");
    example.stop();
}

fn all_fields_of_a_payment_are_named(ground: Ground) {
    enriches(ground, "enrich");
}

fn three_fields_of_a_payment_are_named(ground: Ground) {
    enriches(ground, "subset");
}

/// Languages whose numbers cannot hold an integer exactly say so instead of writing another one.
fn exact_or_refused(ground: Ground) {
    let amounts = [("a", i64::MAX), ("b", (1 << 53) + 1), ("c", (1 << 53) - 1)];
    let payments = amounts.map(|(id, amount)| payment(id, amount, "DE", &[]));
    let mut example = Example::start(ground, "enrich", &["enrich.dlq"]);
    example.feed(&payments.clone().map(|payment| record(&payment)));

    let avro = Avro::of("enriched", 2).expect("the schema");
    let mut wanted = Vec::new();
    let fits = |amount: i64| amount <= ground.largest();
    for ((id, amount), mut json) in amounts.into_iter().zip(payments).filter(|((_, amount), _)| fits(*amount)) {
        json["amount_eur"] = json!(amount as f64 / 100.0 * 1.17);
        json["risk"] = json!(2);
        wanted.push(Record::new(id, avro.encode(&json).expect("a value")));
    }
    assert_eq!(timeless(example.outputs()), wanted);
    let letters = example.records("enrich.dlq");
    assert_eq!(letters.len(), amounts.iter().filter(|(_, amount)| !fits(*amount)).count());
    for letter in letters {
        let message = letter.header_text("__dlq.errors.message").expect("a message");
        assert!(message.contains("amount: an integer beyond 2^53"), "{message}");
    }
    example.stop();
}

on_both_brokers!(all_fields_of_a_payment_are_named, "enrich");
on_both_brokers!(three_fields_of_a_payment_are_named, "subset");

#[test]
fn integers_stay_exact_or_are_refused() {
    for language in languages("enrich") {
        eprintln!("enrich in {}", language.name);
        exact_or_refused(Ground::Embedded(language));
    }
}
