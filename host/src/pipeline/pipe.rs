//! Lines through the guests: each line a record, each output a line. What is held at once is bounded, whatever the length
//! of the input.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use super::failure::Failure;
use super::load::Prepared;
use super::offline::{Given, Offline, Outcome, Rejected, Sent};
use super::plain::{SinkForm, SourceForm};
use crate::config::{Problems, Reject};
use crate::format::json::JsonError;
use crate::telemetry::metrics::Metrics;

/// Longest line, in bytes.
pub const LINE_MAX: usize = 64 << 20;
/// Lines and bytes that are taken together, at most.
const LINES: usize = 1024;
const BYTES: usize = 1 << 20;

/// What went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that were records.
    pub records: u64,
    /// Outputs that were written.
    pub outputs: u64,
    /// Records without output that were not rejected.
    pub dropped: u64,
    /// Records that were rejected.
    pub rejected: u64,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipeError {
    /// The pipeline's schemas.
    #[error("{0}")]
    Problems(Problems),
    /// The guests.
    #[error("{0}")]
    Failure(#[from] Failure),
    /// The input cannot be read.
    #[error("cannot read the input behind line {line}: {error}")]
    Read {
        /// The last line that was read, from 1.
        line: u64,
        /// What the system said.
        error: io::Error,
    },
    /// A line that is too long to be one record.
    #[error("line {line} is longer than {} MiB; each record stands on a line of its own", LINE_MAX >> 20)]
    TooLong {
        /// Which, from 1.
        line: u64,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Write(io::Error),
    /// A record was rejected and the pipeline's policy is to stop, or a guest stops it.
    #[error("line {line} {why}")]
    Stopped {
        /// Which, from 1.
        line: u64,
        /// What happened, and what the policy says.
        why: String,
    },
}

/// A line that is a record, or why it is none.
struct Taken {
    line: u64,
    given: Result<Given, String>,
}

/// Takes all lines of the input through the guests and writes the outputs. `tell` is given each rejected record's line
/// number and the reason. A reader of the output that goes away is no error: it has read enough.
pub fn pipe(
    prepared: &Prepared,
    metrics: &Metrics,
    input: impl Read,
    output: impl Write,
    tell: &mut dyn FnMut(u64, &str),
) -> Result<Counts, PipeError> {
    let mut pipe = Pipe {
        source: SourceForm::of(prepared).map_err(PipeError::Problems)?,
        sink: SinkForm::of(prepared).map_err(PipeError::Problems)?,
        offline: Offline::start(prepared, metrics)?,
        stops: prepared.config.errors.reject == Reject::Stop,
        out: BufWriter::with_capacity(BYTES, output),
        text: Vec::new(),
        tell,
        counts: Counts::default(),
    };
    let done = pipe.run(BufReader::with_capacity(BYTES, input));
    // What came out before the end is written, also where the end is an error.
    let flushed = pipe.out.flush().map_err(PipeError::Write);
    match done.and(flushed) {
        Err(PipeError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(pipe.counts),
        Err(error) => Err(error),
        Ok(()) => Ok(pipe.counts),
    }
}

struct Pipe<'a, W: Write> {
    source: SourceForm,
    sink: SinkForm,
    offline: Offline,
    stops: bool,
    out: BufWriter<W>,
    /// One output.
    text: Vec<u8>,
    tell: &'a mut dyn FnMut(u64, &str),
    counts: Counts,
}

impl<W: Write> Pipe<'_, W> {
    fn run(&mut self, mut input: BufReader<impl Read>) -> Result<(), PipeError> {
        let (mut taken, mut bytes, mut number) = (Vec::new(), 0, 0_u64);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = LINE_MAX as u64 + 1;
            let read = input.by_ref().take(limit).read_until(b'\n', &mut line);
            if read.map_err(|error| PipeError::Read { line: number, error })? == 0 {
                break;
            }
            number += 1;
            if line.len() > LINE_MAX {
                self.batch(&mut taken)?;
                return Err(PipeError::TooLong { line: number });
            }
            bytes += line.len();
            taken.extend(self.take(number, &line));
            // Where the next line would have to be waited for, these are not kept waiting.
            let ends = !input.buffer().contains(&b'\n');
            if taken.len() >= LINES || bytes >= BYTES || ends {
                self.batch(&mut taken)?;
                bytes = 0;
                if ends {
                    self.out.flush().map_err(PipeError::Write)?;
                }
            }
        }
        self.batch(&mut taken)
    }

    /// The record of a line; none for an empty line where values are JSON.
    fn take(&mut self, number: u64, line: &[u8]) -> Option<Taken> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = match line.trim_ascii() {
            b"" if self.source.is_json() => return None,
            b"null" if self.source.is_json() && self.source.null_is_tombstone() => Ok(None),
            // The line is said in front already.
            _ => self.source.value(line).map(Some).map_err(|error| JsonError { position: None, ..error }.to_string()),
        };
        let given = value.map(|value| Given { value, ..Given::default() });
        Some(Taken { line: number, given })
    }

    fn batch(&mut self, taken: &mut Vec<Taken>) -> Result<(), PipeError> {
        let mut records = Vec::with_capacity(taken.len());
        let lines: Vec<(u64, Option<String>)> = taken
            .drain(..)
            .map(|Taken { line, given }| match given {
                Ok(given) => {
                    records.push(given);
                    (line, None)
                }
                Err(why) => (line, Some(why)),
            })
            .collect();
        let first = i64::try_from(self.counts.records).unwrap_or(i64::MAX);
        let mut outcomes = self.offline.run(&records, first)?.into_iter();
        for (line, unfit) in lines {
            self.counts.records += 1;
            match unfit {
                Some(why) => self.rejected(line, &format!("does not fit the source's schema: {why}"))?,
                None => self.outcome(line, outcomes.next())?,
            }
        }
        Ok(())
    }

    fn outcome(&mut self, line: u64, outcome: Option<Outcome>) -> Result<(), PipeError> {
        match outcome {
            None => Err(Failure::Host("a record has no outcome".into()).into()),
            Some(Outcome::Stopped(why)) => Err(PipeError::Stopped { line, why: format!("stops it: {why}") }),
            Some(Outcome::Again(why)) => {
                let tried = "here each line is tried once; a pipeline on Kafka tries it again, as `[retry]` says";
                Err(PipeError::Stopped { line, why: format!("asks to be tried again: {why}\n  {tried}") })
            }
            Some(Outcome::Rejected(Rejected { stage, guest, kind, why })) => {
                let of = guest.map_or(String::new(), |guest| format!(" of {guest}"));
                self.rejected(line, &format!("was rejected by {stage}{of} ({kind}): {why}"))
            }
            Some(Outcome::Outputs(sent)) => {
                self.counts.dropped += u64::from(sent.is_empty());
                sent.iter().try_for_each(|sent| self.write(line, sent))
            }
        }
    }

    fn write(&mut self, line: u64, sent: &Sent) -> Result<(), PipeError> {
        self.text.clear();
        match &sent.value {
            Some(value) => {
                if let Err(why) = self.sink.line(value, &mut self.text) {
                    return self.rejected(line, &format!("has an output that cannot be read: {why}"));
                }
            }
            None if self.sink.is_json() => self.text.extend_from_slice(b"null"),
            None => {}
        }
        self.text.push(b'\n');
        self.counts.outputs += 1;
        self.out.write_all(&self.text).map_err(PipeError::Write)
    }

    fn rejected(&mut self, line: u64, why: &str) -> Result<(), PipeError> {
        self.counts.rejected += 1;
        if self.stops {
            let policy = "it ends here, as `[errors] reject = \"stop\"` says; `skip` or `dead-letter` would go on";
            return Err(PipeError::Stopped { line, why: format!("{why}\n  {policy}") });
        }
        (self.tell)(line, why);
        Ok(())
    }
}
