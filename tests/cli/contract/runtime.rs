//! What goes wrong with single records while others are fine: the policy is followed for them and for no other.

use harness::Record;

use super::guest::{Code, guest, transform};
use super::story::{Story, Told, case, dead, metric, records, text};
use crate::case::Case;

const DEAD_LETTER: &str = "reject = \"dead-letter\"\ndead-letter-topic = \"dlq\"";
const NUMBER: &str = r#"{"type":"record","name":"Number","fields":[{"name":"n","type":"int"}]}"#;

/// A way for a record to be bad: what makes the pipeline, records before and behind the bad one, and what is said of it.
struct Bad<'a> {
    case: &'a dyn Fn() -> Case,
    good: [Record; 3],
    bad: Record,
    /// Function, stage, kind, and a part of the message.
    why: [&'a str; 4],
}

/// Runs it with each policy.
#[track_caller]
fn each_policy(bad: Bad<'_>) {
    let Bad { case, good, bad, why } = bad;
    let [a, b, c] = good;
    let all = [a.clone(), b.clone(), bad.clone(), c.clone()];

    let told = Story::with(&all, &["named"]).tell(case());
    told.one_dead(&bad, 2, why);
    assert_eq!(told.out.len(), 3, "{:?}", told.out);

    let skipping = Story::with(&all, &["named"]);
    let told = skipping.tell(case().edit(DEAD_LETTER, "reject = \"skip\""));
    assert_eq!((told.out.len(), told.dead.len(), skipping.committed()), (3, 0, 4), "{}", told.log);
    assert_eq!(told.metric("millstream_records_skipped_total"), 1.0);
    assert!(told.log.contains("record rejected") && told.log.contains("record=in[0]@2"), "{}", told.log);

    let stopping = Story::with(&all, &["named"]);
    let done = stopping.fails(case().edit(DEAD_LETTER, "reject = \"stop\""));
    let rejected = format!("in[0]@2 was rejected ({}): ", why[2]);
    done.mentions(1, &[&rejected, why[3], "the pipeline stops before it"]);
    assert_eq!((stopping.read("out").len(), stopping.read("dlq").len(), stopping.committed()), (2, 0, 2));
}

/// Text in a guest that answers it as it is.
fn echo() -> Case {
    case(transform("", "string -> result<string, string>", "", ""))
}

fn good() -> [Record; 3] {
    let three = records(&[("a", "a1"), ("b", "b1"), ("c", "c1")]);
    three.try_into().expect("three")
}

#[test]
fn a_tombstone_for_a_guest_that_takes_none() {
    let why = ["decode", "", "decode", "the record has no value (a tombstone)"];
    each_policy(Bad { case: &echo, good: good(), bad: Record::tombstone("x"), why });
}

#[test]
fn text_that_is_not_utf8() {
    let why = ["decode", "", "decode", "UTF-8"];
    each_policy(Bad { case: &echo, good: good(), bad: Record::new("x", b"x\xff".to_vec()), why });
}

/// What the guest takes beside its value does not go on.
fn keyed(key: &str, value_at: u32) -> Case {
    let types = format!("record input {{ key: {key}, value: string }}");
    let each = format!("(i64.store align=4 (local.get $out) (i64.load offset={value_at} align=4 (local.get $in)))");
    case(transform(&types, "input -> result<string, string>", "", &each))
}

#[test]
fn a_key_that_is_not_utf8() {
    let why = ["decode", "", "decode", "the record's key: not valid UTF-8 from byte 1"];
    let bad = Record { key: Some(b"x\xff".to_vec()), ..Record::new("", "x") };
    each_policy(Bad { case: &|| keyed("string", 8), good: good(), bad, why });
}

#[test]
fn a_key_that_is_no_integer_of_its_size() {
    let why = ["decode", "", "decode", "the record's key: 3 bytes, an integer of 4 is expected"];
    let good = good().map(|record| Record { key: Some(vec![0, 0, 1, record.key.expect("a key")[0]]), ..record });
    each_policy(Bad { case: &|| keyed("s32", 4), good, bad: Record::new("abc", "x"), why });
}

#[test]
fn a_key_that_is_not_there() {
    let why = ["decode", "", "decode", "the record's key: there is none; in an `option` such records could be taken"];
    each_policy(Bad {
        case: &|| keyed("string", 8),
        good: good(),
        bad: Record { key: None, ..Record::new("", "x") },
        why,
    });
}

#[test]
fn values_that_are_no_json_of_the_schema() {
    let number = "record number { n: s32 }";
    let make = || {
        case(transform(
            number,
            "number -> result<string, string>",
            "n",
            "(call $list (local.get $out) (i32.const 16) (i32.const 1))",
        ))
        .with("number.avsc", NUMBER)
        .edit(
            "topics = [\"in\"]\nformat = \"string\"",
            "topics = [\"in\"]\nformat = \"json\"\nschema = \"number.avsc\"",
        )
    };
    let bad: [(&[u8], &str); 7] = [
        (b"{", "line 1"),
        (b"", "JSON"),
        (b"{\"n\": \"x\"}", "field n: "),
        (b"{\"n\": 2147483648}", "field n: "),
        (b"{}", "field n: the field is missing and the schema has no default for it"),
        (b"{\"n\": 1} {}", "line 1"),
        (b"\xff\xfe{\"n\": 1}", "line 1"),
    ];
    let good = records(&[("a", "{\"n\": 1}"), ("b", " {\"n\":2} "), ("c", "{\"n\": -2147483648}")]);
    let records: Vec<Record> = good
        .iter()
        .cloned()
        .chain(bad.iter().enumerate().map(|(at, (value, _))| Record::new(&format!("x{at}"), *value)))
        .collect();
    let told = Story::with(&records, &[]).tell(make());
    assert_eq!(told.values(), ["n", "n", "n"]);
    assert_eq!(told.dead.len(), bad.len(), "{:?}", told.dead);
    for (at, (letter, (_, why))) in told.dead.iter().zip(bad).enumerate() {
        dead(letter, &records[3 + at], 3 + at as i64, ["decode", "", "decode", why]);
    }
    let why = ["decode", "", "decode", bad[0].1];
    each_policy(Bad { case: &make, good: good.try_into().expect("three"), bad: Record::new("x", bad[0].0), why });
}

#[test]
fn a_writers_schema_that_cannot_be_read_as_the_readers() {
    let make = || {
        case(transform("record number { n: s32 }", "number -> result<number, string>", "", ""))
            .with("number.avsc", NUMBER)
            .with("other.avsc", NUMBER.replace("\"int\"", "\"string\""))
            .with("ids.toml", "[ids]\n1 = \"number.avsc\"\n2 = \"other.avsc\"\n")
            .edit("topics = [\"in\"]\nformat = \"string\"", "topics = [\"in\"]\nschema = \"number.avsc\"")
            .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nschema = \"number.avsc\"")
    };
    let framed = |key: &str, id: u8| Record::new(key, vec![0, 0, 0, 0, id, 2, b'a']);
    let number = |key: &str, n: u8| Record::new(key, vec![0, 0, 0, 0, 1, n]);
    let good = [number("a", 2), number("b", 4), number("c", 6)];
    let why = "schema id 2 cannot be read with the reader's schema: field `n`: the writer's string cannot be read as the \
               reader's int";
    each_policy(Bad { case: &make, good: good.clone(), bad: framed("x", 2), why: ["decode", "", "decode", why] });
}

#[test]
fn bytes_that_are_no_avro_of_the_sinks_schema() {
    let make = || {
        case(transform("", "list<u8> -> result<list<u8>, string>", "", "")).with("number.avsc", NUMBER).edit(
            "topic = \"out\"\nformat = \"string\"",
            "topic = \"out\"\nframing = \"none\"\nschema = \"number.avsc\"",
        )
    };
    let record = |key: &str, value: &[u8]| Record::new(key, value);
    let good = [record("a", &[2]), record("b", &[0xff, 0xff, 0xff, 0xff, 0x0f]), record("c", &[0])];
    let bad: [&[u8]; 3] = [&[], &[2, 2], &[0xff, 0xff, 0xff, 0xff, 0x7f]];
    let all: Vec<Record> = good.iter().cloned().chain(bad.iter().map(|value| record("x", value))).collect();
    let told = Story::with(&all, &[]).tell(make());
    assert_eq!(
        told.out.iter().map(|record| record.value.clone()).collect::<Vec<_>>(),
        good.clone().map(|one| one.value)
    );
    assert_eq!(told.dead.len(), 3);
    assert_eq!(told.metric("millstream_errors_total{stage=\"encode\",kind=\"encode\""), 3.0);
    each_policy(Bad { case: &make, good, bad: record("x", &[2, 2]), why: ["encode", "guest", "encode", ""] });
}

#[test]
fn a_rejection_of_serialize_is_named_so() {
    let make = || {
        let wit = "package t:t; world transform { export transform: func(batch: list<string>) -> list<result<string, string>>;
                   export serialize: func(batch: list<string>) -> list<result<string, string>>; }";
        let no = "(if (i32.eq (call $first (local.get $in)) (i32.const 120))
                      (then (call $say (local.get $answer) (i32.const FAULT) (i32.const 16) (i32.const 7))))";
        case(guest(wit, "no way!", "", &[Code { name: "transform", each: "" }, Code { name: "serialize", each: no }]))
    };
    each_policy(Bad {
        case: &make,
        good: good(),
        bad: Record::new("x", "x"),
        why: ["serialize", "guest", "reject", "no way!"],
    });
}

#[test]
fn a_result_of_the_wrong_length_from_serialize() {
    let make = || {
        let wit = "package t:t; world transform { export transform: func(batch: list<string>) -> list<result<string, string>>;
                   export serialize: func(batch: list<string>) -> list<result<string, string>>; }";
        let short = "(if (i32.eq (call $first (local.get $in)) (i32.const 120))
                         (then (i32.store offset=4 (local.get $list) (i32.const 0))))";
        let codes = [Code { name: "transform", each: "" }, Code { name: "serialize", each: short }];
        case(guest(wit, "", "", &codes)).edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits.records = 1")
    };
    let why = ["serialize", "guest", "bad-result", "the guest returned 0 results for a batch of 1"];
    each_policy(Bad { case: &make, good: good(), bad: Record::new("x", "x"), why });
}

/// An output in an envelope with one more field, of which `each` makes something.
fn around(field: &str, text: &str, each: &str) -> Vec<u8> {
    transform(
        &format!("{HEADER} record output {{ value: string, {field} }}"),
        "string -> result<output, string>",
        text,
        each,
    )
}

const HEADER: &str = "record header { name: string, value: option<list<u8>> }";
const TOPICS: &str = "topic = \"out\"\ntopics = [\"named\", \"^(in|dlq|pat[.].*)\"]";

/// The value is the topic's name, unless it begins with an `a`.
pub fn to_topic() -> Case {
    let each = "(if (i32.ne (call $first (local.get $in)) (i32.const 97)) (then
        (i32.store8 offset=8 (local.get $out) (i32.const 1))
        (i64.store offset=12 align=4 (local.get $out) (i64.load align=4 (local.get $in)))))";
    case(around("topic: option<string>", "", each)).edit("topic = \"out\"", TOPICS)
}

#[test]
fn topics_are_those_that_the_pipeline_allows() {
    let values = ["a", "out", "named", "pat.1", "pat.2", "in", "dlq", "secret", "", "x.pat.1", "pat.1 ", "ä", "pat.1"];
    let records: Vec<Record> =
        values.iter().enumerate().map(|(at, value)| Record::new(&format!("{at:02}"), *value)).collect();
    let story = Story::with(&records, &["named", "pat.1", "pat.2", "secret", "x.pat.1"]);
    let told = story.tell(to_topic());
    let values = |topic: &str| story.read(topic).iter().map(text).collect::<Vec<_>>();
    assert_eq!(told.values(), ["a", "out"]);
    assert_eq!(values("named"), ["named"]);
    assert_eq!(values("pat.1"), ["pat.1", "pat.1"]);
    assert_eq!(values("pat.2"), ["pat.2"]);
    assert_eq!((values("secret").len(), values("x.pat.1").len(), story.ends("in")), (0, 0, vec![13]));
    let refused = [5, 6, 7, 8, 9, 10, 11];
    assert_eq!(told.dead.len(), refused.len(), "{:?}", told.dead);
    for (letter, at) in told.dead.iter().zip(refused) {
        let value = text(&records[at]);
        let why = format!("the guest wants the topic `{value}`, which `topics` in [sink] does not allow");
        dead(letter, &records[at], at as i64, ["sink", "", "topic-not-allowed", &why]);
    }
    assert_eq!(told.metric("millstream_records_produced_total"), 6.0);
}

#[test]
fn a_topic_that_is_not_allowed() {
    let why = ["sink", "", "topic-not-allowed", "the guest wants the topic `secret`"];
    let good = records(&[("a", "a1"), ("b", "out"), ("c", "a2")]).try_into().expect("three");
    each_policy(Bad { case: &to_topic, good, bad: Record::new("x", "secret"), why });
}

/// The value's first digit is the partition; what begins with an `a` names none.
fn to_partition(ty: &str) -> Case {
    let each = "(if (i32.ne (call $first (local.get $in)) (i32.const 97)) (then
        (i32.store8 offset=8 (local.get $out) (i32.const 1))
        (i32.store offset=12 (local.get $out) (i32.sub (call $first (local.get $in)) (i32.const 48)))))";
    case(around(&format!("partition: option<{ty}>"), "", each))
}

#[test]
fn partitions_are_those_that_the_topic_has() {
    for (ty, below) in [("s32", "-3 is not a partition's number"), ("u32", "4294967293 is not a partition's number")] {
        let records = records(&[("a", "0a"), ("b", "1b"), ("c", "2"), ("d", "9"), ("e", "-"), ("f", "1c"), ("g", "a")]);
        let story = Story::with(&records, &[]);
        let told = story.tell(to_partition(ty));
        assert_eq!(told.values(), ["0a", "1b", "1c", "a"]);
        let ends = story.ends("out");
        assert!(ends == [2, 2] || ends == [1, 3], "{ends:?}");
        let [c, d, e] = &told.dead[..] else { panic!("{:?}", told.dead) };
        let why = |partition| format!("the guest wants partition {partition} of topic `out`, which has 2");
        dead(c, &records[2], 2, ["sink", "", "no-such-partition", &why(2)]);
        dead(d, &records[3], 3, ["sink", "", "no-such-partition", &why(9)]);
        dead(e, &records[4], 4, ["encode", "guest", "encode", below]);
    }
    let why = ["sink", "", "no-such-partition", "the guest wants partition 2 of topic `out`, which has 2"];
    let good = records(&[("a", "0"), ("b", "1"), ("c", "a")]).try_into().expect("three");
    each_policy(Bad { case: &|| to_partition("s32"), good, bad: Record::new("x", "2"), why });
}

#[test]
fn a_header_with_a_name_of_64_kib() {
    let each = "(local.set $a (call $alloc (i32.const 20)))
        (memory.fill (local.get $a) (i32.const 0) (i32.const 20))
        (call $list (local.get $a) (i32.const 1048576)
            (select (i32.const 65536) (i32.const 32767) (i32.eq (call $first (local.get $in)) (i32.const 120))))
        (call $list (i32.add (local.get $out) (i32.const 8)) (local.get $a) (i32.const 1))";
    let make = || case(around("headers: list<header>", "", each));
    let why = ["encode", "guest", "encode", "a header's name has 65536 bytes, 32767 are allowed"];
    each_policy(Bad { case: &make, good: good(), bad: Record::new("x", "x"), why });
}

/// So many outputs of a record, 10,000 where its value begins with an `x`.
fn many() -> Vec<u8> {
    let each = "(local.set $b (select (i32.const 10000) (i32.const 2)
            (i32.eq (call $first (local.get $in)) (i32.const 120))))
        (local.set $a (call $alloc (i32.mul (local.get $b) (i32.const 8))))
        (call $list (local.get $out) (local.get $a) (local.get $b))
        (loop $more
            (i64.store align=4 (local.get $a) (i64.load align=4 (local.get $in)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if $more (local.tee $b (i32.sub (local.get $b) (i32.const 1)))))";
    transform("", "string -> result<list<string>, string>", "", each)
}

#[test]
fn ten_thousand_outputs_of_one_record() {
    let all = records(&[("a", "a"), ("x", "x"), ("b", "b")]);
    let told = Story::with(&all, &[]).tell(case(many()));
    told.one_dead(
        &all[1],
        1,
        ["encode", "guest", "encode", "10000 outputs for one record, `limits.outputs` allows 1000"],
    );
    assert_eq!(told.values(), ["a", "a", "b", "b"]);
    let told =
        Story::with(&all, &[]).tell(case(many()).edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits.outputs = 10000"));
    assert_eq!((told.out.len(), told.dead.len()), (10_004, 0));
    assert_eq!(told.metric("millstream_records_produced_total"), 10_004.0);
}

#[test]
fn an_output_larger_than_a_record_may_be() {
    let each = "(if (i32.eq (call $first (local.get $in)) (i32.const 120))
        (then (call $list (local.get $out) (i32.const 0) (i32.const 2000000))))";
    let make = || case(transform("", "string -> result<string, string>", "", each));
    each_policy(Bad {
        case: &make,
        good: good(),
        bad: Record::new("x", "x"),
        why: ["encode", "guest", "encode", "bytes"],
    });
}

/// Of a run in which nothing was rejected.
#[track_caller]
fn nothing_wrong(told: &Told) {
    assert_eq!(metric(&told.metrics, "millstream_errors_total"), None, "{}", told.metrics);
    assert!(!told.log.contains("WARN"), "{}", told.log);
}

#[test]
fn where_nothing_is_wrong_nothing_is_said() {
    let told = Story::with(&good(), &[]).tell(echo());
    assert_eq!(told.values(), ["a1", "b1", "c1"]);
    nothing_wrong(&told);
}
