//! Exactly once, from its start on: the id of this instance, its first transaction, and beginning anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control::Control;
use super::failure::Failure;
use super::gate::Gate;
use super::transactor::Ours;
use crate::config::{Delivery, Pipeline};
use crate::kafka::properties::transaction_timeout;
use crate::sink::{Producer, TransactionError};

/// One turn of waiting for the coordinator of transactions.
const SLICE: Duration = Duration::from_millis(500);
/// How long the first start waits for it. A pipeline that has run already waits as long as it takes.
const FIRST: Duration = Duration::from_secs(60);
/// When to say that it takes long.
const LONG: Duration = Duration::from_secs(10);
/// Where Linux tells the name of the host.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The id under which the broker knows this instance; none where the pipeline has no transactions.
///
/// Names of tenants and pipelines have no slash, so the tenant and a slash are a prefix that rights can be given for.
pub fn transactional_id(config: &Pipeline) -> Result<Option<String>, Failure> {
    match &config.delivery {
        Delivery::AtLeastOnce => Ok(None),
        Delivery::ExactlyOnce { transactional_id: Some(id) } => Ok(Some(id.clone())),
        Delivery::ExactlyOnce { transactional_id: None } => {
            let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
            derived(&config.tenant, &config.name, host.trim()).map(Some)
        }
    }
}

fn derived(tenant: &str, pipeline: &str, host: &str) -> Result<String, Failure> {
    if host.is_empty() || host == "(none)" {
        let why = "this host has no name to make a transactional id of: set `transactional-id` in [pipeline]";
        return Err(Failure::Environment(why.to_owned()));
    }
    Ok(format!("{tenant}/{pipeline}/{host}"))
}

/// Takes over the id and begins the first transaction. None where the pipeline is told to stop meanwhile.
pub(super) fn begin(
    config: &Pipeline,
    id: String,
    producer: &Producer,
    control: &Control,
    is_first: bool,
) -> Result<Option<Arc<Ours>>, Failure> {
    let limit = transaction_timeout(&[&config.kafka.client[..], &config.kafka.producer].concat());
    let ours = Ours { transactions: producer.transactions(), gate: Gate::default(), id, limit };
    let (start, mut told) = (Instant::now(), false);
    while !control.stopping() {
        let error = match ours.transactions.init(SLICE).and_then(|()| ours.transactions.begin()) {
            Ok(()) => {
                tracing::info!(pipeline = config.name, transactional_id = ours.id, "exactly once: transactions begun");
                return Ok(Some(Arc::new(ours)));
            }
            Err(error) => error,
        };
        if !matches!(error, TransactionError::Later { .. }) {
            let why = ours.meaning(&error)?;
            if is_first {
                return Err(Failure::Kafka(format!("transactions cannot begin: {why}")));
            }
            control.begin_anew(why);
        } else if is_first && start.elapsed() >= FIRST {
            return Err(Failure::Environment(format!(
                "the broker has no coordinator for transactions within {} s: {error}; look whether its topic \
                 `__transaction_state` can be made and has all its replicas",
                FIRST.as_secs()
            )));
        } else if !told && start.elapsed() >= LONG {
            told = true;
            tracing::warn!(
                pipeline = config.name,
                why = error.to_string(),
                "waiting for the coordinator of transactions"
            );
        }
    }
    Ok(None)
}

/// How long to wait before beginning anew: longer each time, until it has run well for a while.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Pauses { next: Pauses::LEAST }
    }
}

impl Pauses {
    const LEAST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(30);

    /// The pause after having run for so long.
    pub(super) fn after(&mut self, ran: Duration) -> Duration {
        if ran > Pauses::MOST * 2 {
            self.next = Pauses::LEAST;
        }
        let pause = self.next;
        self.next = (pause * 2).min(Pauses::MOST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_made_of_what_stays_the_same() {
        assert_eq!(derived("acme", "payments", "host-1").as_deref(), Ok("acme/payments/host-1"));
        let text = derived("acme", "payments", "").expect_err("no name").to_string();
        assert_eq!(text, "this host has no name to make a transactional id of: set `transactional-id` in [pipeline]");
    }

    #[test]
    fn pauses_grow_to_a_bound_and_begin_again_after_a_good_run() {
        let mut pauses = Pauses::default();
        let short = Duration::from_secs(1);
        let first: Vec<u128> = (0..4).map(|_| pauses.after(short).as_millis()).collect();
        assert_eq!(first, [100, 200, 400, 800]);
        (0..20).for_each(|_| assert!(pauses.after(short) <= Pauses::MOST));
        assert_eq!(pauses.after(short), Pauses::MOST);
        assert_eq!(pauses.after(Duration::from_secs(3600)), Pauses::LEAST);
    }
}
