//! The reading of whole files. What is refused, and with which words, is in `refusals`.

mod cases;
mod drift;
mod formats;
mod mutations;
mod refusals;
mod stages;
mod topics;

use std::path::Path;
use std::time::Duration;

use super::key::{Given, Key, Kind, Support};
use super::spec::ROOT;
use super::*;

/// The example pipeline, as committed.
const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline.toml"));

/// The least that a file must say.
const LEAST: &str = r#"[pipeline]
name = "p"
[source]
topics = ["in"]
schema = "in.avsc"
[[stage]]
guest = "g.wasm"
[sink]
topic = "out"
schema = "/abs/out.avsc"
"#;

fn env(name: &str) -> Option<String> {
    match name {
        "TOPIC" => Some("orders".to_owned()),
        "EMPTY" => Some(String::new()),
        "DOLLAR" => Some("${env:TOPIC}".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Pipeline, Problems> {
    parse(text, Path::new("conf/pipeline.toml"), &env)
}

/// The least file with some lines added; a section of the same name takes them.
fn least_with(section: &str, lines: &str) -> String {
    if LEAST.contains(&format!("{section}\n")) {
        LEAST.replace(&format!("{section}\n"), &format!("{section}\n{lines}\n"))
    } else {
        format!("{LEAST}{section}\n{lines}\n")
    }
}

#[test]
fn the_example_is_a_pipeline() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline.toml"));
    let pipeline = parse(EXAMPLE, file, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
    let folder = file.parent().unwrap();
    assert_eq!((pipeline.name.as_str(), pipeline.tenant.as_str()), ("payments", "default"));
    assert_eq!(pipeline.kafka.brokers, Brokers::Embedded);
    assert_eq!(pipeline.source.topics, ["payments"]);
    assert_eq!(pipeline.source.group, "payments-enricher");
    assert_eq!(pipeline.source.schema, Some(folder.join("schemas/payment.avsc")));
    assert_eq!(pipeline.stages[0].guest, folder.join("guests/rust/enrich/enrich.wasm"));
    assert_eq!(pipeline.sink.topic, "payments.enriched");
    assert_eq!(pipeline.errors.reject, Reject::DeadLetter { topic: "payments.dlq".into() });
    assert_eq!(pipeline.commit, Commit { interval: Duration::from_secs(1), records: 10_000 });
    assert_eq!(pipeline.admin, Some(([127, 0, 0, 1], 9000).into()));
    let elsewhere = parse(EXAMPLE, file, &|name| (name == "KAFKA_BROKERS").then(|| "a:1,b:2".to_owned())).unwrap();
    assert_eq!(elsewhere.kafka.brokers, Brokers::At("a:1,b:2".into()));
}

#[test]
fn the_example_loads_from_disk() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline.toml"));
    let pipeline = load(file).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(pipeline.file, file);
}

#[test]
fn what_is_left_out_takes_its_default() {
    let pipeline = read(LEAST).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(pipeline.tenant, "default");
    assert_eq!(pipeline.kafka.brokers, Brokers::At("localhost:9092".into()));
    assert_eq!(pipeline.source.group, "p");
    assert_eq!((pipeline.source.start, pipeline.source.framing), (Start::Earliest, Framing::Confluent));
    assert_eq!(pipeline.source.schema.as_deref(), Some(Path::new("conf/in.avsc")));
    assert_eq!(pipeline.sink.schema.as_deref(), Some(Path::new("/abs/out.avsc")));
    assert_eq!(pipeline.stages[0].grants, Grants::default());
    assert_eq!((pipeline.stages[0].memory, pipeline.stages[0].time), (64 << 20, Duration::from_secs(1)));
    assert!(!pipeline.stages[0].passthrough);
    assert_eq!(pipeline.errors.reject, Reject::Stop);
    assert_eq!(pipeline.commit, Commit { interval: Duration::from_secs(1), records: 10_000 });
    assert_eq!(pipeline.admin, None);
}

#[test]
fn every_value_has_its_effect() {
    let text = r#"
        pipeline = { name = "p1", tenant = "acme", delivery = "at-least-once" }
        kafka.brokers = " a:1, [::1]:2 "
        [source]
        topics = ["b", "${env:TOPIC}", "a"]
        group = "g g"
        start = "latest"
        framing = "none"
        schema = "s"
        [[stage]]
        guest = "../g"
        grants = ["random", "clock"]
        limits.memory = "1GiB"
        limits.time = "10ms"
        passthrough = true
        [sink]
        topic = "out"
        framing = "none"
        schema = "s"
        [errors]
        reject = "skip"
        [retry]
        jitter = 0.25
        give-up-after = "1h"
        [[retry.phase]]
        delay = "5s"
        for = "1m"
        [[retry.phase]]
        delay = "10m"
        [commit]
        interval = "5m"
        records = 1_000
        [admin]
        listen = "[::1]:0"
    "#;
    let pipeline = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(pipeline.tenant, "acme");
    assert_eq!(pipeline.kafka.brokers, Brokers::At("a:1,[::1]:2".into()));
    assert_eq!(pipeline.source.topics, ["b", "orders", "a"]);
    assert_eq!(pipeline.source.group, "g g");
    assert_eq!((pipeline.source.start, pipeline.source.framing), (Start::Latest, Framing::None));
    assert_eq!(pipeline.stages[0].guest, Path::new("conf/../g"));
    assert_eq!(pipeline.stages[0].grants, Grants { clock: true, random: true, ..Grants::default() });
    assert_eq!((pipeline.stages[0].memory, pipeline.stages[0].time), (1 << 30, Duration::from_millis(10)));
    assert!(pipeline.stages[0].passthrough);
    assert_eq!(pipeline.sink.framing, Framing::None);
    assert_eq!(pipeline.errors.reject, Reject::Skip);
    let phase =
        |delay, lasts: Option<u64>| Phase { delay: Duration::from_secs(delay), lasts: lasts.map(Duration::from_secs) };
    let schedule = Schedule::Phases(vec![phase(5, Some(60)), phase(600, None)]);
    assert_eq!(pipeline.retry, Retry { schedule, jitter: 250, give_up_after: Some(Duration::from_secs(3600)) });
    assert_eq!(pipeline.commit, Commit { interval: Duration::from_secs(300), records: 1000 });
    assert_eq!(pipeline.admin.map(|address| address.port()), Some(0));
}

#[test]
fn client_properties_are_flattened_and_become_text() {
    let text = least_with(
        "[kafka.client]",
        "security.protocol = \"SASL_SSL\"\n\"socket.keepalive.enable\" = true\nssl = { ca.location = \"/ca\" }\n\
         \"sasl.username\" = \"${env:TOPIC}$${x}\"\n[kafka.producer]\nlinger.ms = 0x10\n[kafka.consumer.fetch]\nmin.bytes = -1",
    );
    let kafka = read(&text).unwrap_or_else(|problems| panic!("{problems}")).kafka;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let client = [
        pair("sasl.username", "orders${x}"),
        pair("security.protocol", "SASL_SSL"),
        pair("socket.keepalive.enable", "true"),
        pair("ssl.ca.location", "/ca"),
    ];
    assert_eq!(kafka.client, client);
    assert_eq!(kafka.producer, [pair("linger.ms", "16")]);
    assert_eq!(kafka.consumer, [pair("fetch.min.bytes", "-1")]);
}

#[test]
fn what_a_variable_gives_is_not_read_again() {
    let pipeline = read(&least_with("[source]", "group = \"${env:DOLLAR}\"")).unwrap();
    assert_eq!(pipeline.source.group, "${env:TOPIC}");
}

#[test]
fn debug_shows_no_secret() {
    let lines: String = SECRET_PROPERTIES.iter().map(|name| format!("\"{name}\" = \"hunter2\"\n")).collect();
    let pipeline = read(&least_with("[kafka.client]", &lines)).unwrap();
    let shown = format!("{pipeline:?} {pipeline:#?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("(\"sasl.password\", \"***\")"), "{shown}");
    assert_eq!(pipeline.kafka.client.len(), SECRET_PROPERTIES.len());
}

#[test]
fn keys_can_be_found_again() {
    let text = least_with("[kafka.client]", "debug = \"all\"\nlinger.ms = 5");
    let pipeline = read(&text).unwrap();
    let at = |key: &str| pipeline.locate(key).map(|location| (location.line, location.column));
    assert_eq!(at("stage.0.guest"), Some((7, 9)));
    assert_eq!(at("source.topics.0"), Some((4, 11)));
    assert_eq!(at("kafka.client.linger.ms"), Some((13, 13)));
    assert_eq!(at("kafka.producer.linger.ms"), Some((13, 13)), "set for both clients");
    assert_eq!(at("source.group"), None);
}

#[test]
fn later_steps_report_with_the_same_picture() {
    let pipeline = read(LEAST).unwrap();
    let problems = pipeline.problem_at("stage.0.guest", "no such file".into(), Some("build it".into()));
    let expected = "error: no such file
 --> conf/pipeline.toml:7:9
  |
7 | guest = \"g.wasm\"
  |         ^^^^^^^^
  = help: build it
";
    assert_eq!(problems.to_string(), expected);
    // A default has no place of its own: the section stands for it, or the file.
    let of_section = pipeline.problem_at("source.framing", "x".into(), None).to_string();
    assert!(of_section.contains("3 | [source]\n"), "{of_section}");
    let of_file = pipeline.problem_at("kafka.brokers", "x".into(), None).to_string();
    assert_eq!(of_file, "error: x\n --> conf/pipeline.toml\n");
}

#[test]
fn every_example_and_every_default_of_the_table_is_legal() {
    for format in ["avro", "json"] {
        let examples = file_of(format, &|key| Some(key.example));
        read(&examples).unwrap_or_else(|problems| panic!("{examples}\n{problems}"));
        let defaults = file_of(format, &|key| match key.given {
            Given::Required | Given::RequiredWith(..) => Some(key.example),
            Given::Default(text) => Some(text),
            Given::Otherwise(_) => None,
        });
        let written = read(&defaults).unwrap_or_else(|problems| panic!("{defaults}\n{problems}"));
        let required = file_of(format, &|key| key.is_typical().then_some(key.example));
        let left_out = read(&required).unwrap_or_else(|problems| panic!("{required}\n{problems}"));
        assert_eq!(written.kafka, left_out.kafka);
        assert_eq!(written.source, left_out.source);
        assert_eq!(written.stages, left_out.stages);
        assert_eq!((&written.sink.topics, written.sink.json), (&left_out.sink.topics, left_out.sink.json));
        assert_eq!(written.commit, left_out.commit);
    }
}

/// A file with the keys of the table that work, each with the value that is wanted of it. The sink has a given format and
/// what goes with that.
fn file_of(format: &str, value: &dyn Fn(&Key) -> Option<&'static str>) -> String {
    fn lines(keys: &[Key], path: &str, value: &dyn Fn(&Key) -> Option<&'static str>, out: &mut Vec<String>) {
        for key in keys.iter().filter(|key| key.support == Support::Now) {
            let name = reader::join(path, key.name);
            match key.kind {
                Kind::Section(inner) => lines(inner, &name, value, out),
                // Phases exclude what stands beside them; `every_value_has_its_effect` reads them.
                Kind::Properties | Kind::Sections { .. } => {}
                _ => out.extend(value(key).map(|value| format!("{name} = {value}\n"))),
            }
        }
    }
    let mut out = String::new();
    // The keys of a test case exclude each other; `cases` reads each of them.
    for section in ROOT.iter().filter(|section| section.support == Support::Now && section.name != "tests") {
        let mut written = vec![format!("{}\n", label::header(section.name))];
        lines(section.kind.keys().unwrap(), "", value, &mut written);
        if section.name == "sink" {
            let other = if format == "json" { ["format =", "framing ="] } else { ["format =", "json."] };
            written.retain(|line| !other.iter().any(|start| line.starts_with(start)));
            written.push(format!("format = {format:?}\n"));
        }
        out.extend(written);
    }
    out
}
