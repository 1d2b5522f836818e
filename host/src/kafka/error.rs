//! librdkafka's error codes, sorted into the few classes that matter to a pipeline.
//!
//! The table errs on the side of stopping: a code that is not known to heal by itself is [`ErrorClass::Fatal`].

use std::fmt;

use rdkafka_sys::rd_kafka_resp_err_t as Raw;

use super::native;

/// What an error means to a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Heals by itself or keeps being retried by the client; worth a log line and a metric.
    Transient,
    /// A topic is not there.
    TopicMissing,
    /// The broker refuses these credentials, or they may not do this.
    Unauthorized,
    /// Bytes on the broker cannot be read; the client would skip them, Millstream stops.
    Corrupt,
    /// The position to read from no longer exists on the broker.
    OffsetLost,
    /// The client cannot go on.
    Fatal,
}

/// An error the client reported on its own, outside of any call; it goes on trying. The same one is passed on again
/// only after half a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it means.
    pub class: ErrorClass,
    /// librdkafka's name of it, as found in its documentation: `_ALL_BROKERS_DOWN`.
    pub name: String,
    /// What happened, in one line.
    pub text: String,
}

/// One of librdkafka's codes, negative when it comes from the client itself.
///
/// A plain number and not the bindings' enum: newer brokers answer with codes that the enum does not know, and an
/// enum with a value it does not know is undefined behaviour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

macro_rules! codes {
    ($($name:ident = $raw:ident),* $(,)?) => {
        impl Code { $(pub(crate) const $name: Code = Code(Raw::$raw as i32);)* }
    };
}

codes! {
    NONE = RD_KAFKA_RESP_ERR_NO_ERROR,
    ASSIGN = RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
    QUEUE_FULL = RD_KAFKA_RESP_ERR__QUEUE_FULL,
    UNKNOWN_PARTITION = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    FATAL = RD_KAFKA_RESP_ERR__FATAL,
    ALL_BROKERS_DOWN = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
    GROUP_AUTHORIZATION_FAILED = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    REBALANCE_IN_PROGRESS = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
}

const TRANSIENT: &[Raw] = &[
    Raw::RD_KAFKA_RESP_ERR__TRANSPORT,
    Raw::RD_KAFKA_RESP_ERR__RESOLVE,
    Raw::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
    Raw::RD_KAFKA_RESP_ERR__TIMED_OUT,
    Raw::RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    Raw::RD_KAFKA_RESP_ERR__WAIT_COORD,
    Raw::RD_KAFKA_RESP_ERR__WAIT_CACHE,
    Raw::RD_KAFKA_RESP_ERR__RETRY,
    Raw::RD_KAFKA_RESP_ERR__PARTITION_EOF,
    Raw::RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
    Raw::RD_KAFKA_RESP_ERR_UNKNOWN,
    Raw::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    Raw::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    Raw::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    Raw::RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
    Raw::RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
    Raw::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    Raw::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    Raw::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    Raw::RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
    Raw::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    Raw::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    Raw::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    Raw::RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED,
    Raw::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    Raw::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    Raw::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    Raw::RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
    Raw::RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
    Raw::RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
    Raw::RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
    Raw::RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
    Raw::RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
    Raw::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
];

const TOPIC_MISSING: &[Raw] = &[
    Raw::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    Raw::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID,
    Raw::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
    Raw::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
];

const UNAUTHORIZED: &[Raw] = &[
    Raw::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    Raw::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    Raw::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    Raw::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    Raw::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    Raw::RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
    Raw::RD_KAFKA_RESP_ERR__AUTHENTICATION,
    Raw::RD_KAFKA_RESP_ERR__SSL,
];

// A batch of a format newer than this client reads is skipped by it just like a damaged one.
const CORRUPT: &[Raw] = &[
    Raw::RD_KAFKA_RESP_ERR__BAD_MSG,
    Raw::RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
    Raw::RD_KAFKA_RESP_ERR_INVALID_MSG,
    Raw::RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
];

const OFFSET_LOST: &[Raw] = &[
    Raw::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
    Raw::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
    Raw::RD_KAFKA_RESP_ERR__LOG_TRUNCATION,
];

impl Code {
    /// The class of this code; unknown ones are fatal.
    pub(crate) fn class(self) -> ErrorClass {
        let table = [
            (TRANSIENT, ErrorClass::Transient),
            (TOPIC_MISSING, ErrorClass::TopicMissing),
            (UNAUTHORIZED, ErrorClass::Unauthorized),
            (CORRUPT, ErrorClass::Corrupt),
            (OFFSET_LOST, ErrorClass::OffsetLost),
        ];
        let holds = |codes: &[Raw]| codes.iter().any(|raw| *raw as i32 == self.0);
        table.into_iter().find(|(codes, _)| holds(codes)).map_or(ErrorClass::Fatal, |(_, class)| class)
    }

    /// librdkafka's name of it.
    pub(crate) fn name(self) -> String {
        native::code_name(self)
    }

    /// librdkafka's sentence about it, without its "Local:" or "Broker:".
    pub(crate) fn text(self) -> String {
        let text = native::code_text(self);
        let plain = text.strip_prefix("Local: ").or_else(|| text.strip_prefix("Broker: "));
        plain.map(str::to_owned).unwrap_or(text)
    }

    /// As something the client reported on its own, with its reason in words.
    pub(crate) fn trouble(self, reason: &str) -> Trouble {
        Trouble { class: self.class(), name: self.name(), text: plain_reason(reason) }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}

/// librdkafka's reason without what changes from try to try: " (after 12ms in state CONNECT, 3 identical ...)".
pub(crate) fn plain_reason(reason: &str) -> String {
    let end = reason.find(" (after ").unwrap_or(reason.len());
    reason[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_and_the_unknown_is_fatal() {
        let class = |raw: Raw| Code(raw as i32).class();
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), ErrorClass::Transient);
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), ErrorClass::TopicMissing);
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR__AUTHENTICATION), ErrorClass::Unauthorized);
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR__BAD_MSG), ErrorClass::Corrupt);
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), ErrorClass::OffsetLost);
        assert_eq!(class(Raw::RD_KAFKA_RESP_ERR__FATAL), ErrorClass::Fatal);
        assert_eq!(Code(9_999).class(), ErrorClass::Fatal, "a code of a broker newer than this client");
    }

    #[test]
    fn a_code_that_no_one_knows_still_has_a_text() {
        assert!(Code(9_999).text().contains("9999"), "{}", Code(9_999).text());
        assert_eq!(Code::QUEUE_FULL.text(), "Queue full");
        assert_eq!(Code::QUEUE_FULL.name(), "_QUEUE_FULL");
    }

    #[test]
    fn a_reason_loses_what_changes_from_try_to_try() {
        let reason = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in \
                      state CONNECT, 2 identical error(s) suppressed)";
        let plain = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused";
        assert_eq!(plain_reason(reason), plain);
    }
}
