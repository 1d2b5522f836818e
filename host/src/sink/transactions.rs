//! Outputs and offsets that become visible together.
//!
//! The calls wait for the broker, so whoever makes them has a thread for it, makes one at a time, and has another thread
//! poll [`Deliveries`](super::Deliveries) meanwhile. They are librdkafka's own: the wrapper's commit waits in
//! slices of 100 ms.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::native::{self, CallError, Membership};
use super::producer::Shared;
use crate::kafka::TopicPartition;
use crate::kafka::error::ErrorClass;
use crate::kafka::native::{Group, Partitions};

/// The transactions of one producer, one after another.
#[derive(Clone)]
pub struct Transactions {
    shared: Arc<Shared>,
}

/// Why a step of a transaction was not made, sorted by what is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// Another producer has the id, or the broker ended the transaction because it was open for too long.
    #[error("{reason} ({name})")]
    Fenced {
        /// librdkafka's name of the error.
        name: String,
        /// What it says.
        reason: String,
    },
    /// The broker refuses these credentials.
    #[error("the broker refuses to let this producer use transactions: {reason}; check what these credentials may do")]
    Unauthorized {
        /// What it said.
        reason: String,
    },
    /// The broker cannot do it, or not with these settings.
    #[error("the broker cannot do transactions as they are set: {reason} ({name})")]
    Refused {
        /// librdkafka's name of the error.
        name: String,
        /// What it said.
        reason: String,
    },
    /// The transaction can only be aborted; the producer can go on.
    #[error("{reason} ({name})")]
    Aborted {
        /// librdkafka's name of the error.
        name: String,
        /// What happened.
        reason: String,
    },
    /// Not done yet: the same call again goes on with it.
    #[error("{reason} ({name})")]
    Later {
        /// librdkafka's name of the error.
        name: String,
        /// What it waits for.
        reason: String,
    },
    /// Nothing is certain; only a new producer helps.
    #[error("{reason} ({name})")]
    Broken {
        /// librdkafka's name of the error.
        name: String,
        /// What happened.
        reason: String,
    },
}

/// Codes that say "somebody else has this id now".
const FENCED: &[&str] = &["_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"];

/// Codes that no other try will change.
const REFUSED: &[&str] = &["_UNSUPPORTED_FEATURE", "INVALID_TRANSACTION_TIMEOUT", "UNSUPPORTED_FOR_MESSAGE_FORMAT"];

impl Transactions {
    pub(super) fn new(shared: Arc<Shared>) -> Transactions {
        Transactions { shared }
    }

    /// Takes the id over: whoever had it is fenced, and what they left open is aborted, or committed where the broker
    /// had begun to. Once, before all else.
    pub fn init(&self, at_most: Duration) -> Result<(), TransactionError> {
        native::init_transactions(&self.shared.client, at_most).map_err(|error| self.sort(error))
    }

    /// Begins a transaction. Asks no broker: that comes with the first record.
    pub fn begin(&self) -> Result<(), TransactionError> {
        native::begin_transaction(&self.shared.client).map_err(|error| self.sort(error))
    }

    /// Hurries what is under way and waits until all of it is acknowledged; whether it is.
    pub fn flush(&self, at_most: Duration) -> bool {
        native::flush(&self.shared.client, at_most)
    }

    /// Puts positions into the transaction, for the member that the consumer is right now.
    ///
    /// A consumer that is no member at the moment gets [`TransactionError::Aborted`]: without a membership the broker
    /// could not tell that its partitions belong to another one by now.
    pub fn send_offsets(
        &self,
        group: &Group,
        offsets: &[(TopicPartition, i64)],
        at_most: Duration,
    ) -> Result<(), TransactionError> {
        let Some(membership) = Membership::of(&group.client) else {
            let reason = "the consumer is no member of its group at the moment".to_owned();
            return Err(TransactionError::Aborted { name: "NO_MEMBER".to_owned(), reason });
        };
        let mut list = Partitions::new();
        for (partition, next) in offsets {
            list.add(partition, *next, group.epochs.before(partition, *next));
        }
        let sent = native::send_offsets(&self.shared.client, &list, &membership, at_most);
        sent.map_err(|error| self.sort(error))
    }

    /// Makes all of it visible.
    pub fn commit(&self, at_most: Duration) -> Result<(), TransactionError> {
        native::commit_transaction(&self.shared.client, at_most).map_err(|error| self.sort(error))
    }

    /// Drops what waits and makes the rest invisible.
    pub fn abort(&self, at_most: Duration) -> Result<(), TransactionError> {
        native::abort_transaction(&self.shared.client, at_most).map_err(|error| self.sort(error))
    }

    /// What ended the client, if something did.
    pub fn fatal(&self) -> Option<TransactionError> {
        let (code, text) = self.shared.client.fatal()?;
        Some(sort(&CallError { code, text, fatal: true, retriable: false, requires_abort: false }))
    }

    /// A fatal error hides behind whatever the call says of it.
    fn sort(&self, error: CallError) -> TransactionError {
        if error.fatal
            && let Some(fatal) = self.fatal()
        {
            return fatal;
        }
        sort(&error)
    }
}

/// In this order, and whatever is not known is the worst of all.
fn sort(error: &CallError) -> TransactionError {
    let (name, reason) = (error.code.name(), error.text.clone());
    if FENCED.contains(&name.as_str()) {
        return TransactionError::Fenced { name, reason };
    }
    if REFUSED.contains(&name.as_str()) {
        return TransactionError::Refused { name, reason };
    }
    if error.code.class() == ErrorClass::Unauthorized {
        return TransactionError::Unauthorized { reason };
    }
    match (error.fatal, error.requires_abort, error.retriable) {
        (true, ..) => TransactionError::Broken { name, reason },
        (_, true, _) => TransactionError::Aborted { name, reason },
        (.., true) => TransactionError::Later { name, reason },
        _ => TransactionError::Broken { name, reason },
    }
}

#[cfg(test)]
mod tests {
    use rdkafka_sys::rd_kafka_resp_err_t as Raw;

    use super::*;
    use crate::kafka::error::Code;

    fn sorted(raw: Raw, fatal: bool, requires_abort: bool, retriable: bool) -> TransactionError {
        sort(&CallError { code: Code(raw as i32), text: "why".to_owned(), fatal, retriable, requires_abort })
    }

    #[test]
    fn fencing_is_fencing_however_it_is_called() {
        for raw in [
            Raw::RD_KAFKA_RESP_ERR__FENCED,
            Raw::RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            Raw::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ] {
            assert!(matches!(sorted(raw, true, false, false), TransactionError::Fenced { .. }), "{raw:?}");
        }
    }

    #[test]
    fn what_no_other_try_changes_is_refused() {
        let text = sorted(Raw::RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, true, false, false).to_string();
        assert_eq!(text, "the broker cannot do transactions as they are set: why (INVALID_TRANSACTION_TIMEOUT)");
        let text = sorted(Raw::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, true, false, false).to_string();
        assert_eq!(
            text,
            "the broker refuses to let this producer use transactions: why; check what these credentials may do"
        );
    }

    #[test]
    fn an_error_that_says_nothing_of_itself_is_the_worst() {
        let generation = Raw::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
        assert!(matches!(sorted(generation, false, true, false), TransactionError::Aborted { .. }));
        assert!(matches!(sorted(generation, false, false, false), TransactionError::Broken { .. }));
        assert!(matches!(sorted(generation, true, true, true), TransactionError::Broken { .. }));
        let late = Raw::RD_KAFKA_RESP_ERR__TIMED_OUT;
        assert!(matches!(sorted(late, false, false, true), TransactionError::Later { .. }));
        assert!(matches!(sorted(late, false, true, true), TransactionError::Aborted { .. }));
    }
}
