//! A record that could not be processed, kept as it was, with headers that say where it came from and why it is here.
//!
//! Header names follow Kafka's own for share groups (KIP-1191): `__dlq.errors.*`; what those lack has our own prefix.

use crate::record::{Record, Ticket};
use crate::telemetry::printable::printable;

use super::Outgoing;

/// Longest reason in a header, in bytes: a dead letter is that much larger than its record, and a few headers more.
const MESSAGE: usize = 4096;

/// Where a record came from and why it could not be processed.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The consumer group that read it.
    pub group: &'a str,
    /// The pipeline that gave up on it.
    pub pipeline: &'a str,
    /// Where on its way.
    pub stage: &'a str,
    /// The stage of the pipeline whose guest it was, if it was one.
    pub guest: Option<&'a str>,
    /// The kind of error, one word.
    pub kind: &'a str,
    /// What is wrong, in words.
    pub message: &'a str,
}

/// The headers of one dead letter.
#[derive(Debug)]
pub struct Letter {
    headers: Vec<(&'static [u8], String)>,
}

impl Letter {
    /// Writes the headers. Numbers are decimal text.
    pub fn new(reason: &Reason<'_>) -> Letter {
        let mut headers: Vec<(&'static [u8], String)> = vec![
            (b"__dlq.errors.topic", reason.topic.to_owned()),
            (b"__dlq.errors.partition", reason.partition.to_string()),
            (b"__dlq.errors.offset", reason.offset.to_string()),
            (b"__dlq.errors.group", reason.group.to_owned()),
            (b"__dlq.errors.message", printable(reason.message, MESSAGE)),
            (b"millstream.error.kind", reason.kind.to_owned()),
            (b"millstream.error.stage", reason.stage.to_owned()),
        ];
        headers.extend(reason.guest.map(|guest| (&b"millstream.error.guest"[..], guest.to_owned())));
        headers.push((b"millstream.pipeline", reason.pipeline.to_owned()));
        Letter { headers }
    }

    /// The headers as the producer takes them.
    pub fn headers(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        self.headers.iter().map(|(name, value)| (*name, Some(value.as_bytes()))).collect()
    }
}

/// The record as it was, key, value, headers and time, with the letter's headers after its own.
pub fn outgoing<'a>(ticket: Ticket, record: &Record<'a>, letter: &'a [(&'a [u8], Option<&'a [u8]>)]) -> Outgoing<'a> {
    Outgoing {
        ticket,
        key: record.key(),
        value: record.value(),
        headers: record.headers(),
        extra_headers: letter,
        partition: None,
        timestamp: Some(record.timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Batch, Parts, Slot};

    #[test]
    fn a_dead_letter_is_the_record_and_its_reason() {
        let mut batch = Batch::default();
        let parts = Parts { slot: Slot(0), offset: 7, timestamp: 9, log_append: false, key: Some(b"k"), value: None };
        batch.push(parts, [(&b"own"[..], Some(&b"1"[..]))].into_iter());
        let letter = Letter::new(&Reason {
            topic: "payments",
            partition: 3,
            offset: 7,
            group: "g",
            pipeline: "p",
            stage: "transform",
            guest: Some("enrich"),
            kind: "reject",
            message: "negative amount -5\n",
        });
        let headers = letter.headers();
        let out = outgoing(Ticket::new(Slot(0), 1), &batch.get(0), &headers);
        assert_eq!((out.key, out.value, out.timestamp), (Some(&b"k"[..]), None, Some(9)));
        assert_eq!(out.headers.collect::<Vec<_>>(), [(&b"own"[..], Some(&b"1"[..]))]);
        let text: Vec<String> = headers
            .iter()
            .map(|(name, value)| {
                format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value.unwrap_or_default()))
            })
            .collect();
        assert_eq!(
            text,
            [
                "__dlq.errors.topic=payments",
                "__dlq.errors.partition=3",
                "__dlq.errors.offset=7",
                "__dlq.errors.group=g",
                r"__dlq.errors.message=negative amount -5\n",
                "millstream.error.kind=reject",
                "millstream.error.stage=transform",
                "millstream.error.guest=enrich",
                "millstream.pipeline=p",
            ]
        );
    }
}
