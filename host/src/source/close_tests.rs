//! Consumers that end in the middle of something. Each end has a time limit: the faults here were endless waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::tests::{PATIENCE, TURN, broker, settings};
use super::*;
use crate::commit::client::OffsetCommitter;

/// More than any end below may take, far less than for ever.
const LIMIT: Duration = Duration::from_secs(25);

/// Does `work` on another thread and fails if it does not come back.
fn in_time(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::sync_channel(1);
    thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    ended.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{what} did not end within {LIMIT:?}: {error}"));
}

/// A pipeline that commits what is revoked, if it has been given a committer, and dies when partitions are lost.
#[derive(Clone, Default)]
struct Dying(Arc<Mutex<Option<OffsetCommitter>>>);

impl RebalanceEvents for Dying {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot> {
        partitions.iter().map(|_| Slot(1)).collect()
    }

    fn revoked(&mut self, partitions: &[(TopicPartition, Slot)]) {
        let offsets: Vec<_> = partitions.iter().map(|(partition, _)| (partition.clone(), 1)).collect();
        if let Some(committer) = &*self.0.lock().expect("not poisoned") {
            committer.commit(&offsets).expect_err("nobody is there");
        }
    }

    fn lost(&mut self, _partitions: &[(TopicPartition, Slot)]) {
        panic!("planted");
    }
}

/// A consumer with partitions.
fn holding(settings: &ConsumerSettings, events: Dying) -> Consumer {
    let mut consumer = Consumer::connect(settings, Box::new(events)).expect("connect");
    let deadline = Instant::now() + PATIENCE;
    while consumer.progress().is_empty() {
        assert!(Instant::now() < deadline, "no partitions came");
        consumer.poll(10, TURN, &mut |_| ()).expect("no error");
    }
    consumer
}

#[test]
fn a_consumer_that_died_in_a_rebalance_ends() {
    let broker = broker(2);
    let mut consumer = holding(&settings(&broker.bootstrap_servers()), Dying::default());
    // Without a word from its group for as long as a session is, a member takes its partitions for lost.
    drop(broker);
    let deadline = Instant::now() + PATIENCE;
    let died = catch_unwind(AssertUnwindSafe(|| {
        while Instant::now() < deadline {
            consumer.poll(10, TURN, &mut |_| ()).expect("worth waiting for");
        }
    }));
    assert!(died.is_err(), "nothing was lost");
    in_time("dropping it", move || drop(consumer));
}

#[test]
fn a_close_whose_time_is_over_before_the_group_answers_ends() {
    let broker = broker(2);
    let consumer = holding(&settings(&broker.bootstrap_servers()), Dying::default());
    in_time("closing it", move || {
        let late = consumer.close(Duration::ZERO).expect_err("no time").to_string();
        assert_eq!(late, "the consumer could not leave its group within 0 ms");
    });
}

#[test]
fn a_close_with_a_commit_that_nobody_answers_ends() {
    let broker = broker(2);
    let mut settings = settings(&broker.bootstrap_servers());
    settings.properties = vec![("session.timeout.ms".to_owned(), "45000".to_owned())];
    let events = Dying::default();
    let consumer = holding(&settings, events.clone());
    let committer = OffsetCommitter::new(consumer.group(), Duration::from_millis(200));
    *events.0.lock().expect("not poisoned") = Some(committer);
    drop(broker);
    in_time("closing it", move || {
        consumer.close(Duration::from_millis(500)).expect_err("nobody is there");
        // The committer holds the client too: only now it ends.
        drop(events);
    });
}
