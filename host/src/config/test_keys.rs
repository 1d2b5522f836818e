//! The keys of a test case, which stand in pipeline.toml and in files of cases alike.

use std::time::Duration;

use super::key::{Given, Key, Kind, choice, key};
use super::spec::OPTIONAL;

/// A file of cases has nothing else.
pub(super) static FILE: &[Key] = &[TESTS];

pub(super) const TESTS: Key = key(
    "tests",
    Kind::Sections { keys: TEST, least: 0, most: 10_000 },
    OPTIONAL,
    "Cases for `millstream test`: records that go through the guests without a broker, and what has to come out. They also may stand in `tests.toml` beside this file or beside the guest. See [testing.md](testing.md).",
    "",
);

static TEST: &[Key] = &[
    key("name", Kind::Text, Given::Required, "What the case shows; each has a name of its own.", "\"a case\""),
    key(
        "input",
        Kind::Any,
        Given::Otherwise("none; required without `records`"),
        "The value of the input record, or an array with one for each of several records. A table is the record's JSON; a string is JSON text with `format` `\"avro\"` and `\"json\"`, with the others it is the value itself; `{ hex = \"00ff\" }` are bytes with these.",
        "{ id = \"p-1\" }",
    ),
    key(
        "key",
        Kind::Any,
        Given::Otherwise("no key"),
        "The key of each record of `input`: a text, `{ hex = \"00ff\" }`, `{ int = 1 }` or `{ long = 1 }` (four or eight bytes); with `key-schema` the key's JSON.",
        "\"account-1\"",
    ),
    key("headers", Kind::Any, OPTIONAL, HEADERS, "{ source = \"shop\" }"),
    key("timestamp", TIMESTAMP, OPTIONAL, "Of each record of `input`, in milliseconds since 1970.", "1760000000000"),
    key(
        "records",
        Kind::Sections { keys: GIVEN, least: 1, most: 10_000 },
        Given::Otherwise("none; required without `input`"),
        "The input records with all that belongs to them, in place of `input`.",
        "[{ key = \"account-1\", value = { id = \"p-1\" } }]",
    ),
    key(
        "expect",
        Kind::Any,
        Given::Otherwise("no outputs, where a rejection or a drop is expected"),
        "The values of all outputs, in order: one, or an array of them (`[]`: none). In the forms of `input`, by the sink's format. A field that is left out must be null.",
        "{ id = \"p-1\" }",
    ),
    key(
        "expect-records",
        Kind::Sections { keys: WANTED, least: 0, most: 10_000 },
        OPTIONAL,
        "The outputs with what belongs to them, in place of `expect`. What is left out of one is not looked at.",
        "[{ topic = \"payments.large\", value = { id = \"p-1\" } }]",
    ),
    key(
        "match",
        Kind::OneOf(&[
            choice("exact", "outputs have the fields that stand there and no others"),
            choice("partial", "fields of tables that are left out may have any value"),
        ]),
        Given::Default("\"exact\""),
        "How values are compared.",
        "\"partial\"",
    ),
    key(
        "expect-dropped",
        Kind::Flag,
        Given::Default("false"),
        "The guests drop the records: they are neither written nor rejected.",
        "true",
    ),
    key(
        "expect-reject",
        Kind::Text,
        OPTIONAL,
        "All records without an output are rejected, at least one, for a reason that has this text in it.",
        "\"negative amount\"",
    ),
    key(
        "expect-dead-letter",
        Kind::Section(DEAD_LETTER),
        OPTIONAL,
        "As `expect-reject`, of a pipeline with `[errors] reject = \"dead-letter\"`: what the dead letter says.",
        "{ stage = \"transform\", reason = \"negative amount\" }",
    ),
    key(
        "expect-stop",
        Kind::Text,
        OPTIONAL,
        "A guest halts the pipeline, or asks to retry, for a reason that has this text in it.",
        "\"no rates for today\"",
    ),
    key(
        "time-max",
        Kind::Time { least: Duration::from_millis(1), most: Duration::from_secs(3600) },
        Given::Otherwise("no limit but the guests' own `limits.time`"),
        "At most this long for all records of the case.",
        "\"100ms\"",
    ),
    key(
        "fuel-max",
        Kind::Count { most: i64::MAX as u64 },
        Given::Otherwise("no limit"),
        "At most so much work of the guests for all records of the case, in units of the engine's fuel: about one for each WebAssembly instruction, the same on every machine.",
        "100000",
    ),
];

static GIVEN: &[Key] = &[
    key("value", Kind::Any, OPTIONAL, "As `input`, of one record.", "{ id = \"p-1\" }"),
    key("hex", Kind::Text, OPTIONAL, HEX, "\"0000000001\""),
    key("tombstone", Kind::Flag, Given::Default("false"), "The record has no value.", "true"),
    key("key", Kind::Any, Given::Otherwise("no key"), "As `key` of the case.", "\"account-1\""),
    key("headers", Kind::Any, OPTIONAL, HEADERS, "{ source = \"shop\" }"),
    key("timestamp", TIMESTAMP, OPTIONAL, "In milliseconds since 1970.", "1760000000000"),
];

static WANTED: &[Key] = &[
    key("value", Kind::Any, OPTIONAL, "As `expect`, of one output.", "{ id = \"p-1\" }"),
    key("hex", Kind::Text, OPTIONAL, HEX, "\"0000000001\""),
    key("tombstone", Kind::Flag, Given::Default("false"), "The output has no value.", "true"),
    key("topic", Kind::Topic, OPTIONAL, "The topic that it goes to.", "\"payments.large\""),
    key(
        "key",
        Kind::Any,
        OPTIONAL,
        "Its key, in the forms of the input's `key`; `{ null = true }`: it has none.",
        "\"account-1\"",
    ),
    key(
        "headers",
        Kind::Any,
        OPTIONAL,
        "Headers that it has, in the forms of the input's; it may have others too.",
        "{ source = \"shop\" }",
    ),
    key("timestamp", TIMESTAMP, OPTIONAL, "The timestamp that a guest gave it.", "1760000000000"),
];

static DEAD_LETTER: &[Key] = &[
    key(
        "stage",
        Kind::OneOf(&[
            choice("decode", "reading the topic's bytes"),
            choice("deserialize", "the guest's function"),
            choice("transform", "the guest's function"),
            choice("serialize", "the guest's function"),
            choice("encode", "writing the output's bytes"),
            choice("sink", "where the output should go"),
        ]),
        Given::Otherwise("any"),
        "Where the record was rejected.",
        "\"transform\"",
    ),
    key("reason", Kind::Text, Given::Otherwise("any"), "A text in the reason.", "\"negative amount\""),
];

const TIMESTAMP: Kind = Kind::Count { most: i64::MAX as u64 };
const HEX: &str = "In place of `value`: the bytes as they lie on the topic, framing included.";
const HEADERS: &str = "Headers by their names: a text, `{ hex = \"00ff\" }`, `{ null = true }`, or an array of such for a name that comes several times.";
