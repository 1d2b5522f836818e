//! Every key of pipeline.toml, once: what it takes, its default, what it means, and whether it works yet. The reader, the
//! JSON Schema and the reference page are all made from this table.

use std::time::Duration;

/// One key; a section is a key that holds others.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) given: Given,
    /// What it means, in plain sentences of Markdown.
    pub(super) doc: &'static str,
    /// The value part of an example line.
    pub(super) example: &'static str,
    pub(super) support: Support,
}

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A table with keys of its own.
    Section(&'static [Key]),
    /// An array of such tables; exactly one for now.
    Sections(&'static [Key]),
    /// A table of librdkafka properties.
    Properties,
    /// Small letters, digits, dots, dashes and underscores.
    Name,
    /// Any text but an empty one.
    Text,
    Topic,
    Topics,
    Path,
    OneOf(&'static [Choice]),
    SomeOf(&'static [Choice]),
    Size {
        least: u64,
        most: u64,
    },
    Time {
        least: Duration,
        most: Duration,
    },
    /// A whole number from 1.
    Count,
    Flag,
    Address,
    Brokers,
    /// Not read yet: refused by name.
    Later,
}

/// What happens without the key.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Required,
    /// The default as TOML; it is read like a given value.
    Default(&'static str),
    /// No fixed default: what happens instead.
    Otherwise(&'static str),
}

/// Whether a key or a value works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    Now,
    /// Refused by name; the text says what to do until then.
    NotYet(&'static str),
}

/// One allowed value of a key.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) doc: &'static str,
    pub(super) support: Support,
}

/// All sections, in the order of the path of a record.
pub(super) static ROOT: &[Key] = &[
    key("pipeline", Kind::Section(PIPELINE), Given::Required, "What this pipeline is called and what it promises.", ""),
    key("kafka", Kind::Section(KAFKA), OPTIONAL, "The Kafka cluster, for reading and writing.", ""),
    key("source", Kind::Section(SOURCE), Given::Required, "Where records come from.", ""),
    key(
        "stage",
        Kind::Sections(STAGE),
        Given::Required,
        "The guest that transforms records. Exactly one for now; written with double brackets, as more will be allowed.",
        "",
    ),
    key("sink", Kind::Section(SINK), Given::Required, "Where records go.", ""),
    key("errors", Kind::Section(ERRORS), OPTIONAL, "What happens to records that cannot be processed.", ""),
    key("retry", Kind::Later, OPTIONAL, "How often and how fast a failed step is tried again.", "").not_yet(
        "remove the section; until then the producer retries by itself: `\"retries\"` and `\"retry.backoff.ms\"` in [kafka.producer]",
    ),
    key("commit", Kind::Section(COMMIT), OPTIONAL, "When offsets are committed: whichever limit is reached first.", ""),
    key("admin", Kind::Section(ADMIN), OPTIONAL, "The endpoint for metrics and health. Without it there is none.", ""),
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
            choice("exactly-once", "outputs and offsets in one transaction").not_yet("use \"at-least-once\""),
        ]),
        Given::Default("\"at-least-once\""),
        "What is promised after a crash.",
        "\"at-least-once\"",
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
    key("framing", FRAMING, Given::Default("\"confluent\""), "What stands before the value's bytes.", "\"confluent\""),
    key(
        "schema",
        Kind::Path,
        Given::Required,
        "The Avro schema that values are read as (the reader's schema).",
        "\"schemas/payment.avsc\"",
    ),
];

static STAGE: &[Key] = &[
    key("guest", Kind::Path, Given::Required, "The WebAssembly component.", "\"guests/rust/enrich/enrich.wasm\""),
    key(
        "grants",
        Kind::SomeOf(&[
            choice("clock", "read the time"),
            choice("random", "draw random numbers"),
            choice("log", "write log lines").not_yet("remove it from the list; what a guest prints becomes log lines"),
            choice("metrics", "count and measure").not_yet(REMOVE),
            choice("config", "read its `config` table").not_yet(REMOVE),
            choice("state", "keep state by key").not_yet(REMOVE),
            choice("http", "ask allowed hosts").not_yet(REMOVE),
        ]),
        Given::Default("[]"),
        "What the guest may use of its surroundings. Nothing unless listed.",
        "[\"clock\"]",
    ),
    key("limits", Kind::Section(LIMITS), OPTIONAL, "What one instance of the guest may use up.", ""),
    key(
        "passthrough",
        Kind::Flag,
        Given::Default("false"),
        "Carry over fields of the output schema that the guest's type does not name, where the input has the same field.",
        "true",
    ),
    key("config", Kind::Later, OPTIONAL, "A table for the guest's own settings.", "").not_yet("remove it"),
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
];

static SINK: &[Key] = &[
    key(
        "topic",
        Kind::Topic,
        Given::Required,
        "The topic to write to. May not be one of the source topics.",
        "\"payments.enriched\"",
    ),
    key("format", FORMAT, Given::Default("\"avro\""), "How values are written to the topic.", "\"avro\""),
    key("framing", FRAMING, Given::Default("\"confluent\""), "What stands before the value's bytes.", "\"confluent\""),
    key(
        "schema",
        Kind::Path,
        Given::Required,
        "The Avro schema that values are written with.",
        "\"schemas/enriched.avsc\"",
    ),
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
        Given::Default("\"1s\""),
        "At most this long between commits.",
        "\"1s\"",
    ),
    key(
        "records",
        Kind::Count,
        Given::Default("10000"),
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
    choice("json", "JSON text").not_yet(ONLY_AVRO),
    choice("protobuf", "Protocol Buffers").not_yet(ONLY_AVRO),
    choice("string", "text as it is").not_yet(ONLY_AVRO),
    choice("bytes", "bytes as they are").not_yet(ONLY_AVRO),
]);

const FRAMING: Kind = Kind::OneOf(&[
    choice("confluent", "a zero byte and the schema's id in four bytes, as schema registries have it"),
    choice("none", "nothing"),
]);

const ONLY_AVRO: &str = "only \"avro\" is supported now";
const REMOVE: &str = "remove it from the list";
const OPTIONAL: Given = Given::Otherwise("");

const fn key(name: &'static str, kind: Kind, given: Given, doc: &'static str, example: &'static str) -> Key {
    Key { name, kind, given, doc, example, support: Support::Now }
}

const fn choice(value: &'static str, doc: &'static str) -> Choice {
    Choice { value, doc, support: Support::Now }
}

impl Key {
    const fn not_yet(mut self, instead: &'static str) -> Self {
        self.support = Support::NotYet(instead);
        self
    }

    pub(super) fn is_required(&self) -> bool {
        matches!(self.given, Given::Required)
    }
}

impl Choice {
    const fn not_yet(mut self, instead: &'static str) -> Self {
        self.support = Support::NotYet(instead);
        self
    }
}

impl Kind {
    /// The keys of a section.
    pub(super) fn keys(&self) -> Option<&'static [Key]> {
        match self {
            Kind::Section(keys) | Kind::Sections(keys) => Some(keys),
            _ => None,
        }
    }

    /// True for what is written as one string.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Kind::Name | Kind::Text | Kind::Topic | Kind::Path | Kind::OneOf(_) | Kind::Address | Kind::Brokers => true,
            Kind::Size { .. } | Kind::Time { .. } => true,
            Kind::Section(_) | Kind::Sections(_) | Kind::Properties | Kind::Topics | Kind::SomeOf(_) => false,
            Kind::Count | Kind::Flag | Kind::Later => false,
        }
    }

    /// What the key takes, in words: "must be ...".
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Kind::Section(_) | Kind::Properties | Kind::Later => "a table",
            Kind::Sections(_) => "an array of tables",
            Kind::Name | Kind::Text | Kind::Topic | Kind::Path | Kind::OneOf(_) | Kind::Brokers | Kind::Address => {
                "a string"
            }
            Kind::Topics | Kind::SomeOf(_) => "an array of strings",
            Kind::Size { .. } => "a size in a string, with its unit",
            Kind::Time { .. } => "a duration in a string, with its unit",
            Kind::Count => "a whole number from 1",
            Kind::Flag => "true or false",
        }
    }
}

/// A key as problems name it: `[source] topics`, `[[stage]] limits.memory`, `[kafka.client] linger.ms`.
pub(super) fn label(path: &str) -> String {
    for table in ["kafka.client", "kafka.consumer", "kafka.producer"] {
        if let Some(property) = path.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')) {
            return format!("`[{table}] {property}`");
        }
    }
    match path.split_once('.') {
        Some((section, rest)) if !["client", "consumer", "producer"].contains(&rest) => {
            format!("`{} {rest}`", header(section))
        }
        _ => format!("`{}`", header(path)),
    }
}

/// A key with the value it was given: `[source] format = "json"`.
pub(super) fn assigned(label: &str, text: &str) -> String {
    format!("`{} = {text:?}`", label.trim_matches('`'))
}

/// The header of a section: `[source]`, `[[stage]]`.
pub(super) fn header(path: &str) -> String {
    let repeated = ROOT.iter().any(|key| key.name == path && matches!(key.kind, Kind::Sections(_)));
    if repeated { format!("[[{path}]]") } else { format!("[{path}]") }
}
