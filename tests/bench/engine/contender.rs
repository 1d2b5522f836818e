//! What all contenders have in common: they take records and keep what comes out of each.

use std::ops::Range;

use millstream::record::{Batch, Record};

pub type Failure = Box<dyn std::error::Error>;

/// Does the work of its group, in its own way.
pub trait Contender {
    /// Takes some records through; what came out of the ones before is forgotten.
    fn batch(&mut self, records: &Batch, range: Range<usize>) -> Result<(), Failure>;

    /// What came out of a record of the last batch, counted from 0.
    fn sent(&self, at: usize) -> Option<Sent>;
}

/// An output, for comparing.
#[derive(Debug, PartialEq)]
pub struct Sent {
    pub value: Vec<u8>,
    /// What was set around it, by contenders that set anything.
    pub around: Option<Around>,
}

/// What is set around an output.
#[derive(Debug, Default, PartialEq)]
pub struct Around {
    pub key: String,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub topic: Option<String>,
    pub timestamp: i64,
}

/// Where native Rust writes to: one buffer for all of a batch, as the lane has.
#[derive(Default)]
pub struct Out {
    pub bytes: Vec<u8>,
    pub around: Vec<Around>,
}

/// Native Rust: a function that is called for each record.
pub struct Native<F> {
    work: F,
    out: Out,
    ends: Vec<usize>,
}

impl<F: FnMut(&Record<'_>, &[u8], &mut Out) -> Result<(), Failure>> Native<F> {
    pub fn new(work: F) -> Self {
        Native { work, out: Out::default(), ends: Vec::new() }
    }
}

impl<F: FnMut(&Record<'_>, &[u8], &mut Out) -> Result<(), Failure>> Contender for Native<F> {
    fn batch(&mut self, records: &Batch, range: Range<usize>) -> Result<(), Failure> {
        self.out.bytes.clear();
        self.out.around.clear();
        self.ends.clear();
        for index in range {
            let record = records.get(index);
            (self.work)(&record, record.value().ok_or("a record without a value")?, &mut self.out)?;
            self.ends.push(self.out.bytes.len());
        }
        Ok(())
    }

    fn sent(&self, at: usize) -> Option<Sent> {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let value = self.out.bytes.get(start..*self.ends.get(at)?)?.to_vec();
        let around = self.out.around.get(at).map(|around| Around {
            key: around.key.clone(),
            headers: around.headers.clone(),
            topic: around.topic.clone(),
            timestamp: around.timestamp,
        });
        Some(Sent { value, around })
    }
}
