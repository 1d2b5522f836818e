//! What stands on the topics: values and keys in each format, in and out, and what is kept around them.

use harness::Record;

use super::guest::transform;
use super::story::{Story, Told, case, dead, records};
use crate::case::Case;

const PAIR: &str = r#"{"type":"record","name":"Pair","fields":[
    {"name":"n","type":"int"},{"name":"note","type":["null","string"]}]}"#;
const ID: &str = r#"{"type":"record","name":"Id","fields":[{"name":"id","type":"int"}]}"#;
const TYPES: &str = "record pair { n: s32, note: option<string> }";

/// Pairs as they are; source and sink are text until they are said to be something else.
fn pairs() -> Case {
    case(transform(TYPES, "pair -> result<pair, string>", "", ""))
        .with("pair.avsc", PAIR)
        .with("id.avsc", ID)
        .with("ids.toml", "[ids]\n7 = \"pair.avsc\"\n8 = \"id.avsc\"\n")
}

fn source(case: Case, lines: &str) -> Case {
    case.edit("topics = [\"in\"]\nformat = \"string\"", &format!("topics = [\"in\"]\n{lines}"))
}

fn sink(case: Case, lines: &str) -> Case {
    case.edit("topic = \"out\"\nformat = \"string\"", &format!("topic = \"out\"\n{lines}"))
}

const JSON: &str = "format = \"json\"\nschema = \"pair.avsc\"";
const AVRO: &str = "format = \"avro\"\nschema = \"pair.avsc\"";

/// The values that come out of these, in order.
fn through(case: Case, values: &[&[u8]]) -> (Vec<Option<Vec<u8>>>, Told) {
    let records: Vec<Record> =
        values.iter().enumerate().map(|(at, value)| Record::new(&format!("{at:02}"), *value)).collect();
    let told = Story::with(&records, &[]).tell(case);
    (told.out.iter().map(|record| record.value.clone()).collect(), told)
}

#[track_caller]
fn becomes(case: Case, values: &[&[u8]], wanted: &[&[u8]]) {
    let (out, told) = through(case, values);
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let out: Vec<String> = out.iter().map(|value| text(value.as_deref().unwrap_or(b"(none)"))).collect();
    assert_eq!(out, wanted.iter().map(|value| text(value)).collect::<Vec<_>>(), "{}", told.log);
}

#[test]
fn json_in_and_json_out() {
    let values: [&[u8]; 3] = [
        br#" {"note": "x\u00e4", "n": 1, "more": [1]} "#,
        br#"{"n":2,"note":null}"#,
        br#"{"n":3,"note":{"string":"y"}}"#,
    ];
    let json = |more: &str| sink(source(pairs(), JSON), &format!("{JSON}{more}"));
    becomes(
        json(""),
        &values,
        &[r#"{"n":1,"note":"xä"}"#.as_bytes(), br#"{"n":2,"note":null}"#, br#"{"n":3,"note":"y"}"#],
    );
    let avro = "\n\n[sink.json]\nencoding = \"avro\"";
    let tagged: [&[u8]; 3] = [
        r#"{"n":1,"note":{"string":"xä"}}"#.as_bytes(),
        br#"{"n":2,"note":null}"#,
        br#"{"n":3,"note":{"string":"y"}}"#,
    ];
    becomes(json(avro), &values, &tagged);
    let short = "\n\n[sink.json]\ninclude-nulls = false";
    becomes(json(short), &values[1..2], &[br#"{"n":2}"#]);
    let pretty = "\n\n[sink.json]\npretty = true";
    becomes(json(pretty), &values[1..2], &[b"{\n  \"n\": 2,\n  \"note\": null\n}"]);
}

#[test]
fn json_in_and_avro_out_and_back() {
    let framed: [&[u8]; 2] = [&[0, 0, 0, 0, 7, 2, 2, 2, b'x'], &[0, 0, 0, 0, 7, 4, 0]];
    let json: [&[u8]; 2] = [br#"{"n":1,"note":"x"}"#, br#"{"n":2,"note":null}"#];
    becomes(sink(source(pairs(), JSON), AVRO), &json, &framed);
    becomes(sink(source(pairs(), AVRO), JSON), &framed, &json);
    let bare: [&[u8]; 2] = [&framed[0][5..], &framed[1][5..]];
    let unframed = format!("{AVRO}\nframing = \"none\"");
    becomes(sink(source(pairs(), JSON), &unframed), &json, &bare);
    becomes(sink(source(pairs(), &unframed), AVRO), &bare, &framed);
}

#[test]
fn bytes_and_text_as_they_are() {
    let bytes = case(transform("", "list<u8> -> result<list<u8>, string>", "", ""));
    let bytes = sink(source(bytes, "format = \"bytes\""), "format = \"bytes\"");
    becomes(bytes, &[b"\xff\x00", b"", b"text"], &[b"\xff\x00", b"", b"text"]);
    let text = case(transform("", "string -> result<string, string>", "", ""));
    becomes(text, &["für 🎂\n".as_bytes(), b""], &["für 🎂\n".as_bytes(), b""]);
    // JSON to a guest that wants it as it stands.
    let raw = case(transform("", "string -> result<string, string>", "", "")).with("pair.avsc", PAIR);
    becomes(source(raw, JSON), &[b" {\"n\": oops"], &[b" {\"n\": oops"]);
}

/// A key in and out, its value text.
fn keyed(ty: &str) -> Case {
    case(transform(&format!("{ty} record pair {{ key: id, value: string }}"), "pair -> result<pair, string>", "", ""))
        .with("id.avsc", ID)
        .with("pair.avsc", PAIR)
        .with("ids.toml", "[ids]\n7 = \"pair.avsc\"\n8 = \"id.avsc\"\n")
}

/// All these keys come out as they went in, these do not, and why.
#[track_caller]
fn keys(case: Case, good: &[Option<&[u8]>], bad: &[(Option<&[u8]>, &str)]) {
    let key = |key: &Option<&[u8]>| key.map(<[u8]>::to_vec);
    let record = |given: &Option<&[u8]>| Record { key: key(given), ..Record::new("", "v") };
    let all: Vec<Record> = good.iter().map(record).chain(bad.iter().map(|(given, _)| record(given))).collect();
    let told = Story::with(&all, &[]).tell(case);
    let mut wanted: Vec<_> = good.iter().map(key).collect();
    wanted.sort();
    assert_eq!(told.out.iter().map(|record| record.key.clone()).collect::<Vec<_>>(), wanted, "{}", told.log);
    for (at, (given, why)) in bad.iter().enumerate() {
        let offset = good.len() + at;
        let letter = told.dead.iter().find(|letter| letter.key == key(given)).expect("a dead letter");
        dead(letter, &all[offset], offset as i64, ["decode", "", "decode", why]);
    }
}

#[test]
fn keys_of_each_type() {
    keys(keyed("type id = list<u8>;"), &[Some(b"\xff"), Some(b"")], &[(None, "there is none")]);
    keys(keyed("type id = option<list<u8>>;"), &[Some(b"\xff"), Some(b""), None], &[]);
    keys(keyed("type id = option<string>;"), &[Some("ä".as_bytes()), None], &[(Some(b"\xff"), "UTF-8")]);
    keys(keyed("type id = u32;"), &[Some(&[0xff, 0, 0, 1])], &[(Some(&[1]), "1 bytes, an integer of 4 is expected")]);
    let eight: &[u8] = &[0x80, 0, 0, 0, 0, 0, 0, 2];
    keys(keyed("type id = option<s64>;"), &[Some(eight), None], &[(Some(&eight[1..]), "7 bytes, an integer of 8")]);
}

#[test]
fn keys_of_a_schema() {
    let key = "key-schema = \"id.avsc\"";
    let text = |case: Case, framing: &str| {
        sink(
            source(case, &format!("format = \"string\"\n{key}{framing}")),
            &format!("format = \"string\"\n{key}{framing}"),
        )
    };
    keys(
        text(keyed("record id { id: s32 }"), ""),
        &[Some(&[2])],
        &[(None, "there is none"), (Some(&[]), "ends early")],
    );
    keys(text(keyed("record inner { id: s32 } type id = option<inner>;"), ""), &[Some(&[2]), None], &[]);
    // With the framing of the values.
    let types = format!("{TYPES} record id {{ id: s32 }} record around {{ key: id, value: pair }}");
    let framed = case(transform(&types, "around -> result<around, string>", "", ""))
        .with("id.avsc", ID)
        .with("pair.avsc", PAIR)
        .with("ids.toml", "[ids]\n7 = \"pair.avsc\"\n8 = \"id.avsc\"\n");
    let lines = format!("{AVRO}\n{key}");
    let mut good = Record::new("", vec![0, 0, 0, 0, 7, 2, 0]);
    good.key = Some(vec![0, 0, 0, 0, 8, 6]);
    let bad = Record { key: Some(vec![6]), ..good.clone() };
    let told = Story::with(&[good.clone(), bad.clone()], &[]).tell(sink(source(framed, &lines), &lines));
    assert_eq!(told.out.iter().map(|one| (&one.key, &one.value)).collect::<Vec<_>>(), [(&good.key, &good.value)]);
    told.one_dead(&bad, 1, ["decode", "", "decode", "the record's key: value of 1 bytes is too short for a schema id"]);
}

#[test]
fn tombstones_come_out_and_go_through() {
    // What begins with an `x` becomes a tombstone.
    let each = "(if (i32.eqz (i32.load8_u (local.get $in))) (then) (else
        (if (i32.eq (call $first (i32.add (local.get $in) (i32.const 4))) (i32.const 120))
            (then (i32.store8 (local.get $out) (i32.const 0))))))";
    let guest = transform("record one { value: option<string> }", "one -> result<one, string>", "", each);
    let mut all = records(&[("a", "a1"), ("b", "x"), ("c", "")]);
    all.push(Record::tombstone("d").header("kept", "1"));
    let told = Story::with(&all, &[]).tell(case(guest));
    let wanted = [Some(b"a1".to_vec()), None, Some(Vec::new()), None];
    assert_eq!(told.out.iter().map(|record| record.value.clone()).collect::<Vec<_>>(), wanted);
    assert_eq!(told.out[3].header_text("kept").as_deref(), Some("1"));
    assert_eq!((told.dead.len(), told.metric("millstream_records_produced_total")), (0, 4.0));
}

const HEADER: &str = "record header { name: string, value: option<list<u8>> }";

fn with_headers() -> Vec<Record> {
    let mut record = Record::new("a", "v").header("first", "1").header("first", b"\xff".to_vec());
    record.headers.push(("none".to_owned(), None));
    record.headers.push((String::new(), Some(Vec::new())));
    record.timestamp = Some(1_600_000_000_123);
    vec![record]
}

#[test]
fn headers_are_kept_replaced_or_taken_away() {
    let all = with_headers();
    let kept = case(transform("", "string -> result<string, string>", "", ""));
    assert_eq!(Story::with(&all, &[]).tell(kept).out[0].headers, all[0].headers);
    let types = format!("{HEADER} record one {{ value: string, headers: list<header> }}");
    let same = case(transform(&types, "one -> result<one, string>", "", ""));
    assert_eq!(Story::with(&all, &[]).tell(same).out[0].headers, all[0].headers);
    let none = "(call $list (i32.add (local.get $out) (i32.const 8)) (i32.const 0) (i32.const 0))";
    let bare = case(transform(&types, "one -> result<one, string>", "", none));
    assert_eq!(Story::with(&all, &[]).tell(bare).out[0].headers, []);
    // All but the first.
    let fewer = "(call $list (i32.add (local.get $out) (i32.const 8))
        (i32.add (i32.load offset=8 (local.get $in)) (i32.const 20)) (i32.const 3))";
    let fewer = case(transform(&types, "one -> result<one, string>", "", fewer));
    assert_eq!(Story::with(&all, &[]).tell(fewer).out[0].headers, all[0].headers[1..]);
}

#[test]
fn timestamps_are_the_guests_or_now() {
    let all = with_headers();
    let now = Story::with(&all, &[]).tell(case(transform("", "string -> result<string, string>", "", "")));
    assert!(now.out[0].timestamp > Some(1_700_000_000_000), "{:?}", now.out[0].timestamp);
    for ty in ["s64", "u64", "option<s64>"] {
        let types = format!("record one {{ value: string, timestamp: {ty} }}");
        let same = Story::with(&all, &[]).tell(case(transform(&types, "one -> result<one, string>", "", "")));
        assert_eq!(same.out[0].timestamp, all[0].timestamp, "{ty}");
    }
    let types = "record one { value: string, timestamp: s64 }";
    let before = "(i64.store offset=8 (local.get $out) (i64.const -5))";
    let told = Story::with(&all, &[]).tell(case(transform(types, "one -> result<one, string>", "", before)));
    let why = "-5 is not a time in milliseconds since the epoch, field `timestamp`";
    told.one_dead(&all[0], 0, ["encode", "guest", "encode", why]);
}
