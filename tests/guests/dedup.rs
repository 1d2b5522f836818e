//! A key passes once, whatever its value; records without a key always do.

use harness::Record;

use crate::example::{Example, Ground, timeless};
use crate::on_both_brokers;

fn a_key_that_was_seen_is_dropped(ground: Ground) {
    let keyless = |value: &[u8]| Record { value: Some(value.to_vec()), ..Record::default() };
    let first = [
        keyless(b"one"),
        keyless(b"one"),
        Record::new("a", [0, 255, 7]).header("trace", [1, 2]),
        Record::new("a", [0, 255, 7]),
        Record::new("b", []),
        Record::tombstone("a"),
        Record::tombstone("c"),
        Record::new("", "an empty key is a key"),
        Record::new("", "so this is its repetition"),
    ];
    let mut example = Example::start(ground, "dedup", &[]);
    example.feed(&first);
    // Again in another batch: the guest remembers between calls.
    example.feed(&[Record::new("c", "late"), Record::new("d", "new")]);

    let wanted = [0, 1, 7, 2, 4, 6].map(|index: usize| first[index].clone());
    let wanted: Vec<Record> = wanted.into_iter().chain([Record::new("d", "new")]).collect();
    assert_eq!(timeless(example.outputs()), wanted);
    example.stop();
}

on_both_brokers!(a_key_that_was_seen_is_dropped, "dedup");
