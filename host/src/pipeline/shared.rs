//! What all threads of one pipeline share. Made once, before the first of them starts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::control::Control;
use super::failure::Failure;
use super::gate::Inside;
use super::partitions::Partitions;
use super::queue::Queue;
use super::stages::{Stages, Whence};
use super::swap::Swap;
use super::transactor::Ours;
use crate::config::{Reject, Sink};
use crate::kafka::Trouble;
use crate::record::Record;
use crate::sink::{Delivery, DeliveryError, DeliveryErrorKind, Producer, Refusal, SinkError, Topic, TransactionError};
use crate::telemetry::metrics::{Metrics, Stage};

/// The pipeline's parts that no thread owns alone.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) control: Arc<Control>,
    pub(super) partitions: Partitions,
    /// One for each worker.
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) metrics: Metrics,
    /// The guests that the pipeline starts with, and the way through them.
    pub(super) stages: Arc<Stages>,
    /// Those that come later.
    pub(super) swap: Arc<Swap>,
    pub(super) producer: Producer,
    /// With exactly-once: its transactions.
    pub(super) transactions: Option<Arc<Ours>>,
    pub(super) topics: Topics,
    /// Which topics guests may name.
    pub(super) sink: Sink,
    pub(super) reject: Reject,
    /// Set when the pipeline stops: until when it may wait for Kafka.
    pub(super) deadline: OnceLock<Instant>,
}

/// The topics that are written to, each opened when the first record goes there.
///
/// Not earlier: a topic opened before the producer has its id makes librdkafka change connections in between, and ask
/// for the id again half a second later.
pub(super) struct Topics {
    pub(super) output: String,
    /// Where dead letters go; `None` unless that is the policy.
    pub(super) dead_letters: Option<String>,
    pub(super) open: Mutex<HashMap<String, Topic>>,
}

/// What the producer answers to records that come after the end of their transaction.
const OF_TRANSACTION: &[&str] = &["_STATE", "_FATAL", "_FENCED", "_PURGE_QUEUE"];

impl Topics {
    /// Opens a topic, or gives the open one.
    pub(super) fn get(&self, producer: &Producer, name: &str) -> Result<Topic, Failure> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = open.get(name) {
            return Ok(topic.clone());
        }
        let topic = producer.topic(name).map_err(|error| Failure::Kafka(error.to_string()))?;
        open.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }
}

impl Shared {
    /// Lets a worker send the outputs of some records, each as a whole; none when nothing is to be sent any more.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        self.transactions.as_ref().map_or(Some(Inside::FREE), |ours| ours.gate.enter())
    }

    /// Some record was sent in part, or not delivered: with a transaction, none of it may be seen.
    pub(super) fn tear(&self) {
        if let Some(ours) = &self.transactions {
            ours.gate.tear();
        }
    }

    /// The producer took so many outputs.
    pub(super) fn sent(&self, outputs: usize) {
        if let Some(ours) = &self.transactions {
            ours.gate.sent(outputs);
        }
    }

    /// The producer does not take an output. With a transaction that may be the transaction's fault.
    pub(super) fn refused(&self, refusal: &Refusal) -> Result<(), Failure> {
        let Some(ours) = &self.transactions else { return Err(Failure::Kafka(refusal.to_string())) };
        ours.gate.tear();
        match (ours.transactions.fatal(), refusal) {
            (Some(fatal), _) => ours.give_up(self, &fatal),
            (None, Refusal::Other { name, .. }) if OF_TRANSACTION.contains(&name.as_str()) => {
                self.control.begin_anew(format!("the transaction has failed: {refusal}"));
            }
            (None, refusal) => return Err(Failure::Kafka(refusal.to_string())),
        }
        Ok(())
    }

    /// The producer has ended.
    pub(super) fn producer_ended(&self, error: &SinkError) {
        match self.transactions.as_ref().and_then(|ours| Some((ours, ours.transactions.fatal()?))) {
            Some((ours, fatal)) => ours.give_up(self, &fatal),
            None => self.control.fail(Failure::Kafka(error.to_string())),
        }
    }

    /// These outputs came back. The ledgers know of those that were delivered.
    pub(super) fn settled(&self, outputs: &[Delivery]) {
        let lost = outputs.iter().find_map(|output| output.error.as_ref());
        let text = |error: &DeliveryError| format!("an output could not be delivered: {error}");
        let Some(ours) = &self.transactions else {
            // Its ticket stays open, so nothing at or after the record is committed.
            return lost.into_iter().for_each(|error| self.control.fail(Failure::Kafka(text(error))));
        };
        // What comes back after the end of the transaction was thrown away with it.
        if let Some(error) = lost.filter(|_| !ours.gate.is_shut()) {
            ours.gate.tear();
            match (ours.transactions.fatal(), error.kind) {
                (Some(fatal), _) => ours.give_up(self, &fatal),
                (None, DeliveryErrorKind::Fenced) => {
                    ours.give_up(self, &TransactionError::Fenced { name: String::new(), reason: error.text.clone() });
                }
                (None, DeliveryErrorKind::TimedOut | DeliveryErrorKind::Fatal | DeliveryErrorKind::Other) => {
                    self.control.begin_anew(text(error));
                }
                (None, _) => self.control.fail(Failure::Kafka(text(error))),
            }
        }
        ours.gate.settled(outputs.len());
    }

    /// Whether waiting for Kafka has no point any more: the time for draining is over, or nothing will be committed.
    pub(super) fn abandoned(&self) -> bool {
        if self.transactions.is_some() && self.control.is_anew() {
            return true;
        }
        self.deadline.get().is_some_and(|deadline| Instant::now() >= *deadline)
    }

    /// Logs and counts what a client has trouble with and goes on trying.
    pub(super) fn note(&self, troubles: &[Trouble], stage: Stage) {
        for trouble in troubles {
            self.metrics.error("kafka", stage, 1);
            tracing::warn!(pipeline = self.name, code = trouble.name, stage = stage.as_str(), "{}", trouble.text);
        }
    }

    /// Bytes of input that wait for the workers.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.queues.iter().map(|queue| queue.bytes()).sum()
    }

    /// Topic, partition and offset of a record, as people look for it.
    pub(super) fn place(&self, record: &Record<'_>) -> String {
        self.partitions.place(record)
    }
}
