//! `millstream dev`: files are edited while it runs, and it says and does what the person at the terminal expects.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::{Ended, Process, paths};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::case::{Case, run_in};
use crate::component::{UNLUCKY, asking_numbers, numbers_and};

/// Longest wait for something that happens soon; the machine may be busy.
const SOON: Duration = Duration::from_secs(60);
/// Answers "unlucky" in place of a number: the record is rejected.
const REJECT: &str = r#"
    (i32.store (local.get $answer) (i32.const 1))
    (i32.store offset=4 (local.get $answer) (i32.const 0))
    (i32.store offset=8 (local.get $answer) (i32.const 6))"#;

/// A session, and how far what it wrote has been read.
struct Session {
    process: Process,
    read: usize,
}

impl Session {
    fn of(case: &Case) -> Session {
        Session { process: case.dev(), read: 0 }
    }

    /// Waits for a text behind those that were waited for before; what stands up to its end.
    #[track_caller]
    fn sees(&mut self, text: &str) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let log = self.process.log();
            let rest = &log[self.read..];
            if let Some(at) = rest.find(text) {
                let seen = rest[..at + text.len()].to_owned();
                self.read += seen.len();
                return seen;
            }
            let ended = !self.process.running();
            assert!(!ended && Instant::now() < deadline, "no `{text}` behind byte {} of:\n{log}", self.read);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as Ctrl-C does in an editor's terminal, and looks that it ends well.
    #[track_caller]
    fn ends(mut self) {
        let ended = self.process.terminate(SOON).expect("an end");
        let log = self.process.log();
        assert_eq!(ended, Ended::Code(0), "{log}");
        assert!(log.ends_with("stopped\n"), "{log}");
        assert!(!log.lines().any(|line| line.starts_with("thread '")), "the host panicked:\n{log}");
    }
}

/// A guest that adds so much to each number.
fn adding(case: Case, more: i32) -> Case {
    case.with("guest.wasm", numbers_and(more, ""))
}

fn numbers(samples: &str) -> Case {
    adding(Case::numbers(""), 0).with("samples.jsonl", samples)
}

#[test]
fn a_guest_that_changes_is_swapped_and_the_samples_go_through_again() {
    let case = numbers("{\"n\":1}\n");
    let mut session = Session::of(&case);
    session.sees("embedded broker at 127.0.0.1:");
    session.sees("records go from `numbers` to `numbers.out`; watching pipeline.toml, guest.wasm\n");
    session.sees("the pipeline runs; it has no tests\n");
    session.sees("\n  before {\"n\":1}\n  after  {\"n\":1}\n");
    session.sees("\n1 record: 1 output\n");
    let case = adding(case, 1000);
    session.sees("guest.wasm changed\n");
    session.sees("swapped the guest; it has no tests\n");
    let seen = session.sees("\n  before {\"n\":1}\n  after  {\"n\":1001}\n         ~n\n");
    assert!(!seen.contains('\x1b'), "no colours where there is no terminal: {seen:?}");
    let _case = case.with("samples.jsonl", "{\"n\":2}\n{\"n\":3}\n");
    session.sees("samples.jsonl changed\n");
    let seen = session.sees("\n2 records: 2 outputs\n");
    assert!(seen.contains("{\"n\":1002}") && seen.contains("{\"n\":1003}") && !seen.contains("swapped"), "{seen}");
    session.ends();
}

#[test]
fn a_component_that_is_broken_leaves_the_old_guest_running() {
    let case = adding(numbers("{\"n\":1}\n"), 10);
    let mut session = Session::of(&case);
    session.sees("{\"n\":11}");
    let case = case.with("guest.wasm", "no component");
    session.sees("guest.wasm changed\n");
    session.sees("guest.wasm");
    session.sees("\nkept the old guest: it cannot be loaded\n");
    let case = case.with("samples.jsonl", "{\"n\":2}\n");
    session.sees("{\"n\":12}");
    // A guest whose file goes away for a while, as with some builds.
    std::fs::remove_file(case.path("guest.wasm")).expect("removed");
    session.sees("\nkept the old guest: it cannot be loaded\n");
    let _case = adding(case, 20);
    session.sees("swapped the guest");
    session.sees("{\"n\":22}");
    session.ends();
}

#[test]
fn a_guest_whose_tests_fail_is_not_taken_until_they_pass() {
    let tests =
        |wanted: i32| format!("[[tests]]\nname = \"ten more\"\ninput = {{ n = 1 }}\nexpect = {{ n = {wanted} }}\n");
    let case = adding(numbers("{\"n\":1}\n"), 10).with("tests.toml", tests(11));
    let mut session = Session::of(&case);
    session.sees("the pipeline runs; 1 test passed\n");
    session.sees("{\"n\":11}");
    let case = adding(case, 20);
    let seen = session.sees("kept the old guest: 1 of 1 test failed\n");
    assert!(seen.contains("FAIL  ten more (") && seen.contains("21") && seen.contains("11"), "{seen}");
    let case = case.with("samples.jsonl", "{\"n\":5}\n");
    session.sees("{\"n\":15}");
    // The guest was right after all.
    let case = case.with("tests.toml", tests(21));
    session.sees("swapped the guest; 1 test passed\n");
    session.sees("{\"n\":25}");
    let case = case.with("tests.toml", tests(21) + "# once more\n");
    session.sees("1 test passed; the guest is the same\n");
    let _case = case.with("tests.toml", "[[tests]]\nnam = \"x\"\n");
    let seen = session.sees("kept the old guest: its tests have problems\n");
    assert!(seen.contains("`nam`") && seen.contains("tests.toml:2:1"), "{seen}");
    session.ends();
}

#[test]
fn the_pipelines_file_may_change_and_may_be_wrong_for_a_while() {
    let case = adding(numbers("{\"n\":1}\n"), 10);
    let mut session = Session::of(&case);
    session.sees("{\"n\":11}");
    let case = case.edit("topic = \"numbers.out\"", "topics = \"numbers.out\"");
    case.write();
    session.sees("pipeline.toml changed\n");
    session.sees("kept the old guest: its file has problems\n");
    let case = case.edit("topics = \"numbers.out\"", "topic = \"numbers.new\"");
    case.write();
    session.sees("restarted the pipeline, as [sink] changed; it has no tests\n");
    let restarted = Instant::now();
    session.sees("{\"n\":11}");
    assert!(restarted.elapsed() < Duration::from_secs(20), "it waits for the session of the one before");
    let case = case.edit("guest = \"guest.wasm\"", "guest = \"guest.wasm\"\nlimits = { records = 1 }");
    case.write();
    session.sees("swapped the guest");
    session.sees("\n1 record: 1 output\n");
    session.ends();
}

#[test]
fn a_pipeline_that_stops_goes_on_with_the_same_record_when_the_guest_is_right() {
    let case = Case::numbers("")
        .with("guest.wasm", numbers_and(0, REJECT))
        .edit("reject = \"dead-letter\"\ndead-letter-topic = \"numbers.dlq\"", "reject = \"stop\"")
        .with("samples.jsonl", format!("{{\"n\":{UNLUCKY}}}\n"));
    let mut session = Session::of(&case);
    session.sees(&format!("\n  before {{\"n\":{UNLUCKY}}}\n  stops the pipeline\n"));
    let seen = session.sees("it starts again, with this record, when something changes\n");
    assert!(
        seen.contains("the pipeline stopped: numbers[") && seen.contains("was rejected (reject): thread"),
        "{seen}"
    );
    let case = case.with("guest.wasm", "no component");
    session.sees("\nthe pipeline is still stopped: it cannot be loaded\n");
    let _case = adding(case, 1);
    session.sees("the pipeline runs");
    session.sees(&format!("\n  after  {{\"n\":{}}}\n", UNLUCKY + 1));
    session.sees("\n1 record: 1 output\n");
    session.ends();
}

#[test]
fn a_record_that_waits_for_another_attempt_is_taken_by_the_guest_that_is_mended() {
    let retry = "
    (i32.store (local.get $answer) (i32.const 1))
    (i32.store8 offset=4 (local.get $answer) (i32.const 1))
    (i32.store offset=8 (local.get $answer) (i32.const 0))
    (i32.store offset=12 (local.get $answer) (i32.const 6))";
    let case = Case::numbers("")
        .with("guest.wasm", asking_numbers(retry))
        .add("\n[[retry.phase]]\ndelay = \"1h\"\n")
        .with("samples.jsonl", format!("{{\"n\":{UNLUCKY}}}\n"));
    let mut session = Session::of(&case);
    session.sees(&format!("\n  before {{\"n\":{UNLUCKY}}}\n  is tried again: thread\n"));
    let _case = adding(case, 1);
    session.sees("swapped the guest");
    session.sees(&format!("\n  after  {{\"n\":{}}}\n", UNLUCKY + 1));
    session.ends();
}

#[test]
fn what_the_guest_says_and_what_it_rejects_is_seen() {
    let say = "(call $say (i32.const 35)) ".to_owned() + REJECT;
    let case = Case::numbers("")
        .with("guest.wasm", numbers_and(0, &say))
        .with("samples.jsonl", format!("{{\"n\":{UNLUCKY}}}\n{{\"raw-hex\":\"ff\"}}\n"));
    let mut session = Session::of(&case);
    let seen = session.sees("\n2 records: 2 dead letters\n");
    assert!(seen.contains("thread panicked at src/lib.rs:7:5:"), "its own line: {seen}");
    let rejected = "rejected by transform of guest (reject): thread; dead letter in `numbers.dlq`\n";
    assert!(seen.contains(rejected), "{seen}");
    assert!(seen.contains("rejected by decode (decode): ") && seen.contains("before (cannot be read: "), "{seen}");
    assert!(!seen.contains("record rejected"), "it is told once: {seen}");
    session.ends();
}

#[test]
fn a_session_begins_without_a_guest_and_without_samples() {
    let case = Case::numbers("").with("guest.wasm", "not yet");
    let mut session = Session::of(&case);
    session.sees("\nno guest runs yet: it cannot be loaded\n");
    let case = adding(case, 7);
    session.sees("the pipeline runs");
    session.sees("there is no samples.jsonl; produce records to 127.0.0.1:");
    let case = case.with("samples.jsonl", "{\"n\":1}\n");
    session.sees("{\"n\":8}");
    let _case = case.with("samples.jsonl", "{\"n\":1}\n{\"m\":1}\n");
    session.sees("no samples: ");
    session.sees("samples.jsonl:2: field ");
    session.ends();
}

#[test]
fn what_is_wrong_from_the_start_ends_it() {
    let case = Case::numbers("").edit("topic = \"numbers.out\"", "topics = []");
    let done = case.run(&["dev"]);
    done.mentions(2, &["pipeline.toml:"]);
    let done = Case::numbers("").run(&["dev", "--samples", "none.jsonl"]);
    done.mentions(2, &["none.jsonl", "there is no such file", "name a file with one record a line"]);
    let empty = tempfile::tempdir().expect("a folder");
    run_in(empty.path(), &["dev"], &[]).mentions(2, &["pipeline.toml"]);
}

#[test]
fn one_guest_of_several_is_swapped() {
    let second = "guest = \"guest.wasm\"\n\n[[stage]]\nname = \"second\"\nguest = \"second.wasm\"";
    let case = adding(numbers("{\"n\":1}\n"), 10).edit("guest = \"guest.wasm\"", second);
    let case = case.with("second.wasm", numbers_and(100, ""));
    let mut session = Session::of(&case);
    session.sees("\n  after  {\"n\":111}\n");
    let _case = case.with("second.wasm", numbers_and(200, ""));
    session.sees("second.wasm changed\n");
    session.sees("swapped the guest; it has no tests\n");
    session.sees("\n  after  {\"n\":211}\n");
    session.ends();
}

/// A crate of its own, below the repository's workspace.
const CRATE: &str = r#"[package]
name = "numbers"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
wit-bindgen = { version = "0.61", default-features = false, features = ["macros", "realloc"] }

[workspace]
"#;

/// A guest that answers with this expression of `n`.
fn rust(expression: &str) -> String {
    r#"wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Numbers;

impl Guest for Numbers {
    fn transform(batch: Vec<Number>) -> Vec<Result<Answer, Fault>> {
        batch.into_iter().map(|Number { n }| Ok(Answer { n: EXPRESSION })).collect()
    }
}

export!(Numbers);
"#
    .replace("EXPRESSION", expression)
}

#[test]
fn a_project_is_built_at_each_change_and_a_build_that_fails_leaves_the_old_guest_running() {
    let case = Case::numbers("").edit("guest = \"guest.wasm\"", "guest = \"numbers.wasm\"");
    let wit = ["wit", "--input", "number.avsc", "--output", "answer.avsc", "--package", "test:numbers", "--out", "wit"];
    assert_eq!(case.run(&wit).code, Some(0));
    std::fs::create_dir(case.path("src")).expect("src");
    let lock = std::fs::read(paths::root().join("guests/rust/Cargo.lock")).expect("versions that are there");
    let case = case.with("Cargo.toml", CRATE).with("Cargo.lock", lock).with("src/lib.rs", rust("n + 1"));
    let case = case.with("samples.jsonl", "{\"n\":1}\n");
    let mut session = Session::of(&case);
    session.sees("the pipeline runs; built in ");
    session.sees("\n  after  {\"n\":2}\n");
    session.sees("\n1 record: 1 output\n");
    let case = case.with("src/lib.rs", rust("n + wrong"));
    session.sees("src/lib.rs changed\n");
    let seen = session.sees("kept the old guest: build failed\n");
    assert!(seen.contains("error[E0425]") && seen.contains("src/lib.rs:7"), "the compiler's own words: {seen}");
    let case = case.with("samples.jsonl", "{\"n\":2}\n");
    session.sees("\n  after  {\"n\":3}\n");
    let _case = case.with("src/lib.rs", rust("n + 100"));
    let seen = session.sees("swapped the guest; built in ");
    assert_eq!(seen.matches(" changed\n").count(), 1, "what it writes itself is no change: {seen}");
    session.sees("\n  after  {\"n\":102}\n");
    session.ends();
}

/// What separates the guests of the story below.
const GENERATION: i32 = 1_000_000;
/// Records of the story below, at most, and its keys: each stands for one partition.
const MOST: i32 = 100_000;
const KEYS: i32 = 4;

#[test]
fn nothing_is_lost_doubled_or_out_of_order_over_swaps_under_load() {
    let case = adding(Case::numbers(""), 0);
    let mut session = Session::of(&case);
    session.sees("produce records to ");
    let broker = session.sees(",").trim_end_matches(',').to_owned();
    let enough = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sender = scope.spawn(|| produce(&broker, &enough));
        for generation in 1..=3 {
            std::thread::sleep(Duration::from_millis(500));
            let guest = numbers_and(generation * GENERATION, "");
            std::fs::write(case.path("guest.wasm"), guest).expect("the next guest");
            session.sees("swapped the guest");
        }
        std::thread::sleep(Duration::from_millis(500));
        enough.store(true, Ordering::Relaxed);
        sender.join().expect("a sender")
    });
    assert!(sent > 1000, "{sent} records are no load");
    let mut next: BTreeMap<i32, (i32, i32)> = (0..KEYS).map(|key| (key, (key, 0))).collect();
    for answer in consume(&broker, sent) {
        let (n, generation) = (answer % GENERATION, answer / GENERATION);
        let (wanted, before) = next.get_mut(&(n % KEYS)).expect("a key");
        assert_eq!(n, *wanted, "of key {}: each once, in order", n % KEYS);
        assert!(generation >= *before, "{n} went through guest {generation} after {before}");
        (*wanted, *before) = (n + KEYS, generation);
    }
    let seen = session.sees(" not shown)");
    assert!(seen.matches("  before ").count() < 200, "a sample is shown of {sent}:\n{seen}");
    let last: Vec<i32> = next.values().map(|(_, generation)| *generation).collect();
    assert!(last.contains(&3), "the last guest came into use: {last:?}");
    session.ends();
}

/// Sends numbers until it is enough; how many.
fn produce(broker: &str, enough: &AtomicBool) -> i32 {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker).create().expect("a producer");
    let mut n = 0;
    while !enough.load(Ordering::Relaxed) && n < MOST {
        for _ in 0..100 {
            let mut value = vec![0, 0, 0, 0, 1];
            zigzag(n, &mut value);
            let key = format!("key-{}", n % KEYS);
            let record = BaseRecord::to("numbers").partition(n % KEYS).key(&key).payload(&value);
            producer.send(record).map_err(|(why, _)| why).expect("room in the queue");
            n += 1;
        }
        producer.poll(Duration::from_millis(3));
    }
    producer.flush(SOON).expect("all are written");
    n
}

/// The answers in the order of their partitions, `sent` of them and no more.
fn consume(broker: &str, sent: i32) -> Vec<i32> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker)
        .set("group.id", "the-test")
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("a consumer");
    consumer.subscribe(&["numbers.out"]).expect("a subscription");
    let (mut answers, mut last) = (Vec::new(), Instant::now());
    // A little longer than for the last of them: one more would be one too many.
    while last.elapsed() < if answers.len() < sent as usize { SOON } else { Duration::from_secs(1) } {
        let Some(record) = consumer.poll(Duration::from_millis(100)) else { continue };
        let record = record.expect("a record");
        let value = record.payload().expect("a value");
        assert_eq!(value[..5], [0, 0, 0, 0, 2]);
        answers.push(unzigzag(&value[5..]));
        last = Instant::now();
    }
    assert_eq!(answers.len(), sent as usize, "one answer for each");
    answers
}

fn zigzag(n: i32, out: &mut Vec<u8>) {
    let mut left = ((n << 1) ^ (n >> 31)) as u32;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn unzigzag(bytes: &[u8]) -> i32 {
    let folded = bytes.iter().rev().fold(0u32, |sum, byte| sum << 7 | u32::from(byte & 0x7f));
    (folded >> 1) as i32 ^ -((folded & 1) as i32)
}
