//! Drops records whose key it has seen lately, whatever their format: values go through as bytes.
//!
//! The keys are kept in the instance, as many as fit in [`ROOM`]. That is a cache: an instance may be replaced at any
//! time, another one works on other partitions, old keys make room. So a duplicate may come through now and then, but
//! nothing is dropped that is not one. For this, a key is kept with the place of its first record: a batch may be
//! called again, and a record that was read again is not its own duplicate.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input bytes --output bytes --filter --tombstones \
//!         --envelope-in key,topic,partition,offset --envelope-out key \
//!         --package acme:dedup --out guests/rust/dedup/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Bytes for keys, and what is kept with each of them, at most.
const ROOM: usize = 8 << 20;
/// About what an entry takes besides its key.
const ENTRY: usize = 128;

/// Topic, partition and offset.
type Place = (Rc<str>, u32, u64);

/// The keys seen lately, each with the place where it came first.
#[derive(Default)]
struct Seen {
    places: HashMap<Rc<[u8]>, Place>,
    oldest_first: VecDeque<Rc<[u8]>>,
    size: usize,
}

impl Seen {
    /// Whether this key came before, at another place; from now on it has.
    fn repeats(&mut self, key: &[u8], place: Place) -> bool {
        if let Some(first) = self.places.get(key) {
            return *first != place;
        }
        let key: Rc<[u8]> = key.into();
        self.size += key.len() + ENTRY;
        self.oldest_first.push_back(key.clone());
        self.places.insert(key, place);
        while self.size > ROOM
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.size -= oldest.len() + ENTRY;
            self.places.remove(&oldest);
        }
        false
    }
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

struct Dedup;

/// Records without a key are nobody's duplicates.
fn dedup(record: RecordIn, seen: &mut Seen) -> Option<RecordOut> {
    let RecordIn { value, key, topic, partition, offset } = record;
    let repeated = key.as_ref().is_some_and(|key| seen.repeats(key, (topic.into(), partition, offset)));
    (!repeated).then_some(RecordOut { value, key })
}

impl Guest for Dedup {
    fn transform(batch: Vec<RecordIn>) -> Vec<Result<Option<RecordOut>, Fault>> {
        SEEN.with_borrow_mut(|seen| batch.into_iter().map(|record| Ok(dedup(record, seen))).collect())
    }
}

export!(Dedup);

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(seen: &mut Seen, key: Option<&[u8]>, offset: u64) -> bool {
        let key = key.map(<[u8]>::to_vec);
        dedup(RecordIn { value: None, key, topic: "t".to_owned(), partition: 0, offset }, seen).is_some()
    }

    #[test]
    fn a_key_passes_once() {
        let mut seen = Seen::default();
        assert!(passes(&mut seen, Some(b"a"), 0) && passes(&mut seen, Some(b"b"), 1));
        assert!(!passes(&mut seen, Some(b"a"), 2));
        assert!(passes(&mut seen, None, 3) && passes(&mut seen, None, 4));
    }

    #[test]
    fn a_record_that_is_read_again_is_no_repetition() {
        let mut seen = Seen::default();
        for _ in 0..2 {
            assert!(passes(&mut seen, Some(b"a"), 0));
            assert!(!passes(&mut seen, Some(b"a"), 1));
        }
    }

    #[test]
    fn the_oldest_keys_make_room() {
        let mut seen = Seen::default();
        let key = |i: u64| [&vec![b'k'; 1 << 20][..], &i.to_le_bytes()].concat();
        for i in 0..20 {
            assert!(passes(&mut seen, Some(&key(i)), i));
            assert!(seen.size <= ROOM && seen.places.len() == seen.oldest_first.len());
        }
        assert!(!passes(&mut seen, Some(&key(19)), 20), "the newest are kept");
        assert!(passes(&mut seen, Some(&key(0)), 21), "the oldest are not");
    }
}
