//! The guests `enrich` of all languages write the same topics, byte by byte: keys, values, headers, order, and the dead
//! letters of what they reject. Each of them is compared with bytes that are made by hand (`harness::Payment`).

use std::time::Duration;

use harness::{Cluster, Ended, Payment, Process, Record, frame, paths};

use crate::example::{embedded_address, node};
use crate::language::{Language, languages};

const RECORDS: u64 = 3000;
const LIMIT: Duration = Duration::from_secs(120);
/// The largest integer that all languages hold: numbers of JavaScript are doubles.
const SAFE: i64 = (1 << 53) - 1;

const IDS: [&str; 6] = ["", "größe", "寿司 🎂", "e\u{301}\u{feff}", "a\0b", "\u{d7ff}\u{e000}\u{ffff}\u{10ffff}"];
const NOTES: [&str; 4] = ["", "für Oma 🎂", "\u{202e}\r\n\t\u{7f}", "\0"];
const RATES: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    0.1,
    -1.17,
    f64::MIN_POSITIVE,
    5e-324,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1.0 / 3.0,
    f64::EPSILON,
];
const AMOUNTS: [i64; 8] = [0, 1, 99, 899_999, 900_000, 900_001, SAFE, SAFE - 1];

/// The payment of this number: a plain one, or one with something extreme in it.
fn payment(number: u64) -> Payment {
    let mut payment = Payment::numbered(number);
    let pick = |count: usize| (number / 7) as usize % count;
    match number % 7 {
        0 => payment.id = IDS[pick(IDS.len())].into(),
        1 => payment.note = Some(NOTES[pick(NOTES.len())]),
        2 => payment.rate = RATES[pick(RATES.len())],
        3 => payment.amount = AMOUNTS[pick(AMOUNTS.len())],
        4 => (payment.seq, payment.ts) = if pick(2) == 0 { (i32::MAX.into(), SAFE) } else { (i32::MIN.into(), -SAFE) },
        5 if pick(5) == 0 => payment.amount = -(number as i64),
        _ => {}
    }
    payment
}

/// Its key, which most share so that their order can be told, and its headers.
fn record(number: u64, value: Vec<u8>) -> Record {
    let mut record = Record::new("one", value);
    match number % 10 {
        0 => record.key = None,
        1 => record.key = Some(Vec::new()),
        2 => record.key = Some(vec![0xff, 0, number as u8]),
        _ => {}
    }
    match number % 3 {
        0 => record.header("trace", number.to_string()).header("trace", [0, 255]),
        1 => Record { headers: vec![("none".to_owned(), None)], ..record },
        _ => record,
    }
}

/// What has to be on the two topics.
fn wanted() -> (Vec<Record>, Vec<Record>) {
    let (mut enriched, mut rejected) = (Vec::new(), Vec::new());
    for number in 0..RECORDS {
        let payment = payment(number);
        let mut value = Vec::new();
        if payment.amount < 0 {
            rejected.push(input(number));
        } else {
            frame(2, &mut value);
            payment.enrich().encode(&mut value);
            enriched.push(record(number, value));
        }
    }
    // As topics are read.
    enriched.sort_by(|one, other| one.key.cmp(&other.key));
    rejected.sort_by(|one, other| one.key.cmp(&other.key));
    (enriched, rejected)
}

fn input(number: u64) -> Record {
    let mut value = Vec::new();
    frame(1, &mut value);
    payment(number).encode(&mut value);
    record(number, value)
}

/// Runs the example over all payments with topics of its own; what is on its output and among its dead letters.
fn through(language: Language, address: Option<&str>) -> (Vec<Record>, Vec<Record>) {
    let name = format!("same-{}", language.name);
    let example = paths::root().join("guests").join(language.name).join("enrich");
    let text = std::fs::read_to_string(example.join("pipeline.toml")).expect("the example");
    let text = text.split("[[tests]]").next().unwrap_or_default();
    let text = text.replace("../../..", &paths::root().display().to_string());
    let text = text.replace("\"enrich.wasm\"", &format!("{:?}", example.join("enrich.wasm")));
    let text = text.replace("\"enrich", &format!("\"{name}"));
    let folder = paths::scratch(&name).expect("folder");
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).expect("the file");
    let log = folder.path().join("millstream.log");
    let program = paths::millstream().expect("the program");
    let variables = [("KAFKA_BROKERS", address)];
    let mut process =
        Process::start_with(&program, &["run".as_ref(), file.as_os_str()], &variables, &log).expect("start");
    let address = address.map_or_else(|| embedded_address(&mut process), str::to_owned);
    let cluster = Cluster::at(&address).expect("a client");
    let input: Vec<Record> = (0..RECORDS).map(input).collect();
    cluster.send(&format!("{name}.in"), &input).unwrap_or_else(|why| panic!("{why}"));
    let done = cluster.wait_committed(&name, &format!("{name}.in"), LIMIT);
    done.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
    let [output, letters] = ["out", "dlq"].map(|topic| cluster.read(&format!("{name}.{topic}")).expect("records"));
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "it wrote:\n{}", process.log());
    (output, letters)
}

/// Without the time of writing, and without what the host says of a dead letter, but for the reason, which is the guest's.
fn bare(records: Vec<Record>) -> Vec<Record> {
    let own = |name: &str| !name.starts_with("__dlq.") && !name.starts_with("millstream.");
    let one = |mut record: Record| {
        record.timestamp = None;
        record.headers.retain(|(name, _)| own(name));
        record
    };
    records.into_iter().map(one).collect()
}

#[track_caller]
fn compare(language: Language, what: &str, found: &[Record], wanted: &[Record]) {
    assert_eq!(found.len(), wanted.len(), "{what} of {}", language.name);
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(found, wanted, "{what} of {}, record {at}", language.name);
    }
}

/// Records without a key go to any partition. Where there are several, nothing is said of their order.
fn keyless_by_value(mut records: Vec<Record>) -> Vec<Record> {
    let keyless = records.partition_point(|record| record.key.is_none());
    records[..keyless].sort_by(|one, other| one.value.cmp(&other.value));
    records
}

/// `order` is what is left of the order of a topic's records.
fn identical(address: impl Fn(Language) -> Option<String>, order: fn(Vec<Record>) -> Vec<Record>) {
    let (enriched, rejected) = wanted();
    let (enriched, rejected) = (order(enriched), order(rejected));
    assert!(rejected.len() > 50 && enriched.len() > 2000, "{} and {}", enriched.len(), rejected.len());
    for language in languages("enrich") {
        let (output, letters) = through(language, address(language).as_deref());
        compare(language, "the output", &order(bare(output)), &enriched);
        for letter in &letters {
            let message = letter.header_text("__dlq.errors.message").expect("a message");
            assert!(message.starts_with("negative amount -"), "{}: {message}", language.name);
        }
        compare(language, "the dead letters", &order(bare(letters)), &rejected);
    }
}

#[test]
fn topics_on_the_embedded_broker() {
    identical(|_| None, keyless_by_value);
}

#[test]
fn topics_on_kafka() {
    let address = |language: Language| {
        for topic in ["in", "out", "dlq"] {
            let topic = format!("same-{}.{topic}", language.name);
            node().create_topic(&topic, 1, &[]).unwrap_or_else(|why| panic!("{why}"));
        }
        Some(node().address().to_owned())
    };
    // One partition: the order of all records is told.
    identical(address, |records| records);
}
