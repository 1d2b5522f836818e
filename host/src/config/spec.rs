//! Every key of pipeline.toml, once: what it takes, its default, what it means, and whether it works yet. The reader, the
//! JSON Schema and the reference page are all made from this table.

use std::time::Duration;

use super::key::{Given, Key, Kind, choice, key};
use super::test_keys::TESTS;

/// All sections, in the order of the path of a record.
pub(super) static ROOT: &[Key] = &[
    key("pipeline", Kind::Section(PIPELINE), Given::Required, "What this pipeline is called and what it promises.", ""),
    key("kafka", Kind::Section(KAFKA), OPTIONAL, "The Kafka cluster, for reading and writing.", ""),
    key("source", Kind::Section(SOURCE), Given::Required, "Where records come from.", ""),
    key(
        "stage",
        Kind::Sections { keys: STAGE, least: 1, most: 16 },
        Given::Required,
        "A guest that transforms records. From one to sixteen of them: each gets what the one before it gives.",
        "",
    ),
    key("sink", Kind::Section(SINK), Given::Required, "Where records go.", ""),
    key("errors", Kind::Section(ERRORS), OPTIONAL, "What happens to records that cannot be processed.", ""),
    key("retry", Kind::Later, OPTIONAL, "How often and how fast a failed step is tried again.", "").not_yet(
        "remove the section; until then the producer retries by itself: `\"retries\"` and `\"retry.backoff.ms\"` in [kafka.producer]",
    ),
    key("commit", Kind::Section(COMMIT), OPTIONAL, "When offsets are committed: whichever limit is reached first.", ""),
    key("admin", Kind::Section(ADMIN), OPTIONAL, "The endpoint for metrics and health. Without it there is none.", ""),
    TESTS,
];

static PIPELINE: &[Key] = &[
    key(
        "name",
        Kind::Name,
        Given::Required,
        "Names the pipeline in logs, metrics and dead letters. Small letters, digits, `.`, `_` and `-`; starts with a letter or digit.",
        "\"payments\"",
    ),
    key(
        "tenant",
        Kind::Name,
        Given::Default("\"default\""),
        "Whom the pipeline belongs to. Same form as `name`.",
        "\"acme\"",
    ),
    key(
        "delivery",
        Kind::OneOf(&[
            choice("at-least-once", "no record is lost; after a crash some may be written twice"),
            choice(
                "exactly-once",
                "outputs, dead letters and offsets in one Kafka transaction, for readers with `isolation.level=read_committed`",
            ),
        ]),
        Given::Default("\"at-least-once\""),
        "What is promised after a crash.",
        "\"at-least-once\"",
    ),
    key(
        "transactional-id",
        Kind::Text,
        Given::Otherwise("`<tenant>/<name>/<host name>`"),
        "The `transactional.id` of this instance, only with `delivery = \"exactly-once\"`. It must stay the same over restarts, so that a new start ends the transaction that a crash left open, and no two instances may share it: a new one fences the one before, which then stops. Set it where several instances run on one host, or where host names change.",
        "\"acme/payments/${env:POD_NAME}\"",
    ),
];

static KAFKA: &[Key] = &[
    key(
        "brokers",
        Kind::Brokers,
        Given::Default("\"localhost:9092\""),
        "Comma-separated `host:port` list, or `embedded`: a broker inside the process, for trying things out. It keeps nothing.",
        "\"broker-1:9092,broker-2:9092\"",
    ),
    key("client", Kind::Properties, OPTIONAL, "librdkafka properties of both the consumer and the producer.", ""),
    key(
        "consumer",
        Kind::Properties,
        OPTIONAL,
        "librdkafka properties of the consumer; they win over `[kafka.client]`.",
        "",
    ),
    key(
        "producer",
        Kind::Properties,
        OPTIONAL,
        "librdkafka properties of the producer; they win over `[kafka.client]`.",
        "",
    ),
];

static SOURCE: &[Key] = &[
    key("topics", Kind::Topics, Given::Required, "The topics to read, by their full names.", "[\"payments\"]"),
    key(
        "group",
        Kind::Text,
        Given::Otherwise("the name of the pipeline"),
        "The consumer group. Its committed offsets are where the pipeline goes on.",
        "\"payments-enricher\"",
    ),
    key(
        "start",
        Kind::OneOf(&[choice("earliest", "with the oldest record"), choice("latest", "with what arrives from now on")]),
        Given::Default("\"earliest\""),
        "Where to begin on a partition without a committed offset.",
        "\"earliest\"",
    ),
    key("format", FORMAT, Given::Default("\"avro\""), "How values are written in the topic.", "\"avro\""),
    key("framing", FRAMING, FRAMING_GIVEN, "What stands before the value's bytes.", "\"confluent\""),
    key(
        "schema",
        Kind::Path,
        WITH_SCHEMA,
        "The Avro schema that values are read as (the reader's schema).",
        "\"schemas/payment.avsc\"",
    ),
    key(
        "key-schema",
        Kind::Path,
        Given::Otherwise("none; keys are bytes"),
        "The Avro schema that keys are read as. What `framing` says of values holds for keys too; with `\"none\"` a key is its bare Avro bytes.",
        "\"schemas/payment-key.avsc\"",
    ),
    key(
        "read-ahead",
        Kind::Flag,
        Given::Default("true"),
        "Fetch records while earlier ones still wait for the guest. `false`: only when none is waiting.",
        "false",
    ),
];

static STAGE: &[Key] = &[
    key("guest", Kind::Path, Given::Required, "The WebAssembly component.", "\"guests/rust/enrich/enrich.wasm\""),
    key(
        "name",
        Kind::Name,
        Given::Otherwise("the file name of `guest` without its ending; a second one of that name gets `-2`"),
        "Names the stage in logs, metrics and problems; no two stages may have the same. Same form as the pipeline's `name`.",
        "\"enrich\"",
    ),
    key(
        "grants",
        Kind::SomeOf(&[
            choice("clock", "read the time"),
            choice("random", "draw random numbers"),
            choice("log", "write log lines"),
            choice("metrics", "count and measure"),
            choice("config", "read its `config` table"),
            choice("state", "keep state by key").not_yet(REMOVE),
            choice("http", "ask allowed hosts").not_yet(REMOVE),
        ]),
        Given::Default("[]"),
        "What the guest may use of its surroundings. Nothing unless listed.",
        "[\"clock\", \"config\"]",
    ),
    key(
        "config",
        Kind::Values,
        OPTIONAL,
        "The guest's own settings, under names of your choice: texts, numbers and booleans. Tables in it become names with dots. The guest gets all of them as text, and needs the grant `config` for it.",
        "{ eur-rate = \"1.0\" }",
    ),
    key("limits", Kind::Section(LIMITS), OPTIONAL, "What one instance of the guest may use up.", ""),
    key(
        "passthrough",
        Kind::Flag,
        Given::Default("false"),
        "Carry over fields of the output schema that the guest's type does not name, where the input has the same field. Only for the last stage.",
        "true",
    ),
];

static LIMITS: &[Key] = &[
    key(
        "memory",
        Kind::Size { least: 1 << 20, most: 1 << 30 },
        Given::Default("\"64MiB\""),
        "Memory of one instance.",
        "\"64MiB\"",
    ),
    key(
        "time",
        Kind::Time { least: Duration::from_millis(10), most: Duration::from_secs(60) },
        Given::Default("\"1s\""),
        "Time for one call, that is one batch.",
        "\"1s\"",
    ),
    key(
        "records",
        Kind::Count { most: 10_000 },
        Given::Default("256"),
        "At most this many records in one call. `1` hands over record by record.",
        "256",
    ),
    key(
        "bytes",
        Kind::Size { least: 1 << 10, most: 64 << 20 },
        Given::Default("\"1MiB\""),
        "At most this many bytes of records in one call; one that is larger alone is handed over alone.",
        "\"1MiB\"",
    ),
    key(
        "outputs",
        Kind::Count { most: 1_000_000 },
        Given::Default("1000"),
        "At most this many outputs for one record; a record with more is rejected.",
        "1000",
    ),
];

static SINK: &[Key] = &[
    key(
        "topic",
        Kind::Topic,
        Given::Required,
        "The topic to write to. May not be one of the source topics.",
        "\"payments.enriched\"",
    ),
    key(
        "topics",
        Kind::TopicRules,
        Given::Default("[]"),
        "Further topics that a guest may write to: names, or patterns (regular expressions) that begin with `^` and match a whole name. Never the source topics and the dead-letter topic, whatever a pattern says.",
        "[\"payments.large\", \"^payments\\\\.by-country\\\\.[a-z]{2}\"]",
    ),
    key("format", FORMAT, Given::Default("\"avro\""), "How values are written to the topic.", "\"avro\""),
    key("framing", FRAMING, FRAMING_GIVEN, "What stands before the value's bytes.", "\"confluent\""),
    key(
        "schema",
        Kind::Path,
        WITH_SCHEMA,
        "The Avro schema that values are written with.",
        "\"schemas/enriched.avsc\"",
    ),
    key(
        "key-schema",
        Kind::Path,
        Given::Otherwise("none; keys are bytes"),
        "The Avro schema that keys are written with. What `framing` says of values holds for keys too; with `\"none\"` a key is its bare Avro bytes.",
        "\"schemas/enriched-key.avsc\"",
    ),
    key(
        "origin-headers",
        Kind::Flag,
        Given::Default("false"),
        "Put three headers behind an output's own that say which record it was made from, as text: `millstream.origin.topic`, `millstream.origin.partition` and `millstream.origin.offset`. It costs speed: records with headers go to the producer one by one.",
        "true",
    ),
    key("json", Kind::Section(JSON), OPTIONAL, "How JSON is written; only with `format = \"json\"`.", ""),
];

static JSON: &[Key] = &[
    key(
        "encoding",
        Kind::OneOf(&[
            choice("plain", "as JSON is commonly written: a union is just its value"),
            choice("avro", "as the Avro specification has it: a union's value stands under the name of its type"),
        ]),
        Given::Default("\"plain\""),
        "How Avro's types become JSON. Only with `format = \"json\"`, as all of `json`.",
        "\"plain\"",
    ),
    key(
        "include-nulls",
        Kind::Flag,
        Given::Default("true"),
        "Write the fields of records that are null; `false` leaves them out.",
        "false",
    ),
    key("pretty", Kind::Flag, Given::Default("false"), "Write each value indented, over several lines.", "true"),
];

static ERRORS: &[Key] = &[
    key(
        "reject",
        Kind::OneOf(&[
            choice("stop", "stop the pipeline without committing the record"),
            choice("skip", "leave the record out and go on"),
            choice("dead-letter", "write it to `dead-letter-topic`, with where it came from and why, and go on"),
        ]),
        Given::Default("\"stop\""),
        "What to do with a record that cannot be decoded or encoded, or that the guest rejects.",
        "\"dead-letter\"",
    ),
    key(
        "dead-letter-topic",
        Kind::Topic,
        Given::Otherwise("none; required with `reject = \"dead-letter\"`"),
        "Where dead letters go. May be neither a source topic nor the sink topic.",
        "\"payments.dlq\"",
    ),
];

static COMMIT: &[Key] = &[
    key(
        "interval",
        Kind::Time { least: Duration::from_millis(1), most: Duration::from_secs(3600) },
        Given::Otherwise("`\"1s\"`; with `delivery = \"exactly-once\"` `\"100ms\"`, as outputs can be seen only then"),
        "At most this long between commits.",
        "\"1s\"",
    ),
    key(
        "records",
        Kind::Count { most: u64::MAX },
        Given::Otherwise(
            "`10000`; with `delivery = \"exactly-once\"` no limit, as the end of each transaction costs some milliseconds",
        ),
        "At most this many finished records between commits.",
        "10000",
    ),
];

static ADMIN: &[Key] = &[key(
    "listen",
    Kind::Address,
    Given::Otherwise("no endpoint"),
    "Address and port. Only loopback for now: the endpoint cannot be secured yet.",
    "\"127.0.0.1:9000\"",
)];

const FORMAT: Kind = Kind::OneOf(&[
    choice("avro", "Avro's binary form"),
    choice("json", "JSON text of what the schema describes"),
    choice("protobuf", "Protocol Buffers").not_yet("use \"bytes\", and let the guest read and write them"),
    choice("string", "UTF-8 text as it is"),
    choice("bytes", "bytes as they are"),
]);

const FRAMING: Kind = Kind::OneOf(&[
    choice(
        "confluent",
        "a zero byte and the schema's id in four bytes, as schema registries have it; only with `format = \"avro\"`",
    ),
    choice("none", "nothing"),
]);

const FRAMING_GIVEN: Given = Given::Otherwise("`\"confluent\"` with `format = \"avro\"`, else `\"none\"`");
const WITH_SCHEMA: Given = Given::RequiredWith("format", &["avro", "json"]);
const REMOVE: &str = "remove it from the list";
pub(super) const OPTIONAL: Given = Given::Otherwise("");
