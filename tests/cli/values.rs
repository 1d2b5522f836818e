//! Values that are not the Avro that their topic promises: each becomes a dead letter that says what and where.

use crate::case::Case;

/// A good payment, field by field, in hexadecimal digits: the frame with the schema's id first.
const GOOD: [&str; 11] = [
    "0000000001",       // schema 1
    "0278",             // id = "x"
    "0261",             // account = "a"
    "04",               // amount = 2
    "00",               // currency = EUR
    "00",               // ts = 0
    "00",               // note = null
    "00",               // tags = []
    "0000000000000000", // rate = 0.0
    "044445",           // country = "DE"
    "00",               // seq = 0
];
const ID: usize = 1;
const ACCOUNT: usize = 2;
const CURRENCY: usize = 4;
const NOTE: usize = 6;
const TAGS: usize = 7;
const SEQ: usize = 10;

fn good() -> String {
    GOOD.concat()
}

/// A good payment with one field's bytes replaced.
fn with(field: usize, hex: &str) -> String {
    let mut parts = GOOD;
    parts[field] = hex;
    parts.concat()
}

/// The first bytes of a good payment, up to and without a field, then these.
fn up_to(field: usize, hex: &str) -> String {
    GOOD[..field].concat() + hex
}

/// Puts each bad value between good ones; only the bad ones become dead letters, each with its reason.
///
/// At most five, as the log holds back more lines of a kind.
#[track_caller]
fn rejects(bad: &[(String, &str)]) {
    let raw = |hex: &str| format!("{{\"raw-hex\": \"{hex}\"}}");
    let mut samples = vec![raw(&good())];
    for (hex, _) in bad {
        samples.extend([raw(hex), raw(&good())]);
    }
    let dead_letters = "\n[errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"payments.dlq\"\n";
    let done = Case::payments().add(dead_letters).add("\n[commit]\ninterval = \"100ms\"\n").quickstart(&samples);
    for (hex, why) in bad {
        done.shows(&[&format!(" x {why}")]);
        let logged = why.replace('"', "\\\"");
        let line = done.err.lines().find(|line| line.contains(&logged));
        let line = line.unwrap_or_else(|| panic!("no line says `{why}` of {hex}:\n{}", done.err));
        assert!(line.contains("record=payments[") && line.contains("stage=decode kind=decode"), "{line}");
    }
    let bad = bad.len() as u64;
    assert_eq!(done.counts(), [2 * bad + 1, bad + 1, bad, 2 * bad + 1], "{}", done.out);
}

#[test]
fn a_value_without_a_good_frame_is_rejected() {
    let text: String = "hello".bytes().map(|byte| format!("{byte:02x}")).collect();
    rejects(&[
        (text, "value starts with byte 0x68, not with 0x00 and a schema id (framing = \"confluent\")"),
        ("00000001".into(), "value of 4 bytes is too short for a schema id (framing = \"confluent\")"),
        (with(0, "00000003e7"), "unknown schema id 999; ids.toml has 1 = payment.avsc, 2 = enriched.avsc"),
    ]);
}

#[test]
fn an_empty_value_is_rejected() {
    rejects(&[(String::new(), "value of 0 bytes is too short for a schema id (framing = \"confluent\")")]);
}

#[test]
fn a_truncated_value_is_rejected() {
    rejects(&[
        (up_to(ID, ""), "value ends early: 1 bytes promised, 0 left at byte 0, field `id`"),
        (up_to(ACCOUNT, "06"), "value ends early: 3 bytes promised, 0 left at byte 3, field `account`"),
        (up_to(SEQ, ""), "value ends early: 1 bytes promised, 0 left at byte 20, field `seq`"),
    ]);
}

#[test]
fn bytes_after_the_end_are_rejected() {
    rejects(&[(good() + "ffff", "2 bytes follow the value's end at byte 21")]);
}

#[test]
fn a_length_of_2_to_the_40_is_rejected() {
    rejects(&[
        (up_to(ID, "808080808040"), "value ends early: 1099511627776 bytes promised, 0 left at byte 6, field `id`"),
        // As many items, each of which takes a byte at least.
        (
            up_to(TAGS, "808080808040"),
            "value ends early: 1099511627776 bytes promised, 0 left at byte 14, field `tags`",
        ),
    ]);
}

#[test]
fn a_negative_length_is_rejected() {
    rejects(&[(up_to(ID, "01"), "negative length -1 at byte 1, field `id`")]);
}

#[test]
fn a_negative_block_count_that_lies_is_rejected() {
    rejects(&[
        // One item, in a block of 200 bytes.
        (with(TAGS, "019003027800"), "value ends early: 200 bytes promised, "),
        // One item, in a block of a negative size.
        (with(TAGS, "0101027800"), "negative length -1 at byte 10, field `tags`"),
        // -2^63 items, which no 64 bits can hold the positive of.
        (with(TAGS, "ffffffffffffffffff0100"), "impossible block count -9223372036854775808 at byte "),
    ]);
}

#[test]
fn an_honest_negative_block_count_is_good_avro() {
    let done = Case::payments().quickstart(&[format!("{{\"raw-hex\": \"{}\"}}", with(TAGS, "0104027800"))]);
    done.shows(&["\"tags\":[\"x\"]"]);
    assert_eq!(done.counts(), [1, 1, 0, 1], "{}", done.out);
}

#[test]
fn a_union_index_out_of_range_is_rejected() {
    rejects(&[
        (with(NOTE, "04"), "union index 2 of a union of 2 at byte 8, field `note`"),
        (with(NOTE, "01"), "union index -1 of a union of 2 at byte 8, field `note`"),
    ]);
}

#[test]
fn an_enum_index_out_of_range_is_rejected() {
    rejects(&[
        (with(CURRENCY, "06"), "enum index 3 of an enum of 3 symbols at byte 6, field `currency`"),
        (with(CURRENCY, "01"), "enum index -1 of an enum of 3 symbols at byte 6, field `currency`"),
    ]);
}

#[test]
fn a_string_that_is_not_utf8_is_rejected() {
    rejects(&[
        (with(ACCOUNT, "02ff"), "string is not valid UTF-8 at byte 4, field `account`"),
        (with(TAGS, "0202c000"), "string is not valid UTF-8 at byte 11, field `tags`"),
    ]);
}

#[test]
fn an_integer_that_is_too_large_is_rejected() {
    rejects(&[
        (up_to(ID, "ffffffffffffffffffffff"), "integer longer than 64 bits at byte 0, field `id`"),
        (with(SEQ, "8080808010"), "2147483648 does not fit an Avro int (32 bits) at byte 25, field `seq`"),
    ]);
}

#[test]
fn samples_that_cannot_be_read_are_shown_by_line() {
    let good = format!("{{\"raw-hex\": \"{}\"}}", good());
    for (line, why) in [
        ("{", "samples.jsonl:2: not JSON: "),
        ("{\"raw-hex\": \"0\"}", "samples.jsonl:2: `raw-hex` must be an even number of hexadecimal digits"),
        ("{\"id\": 7}", "samples.jsonl:2: "),
    ] {
        Case::payments().quickstart(&[good.clone(), line.to_owned()]).mentions(2, &[why]);
    }
    Case::payments().run(&["quickstart", "--samples", "none.jsonl"]).mentions(2, &["cannot read none.jsonl: "]);
}
