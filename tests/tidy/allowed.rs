//! What may stand where, and why. To add a line is a decision; give its reason.

/// A crate, the places of the host that may name it, and why only those.
pub struct Home {
    /// The crates, as paths in code name them.
    pub crates: &'static [&'static str],
    /// Folders and files below `host/src/`.
    pub places: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

/// Crates that are an implementation detail of one stage.
pub const HOMES: &[Home] = &[
    Home {
        crates: &["rdkafka", "rdkafka_sys"],
        places: &["kafka/", "source/", "sink/", "commit/"],
        reason: "the ends of the path know the Kafka client, the middle knows records",
    },
    Home {
        crates: &["wasmtime", "wasmtime_wasi", "wasmtime_environ"],
        places: &["guest/"],
        reason: "the engine can change without the path around it",
    },
    Home {
        crates: &["wasmparser", "wit_component", "sha2"],
        places: &["guest/", "build/"],
        reason: "what can be read out of a guest's file is read where it is loaded or made",
    },
    Home {
        crates: &["wit_bindgen_core", "wit_bindgen_c", "wit_bindgen_go", "wasm_encoder"],
        places: &["build/"],
        reason: "only what builds guests writes code",
    },
    Home { crates: &["apache_avro"], places: &["schema/"], reason: "the path works on schemas of our own" },
    Home {
        crates: &["prometheus_client", "tracing_subscriber", "axum"],
        places: &["telemetry/"],
        reason: "stages hold handles and do not know how they are exported",
    },
];

/// Files with `unsafe`, and why it is needed there.
pub const UNSAFE: &[(&str, &str)] = &[
    ("host/src/guest/cache/mod.rs", "compiled code that was kept is native code; the engine believes what it is given"),
    ("host/src/guest/cache/folder.rs", "the standard library does not tell who the user is"),
    ("host/src/guest/lane/", "typed values are written and read in guest memory in place"),
    ("host/src/source/native.rs", "librdkafka's batch consume has no safe wrapper"),
    ("host/src/sink/native.rs", "librdkafka's batch produce has no safe wrapper"),
    ("host/src/kafka/native.rs", "librdkafka's queues, headers and mock broker settings have no safe wrapper"),
    ("host/src/kafka/ending.rs", "a client is ended by its handle"),
    ("host/src/kafka/versions.rs", "what a broker can do is told to a log callback only"),
    ("tests/bench/native_batch/", "a bench contender on librdkafka's batch calls"),
];

/// Files of the host that read a clock, sleep, or start threads, tasks or processes, and why they may.
/// Everything else takes the time as an argument and leaves threads to the pipeline.
pub const AMBIENT: &[(&str, &str)] = &[
    ("host/src/build/steps.rs", "runs the compilers"),
    ("host/src/cli/build.rs", "tells how long a build took"),
    ("host/src/cli/dev/mod.rs", "beside the session's thread it waits for signals"),
    ("host/src/cli/dev/running.rs", "a pipeline of `dev` has a thread of its own, and is summed up every second"),
    ("host/src/cli/dev/screen.rs", "shows so many records in a second"),
    ("host/src/cli/dev/session.rs", "tells how long a build took"),
    ("host/src/cli/quickstart.rs", "feeds, runs and shows a pipeline at once, for a bounded time"),
    ("host/src/cli/run.rs", "gives the health of the process its first moment"),
    ("host/src/cli/tail.rs", "reads a topic until a deadline"),
    ("host/src/cli/test.rs", "measures cases that have a limit of their own"),
    ("host/src/guest/cache/entry.rs", "notes when an entry was last used"),
    ("host/src/guest/cache/mod.rs", "throws away what was not used for long"),
    ("host/src/guest/engine.rs", "the epoch clock, which ends guest calls that overrun, is a thread"),
    ("host/src/guest/state.rs", "a guest's clock and random numbers start here, seeded for each instance"),
    ("host/src/guest/wasi.rs", "answers a guest that was granted the clock"),
    ("host/src/kafka/ending.rs", "librdkafka ends a client in a call without a bound, so a thread makes it"),
    ("host/src/kafka/logging.rs", "librdkafka logs from threads of its own, where nobody hands over the time"),
    ("host/src/kafka/native.rs", "serves a queue of librdkafka until a deadline"),
    ("host/src/kafka/probe.rs", "asks the brokers at start until a deadline"),
    ("host/src/pipeline/address.rs", "asks for a topic's partitions, and not again for a while"),
    ("host/src/pipeline/commits.rs", "waits for acknowledgements and commits at the end, until a deadline"),
    ("host/src/pipeline/committer.rs", "a thread that sleeps between looks and measures commits"),
    ("host/src/pipeline/delivery.rs", "measures latency against the timestamps of records"),
    ("host/src/pipeline/exactly_once.rs", "waits for the coordinator of transactions, and says when that takes long"),
    ("host/src/pipeline/gate.rs", "waits for workers until a deadline, and notes when a transaction began"),
    ("host/src/pipeline/load.rs", "loads guests at the same time, and measures each"),
    ("host/src/pipeline/partitions.rs", "waits for open records of a revoked partition"),
    ("host/src/pipeline/poller.rs", "owns the loop that beats the heart"),
    ("host/src/pipeline/run.rs", "starts all threads of a pipeline and bounds the drain"),
    ("host/src/pipeline/shared.rs", "tells all threads when the time for draining is over"),
    ("host/src/pipeline/transactor.rs", "a thread that sleeps between looks, measures transactions, and bounds each"),
    ("host/src/pipeline/way.rs", "measures guest calls"),
    ("host/src/sink/producer.rs", "waits for acknowledgements until a deadline"),
    ("host/src/source/consumer.rs", "bounds how long leaving the group takes"),
    ("host/src/telemetry/admin.rs", "probes ask for now, and the server is a task"),
    ("host/src/telemetry/logs.rs", "log lines carry the time of day"),
];

/// Files of the host with a panic on purpose: the word, and why it cannot be an error.
pub const PANICS: &[(&str, &str, &str)] =
    &[("host/src/kafka/native.rs", "unreachable!", "librdkafka ends the process itself rather than answer null")];

/// Modules that every stage may use. They know nothing of stages; among each other they are listed in [`USES`].
pub const GROUND: &[&str] = &["record", "schema", "contract", "kafka", "telemetry", "fault"];

/// Modules that know the stages: they wire them. Nothing below uses them.
pub const TOP: &[&str] = &["pipeline", "cases", "conformance", "cli"];

/// What a module uses besides the ground ([`GROUND`]); for a module of the ground itself: all that it uses.
pub const USES: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("telemetry", &[]),
    ("fault", &[]),
    ("schema", &["record", "telemetry"]),
    ("contract", &["schema", "telemetry"]),
    ("kafka", &["record", "telemetry", "fault"]),
    ("config", &[]),
    ("source", &[]),
    ("format", &[]),
    ("decode", &[]),
    // The lane runs the plans of both sides on guest memory.
    ("guest", &["decode", "encode"]),
    // A field that the guest does not return is carried over by its place in the input.
    ("encode", &["decode"]),
    ("sink", &[]),
    // What is built is made a component as a guest is at load.
    ("build", &["guest"]),
    ("commit", &[]),
    // A project is for a language that can be built.
    ("scaffold", &["build"]),
];

/// Hosts that files for tools may name: what a reader of the repository can reach too.
pub const HOSTS: &[&str] = &[
    "github.com",
    "maven.apache.org",
    "www.apache.org",
    "www.w3.org",
    "json-schema.org",
    "docs.rs",
    "keepachangelog.com",
    "example.com",
    "localhost",
    "127.0.0.1",
    "[::1]",
];
