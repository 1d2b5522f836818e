//! Is the broker there, and does it have the topics: asked once, before anything starts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka_sys as sys;
use thiserror::Error;

use super::error::{Code, ErrorClass, plain_reason};
use super::native::{Client, Queue, Role, TopicHandle};
use super::{properties, versions};

/// What a broker answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterInfo {
    /// The topics that exist, with their number of partitions.
    pub topics: BTreeMap<String, usize>,
    /// The topics asked for that do not exist.
    pub missing: Vec<String>,
    /// What the broker lacks for transactions, in words; nothing where it lacks nothing.
    pub lacks_for_transactions: Option<String>,
}

/// Why there is no answer, or not the one that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// A property was refused.
    #[error("the Kafka client settings are not usable: {reason}")]
    Settings {
        /// Which property, and why.
        reason: String,
    },
    /// No broker answered in time.
    #[error("cannot reach the Kafka broker at {brokers}: {reason}; check `brokers` in [kafka] and that it is running")]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// What the last try ended with.
        reason: String,
    },
    /// The broker is there and refuses these credentials.
    #[error("the Kafka broker at {brokers} refuses access: {reason}; check the credentials in [kafka.client]")]
    Unauthorized {
        /// The addresses tried.
        brokers: String,
        /// What it said.
        reason: String,
    },
    /// Topics that the pipeline needs do not exist.
    #[error("{} on the Kafka broker at {brokers}; create {} first",
        missing_text(.topics), if .topics.len() == 1 { "it" } else { "them" })]
    TopicsMissing {
        /// The addresses asked.
        brokers: String,
        /// Their names.
        topics: Vec<String>,
    },
    /// The broker is too old for exactly-once.
    #[error(
        "the Kafka broker at {brokers} is too old for `delivery = \"exactly-once\"`: {reason} (Apache Kafka 2.5 has it, \
         KIP-447); upgrade it, or set `delivery = \"at-least-once\"` in [pipeline]"
    )]
    NoTransactions {
        /// The addresses asked.
        brokers: String,
        /// What it lacks.
        reason: String,
    },
    /// A name that Kafka does not take.
    #[error("`{topic}` cannot be a topic's name: {reason}")]
    BadName {
        /// The name.
        topic: String,
        /// Why not.
        reason: String,
    },
}

fn missing_text(topics: &[String]) -> String {
    let names: Vec<String> = topics.iter().map(|topic| format!("`{topic}`")).collect();
    match names.as_slice() {
        [one] => format!("topic {one} does not exist"),
        many => format!("topics {} do not exist", many.join(", ")),
    }
}

impl ClusterInfo {
    /// An error that names all missing topics, if any is missing.
    pub fn require_all(&self, brokers: &str) -> Result<(), ProbeError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(ProbeError::TopicsMissing { brokers: brokers.to_owned(), topics: self.missing.clone() })
    }
}

impl ClusterInfo {
    /// An error where the broker is too old for transactions with offsets in them.
    pub fn require_transactions(&self, brokers: &str) -> Result<(), ProbeError> {
        let Some(reason) = self.lacks_for_transactions.clone() else { return Ok(()) };
        Err(ProbeError::NoTransactions { brokers: brokers.to_owned(), reason })
    }
}

/// Asks the brokers about these topics; creates none. Without topics it only makes sure that a broker answers.
///
/// Keeps trying until `timeout` has passed: a broker that is starting up gets its chance.
pub fn probe(
    brokers: &str,
    user: &[(String, String)],
    topics: &[String],
    timeout: Duration,
) -> Result<ClusterInfo, ProbeError> {
    let settings = |reason| ProbeError::Settings { reason };
    let mut conf = properties::probe_conf(brokers, user, timeout).map_err(settings)?;
    super::native::report_errors_as_events(&mut conf);
    // A consumer, because a producer's questions create topics where the broker allows it.
    let heard = versions::listen(&mut conf).map_err(|refused| settings(format!("`debug`: {refused:?}")))?;
    let client = Arc::new(Client::start(conf, Role::Consumer, Some(heard.clone())).map_err(settings)?);
    let mut handles = Vec::with_capacity(topics.len());
    for topic in topics {
        let refused = |code: Code| ProbeError::BadName { topic: topic.clone(), reason: code.text() };
        handles.push(TopicHandle::new(&client, topic).map_err(refused)?);
    }
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let code = match client.metadata(left) {
            Ok(answer) => {
                let lacks_for_transactions = heard.lacks_for_transactions();
                return sort(brokers, answer).map(|info| ClusterInfo { lacks_for_transactions, ..info });
            }
            Err(code) => code,
        };
        let reason = last_reason(&client, code);
        if reason.0.class() == ErrorClass::Unauthorized {
            return Err(ProbeError::Unauthorized { brokers: brokers.to_owned(), reason: reason.1 });
        }
        if left.is_zero() || Instant::now() >= deadline {
            return Err(ProbeError::Unreachable { brokers: brokers.to_owned(), reason: reason.1 });
        }
    }
}

/// The most telling of the errors reported so far: the client's own "all brokers are down" says less than the
/// connection's "refused" before it.
fn last_reason(client: &Arc<Client>, code: Code) -> (Code, String) {
    let mut reason = (code, code.text());
    let Some(queue) = Queue::main(client) else { return reason };
    while let Some(event) = queue.next(Duration::ZERO) {
        let said = (event.code(), plain_reason(&event.text()));
        let telling = event.kind() == sys::RD_KAFKA_EVENT_ERROR && said.0 != Code::ALL_BROKERS_DOWN;
        if telling && reason.0.class() != ErrorClass::Unauthorized {
            reason = said;
        }
    }
    reason
}

fn sort(brokers: &str, answer: Vec<super::native::TopicMetadata>) -> Result<ClusterInfo, ProbeError> {
    let mut info = ClusterInfo { topics: BTreeMap::new(), missing: Vec::new(), lacks_for_transactions: None };
    for topic in answer {
        match topic.code.class() {
            _ if topic.code == Code::NONE => {
                info.topics.insert(topic.name, topic.partitions);
            }
            // A topic whose partitions have no leader right now exists all the same.
            ErrorClass::Transient if topic.partitions > 0 => {
                info.topics.insert(topic.name, topic.partitions);
            }
            ErrorClass::TopicMissing | ErrorClass::Transient => info.missing.push(topic.name),
            ErrorClass::Unauthorized => {
                let reason = format!("topic `{}`: {}", topic.name, topic.code.text());
                return Err(ProbeError::Unauthorized { brokers: brokers.to_owned(), reason });
            }
            _ => return Err(ProbeError::BadName { topic: topic.name, reason: topic.code.text() }),
        }
    }
    info.missing.sort();
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::super::EmbeddedBroker;
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_unreachable_broker_is_one_clear_line() {
        // Port 1 on loopback: nothing listens there, and connecting is refused at once.
        let error = probe("127.0.0.1:1", &[], &names(&["t"]), Duration::from_millis(600)).expect_err("no broker");
        let text = error.to_string();
        let start = "cannot reach the Kafka broker at 127.0.0.1:1: ";
        assert!(text.starts_with(start) && text.contains("Connection refused"), "{text}");
        assert!(text.ends_with("; check `brokers` in [kafka] and that it is running"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn topics_are_counted_and_missing_ones_named() {
        let broker = EmbeddedBroker::start(&[("there".to_owned(), 3)]).expect("a broker");
        let asked = names(&["there", "payments", "audit"]);
        let servers = broker.bootstrap_servers();
        let info = probe(&servers, &[], &asked, Duration::from_secs(5)).expect("an answer");
        assert_eq!(info.topics, BTreeMap::from([("there".to_owned(), 3)]));
        assert_eq!(info.missing, names(&["audit", "payments"]));
        let text = info.require_all("b:9092").expect_err("two are missing").to_string();
        assert_eq!(text, "topics `audit`, `payments` do not exist on the Kafka broker at b:9092; create them first");
        let again = probe(&servers, &[], &names(&["audit"]), Duration::from_secs(5)).expect("an answer");
        assert_eq!(again.missing, names(&["audit"]), "asking creates no topic");
        let text = again.require_all("b:9092").expect_err("one is missing").to_string();
        assert_eq!(text, "topic `audit` does not exist on the Kafka broker at b:9092; create it first");
    }

    #[test]
    fn a_broker_that_is_too_old_for_exactly_once_is_told_from_one_that_is_not() {
        let broker = EmbeddedBroker::start(&[]).expect("a broker");
        let servers = broker.bootstrap_servers();
        let info = probe(&servers, &[], &[], Duration::from_secs(5)).expect("an answer");
        assert_eq!(info.require_transactions("b:9092"), Ok(()));
        broker.limit_version(28, 2);
        let info = probe(&servers, &[], &[], Duration::from_secs(5)).expect("an answer");
        let text = info.require_transactions("b:9092").expect_err("too old").to_string();
        assert_eq!(
            text,
            "the Kafka broker at b:9092 is too old for `delivery = \"exactly-once\"`: it takes TxnOffsetCommit up to \
             version 2, and version 3 is needed (Apache Kafka 2.5 has it, KIP-447); upgrade it, or set `delivery = \
             \"at-least-once\"` in [pipeline]"
        );
    }

    #[test]
    fn a_refused_property_is_named() {
        let user = [("linger.ms".to_owned(), "soon".to_owned())];
        let text = probe("127.0.0.1:1", &user, &[], Duration::ZERO).expect_err("a bad value").to_string();
        assert!(text.starts_with("the Kafka client settings are not usable: `linger.ms`: invalid value"), "{text}");
    }
}
