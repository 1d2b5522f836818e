//! Passwords, certificates and permissions: what is wrong is told in one line, and what is right works.

use std::sync::OnceLock;
use std::time::Instant;

use harness::{Acl, Check, Ended, Load, Pipeline, Secured, paths};

use crate::{LIMIT, STEP};

/// Everything that a pipeline of topics `x.in`, `x.out` and `x.dlq` needs to be allowed; without what a test leaves out.
fn needs<'a>(user: &'a str, [input, output, letters]: [&'a str; 3]) -> Vec<Acl<'a>> {
    vec![
        [user, "READ", "TOPIC", input],
        [user, "WRITE", "TOPIC", output],
        [user, "WRITE", "TOPIC", letters],
        [user, "READ", "GROUP", user],
        [user, "IDEMPOTENT_WRITE", "CLUSTER", "kafka-cluster"],
    ]
}

const USERS: &[&str] = &["whole", "tls", "wrong", "no-read", "no-write", "no-letters", "no-group"];

/// The node that all these tests share.
fn node() -> &'static Secured {
    static NODE: OnceLock<Secured> = OnceLock::new();
    NODE.get_or_init(|| {
        let node = Secured::start(384, USERS).unwrap_or_else(|why| panic!("{why}"));
        let names: Vec<[String; 3]> =
            USERS.iter().map(|user| ["in", "out", "dlq"].map(|end| format!("{user}.{end}"))).collect();
        let mut acls = Vec::new();
        for (user, names) in USERS.iter().zip(&names) {
            names.iter().for_each(|name| node.broker.create_topic(name, 2, &[]).unwrap_or_else(|why| panic!("{why}")));
            let [input, output, letters] = names.each_ref().map(String::as_str);
            let mut own = needs(user, [input, output, letters]);
            let left_out = match *user {
                "no-read" => Some(["READ", input]),
                "no-write" => Some(["WRITE", output]),
                "no-letters" => Some(["WRITE", letters]),
                "no-group" => Some(["READ", "no-group"]),
                _ => None,
            };
            own.retain(|[_, operation, _, name]| left_out != Some([*operation, *name]));
            // It sees all topics, so that what is missing is the one permission.
            own.extend(names.iter().map(|name| [*user, "DESCRIBE", "TOPIC", name.as_str()]));
            acls.extend(own);
        }
        node.allow(&acls).unwrap_or_else(|why| panic!("{why}"));
        node
    })
}

/// The pipeline of a user.
fn pipeline(user: &str, address: &str, protocol: &str, password: &str, more: &str) -> Pipeline {
    let name = |end: &str| format!("{user}.{end}");
    let mut pipeline = Pipeline::new(&node().broker, user, &name("in"), &name("out"));
    pipeline.brokers = address.to_owned();
    pipeline.dead_letters = Some(name("dlq"));
    pipeline.more = format!(
        "\n[kafka.client]\n\"security.protocol\" = \"{protocol}\"\n\"sasl.mechanism\" = \"PLAIN\"\n\
         \"sasl.username\" = \"{user}\"\n\"sasl.password\" = \"{password}\"\n{more}"
    );
    pipeline
}

/// Runs a pipeline that is refused, and gives back the error: few lines, soon, exit code 3, no password.
#[track_caller]
fn refused(pipeline: &Pipeline) -> String {
    refused_with(pipeline, 3)
}

#[track_caller]
fn refused_with(pipeline: &Pipeline, code: i32) -> String {
    let folder = paths::scratch(&pipeline.name).expect("folder");
    let started = Instant::now();
    let mut process = pipeline.run(folder.path()).expect("start");
    let ended = process.wait(LIMIT).expect("its end");
    let log = process.log();
    assert_eq!(ended, Ended::Code(code), "it wrote:\n{log}");
    assert!(started.elapsed().as_secs() < 40, "it took {:?}:\n{log}", started.elapsed());
    assert!(log.lines().count() <= 12, "more than a short message:\n{log}");
    assert!(!log.contains("-secret") && !log.contains("hunter2"), "a password:\n{log}");
    let error = log.lines().position(|line| line.starts_with("error: "));
    let error = error.unwrap_or_else(|| panic!("no error in:\n{log}"));
    log.lines().skip(error).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "no `{part}` in:\n{error}");
    }
}

/// Some records go through to the end.
fn goes_through(pipeline: &Pipeline) {
    let broker = &node().broker;
    let load = Load { partitions: 2, ..Load::new(0..2_000) };
    load.send(broker, &pipeline.input).expect("records");
    let folder = paths::scratch(&pipeline.name).expect("folder");
    let mut process = pipeline.run(folder.path()).expect("start");
    let waited = broker.wait_count(&pipeline.output, 2_000, LIMIT, STEP);
    waited.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", process.log()));
    assert_eq!(process.terminate(LIMIT).expect("stop"), Ended::Code(0), "{}", process.log());
    let report = Check::new(broker, &load).records(&pipeline.output).expect("report");
    assert!(report.is_clean(2_000), "{report:?}");
}

#[test]
fn a_user_who_may_do_just_that_is_enough() {
    goes_through(&pipeline("whole", &node().sasl, "SASL_PLAINTEXT", "whole-secret", ""));
}

#[test]
fn inside_of_tls_with_the_certificate_that_was_named() {
    let ca = format!("\"ssl.ca.location\" = \"{}\"\n", node().ca().display());
    goes_through(&pipeline("tls", &node().tls, "SASL_SSL", "tls-secret", &ca));
}

#[test]
fn a_wrong_password_is_told() {
    let error = refused(&pipeline("wrong", &node().sasl, "SASL_PLAINTEXT", "hunter2", ""));
    says(&error, &[&node().sasl, "refuses access", "Authentication failed", "check the credentials in [kafka.client]"]);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told() {
    let error = refused(&pipeline("wrong", &node().tls, "SASL_SSL", "wrong-secret", ""));
    says(&error, &[&node().tls, "certificate verify failed", "ssl.ca.location"]);
}

#[test]
fn a_certificate_of_another_name_is_told() {
    let ca = format!("\"ssl.ca.location\" = \"{}\"\n", node().ca().display());
    let by_name = node().tls.replace("127.0.0.1", "localhost");
    let error = refused(&pipeline("wrong", &by_name, "SASL_SSL", "wrong-secret", &ca));
    says(&error, &["localhost", "certificate verify failed"]);
}

#[test]
fn a_certificate_file_that_is_not_there_is_told() {
    let error = refused_with(
        &pipeline("wrong", &node().tls, "SASL_SSL", "wrong-secret", "\"ssl.ca.location\" = \"/no/such.pem\"\n"),
        2,
    );
    says(&error, &["ssl.ca.location", "/no/such.pem"]);
}

#[test]
fn an_input_that_may_not_be_read_is_named() {
    let error = refused(&pipeline("no-read", &node().sasl, "SASL_PLAINTEXT", "no-read-secret", ""));
    says(&error, &["read topic `no-read.in`", "Topic authorization failed", "check the credentials"]);
}

#[test]
fn an_output_that_may_not_be_written_is_named() {
    let load = Load { partitions: 2, ..Load::new(0..10) };
    node();
    load.send(&node().broker, "no-write.in").expect("records");
    let error = refused(&pipeline("no-write", &node().sasl, "SASL_PLAINTEXT", "no-write-secret", ""));
    says(&error, &["no-write.out", "Topic authorization failed", "let these credentials write to that topic"]);
}

#[test]
fn a_group_that_may_not_be_joined_is_named() {
    let error = refused(&pipeline("no-group", &node().sasl, "SASL_PLAINTEXT", "no-group-secret", ""));
    says(&error, &["join group `no-group`", "Group authorization failed", "check the credentials"]);
}

#[test]
fn a_dead_letter_topic_that_may_not_be_written_is_named() {
    let load = Load { partitions: 2, broken_every: 1, ..Load::new(0..2) };
    load.send(&node().broker, "no-letters.in").expect("records");
    let error = refused(&pipeline("no-letters", &node().sasl, "SASL_PLAINTEXT", "no-letters-secret", ""));
    says(&error, &["no-letters.dlq", "Topic authorization failed", "write to that topic"]);
}
