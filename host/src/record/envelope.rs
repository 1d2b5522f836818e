//! What guests set around a value.

use std::sync::Arc;

use super::{Headers, put_header};

/// What a guest set around a value it answered. What it did not set is as a guest before it has set it, or else as the
/// record came. "Set to none" is not the same as not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    key: Option<Option<Place>>,
    headers: Option<Place>,
    topic: Option<Option<Place>>,
    partition: Option<Option<i32>>,
    timestamp: Option<Option<i64>>,
    earlier: Option<Arc<Envelope>>,
}

/// Start and end in an envelope's bytes.
type Place = (usize, usize);

impl Envelope {
    /// An empty one with room for so many bytes of key, headers and topic.
    pub fn with_room(bytes: usize) -> Self {
        Envelope { bytes: Vec::with_capacity(bytes), ..Envelope::default() }
    }

    /// The key, if it was set; `Some(None)` is no key.
    pub fn key(&self) -> Option<Option<&[u8]>> {
        match self.key {
            Some(key) => Some(key.map(|place| self.at(place))),
            None => self.earlier.as_ref()?.key(),
        }
    }

    /// All headers, if they were set.
    pub fn headers(&self) -> Option<Headers<'_>> {
        match self.headers {
            Some(place) => Some(Headers { rest: self.at(place) }),
            None => self.earlier.as_ref()?.headers(),
        }
    }

    /// The topic to write to; `None`: the sink's own.
    pub fn topic(&self) -> Option<&str> {
        match self.topic {
            Some(topic) => topic.and_then(|place| std::str::from_utf8(self.at(place)).ok()),
            None => self.earlier.as_ref()?.topic(),
        }
    }

    /// The partition to write to; `None`: by key. It is a partition of the topic it was set with: who sets another topic
    /// sets the partition anew.
    pub fn partition(&self) -> Option<i32> {
        match (self.partition, self.topic) {
            (Some(partition), _) => partition,
            (None, Some(_)) => None,
            (None, None) => self.earlier.as_ref()?.partition(),
        }
    }

    /// Milliseconds since the epoch; `None`: the time of producing.
    pub fn timestamp(&self) -> Option<i64> {
        match self.timestamp {
            Some(timestamp) => timestamp,
            None => self.earlier.as_ref()?.timestamp(),
        }
    }

    /// Bytes of key, headers and topic that were set here.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Sets the key, or that there is none.
    pub fn set_key(&mut self, key: Option<&[u8]>) {
        self.key = Some(key.map(|key| self.append(|out| out.extend_from_slice(key))));
    }

    /// Sets the key to what `write` appends; whatever that answers comes back.
    pub fn set_key_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let start = self.bytes.len();
        let done = write(&mut self.bytes);
        self.key = Some(Some((start, self.bytes.len())));
        done
    }

    /// Sets all headers, in order.
    pub fn set_headers<'h>(&mut self, headers: impl Iterator<Item = (&'h [u8], Option<&'h [u8]>)>) {
        let place = self.append(|out| headers.for_each(|(name, value)| put_header(out, name, value)));
        self.headers = Some(place);
    }

    /// Sets all headers, in order. At the first that is an error none is set, and the error comes back.
    pub fn try_set_headers<'h, E>(
        &mut self,
        mut headers: impl Iterator<Item = Result<(&'h [u8], Option<&'h [u8]>), E>>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        let done = headers.try_for_each(|header| {
            let (name, value) = header?;
            put_header(&mut self.bytes, name, value);
            Ok(())
        });
        match done {
            Ok(()) => self.headers = Some((start, self.bytes.len())),
            Err(_) => self.bytes.truncate(start),
        }
        done
    }

    /// Sets the topic, or that it is the sink's own.
    pub fn set_topic(&mut self, topic: Option<&str>) {
        self.topic = Some(topic.map(|topic| self.append(|out| out.extend_from_slice(topic.as_bytes()))));
    }

    /// Sets the partition, or that the key decides.
    pub fn set_partition(&mut self, partition: Option<i32>) {
        self.partition = Some(partition);
    }

    /// Sets the time in milliseconds since the epoch, or that it is the time of producing.
    pub fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.timestamp = Some(timestamp);
    }

    /// What is not set here is as `earlier` has it.
    pub fn after(mut self, earlier: &Arc<Envelope>) -> Envelope {
        self.earlier = Some(earlier.clone());
        self
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Place {
        let start = self.bytes.len();
        write(&mut self.bytes);
        (start, self.bytes.len())
    }

    fn at(&self, (start, end): Place) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier() -> Arc<Envelope> {
        let mut earlier = Envelope::default();
        earlier.set_key(Some(b"k"));
        earlier.set_topic(Some("alerts"));
        earlier.set_partition(Some(3));
        earlier.set_timestamp(Some(9));
        earlier.set_headers([(&b"a"[..], None), (b"b", Some(&b"1"[..]))].into_iter());
        Arc::new(earlier)
    }

    #[test]
    fn what_is_not_set_is_as_before() {
        let same = Envelope::default().after(&earlier());
        assert_eq!((same.key(), same.topic()), (Some(Some(&b"k"[..])), Some("alerts")));
        assert_eq!((same.partition(), same.timestamp()), (Some(3), Some(9)));
        let headers: Vec<_> = same.headers().unwrap().collect();
        assert_eq!(headers, [(&b"a"[..], None), (b"b", Some(&b"1"[..]))]);
        assert!(Envelope::default().headers().is_none());
    }

    #[test]
    fn none_is_said_and_not_left_out() {
        let mut later = Envelope::default();
        later.set_key(None);
        later.set_topic(None);
        later.set_timestamp(None);
        let later = later.after(&earlier());
        assert_eq!((later.key(), later.topic(), later.timestamp()), (Some(None), None, None));
    }

    #[test]
    fn headers_are_set_all_or_none() {
        let good = [(&b"a"[..], None), (b"b", Some(&b"1"[..]))];
        let mut envelope = Envelope::with_room(8);
        let with_error = good.into_iter().map(Ok).chain([Err("too long")]);
        assert_eq!(envelope.try_set_headers(with_error), Err("too long"));
        assert_eq!((envelope.headers().is_none(), envelope.byte_len()), (true, 0));
        assert_eq!(envelope.try_set_headers(good.into_iter().map(Ok::<_, &str>)), Ok(()));
        assert_eq!(envelope.headers().unwrap().collect::<Vec<_>>(), good);
    }

    #[test]
    fn a_partition_is_one_of_the_topic_it_was_set_with() {
        let mut later = Envelope::default();
        later.set_topic(Some("others"));
        assert_eq!(later.after(&earlier()).partition(), None);
    }
}
