//! Values that are no Avro: each is refused in words that say what and where, costs nothing much, and leaves the other
//! records of its batch as they are.

use std::path::Path;
use std::time::{Duration, Instant};

use millstream::decode::{self, DecodePlan, Image};
use millstream::guest::{Grants, Guest};
use millstream::schema::{self, Schema};

use super::echo::{ENGINE, Fields, IDLE, Lane, component, parse, transform_of};
use super::value::put_long;

const LIMIT: usize = 16 << 20;

/// The decode half of a lane.
struct Decoder {
    plan: DecodePlan,
    image: Image,
}

impl Decoder {
    fn of(schema: &Schema) -> Decoder {
        let guest = Guest::compile(
            &ENGINE,
            Path::new("idle.wasm"),
            &component(schema, schema, &Fields::default(), IDLE),
            &Grants::default(),
        );
        let guest = guest.unwrap_or_else(|error| panic!("{error}"));
        let plan = decode::compile(schema, schema, &transform_of(&guest).input, &[]);
        Decoder { plan: plan.unwrap_or_else(|error| panic!("{error:?}")), image: Image::default() }
    }

    fn field(ty: &str) -> Decoder {
        Decoder::of(&record_of(ty))
    }

    fn decode(&mut self, value: &[u8]) -> Result<(), String> {
        self.image.begin(self.plan.stride(), 1, 0, LIMIT);
        self.plan.decode(value, 0, &mut self.image).map_err(|failure| failure.to_string())
    }

    fn error(&mut self, value: &[u8]) -> String {
        self.decode(value).expect_err("this value must be refused")
    }
}

/// A record of one field `f`.
fn record_of(ty: &str) -> Schema {
    parse(&format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type": {ty}}}]}}"#))
}

fn long(value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_long(&mut bytes, value);
    bytes
}

const PAYMENT: &str = r#"{"type": "record", "name": "P", "fields": [
    {"name": "id", "type": "string"}, {"name": "amount", "type": "long"}, {"name": "rate", "type": "double"},
    {"name": "note", "type": ["null", "string"]}, {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "attributes", "type": {"type": "map", "values": "float"}},
    {"name": "hash", "type": {"type": "fixed", "name": "F", "size": 3}}]}"#;
const VALUE: &[u8] = b"\x06abc\x80\x01\0\0\0\0\0\0\xf0\x3f\x02\x04hi\x04\x02x\x02y\0\x02\x02k\0\0\0\0\0\x01\x02\x03";

#[test]
fn truncated_at_every_byte() {
    let mut decoder = Decoder::of(&parse(PAYMENT));
    decoder.decode(VALUE).unwrap();
    for end in 0..VALUE.len() {
        let error = decoder.error(&VALUE[..end]);
        assert!(error.starts_with("value ends early: ") && error.contains(", field `"), "{end}: {error}");
    }
    assert_eq!(decoder.error(&VALUE[..2]), "value ends early: 3 bytes promised, 1 left at byte 1, field `id`");
    assert_eq!(decoder.error(&VALUE[..6]), "value ends early: 8 bytes promised, 0 left at byte 6, field `rate`");
    assert_eq!(decoder.error(b""), "value ends early: 1 bytes promised, 0 left at byte 0, field `id`");
}

#[test]
fn trailing_bytes() {
    let error = Decoder::of(&parse(PAYMENT)).error(&[VALUE, b"!!"].concat());
    assert_eq!(error, "2 bytes follow the value's end at byte 35");
}

#[test]
fn a_length_of_two_to_the_forty() {
    let expected = "value ends early: 1099511627776 bytes promised, 3 left at byte 6, field `f`";
    for ty in [r#""string""#, r#""bytes""#] {
        assert_eq!(Decoder::field(ty).error(&[long(1 << 40), b"abc".to_vec()].concat()), expected);
    }
}

#[test]
fn a_negative_length() {
    assert_eq!(Decoder::field(r#""string""#).error(&long(-5)), "negative length -5 at byte 1, field `f`");
    let map = r#"{"type": "map", "values": "int"}"#;
    assert_eq!(
        Decoder::field(map).error(&[long(1), long(-1), long(1)].concat()),
        "negative length -1 at byte 2, field `f`"
    );
}

#[test]
fn block_counts_and_sizes_that_lie() {
    let mut array = Decoder::field(r#"{"type": "array", "items": "int"}"#);
    let two = [long(7), long(8)].concat();
    array.decode(&[long(-2), long(2), two.clone(), long(0)].concat()).unwrap();
    let error = array.error(&[long(-2), long(1), two.clone(), long(0)].concat());
    assert_eq!(error, "block of 2 bytes says that it has 1 at byte 4, field `f`");
    let error = array.error(&[long(-2), long(3), two.clone(), long(0)].concat());
    assert_eq!(error, "block of 2 bytes says that it has 3 at byte 4, field `f`");
    let error = array.error(&[long(-2), long(99), two.clone(), long(0)].concat());
    assert_eq!(error, "value ends early: 99 bytes promised, 3 left at byte 3, field `f`");
    let error = array.error(&[long(-2), long(-2), two, long(0)].concat());
    assert_eq!(error, "negative length -2 at byte 2, field `f`");
    let error = array.error(&[long(i64::MIN), long(0)].concat());
    assert_eq!(error, "impossible block count -9223372036854775808 at byte 11, field `f`");
}

#[test]
fn a_count_beyond_the_bytes_takes_no_memory() {
    let mut array = Decoder::field(r#"{"type": "array", "items": "double"}"#);
    let error = array.error(&[long(1_000_000), vec![0; 16]].concat());
    assert_eq!(error, "value ends early: 8000000 bytes promised, 16 left at byte 3, field `f`");
    let error = array.error(&[long(i64::MAX), vec![0; 16]].concat());
    assert!(error.starts_with("value ends early: "), "{error}");
}

#[test]
fn items_of_no_bytes_are_bounded_by_the_image() {
    // A fixed of no bytes takes none of the value but some of the guest's memory.
    let mut array = Decoder::field(r#"{"type": "array", "items": {"type": "fixed", "name": "Z", "size": 0}}"#);
    let start = Instant::now();
    for count in [1 << 62, i64::MAX, 1 << 40, 1 << 22] {
        let error = array.error(&[long(count), long(0)].concat());
        assert!(error.starts_with("value needs more than 16777216 bytes in guest memory at byte "), "{error}");
    }
    array.decode(&[long(1000), long(0)].concat()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn items_of_no_bytes_are_skipped_at_once() {
    let writer = parse(
        r#"{"type": "record", "name": "R", "fields": [
            {"name": "n", "type": {"type": "array", "items": "null"}}, {"name": "f", "type": "int"}]}"#,
    );
    let reader = record_of(r#""int""#);
    let guest = Guest::compile(
        &ENGINE,
        Path::new("idle.wasm"),
        &component(&reader, &reader, &Fields::default(), IDLE),
        &Grants::default(),
    );
    let plan =
        decode::compile(&writer, &reader, &transform_of(&guest.expect("an idle guest")).input, &[]).expect("a plan");
    let mut decoder = Decoder { plan, image: Image::default() };
    let start = Instant::now();
    decoder.decode(&[long(1 << 62), long(0), long(7)].concat()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn indexes_out_of_range() {
    let mut union = Decoder::field(r#"["null", "int"]"#);
    assert_eq!(union.error(&long(2)), "union index 2 of a union of 2 at byte 1, field `f`");
    assert_eq!(union.error(&long(-1)), "union index -1 of a union of 2 at byte 1, field `f`");
    let mut symbols = Decoder::field(r#"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}"#);
    assert_eq!(symbols.error(&long(3)), "enum index 3 of an enum of 3 symbols at byte 1, field `f`");
    assert_eq!(
        symbols.error(&long(i64::MIN)),
        format!("enum index {} of an enum of 3 symbols at byte 10, field `f`", i64::MIN)
    );
}

#[test]
fn numbers_out_of_range() {
    let mut int = Decoder::field(r#""int""#);
    int.decode(&long(i32::MIN.into())).unwrap();
    let error = int.error(&long(i64::from(i32::MAX) + 1));
    assert_eq!(error, "2147483648 does not fit an Avro int (32 bits) at byte 5, field `f`");
    let mut boolean = Decoder::field(r#""boolean""#);
    assert_eq!(boolean.error(b"\x02"), "boolean byte is 2, not 0 or 1 at byte 1, field `f`");
    let mut long = Decoder::field(r#""long""#);
    long.decode(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).unwrap();
    assert_eq!(long.error(&[0xff; 11]), "integer longer than 64 bits at byte 0, field `f`");
    let error = long.error(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]);
    assert_eq!(error, "integer longer than 64 bits at byte 0, field `f`");
}

#[test]
fn text_that_is_no_utf8() {
    let mut text = Decoder::field(r#""string""#);
    assert_eq!(text.error(b"\x06ab\xff"), "string is not valid UTF-8 at byte 4, field `f`");
    // Half a surrogate pair, as some encoders write it.
    assert_eq!(text.error(b"\x06\xed\xa0\x80"), "string is not valid UTF-8 at byte 4, field `f`");
    let mut map = Decoder::field(r#"{"type": "map", "values": "int"}"#);
    assert_eq!(map.error(b"\x02\x02\xff\x02\0"), "string is not valid UTF-8 at byte 3, field `f`");
}

#[test]
fn the_path_names_every_field_on_the_way() {
    let mut decoder = Decoder::field(
        r#"{"type": "record", "name": "S", "fields": [{"name": "g", "type": ["null",
            {"type": "record", "name": "T", "fields": [{"name": "h", "type": "boolean"}]}]}]}"#,
    );
    assert_eq!(decoder.error(b"\x02\x09"), "boolean byte is 9, not 0 or 1 at byte 2, field `f.g.h`");
}

#[test]
fn many_blocks_of_one_item_take_linear_time() {
    // Items with pointers in them, which have to move whenever the list does.
    let mut array = Decoder::field(r#"{"type": "array", "items": "string"}"#);
    let mut time = |blocks: usize| {
        let value = [b"\x02\x02x".repeat(blocks), long(0)].concat();
        let runs = (0..5).map(|_| {
            let start = Instant::now();
            array.decode(&value).unwrap();
            start.elapsed()
        });
        runs.min().unwrap_or_default()
    };
    let (small, large) = (time(10_000), time(100_000));
    // Ten times the work; a quadratic loop would take a hundred times as long.
    assert!(large < small * 40 + Duration::from_millis(5), "{small:?} for 10,000 blocks, {large:?} for 100,000");
}

#[test]
fn a_schema_too_deep_is_refused_before_any_plan() {
    let deep = (0..100).fold(r#""int""#.to_owned(), |inner, _| format!(r#"{{"type": "array", "items": {inner}}}"#));
    let error =
        schema::parse(&format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type": {deep}}}]}}"#));
    assert_eq!(error.unwrap_err().to_string(), "the schema nests deeper than 64 levels");
    // The deepest that is accepted goes all the way.
    let deep = (0..28).fold(r#""int""#.to_owned(), |inner, _| format!(r#"{{"type": "array", "items": {inner}}}"#));
    let schema = record_of(&deep);
    let value = [vec![2; 28], long(5), vec![0; 28]].concat();
    assert_eq!(Lane::echo(&schema).run(&[(0, &value)]).unwrap(), [Ok(value)]);
}

#[test]
fn a_broken_record_leaves_the_others_right() {
    let mut lane = Lane::echo(&parse(PAYMENT));
    let other = b"\x02z\x03\0\0\0\0\0\0\0\0\0\x02\x02w\0\x04\x02m\0\0\0\0\x02n\0\0\0\0\0\x07\x08\x09";
    // Broken at every place, between two good ones, and at both ends of the batch.
    for end in 0..VALUE.len() {
        let broken = &VALUE[..end];
        let batch = [(0, broken), (0, VALUE), (0, broken), (0, other.as_slice()), (0, broken)];
        let outputs = lane.run(&batch).unwrap();
        assert_eq!(outputs[1], Ok(VALUE.to_vec()), "{end}");
        assert_eq!(outputs[3], Ok(other.to_vec()), "{end}");
        assert!(outputs[0].is_err() && outputs[2] == outputs[0] && outputs[4] == outputs[0], "{end}: {outputs:?}");
    }
}
