//! Guests one behind the other: what each does to a record, and what becomes of it when one of them cannot.

use harness::{Avro, Record, paths};
use serde_json::{Value, json};

use super::guest::{Code, guest, transform};
use super::story::{Story, case, dead, records, text};
use crate::case::Case;

/// More stages behind the first, named as here.
fn chain(guests: &[(&str, Vec<u8>)]) -> Case {
    let mut stages = String::new();
    let mut case = case(b"");
    for (name, guest) in guests {
        case = case.with(&format!("{name}.wasm"), guest);
        stages.push_str(&format!("[[stage]]\nguest = \"{name}.wasm\"\n\n"));
    }
    case.edit("[[stage]]\nguest = \"guest.wasm\"\n\n", &stages)
}

const IS: &str = "(i32.eq (call $first (local.get $in)) (i32.const LETTER))";

/// WAT that does something where a record's text begins with this letter.
pub fn at(letter: char, code: &str) -> String {
    format!("(if {} (then {code}))", IS.replace("LETTER", &(letter as u32).to_string()))
}

fn says(letter: char, length: usize) -> String {
    at(letter, &format!("(call $say (local.get $answer) (i32.const FAULT) (i32.const 16) (i32.const {length}))"))
}

/// Text as it is, but drops what begins with a `d`.
fn filter() -> Vec<u8> {
    let some = "(i32.store8 (local.get $out) (i32.const 1))
        (i64.store offset=4 align=4 (local.get $out) (i64.load align=4 (local.get $in)))";
    let each = format!("{some} {}", at('d', "(i32.store8 (local.get $out) (i32.const 0))"));
    transform("", "string -> result<option<string>, string>", "", &each)
}

/// Each letter of a text by itself, from the first to the last.
fn letters() -> Vec<u8> {
    let each = "(local.set $b (i32.load offset=4 (local.get $in)))
        (local.set $a (call $alloc (i32.mul (local.get $b) (i32.const 8))))
        (call $list (local.get $out) (local.get $a) (local.get $b))
        (block $end (loop $more
            (br_if $end (i32.eqz (local.get $b)))
            (local.set $b (i32.sub (local.get $b) (i32.const 1)))
            (call $list (i32.add (local.get $a) (i32.mul (local.get $b) (i32.const 8)))
                (i32.add (i32.load (local.get $in)) (local.get $b)) (i32.const 1))
            (br $more)))";
    transform("", "string -> result<list<string>, string>", "", each)
}

fn echo() -> Vec<u8> {
    transform("", "string -> result<string, string>", "", "")
}

/// Rejects what begins with an `r`, and traps at a `t`.
fn strict() -> Vec<u8> {
    let each = format!("{}{}", says('r', 5), at('t', "unreachable"));
    transform("", "string -> result<string, string>", "never", &each)
}

fn three() -> Case {
    chain(&[("sieve", filter()), ("gate", strict()), ("spell", letters())])
}

#[test]
fn filter_then_gate_then_fan_out() {
    let all = records(&[("a", "abc"), ("b", "drop"), ("c", "xyz"), ("d", ""), ("e", "d"), ("f", "ba")]);
    let story = Story::with(&all, &[]);
    let told = story.tell(three());
    let out: Vec<(String, String)> = told
        .out
        .iter()
        .map(|one| (String::from_utf8_lossy(one.key.as_deref().unwrap_or_default()).into(), text(one)))
        .collect();
    let wanted = [("a", "a"), ("a", "b"), ("a", "c"), ("c", "x"), ("c", "y"), ("c", "z"), ("f", "b"), ("f", "a")];
    assert_eq!(out, wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
    // Two by the filter, and one that the last stage had nothing to say to.
    assert_eq!(told.metric("millstream_records_filtered_total"), 3.0);
    assert_eq!(told.metric("millstream_records_produced_total"), 8.0);
    assert_eq!(told.metric("millstream_records_committed_total"), 6.0);
    assert_eq!((told.dead.len(), story.committed()), (0, 6));
    let line = told.log.lines().find(|line| line.contains(" stopped ")).unwrap_or_default();
    assert!(line.contains("consumed=6 produced=8 filtered=3 dead_lettered=0"), "{}", told.log);
}

#[test]
fn dropped_records_alone_are_committed() {
    let story = Story::with(&records(&[("a", "d1"), ("b", "d2"), ("c", "d3")]), &[]);
    let told = story.tell(three());
    assert_eq!((told.out.len(), told.dead.len(), story.committed()), (0, 0, 3));
    assert_eq!(told.metric("millstream_records_filtered_total"), 3.0);
}

#[test]
fn a_rejection_in_the_second_stage_says_so() {
    let all = records(&[("a", "ab"), ("b", "r1"), ("c", "d"), ("d", "yz")]);
    let told = Story::with(&all, &[]).tell(three());
    told.one_dead(&all[1], 1, ["transform", "gate", "reject", "never"]);
    assert_eq!(told.values(), ["a", "b", "y", "z"]);
    let story = Story::with(&all, &[]);
    let stop = three().edit("reject = \"dead-letter\"\ndead-letter-topic = \"dlq\"", "reject = \"stop\"");
    story.fails(stop).mentions(1, &["in[0]@1 was rejected (reject): never"]);
    assert_eq!((story.read("out").len(), story.committed()), (2, 1));
}

#[test]
fn a_trap_in_the_second_stage_takes_its_call_and_no_more() {
    let all = records(&[("a", "ab"), ("b", "t1"), ("c", "d"), ("d", "yz"), ("e", "t2"), ("f", "uv")]);
    let one_by_one = three().edit("\"gate.wasm\"", "\"gate.wasm\"\nlimits.records = 1");
    let told = Story::with(&all, &[]).tell(one_by_one);
    assert_eq!(told.values(), ["a", "b", "y", "z", "u", "v"]);
    let [first, second] = &told.dead[..] else { panic!("{:?}", told.dead) };
    dead(first, &all[1], 1, ["transform", "gate", "trap", "the guest trapped: "]);
    dead(second, &all[4], 4, ["transform", "gate", "trap", "the guest trapped: "]);
    assert_eq!(told.metric("millstream_guest_traps_total"), 2.0);
}

#[test]
fn a_record_with_one_bad_output_has_none() {
    let all = records(&[("a", "ab"), ("b", "xry"), ("c", "yz"), ("d", "rr"), ("e", "q")]);
    let told = Story::with(&all, &[]).tell(chain(&[("spell", letters()), ("gate", strict()), ("last", echo())]));
    assert_eq!(told.values(), ["a", "b", "y", "z", "q"]);
    let [first, second] = &told.dead[..] else { panic!("each once: {:?}", told.dead) };
    dead(first, &all[1], 1, ["transform", "gate", "reject", "never"]);
    dead(second, &all[3], 3, ["transform", "gate", "reject", "never"]);
    assert_eq!(told.metric("millstream_records_dead_lettered_total"), 2.0);
    assert_eq!(told.metric("millstream_errors_total"), 2.0, "a record is one error");
}

#[test]
fn one_bad_address_among_outputs_takes_them_all() {
    // Each letter is its own topic's name, but for `a` to `c`.
    let each = "(if (i32.gt_u (call $first (local.get $in)) (i32.const 99)) (then
        (i32.store8 offset=8 (local.get $out) (i32.const 1))
        (i64.store offset=12 align=4 (local.get $out) (i64.load align=4 (local.get $in)))))";
    let types = "record output { value: string, topic: option<string> }";
    let name = transform(types, "string -> result<output, string>", "", each);
    let all = records(&[("a", "ab"), ("b", "axb"), ("c", "az"), ("d", "c")]);
    let story = Story::with(&all, &["x"]);
    let told = story.tell(
        chain(&[("spell", letters()), ("name", name)]).edit("topic = \"out\"", "topic = \"out\"\ntopics = [\"x\"]"),
    );
    assert_eq!(told.values(), ["a", "b", "a", "b", "c"]);
    assert_eq!(story.read("x").len(), 1);
    told.one_dead(&all[2], 2, ["sink", "", "topic-not-allowed", "the guest wants the topic `z`"]);
}

#[test]
fn order_is_kept_for_each_key() {
    let all: Vec<Record> = (0..500).map(|n| Record::new(&format!("k{}", n % 7), format!("{n:04}-"))).collect();
    let limits = "\"spell.wasm\"\nlimits.records = 3\n\n[[stage]]\nguest = \"last.wasm\"\nlimits.records = 17";
    let case =
        chain(&[("sieve", filter()), ("spell", letters())]).with("last.wasm", echo()).edit("\"spell.wasm\"", limits);
    let told = Story::with(&all, &[]).tell(case);
    for key in 0..7 {
        let wanted: String = (0..500).filter(|n| n % 7 == key).map(|n| format!("{n:04}-")).collect();
        let mine = told.out.iter().filter(|one| one.key.as_deref() == Some(format!("k{key}").as_bytes()));
        assert_eq!(mine.map(text).collect::<String>(), wanted);
    }
}

/// A guest whose values are resources that keep a text's first letter.
fn resources() -> Vec<u8> {
    let wit = "package t:t;
        interface guest {
            resource letter;
            deserialize: func(batch: list<string>) -> list<result<letter, string>>;
            serialize: func(batch: list<borrow<letter>>) -> list<result<string, string>>;
        }
        world transform { export guest; }";
    let imports = "(import \"[export]t:t/guest\" \"[resource-new]letter\" (func $new (param i32) (result i32)))";
    let keep =
        format!("(i32.store (local.get $out) (call $new (call $first (local.get $in)))) {}", at('t', "unreachable"));
    let write = "(local.set $a (call $alloc (i32.const 1)))
        (i32.store8 (local.get $a) (i32.load (local.get $in)))
        (call $list (local.get $out) (local.get $a) (i32.const 1))";
    let codes =
        [Code { name: "t:t/guest#deserialize", each: &keep }, Code { name: "t:t/guest#serialize", each: write }];
    guest(wit, "", imports, &codes)
}

#[test]
fn values_that_are_lost_with_their_instance_are_never_mistaken_for_others() {
    let values = ["a", "b", "t", "c", "d", "e", "f", "g"];
    let all: Vec<Record> = values.iter().map(|value| Record::new(value, *value)).collect();
    let case = chain(&[("first", echo()), ("keeper", resources())]);
    let told = Story::with(&all, &[]).tell(case.edit("\"keeper.wasm\"", "\"keeper.wasm\"\nlimits.records = 2"));
    // Those of the same call went with the instance and are deserialized anew, each alone.
    for record in told.out.iter().chain(&told.dead) {
        let key = String::from_utf8(record.key.clone().expect("a key")).expect("text");
        assert_eq!(key, text(record), "a value of another record");
    }
    assert_eq!(told.values(), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(told.dead.iter().map(text).collect::<Vec<_>>(), ["t"]);
    assert_eq!(told.metric("millstream_guest_traps_total"), 2.0, "both together, and the one alone");
    // Calls: of the echo; of both functions for `c` and for each pair; of `deserialize` for the pair that failed and `t`.
    assert_eq!(told.metric("millstream_batch_size_records_count"), 1.0 + 2.0 + 6.0 + 2.0, "{}", told.metrics);
}

fn payment(id: &str, amount: i64, tags: &[&str]) -> Value {
    json!({
        "id": id, "account": format!("acc-{id}"), "amount": amount, "currency": "USD", "ts": 5, "note": null,
        "tags": tags, "rate": 0.5, "country": "FR", "seq": 1,
    })
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(paths::guest(name)).expect("an example guest")
}

const FILTER: &str = "\"filter.wasm\"\ngrants = [\"config\"]\nconfig = { min-amount = \"100\" }";

fn schemas(case: Case, names: &[&str]) -> Case {
    names.iter().fold(case, |case, name| {
        case.with(&format!("{name}.avsc"), std::fs::read(paths::schema(name)).expect("a schema"))
    })
}

#[test]
fn the_examples_in_a_row_make_tags_of_csv() {
    let case = schemas(
        chain(&[("csv", example("csv")), ("filter", example("filter")), ("fan-out", example("fan-out"))]),
        &["tagged"],
    )
    .with("ids.toml", "[ids]\n5 = \"tagged.avsc\"\n")
    .edit("\"filter.wasm\"", FILTER)
    .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nschema = \"tagged.avsc\"");
    let line = |id: &str, amount: i64, tags: &str| format!("{id},acc,{amount},EUR,1,,{tags},1.0,DE,1");
    let lines = [
        line("p0", 100, "web;gift"),
        line("p1", 99, "web"),
        "p2,acc".to_owned(),
        line("p3", 500, ""),
        line("p4", 200, "x"),
    ];
    let mut all: Vec<Record> =
        lines.iter().enumerate().map(|(at, line)| Record::new(&format!("{at}"), line.as_str())).collect();
    all.push(Record::tombstone("5"));
    let story = Story::with(&all, &[]);
    let told = story.tell(case);
    let avro = Avro::of("tagged", 5).expect("the schema");
    let out: Vec<Value> =
        told.out.iter().map(|one| avro.decode(one.value.as_deref().expect("a value")).expect("tagged")).collect();
    let tagged = |tag: &str, id: &str, amount: i64| json!({ "tag": tag, "payment": id, "amount": amount });
    assert_eq!(out, [tagged("web", "p0", 100), tagged("gift", "p0", 100), tagged("x", "p4", 200)]);
    let [short, tombstone] = &told.dead[..] else { panic!("{:?}", told.dead) };
    dead(short, &all[2], 2, ["deserialize", "csv", "reject", "columns: 2 instead of 10"]);
    dead(tombstone, &all[5], 5, ["transform", "fan-out", "decode", "the record has no value (a tombstone)"]);
    assert_eq!(told.metric("millstream_records_filtered_total"), 2.0);
}

#[test]
fn fields_pass_a_whole_chain_by() {
    // The last guest answers two fields of twelve; ten come past all three, whatever was dropped before.
    let case = schemas(
        chain(&[("filter", example("filter")), ("same", narrow()), ("subset", example("subset"))]),
        &["payment", "enriched"],
    )
    .with("ids.toml", "[ids]\n1 = \"payment.avsc\"\n2 = \"enriched.avsc\"\n")
    .edit("\"filter.wasm\"", FILTER)
    .edit("\"subset.wasm\"", "\"subset.wasm\"\npassthrough = true")
    .edit("topics = [\"in\"]\nformat = \"string\"", "topics = [\"in\"]\nschema = \"payment.avsc\"")
    .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nschema = \"enriched.avsc\"");
    let avro = Avro::of("payment", 1).expect("the schema");
    let payments: Vec<Value> = (0..40).map(|n| payment(&format!("p{n:02}"), n * 10, &["x", "y"])).collect();
    let all: Vec<Record> = payments
        .iter()
        .map(|one| Record::new(one["id"].as_str().expect("an id"), avro.encode(one).expect("a payment")))
        .collect();
    let told = Story::with(&all, &[]).tell(case);
    let enriched = Avro::of("enriched", 2).expect("the schema");
    let out: Vec<Value> =
        told.out.iter().map(|one| enriched.decode(one.value.as_deref().expect("a value")).expect("enriched")).collect();
    let wanted: Vec<Value> = payments
        .into_iter()
        .filter(|one| one["amount"].as_i64() >= Some(100))
        .map(|mut one| {
            one["amount_eur"] = json!(one["amount"].as_f64().expect("a number") / 100.0 * 0.5);
            one["risk"] = json!(1);
            one
        })
        .collect();
    assert_eq!((out.len(), out), (30, wanted));
}

/// A payment's three fields that the next one takes.
fn narrow() -> Vec<u8> {
    let types = "record part { amount: s64, rate: f64, country: string }";
    transform(types, "part -> result<part, string>", "", "")
}
