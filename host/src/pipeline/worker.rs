//! The way of a record, on one page. A worker takes batches of its partitions' records and walks them through:
//!
//! 1. open      each record gets a ticket in its partition's ledger
//! 2. walk      Avro becomes the guests' typed records, they transform them, and Avro comes out (`way.rs`)
//! 3. judge     each output gets its topic and partition, or its record is rejected (`judge.rs`, `address.rs`)
//! 4. settle    each record's outputs are produced, or it is dead-lettered or skipped, in order
//!
//! The acknowledgement closes the ticket (`delivery.rs`), and the committer commits what is closed (`committer.rs`).

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::address::Addresses;
use super::failure::Failure;
use super::flow::Item;
use super::judge::{Judged, Leaving, judge};
use super::origin::Origin;
use super::origin_headers::Origins;
use super::queue::Queue;
use super::rejection::Rejection;
use super::shared::Shared;
use super::swap::Guests;
use super::tap;
use crate::config::Reject;
use crate::fault::{self, Point};
use crate::record::{Batch, Record, Ticket};
use crate::sink::dead_letter::{self, Letter, Reason};
use crate::sink::{Outgoing, Refusal, Sender};

/// How long to wait for room in the producer before looking whether to go on.
const ROOM: Duration = Duration::from_millis(100);

/// Does the work of its partitions, on a thread of its own.
pub(super) struct Worker {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    /// Its number, by which new guests find it.
    number: usize,
    guests: Guests,
    addresses: Addresses,
    sender: Sender,
    items: Vec<Item>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, queue: Arc<Queue>, number: usize) -> Result<Worker, Failure> {
        let guests = Guests::start(&shared.stages)?;
        let (sender, addresses) = (shared.producer.sender(), Addresses::new(&shared));
        Ok(Worker { shared, queue, number, guests, addresses, sender, items: Vec::new() })
    }

    /// Works until the queue is closed or the pipeline stops. Records not reached by then are untouched, so not lost.
    pub(super) fn run(mut self) {
        let shared = self.shared.clone();
        while let Some(batch) = self.queue.pop() {
            let mut start = 0;
            while start < batch.len() {
                if shared.control.stopping() {
                    return;
                }
                // Nothing is in the guests' hands here.
                if let Some(fresh) = shared.swap.take(self.number) {
                    std::mem::replace(&mut self.guests, fresh).retire();
                }
                let end = call_end(&batch, start, self.guests.call_limits());
                if let Err(failure) = self.walk(&batch, start..end) {
                    return shared.control.fail(failure);
                }
                start = end;
            }
            self.queue.give_back(batch);
        }
    }

    /// The way of the records of one guest call.
    fn walk(&mut self, batch: &Batch, records: Range<usize>) -> Result<(), Failure> {
        let mut items = self.open(batch, records);
        let Guests { way, formats, .. } = &mut self.guests;
        let (source, values) = formats.read(batch, &mut items);
        way.walk(Origin { batch, whence: &self.shared.partitions }, source, values, &mut items)?;
        let done = self.settle(batch, &mut items);
        self.items = items;
        done
    }

    /// Step 1. Records of a partition that has left are dropped here: they belong to its next owner.
    fn open(&mut self, batch: &Batch, records: Range<usize>) -> Vec<Item> {
        let mut items = std::mem::take(&mut self.items);
        items.clear();
        let mut bytes = 0;
        let mut index = records.start;
        while index < records.end {
            let slot = batch.get(index).slot();
            let run = (index..records.end).take_while(|at| batch.get(*at).slot() == slot);
            let end = run.last().map_or(index, |last| last) + 1;
            let partition = self.shared.partitions.get(slot);
            if let Some(mut ledger) = partition.as_ref().and_then(|partition| partition.open_ledger()) {
                for at in index..end {
                    let record = batch.get(at);
                    let ticket = Ticket::new(slot, ledger.open(record.offset(), record.timestamp()));
                    bytes += size(&record);
                    items.push(Item::new(at, ticket));
                }
            }
            index = end;
        }
        self.shared.metrics.consumed(items.len() as u64, bytes as u64);
        items
    }

    /// Steps 3 and 4. What stands before a record that stops the pipeline is still produced.
    fn settle(&mut self, batch: &Batch, items: &mut [Item]) -> Result<(), Failure> {
        let Worker { shared, guests: Guests { way, formats, stages }, addresses, sender, .. } = self;
        let come = way.come();
        formats.write(&come, items);
        let origins = Origins::of(shared, batch, come.units, items);
        let origins = origins.headers();
        let leaving = Leaving { batch, formats, come, origins: &origins };
        let Judged { ready, dropped, several, end, stop } = judge(shared, addresses, sender, &leaving, items)?;
        // Until the end of this, the transaction stays what it is.
        let all = shared.clone();
        let Some(_inside) = all.enter() else { return Ok(()) };
        // What stands behind the record that stops the pipeline is left alone: it comes again.
        let (items, rest) = items.split_at(end.min(items.len()));
        split(shared, &several);
        for topic in topics(&ready) {
            let here = ready.iter().filter(|(_, at)| *at == topic);
            let outgoing: Vec<Outgoing<'_>> = here.map(|(unit, _)| leaving.outgoing(items, *unit)).collect();
            send(shared, sender, addresses.name(topic), &outgoing)?;
        }
        if !dropped.is_empty() {
            shared.metrics.filtered(dropped.len() as u64);
            shared.partitions.close(dropped.into_iter(), |_| ());
        }
        if let Some(tap) = &stages.tap {
            let topic = |at: usize| addresses.name(at);
            let teller = tap::Teller { tap, whence: &shared.partitions, stages, leaving: &leaving };
            teller.tell(items, &ready, &topic);
            if let (Some(item), Some(stop)) = (rest.first(), &stop) {
                teller.tell_stop(item, stop);
            }
        }
        self.settle_rejected(batch, items)?;
        stop.map_or(Ok(()), Err)
    }

    /// Skips or dead-letters what was rejected; with the policy `stop` there is nothing to do for it.
    fn settle_rejected(&mut self, batch: &Batch, items: &[Item]) -> Result<(), Failure> {
        let rejected: Vec<(&Item, &Rejection)> =
            items.iter().filter_map(|item| Some((item, item.rejection.as_deref()?))).collect();
        if self.shared.reject == Reject::Stop || rejected.is_empty() {
            return Ok(());
        }
        for (item, rejection) in &rejected {
            self.note(rejection, &batch.get(item.index));
        }
        let Some(topic) = self.shared.topics.dead_letters.clone() else {
            self.shared.metrics.skipped(rejected.len() as u64);
            self.shared.partitions.close(rejected.iter().map(|(item, _)| item.ticket), |_| ());
            return Ok(());
        };
        let letters: Vec<Letter> = rejected.iter().map(|(item, why)| self.letter(item, why, batch)).collect();
        let headers: Vec<_> = letters.iter().map(Letter::headers).collect();
        let outgoing: Vec<Outgoing<'_>> = rejected
            .iter()
            .zip(&headers)
            .map(|((item, _), headers)| dead_letter::outgoing(item.ticket, &batch.get(item.index), headers))
            .collect();
        let too_large = outgoing.iter().position(|letter| self.sender.refusal(letter).is_some());
        if let Some(index) = too_large {
            let at = self.shared.place(&batch.get(rejected[index].0.index));
            let why = self.sender.refusal(&outgoing[index]).map_or_else(String::new, |refusal| refusal.to_string());
            // Records behind it were sent already.
            self.shared.tear();
            return Err(Failure::Kafka(format!("the dead letter for {at} cannot be sent: {why}")));
        }
        send(&self.shared, &mut self.sender, &topic, &outgoing)
    }

    fn letter(&self, item: &Item, rejection: &Rejection, batch: &Batch) -> Letter {
        let record = batch.get(item.index);
        let partition = self.shared.partitions.get(item.ticket.slot());
        if let Some(partition) = &partition {
            partition.ledger().dead_letter(item.ticket.sequence());
        }
        let (topic, number) = partition.map_or((String::new(), -1), |p| (p.name.topic.clone(), p.name.partition));
        Letter::new(&Reason {
            topic: &topic,
            partition: number,
            offset: record.offset(),
            group: &self.shared.group,
            pipeline: &self.shared.name,
            stage: rejection.stage.as_str(),
            guest: rejection.guest.map(|guest| self.guests.stages.each[guest].name.as_str()),
            kind: rejection.kind,
            message: &rejection.why,
        })
    }

    fn note(&self, rejection: &Rejection, record: &Record<'_>) {
        self.shared.metrics.error(rejection.kind, rejection.stage, 1);
        let (at, why) = (self.shared.place(record), rejection.why.as_str());
        let (stage, guest) =
            (rejection.stage.as_str(), rejection.guest.map(|guest| &self.guests.stages.each[guest].name));
        tracing::warn!(
            pipeline = self.shared.name,
            record = at,
            stage,
            guest,
            kind = rejection.kind,
            why,
            "record rejected"
        );
    }
}

/// Tells the ledgers of records with several outputs, before the first of these is sent.
fn split(shared: &Shared, several: &[(Ticket, u32)]) {
    for (ticket, count) in several {
        if let Some(partition) = shared.partitions.get(ticket.slot()) {
            partition.ledger().split(ticket.sequence(), *count);
        }
    }
}

/// Step 4: hands records to the producer, waiting while it is full.
fn send(shared: &Shared, sender: &mut Sender, topic: &str, outgoing: &[Outgoing<'_>]) -> Result<(), Failure> {
    if outgoing.is_empty() {
        return Ok(());
    }
    let topic = shared.topics.get(&shared.producer, topic).inspect_err(|_| shared.tear())?;
    let mut at = 0;
    while let Some(rest) = outgoing.get(at..).filter(|rest| !rest.is_empty()) {
        let open = open_run(shared, rest);
        if open == 0 {
            at += 1;
            continue;
        }
        let sent = sender.send(&topic, rest.get(..open).unwrap_or_default());
        shared.sent(sent.accepted);
        at += sent.accepted;
        if sent.accepted > 0 {
            fault::point(Point::AfterProduce);
        }
        match sent.refused {
            None => {}
            // Not sent, so not acknowledged, so not committed: nothing is lost by giving up.
            Some(Refusal::QueueFull(_)) if shared.abandoned() => {
                shared.tear();
                return Ok(());
            }
            Some(Refusal::QueueFull(room)) => drop(shared.producer.wait_for_room(room, ROOM)),
            Some(refusal) => return shared.refused(&refusal),
        }
    }
    let bytes: usize = outgoing.iter().map(|o| o.value.map_or(0, <[u8]>::len)).sum();
    shared.metrics.produced(0, bytes as u64);
    Ok(())
}

/// The topics that outputs go to, each once.
fn topics(ready: &[(usize, usize)]) -> Vec<usize> {
    let mut topics: Vec<usize> = ready.iter().map(|(_, topic)| *topic).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// How many records from the front may be sent: up to the first whose partition has another owner.
fn open_run(shared: &Shared, records: &[Outgoing<'_>]) -> usize {
    let mut open = 0;
    for run in records.chunk_by(|a, b| a.ticket.slot() == b.ticket.slot()) {
        if run.first().is_some_and(|first| is_fenced(shared, first.ticket)) {
            break;
        }
        open += run.len();
    }
    open
}

/// Whether the record's partition has another owner, who will send it.
fn is_fenced(shared: &Shared, ticket: Ticket) -> bool {
    shared.partitions.get(ticket.slot()).is_none_or(|partition| partition.is_fenced())
}

/// Where the guest call ends that begins at `start`: so many records and bytes at most.
fn call_end(batch: &Batch, start: usize, (records, most): (usize, usize)) -> usize {
    let mut bytes = 0;
    let fits = |at: &usize| {
        bytes += size(&batch.get(*at));
        *at == start || at - start < records && bytes <= most
    };
    start + (start..batch.len()).take_while(fits).count()
}

fn size(record: &Record<'_>) -> usize {
    record.key().map_or(0, <[u8]>::len) + record.value().map_or(0, <[u8]>::len)
}
