//! The topics that a guest may write to.

use super::refusals::{one, refused};
use super::*;

fn sink(topics: &str) -> Sink {
    let text = least_with("[errors]", "reject = \"dead-letter\"\ndead-letter-topic = \"out.dlq\"");
    let text = text.replace("topic = \"out\"", &format!("topic = \"out\"\ntopics = {topics}"));
    read(&text).unwrap_or_else(|problems| panic!("{problems}")).sink
}

#[test]
fn without_rules_only_the_own_topic_is_allowed() {
    let sink = read(LEAST).unwrap().sink;
    assert_eq!(sink.topics, []);
    assert!(sink.allows("out"));
    assert!(!sink.allows("out2") && !sink.allows("in") && !sink.allows(""));
}

#[test]
fn names_and_patterns_allow_whole_names() {
    let sink = sink("[\"other\", \"^a[0-9]+|b\\\\.c\", '^(?i)x']");
    let rules = [
        TopicRule::Name("other".into()),
        TopicRule::Pattern("^a[0-9]+|b\\.c".into()),
        TopicRule::Pattern("^(?i)x".into()),
    ];
    assert_eq!(sink.topics, rules);
    for topic in ["out", "other", "a1", "a23", "b.c", "x", "X"] {
        assert!(sink.allows(topic), "{topic}");
    }
    for topic in ["other2", "a", "a1x", "xa1", "b.cc", "bxc", "ab.c", "xx", "in", "out.dlq"] {
        assert!(!sink.allows(topic), "{topic}");
    }
}

#[test]
fn no_pattern_reaches_sources_dead_letters_or_illegal_names() {
    let sink = sink("[\"^.*\"]");
    assert!(sink.allows("out") && sink.allows("anything-else") && sink.allows(&"a".repeat(249)));
    for topic in ["in", "out.dlq", "", ".", "..", "a b", "a\0", "\u{e9}", &"a".repeat(250)] {
        assert!(!sink.allows(topic), "{topic:?}");
    }
    // A dead-letter topic that the policy has no use for is kept free as well.
    let text = least_with("[errors]", "dead-letter-topic = \"dlq\"");
    let unused = read(&text.replace("topic = \"out\"", "topic = \"out\"\ntopics = [\"^.*\"]")).unwrap();
    assert!(!unused.sink.allows("dlq"));
}

#[test]
fn rules_that_cannot_be_used() {
    let legal = "is not a legal topic name (Kafka allows letters, digits, `.`, `_` and `-`)";
    let help = "(write a regular expression, e.g. \"^payments\\\\..*\"; a name without `^` is taken as it is)";
    assert_eq!(one("[sink]", "topics = [\"a*\"]"), format!("`[sink] topics`: \"a*\" {legal}"));
    assert_eq!(
        one("[sink]", "topics = [\"^a(b\"]"),
        format!("`[sink] topics`: the pattern \"^a(b\" is not understood: found open group without closing ')' {help}")
    );
    let closes = one("[sink]", "topics = [\"^a)|(?:b\"]");
    assert!(closes.starts_with("`[sink] topics`: the pattern \"^a)|(?:b\" is not understood: "), "{closes}");
    let large = one("[sink]", "topics = [\"^(?:a{999}){999}\"]");
    assert!(large.contains("is not understood: ") && large.ends_with(help), "{large}");
    assert_eq!(
        one("[sink]", "topics = [\"a\", \"a\"]"),
        "`[sink] topics`: \"a\" stands there twice (remove one of them)"
    );
    assert_eq!(
        one("[sink]", "topics = \"a\""),
        "`[sink] topics` must be an array of strings, not a string (for example: topics = [\"payments.large\", \"^payments\\\\.by-country\\\\.[a-z]{2}\"])"
    );
}

#[test]
fn rules_may_not_name_sources_or_dead_letters() {
    let text = least_with("[errors]", "dead-letter-topic = \"dlq\"");
    let text = text.replace("topic = \"out\"", "topic = \"out\"\ntopics = [\"a\", \"in\", \"dlq\"]");
    let expected = [
        "10:16 `[sink] topics`: \"in\" is one of the source topics (the pipeline would read its own output for ever; write to another topic)",
        "10:22 `[sink] topics`: \"dlq\" is the dead-letter topic (only the host writes dead letters; use topics of their own)",
    ];
    assert_eq!(refused(&text), expected);
    // The place is right beside one that is refused for its form.
    let expected = [
        "10:11 `[sink] topics`: \"b c\" is not a legal topic name (Kafka allows letters, digits, `.`, `_` and `-`)",
        "10:18 `[sink] topics`: \"in\" is one of the source topics (the pipeline would read its own output for ever; write to another topic)",
    ];
    assert_eq!(refused(&text.replace("\"a\", \"in\", \"dlq\"", "\"b c\", \"in\"")), expected);
}
