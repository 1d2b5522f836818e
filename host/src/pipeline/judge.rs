//! What becomes of each record after the guests, in order, up to the one that stops the pipeline.

use super::address::Addresses;
use super::failure::Failure;
use super::flow::{Item, Stop, Unit};
use super::formats::Formats;
use super::offline::Sent;
use super::origin_headers;
use super::rejection::Rejection;
use super::shared::Shared;
use super::way::Come;
use crate::config::Reject;
use crate::record::{Batch, Record, Ticket};
use crate::sink::{Outgoing, Sender};

/// What became of the records of a call, up to the one that stops the pipeline.
pub(super) struct Judged {
    /// Outputs in the order of their records: which unit, and its topic's number.
    pub(super) ready: Vec<(usize, usize)>,
    /// Records that the guests dropped.
    pub(super) dropped: Vec<Ticket>,
    /// Records of several outputs, and how many.
    pub(super) several: Vec<(Ticket, u32)>,
    /// How many items were judged.
    pub(super) end: usize,
    /// Why nothing goes on there.
    pub(super) stop: Option<Stop>,
}

/// Outputs as they leave.
pub(super) struct Leaving<'a> {
    pub(super) batch: &'a Batch,
    pub(super) formats: &'a Formats,
    pub(super) come: Come<'a>,
    /// For each output where it comes from; empty where the pipeline does not tell.
    pub(super) origins: &'a [origin_headers::Headers<'a>],
}

impl<'a> Leaving<'a> {
    /// Output `at`: what no guest has set is the record's own.
    pub(super) fn outgoing(&self, items: &[Item], at: usize) -> Outgoing<'a> {
        let unit: &'a Unit = &self.come.units[at];
        let item = &items[unit.item];
        let record = self.batch.get(item.index);
        let set = unit.envelope.as_deref();
        let key = set.and_then(|set| set.key()).unwrap_or(record.key());
        let headers = set.and_then(|set| set.headers()).unwrap_or(record.headers());
        let plain = Outgoing::plain(item.ticket, key, self.formats.value(self.come.outputs, at, &unit.value));
        let (partition, timestamp) = (set.and_then(|set| set.partition()), set.and_then(|set| set.timestamp()));
        let extra_headers = self.origins.get(at).map_or(&[][..], |own| &own[..]);
        Outgoing { headers, extra_headers, partition, timestamp, ..plain }
    }

    /// Output `at` as it is sent to a topic, with bytes of its own.
    pub(super) fn sent(&self, items: &[Item], at: usize, topic: &str) -> Sent {
        let Outgoing { key, value, headers, extra_headers, partition, timestamp, .. } = self.outgoing(items, at);
        let headers = headers.chain(extra_headers.iter().copied());
        Sent {
            topic: topic.to_owned(),
            key: key.map(<[u8]>::to_vec),
            value: value.map(<[u8]>::to_vec),
            headers: headers.map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec))).collect(),
            partition,
            timestamp,
        }
    }
}

/// Judges the records. A record counts as one: if one of its outputs cannot be written, none is.
pub(super) fn judge(
    shared: &Shared,
    addresses: &mut Addresses,
    sender: &Sender,
    leaving: &Leaving<'_>,
    items: &mut [Item],
) -> Result<Judged, Failure> {
    let all = leaving.come.units;
    let ready = Vec::with_capacity(all.len());
    let mut judged = Judged { ready, dropped: Vec::new(), several: Vec::new(), end: items.len(), stop: None };
    let mut units = 0..0;
    for at in 0..items.len() {
        let start = units.end + all[units.end..].iter().take_while(|unit| unit.item < at).count();
        units = start..start + all[start..].iter().take_while(|unit| unit.item == at).count();
        let first = judged.ready.len();
        for unit in units.clone() {
            if !items[at].goes_on() {
                break;
            }
            let topic = match sender.refusal(&leaving.outgoing(items, unit)) {
                Some(refusal) => Err(Rejection::sink("too-large", refusal.to_string())),
                None => addresses.find(shared, all[unit].envelope.as_deref())?,
            };
            match topic {
                Ok(topic) => judged.ready.push((unit, topic)),
                Err(rejection) => items[at].reject(rejection),
            }
        }
        let item = &mut items[at];
        let stop = item.stop.take().map(|stop| *stop);
        let stopped = || stopped_by(shared, item, &leaving.batch.get(item.index)).map(Stop::Fail);
        if let Some(stop) = stop.or_else(stopped) {
            judged.ready.truncate(first);
            (judged.end, judged.stop) = (at, Some(stop));
            break;
        }
        match (item.rejection.is_some(), units.len()) {
            (true, _) => judged.ready.truncate(first),
            (false, 0) => judged.dropped.push(item.ticket),
            (false, 1) => {}
            (false, count) => judged.several.push((item.ticket, count as u32)),
        }
    }
    Ok(judged)
}

/// The failure that a rejected record is, where the policy is to stop.
fn stopped_by(shared: &Shared, item: &Item, record: &Record<'_>) -> Option<Failure> {
    let rejection = item.rejection.as_ref().filter(|_| shared.reject == Reject::Stop)?;
    shared.metrics.error(rejection.kind, rejection.stage, 1);
    Some(Failure::Rejected { at: shared.place(record), kind: rejection.kind, why: rejection.why.clone() })
}
