//! Rules over several keys.

use super::reader::Reader;

impl Reader<'_> {
    /// Checks what single values cannot show.
    pub(super) fn cross_check(&mut self) {
        let settings = &self.settings;
        let dead_letters = settings.text("errors.reject").is_some_and(|reject| reject == "dead-letter");
        let dead_letter_topic = settings.text("errors.dead-letter-topic");
        let sink = settings.text("sink.topic");
        let sources = settings.texts("source.topics").unwrap_or_default();

        // A topic that was refused for its form is in the file, so it is not missing.
        let topic_missing = !self.spans.contains_key("errors.dead-letter-topic");
        if dead_letters && topic_missing && !self.partial {
            let message = "`[errors] reject = \"dead-letter\"` needs a `dead-letter-topic`";
            let help = "add: dead-letter-topic = \"payments.dlq\"";
            self.refuse("errors.reject", message.to_owned(), help);
        }
        if let Some(topic) = sink.as_ref().filter(|topic| sources.contains(topic)) {
            let message = format!("`[sink] topic = {topic:?}` is one of the source topics");
            self.refuse(
                "sink.topic",
                message,
                "the pipeline would read its own output for ever; write to another topic",
            );
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

    fn refuse(&mut self, key: &str, message: String, help: &str) {
        let span = self.spans.get(key).cloned();
        self.problem(span, message, Some(help.to_owned()));
    }
}
