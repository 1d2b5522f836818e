//! The client settings of the native contenders: those that Millstream starts with, no more and no less.

/// For the consumer.
pub const CONSUMER: &[(&str, &str)] = &[
    ("reconnect.backoff.max.ms", "5000"),
    ("log.connection.close", "false"),
    ("check.crcs", "true"),
    ("isolation.level", "read_committed"),
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.max.bytes", "16777216"),
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.wait.max.ms", "100"),
    ("auto.offset.reset", "earliest"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "false"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("allow.auto.create.topics", "false"),
];

/// For the producer.
pub const PRODUCER: &[(&str, &str)] = &[
    ("reconnect.backoff.max.ms", "5000"),
    ("log.connection.close", "false"),
    ("linger.ms", "10"),
    ("message.timeout.ms", "0"),
    ("queue.buffering.max.kbytes", "32768"),
    ("queue.buffering.max.messages", "16000"),
    ("partitioner", "murmur2_random"),
    ("enable.idempotence", "true"),
    ("acks", "all"),
];

/// All of a consumer's settings.
pub fn consumer_settings<'a>(brokers: &'a str, group: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    CONSUMER.iter().copied().chain([("bootstrap.servers", brokers), ("group.id", group)])
}

/// All of a producer's settings.
pub fn producer_settings(brokers: &str) -> impl Iterator<Item = (&str, &str)> {
    PRODUCER.iter().copied().chain([("bootstrap.servers", brokers)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs that follow `marker` in the host's table, up to its end.
    fn host(source: &str, marker: &str, name: &str, value: &str) -> Vec<(String, String)> {
        let table = source.split(marker).nth(1).expect("the host's table").split("];").next().expect("its end");
        let text = |after: &str| after.split('"').next().expect("a closing quote").to_owned();
        table
            .split(name)
            .skip(1)
            .filter_map(|entry| {
                let (_, rest) = entry.split_once(value)?;
                // A value that is no literal belongs to the pipeline, not to the settings.
                Some((text(entry), text(rest))).filter(|(name, _)| !name.contains(' '))
            })
            .collect()
    }

    #[test]
    fn the_settings_are_those_of_the_host() {
        let path = crate::paths::root().join("host/src/kafka/properties.rs");
        let source = std::fs::read_to_string(&path).expect("the host's settings");
        for (ours, table, owned) in [
            (CONSUMER, "const CONSUMER: &[Default] = &[", "fn consumer_conf("),
            (PRODUCER, "const PRODUCER: &[Default] = &[", "fn producer_conf("),
        ] {
            let mut theirs = host(&source, "const CLIENT: &[Default] = &[", "name: \"", "value: \"");
            theirs.extend(host(&source, table, "name: \"", "value: \""));
            if ours.contains(&("acks", "all")) {
                // What a producer without transactions has besides.
                theirs.extend(host(&source, "const PATIENT: &[Default] = &[", "name: \"", "value: \""));
            }
            theirs.extend(host(&source, owned, "(\"", "\", \""));
            let mut ours: Vec<_> = ours.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            // Where to start reading is the pipeline's choice there.
            ours.retain(|(name, _)| name != "auto.offset.reset");
            ours.sort();
            theirs.sort();
            assert_eq!(ours, theirs, "{} changed; change tests/harness/native/settings.rs too", path.display());
        }
    }
}
