//! Rules over several keys: topics that would make a loop, and what formats ask for.

use super::key::{Given, Key};
use super::label::assigned;
use super::plan::Brokers;
use super::reader::{Reader, join};
use super::spec::ROOT;
use super::units;
use crate::kafka::properties::transaction_timeout;

impl Reader<'_> {
    /// Checks what single values cannot show.
    pub(super) fn cross_check(&mut self) {
        self.check_topics();
        for section in ROOT.iter().filter(|section| section.name == "source" || section.name == "sink") {
            for key in section.kind.keys().unwrap_or_default() {
                self.required_with(section.name, key);
            }
            self.check_framing(section.name);
        }
        self.check_json();
        self.check_delivery();
        self.check_stages();
        self.check_tests();
    }

    fn check_topics(&mut self) {
        let settings = &self.settings;
        let dead_letters = settings.text("errors.reject").is_some_and(|reject| reject == "dead-letter");
        let dead_letter_topic = settings.text("errors.dead-letter-topic");
        let sink = settings.text("sink.topic");
        let sources = settings.texts("source.topics").unwrap_or_default();
        let further = settings.texts("sink.topics").unwrap_or_default();

        // A topic that was refused for its form is in the file, so it is not missing.
        let topic_missing = !self.spans.contains_key("errors.dead-letter-topic");
        if dead_letters && topic_missing && !self.partial {
            let message = "`[errors] reject = \"dead-letter\"` needs a `dead-letter-topic`";
            let help = "add: dead-letter-topic = \"payments.dlq\"";
            self.refuse("errors.reject", message.to_owned(), help);
        }
        if let Some(topic) = sink.as_ref().filter(|topic| sources.contains(topic)) {
            let message = format!("`[sink] topic = {topic:?}` is one of the source topics");
            self.refuse("sink.topic", message, READS_ITS_OUTPUT);
        }
        for (index, topic) in further.iter().enumerate() {
            let key = format!("sink.topics.{index}");
            if sources.contains(topic) {
                let message = format!("`[sink] topics`: {topic:?} is one of the source topics");
                self.refuse(&key, message, READS_ITS_OUTPUT);
            } else if dead_letter_topic.as_ref() == Some(topic) {
                let message = format!("`[sink] topics`: {topic:?} is the dead-letter topic");
                self.refuse(&key, message, "only the host writes dead letters; use topics of their own");
            }
        }
        if let Some(topic) = dead_letter_topic.as_ref().filter(|topic| sources.contains(topic)) {
            let message = format!("`[errors] dead-letter-topic = {topic:?}` is one of the source topics");
            let help = "the pipeline would read its own dead letters for ever; use a topic of their own";
            self.refuse("errors.dead-letter-topic", message, help);
        } else if let Some(topic) = dead_letter_topic.filter(|topic| sink.as_ref() == Some(topic)) {
            let message = format!("`[errors] dead-letter-topic = {topic:?}` is the sink topic");
            let help = "readers of the output would find records in another form; use a topic of their own";
            self.refuse("errors.dead-letter-topic", message, help);
        }
    }

    /// A key that some values of another one ask for, and the rest has no use for.
    fn required_with(&mut self, section: &str, key: &Key) {
        let Given::RequiredWith(other, values) = key.given else { return };
        let Some(value) = self.settings.text(&join(section, other)) else { return };
        let (path, place) = (join(section, key.name), self.spans.get(section).cloned());
        let name = self.label(&path);
        match (values.contains(&value.as_str()), self.spans.contains_key(&path)) {
            // A section that is missing has been reported.
            (true, false) if place.is_some() && !self.partial => {
                let help = format!("add: {} = {}", key.name, key.example);
                self.problem(place, format!("{name} is required with {other} = {value:?}"), Some(help));
            }
            (false, true) => {
                let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
                let help = format!("remove it, or set {other} to {}", values.join(" or "));
                self.refuse(&path, format!("{name} means nothing with {other} = {value:?}"), &help);
            }
            _ => {}
        }
    }

    fn check_framing(&mut self, section: &str) {
        let (path, format) = (join(section, "framing"), self.settings.text(&join(section, "format")));
        let framed = self.settings.text(&path).is_some_and(|framing| framing == "confluent");
        if let Some(format) = format.filter(|format| framed && format != "avro") {
            let shown = assigned(&self.label(&path), "confluent");
            let help =
                "only Avro values stand behind the id of their schema; remove the key, or set framing = \"none\"";
            self.refuse(&path, format!("{shown} does not go with format = {format:?}"), help);
        }
    }

    fn check_json(&mut self) {
        let format = self.settings.text("sink.format").filter(|format| format != "json");
        if let Some(format) = format.filter(|_| self.spans.contains_key("sink.json")) {
            let message = format!("{} means nothing with format = {format:?}", self.label("sink.json"));
            self.refuse("sink.json", message, "remove the section, or set format = \"json\" in [sink]");
        }
    }

    /// What cannot be exactly-once, and what has no meaning without it.
    fn check_delivery(&mut self) {
        let Some(delivery) = self.settings.text("pipeline.delivery") else { return };
        if delivery != "exactly-once" {
            if self.spans.contains_key("pipeline.transactional-id") {
                let message = format!("`[pipeline] transactional-id` means nothing with delivery = {delivery:?}");
                self.refuse("pipeline.transactional-id", message, "remove it, or set delivery = \"exactly-once\"");
            }
            return;
        }
        let no = "`[pipeline] delivery = \"exactly-once\"`";
        if self.settings.brokers("kafka.brokers") == Some(Brokers::Embedded) {
            let message = format!("{no} is not possible with the embedded broker, which knows no transactions");
            self.refuse(
                "pipeline.delivery",
                message,
                "name real brokers in [kafka], or set delivery = \"at-least-once\"",
            );
        }
        let user = [self.settings.properties("kafka.client"), self.settings.properties("kafka.producer")].concat();
        let limit = transaction_timeout(&user);
        let interval = self.settings.time("commit.interval").unwrap_or_default();
        if interval * 2 > limit {
            let message = format!(
                "{no}: a transaction of `[commit] interval` = {} would take more than half of \"transaction.timeout.ms\" \
                 = {}, after which the broker aborts it",
                units::show_duration(interval),
                limit.as_millis()
            );
            let key = if self.spans.contains_key("commit.interval") { "commit.interval" } else { "pipeline.delivery" };
            let help = "commit more often, or raise \"transaction.timeout.ms\" in [kafka.producer]";
            self.refuse(key, message, help);
        }
    }

    fn check_stages(&mut self) {
        let mut names: Vec<(String, usize)> = Vec::new();
        for index in 0..self.stages {
            let path = |key: &str| format!("stage.{index}.{key}");
            if let Some(name) = self.settings.text(&path("name")) {
                if let Some((_, first)) = names.iter().find(|(other, _)| *other == name) {
                    let shown = assigned(&self.label(&path("name")), &name);
                    let message = format!("{shown} is also the name of stage {}", first + 1);
                    self.refuse(&path("name"), message, "give each stage a name of its own, or leave the names out");
                } else {
                    names.push((name, index));
                }
            }
            let grants = self.settings.texts(&path("grants")).unwrap_or_default();
            if self.spans.contains_key(&path("config")) && !grants.iter().any(|grant| grant == "config") {
                let all: Vec<_> = grants.iter().map(String::as_str).chain(["config"]).collect();
                let message = format!("{} is given, but the guest may not read it", self.label(&path("config")));
                self.refuse(&path("config"), message, &format!("add \"config\" to its grants: grants = {all:?}"));
            }
            let passes = self.settings.flag(&path("passthrough")) == Some(true);
            if passes && index + 1 < self.stages {
                let message = format!("{} is for the last stage only", self.label(&path("passthrough")));
                let help =
                    "fields are carried over into the sink's schema, which only the last stage writes; remove it";
                self.refuse(&path("passthrough"), message, help);
            }
        }
    }

    pub(super) fn refuse(&mut self, key: &str, message: String, help: &str) {
        let span = self.spans.get(key).cloned();
        self.problem(span, message, Some(help.to_owned()));
    }
}

const READS_ITS_OUTPUT: &str = "the pipeline would read its own output for ever; write to another topic";
