//! The checker itself: a clean topic is clean, and each kind of planted fault turns it red.

use harness::{Check, Key, Load, Payment, Report, outputs};

use crate::{broker, topics};

type Record = (Vec<u8>, Vec<u8>);

const COUNT: u64 = 400;

fn load() -> Load {
    Load { key: Key::Account, ..Load::new(0..COUNT) }
}

/// What a right pipeline would write, all with one key so that one output partition has them in order.
fn right() -> Vec<Record> {
    (0..COUNT)
        .map(|i| {
            let mut value = Vec::new();
            harness::frame(2, &mut value);
            let payment = Payment::numbered(i);
            let key = payment.account.clone().into_bytes();
            payment.enrich().encode(&mut value);
            (key, value)
        })
        .collect()
}

fn judged(name: &str, records: &[Record]) -> Report {
    let topic = format!("planted.{name}");
    broker().create_topic(&topic, 1, &[]).expect("topic");
    outputs(broker(), &topic, records.iter().map(|(k, v)| (&k[..], &v[..]))).expect("outputs");
    Check::new(broker(), &load()).schema_id(2).records(&topic).expect("report")
}

fn counts(report: &Report) -> Report {
    Report { examples: Vec::new(), ..report.clone() }
}

#[test]
fn a_right_topic_is_clean() {
    let report = judged("nothing", &right());
    assert!(report.is_clean(COUNT), "{report:?}");
}

#[test]
fn a_planted_duplicate_is_found() {
    let mut records = right();
    records.push(records[17].clone());
    let report = judged("duplicate", &records);
    assert_eq!(counts(&report), Report { count: COUNT + 1, duplicate: 1, ..Report::default() }, "{report:?}");
    assert!(report.examples[0].contains("record 17"), "{report:?}");
}

#[test]
fn a_planted_gap_is_found() {
    let mut records = right();
    records.remove(123);
    let report = judged("gap", &records);
    assert_eq!(counts(&report), Report { count: COUNT - 1, missing: 1, ..Report::default() }, "{report:?}");
    assert_eq!(report.examples, ["missing: record 123"]);
}

#[test]
fn a_planted_reorder_is_found() {
    let mut records = right();
    // Both of input partition 2; records of different input partitions may stand in any order.
    records.swap(202, 206);
    records.swap(301, 302);
    let report = judged("reorder", &records);
    assert_eq!(counts(&report), Report { count: COUNT, out_of_order: 1, ..Report::default() }, "{report:?}");
    assert!(report.examples[0].contains("record 202 after 206"), "{report:?}");
}

#[test]
fn flipped_bytes_are_found() {
    let mut records = right();
    // In the frame's first byte, the schema id, the note and the rate.
    for (i, place) in [(40, 0), (44, 3), (48, 60), (52, 95)] {
        records[i].1[place] ^= 1;
    }
    let report = judged("flip", &records);
    assert_eq!(report.wrong, 4, "{report:?}");
}

#[test]
fn a_wrong_key_is_found() {
    let mut records = right();
    records[5].0 = b"another account".to_vec();
    let report = judged("key", &records);
    assert_eq!(counts(&report), Report { count: COUNT, wrong: 1, ..Report::default() }, "{report:?}");
}

#[test]
fn a_record_from_nowhere_is_found() {
    let mut records = right();
    let mut value = Vec::new();
    harness::frame(2, &mut value);
    Payment::numbered(COUNT + 3).enrich().encode(&mut value);
    records.push((b"x".to_vec(), value));
    let report = judged("unknown", &records);
    assert_eq!(counts(&report), Report { count: COUNT + 1, unknown: 1, ..Report::default() }, "{report:?}");
}

#[test]
fn an_uncommitted_input_is_found() {
    let (input, output) = topics("planted.behind").expect("topics");
    let load = load();
    load.send(broker(), &input).expect("load");
    let records = right();
    outputs(broker(), &output, records.iter().map(|(k, v)| (&k[..], &v[..]))).expect("outputs");
    let report = Check::new(broker(), &load).committed("planted.behind", &input).records(&output).expect("report");
    assert_eq!(counts(&report), Report { count: COUNT, behind: COUNT, ..Report::default() }, "{report:?}");
}

#[test]
fn dead_letters_that_do_not_say_where_they_come_from_are_found() {
    let (input, letters) = topics("planted.letters").expect("topics");
    let load = Load { negative_every: 10, ..load() };
    load.send(broker(), &input).expect("load");
    let record = |i| (load.key(i).into_bytes(), load.value(i).expect("a value"));
    let rejected: Vec<Record> = load.numbers.clone().filter(|&i| load.is_negative(i)).map(record).collect();
    outputs(broker(), &letters, rejected.iter().map(|(k, v)| (&k[..], &v[..]))).expect("outputs");
    let report = Check::new(broker(), &load).dead_letters(&input, &letters).expect("report");
    let bad = load.bad();
    assert_eq!(counts(&report), Report { count: bad, missing: bad, wrong: bad, ..Report::default() }, "{report:?}");
}
