//! A broker inside this process, for trying things out and for tests: librdkafka's mock cluster.
//!
//! Real clients talk to it over loopback. It keeps records in memory only, about 5 MiB a partition (older ones go),
//! creates no topic unless told, and knows no transactions.

use thiserror::Error;

use super::error::Code;
use super::native::{Client, Conf, MockCluster, Role};

/// Partitions of a topic where nothing else is said.
pub const DEFAULT_PARTITIONS: i32 = 4;

/// A broker that lives as long as this value.
pub struct EmbeddedBroker {
    cluster: MockCluster,
}

/// Why the broker could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No port on loopback, or no memory.
    #[error("cannot start the embedded broker: {0}")]
    Start(String),
    /// A topic was refused.
    #[error("the embedded broker cannot create topic `{topic}` with {partitions} partitions: {reason}")]
    Topic {
        /// Its name.
        topic: String,
        /// Partitions asked for.
        partitions: i32,
        /// Why not.
        reason: String,
    },
}

impl EmbeddedBroker {
    /// Starts a broker on a free loopback port, with these topics and their numbers of partitions.
    pub fn start(topics: &[(String, i32)]) -> Result<EmbeddedBroker, EmbeddedError> {
        let mut conf = Conf::new();
        // The client that runs the cluster connects nowhere and would say so in the log.
        conf.set("log_level", "2").map_err(|refused| EmbeddedError::Start(format!("{refused:?}")))?;
        let client = Client::start(conf, Role::Producer, None).map_err(EmbeddedError::Start)?;
        let no_port = || EmbeddedError::Start("it could not listen on a loopback port".to_owned());
        let broker = EmbeddedBroker { cluster: MockCluster::start(client).ok_or_else(no_port)? };
        topics.iter().try_for_each(|(topic, partitions)| broker.create_topic(topic, *partitions))?;
        Ok(broker)
    }

    /// Adds a topic while the broker runs.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), EmbeddedError> {
        let refused = |code: Code| EmbeddedError::Topic { topic: topic.to_owned(), partitions, reason: code.text() };
        self.cluster.create_topic(topic, partitions).map_err(refused)
    }

    /// Has it take a request up to this version only, as an older broker would.
    #[cfg(test)]
    pub(super) fn limit_version(&self, request: i16, highest: i16) {
        self.cluster.limit_version(request, highest);
    }

    /// Where clients find it: `127.0.0.1:12345`.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_cannot_be_created_twice() {
        let broker = EmbeddedBroker::start(&[("t".to_owned(), 1)]).expect("a broker");
        let text = broker.create_topic("t", 2).expect_err("it is there").to_string();
        assert!(text.starts_with("the embedded broker cannot create topic `t` with 2 partitions: "), "{text}");
    }
}
