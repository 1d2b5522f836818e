//! What is below the limit is dropped, what is not and what has no amount goes on.

use harness::Record;

use crate::example::{Example, Ground, timeless};
use crate::on_both_brokers;
use crate::payment::{payment, record};

fn small_payments_are_dropped_and_tombstones_are_not(ground: Ground) {
    let amounts = [("a", 999), ("b", 1000), ("c", 1001), ("d", -5), ("e", ground.largest()), ("f", -ground.largest())];
    let payment = |&(id, amount): &(&str, i64)| record(&payment(id, amount, "DE", &[])).header("trace", id);
    let mut records: Vec<Record> = amounts.iter().map(payment).collect();
    records.push(Record::tombstone("a").header("trace", "gone"));
    let mut example = Example::start(ground, "filter", &[]);
    example.feed(&records);
    // The bytes too: decoded and encoded again, a payment is what it was.
    let wanted = [6, 1, 2, 4].map(|index: usize| records[index].clone());
    assert_eq!(timeless(example.outputs()), wanted);
    example.stop();
}

on_both_brokers!(small_payments_are_dropped_and_tombstones_are_not, "filter");
