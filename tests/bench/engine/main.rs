//! The engine alone, without Kafka: nanoseconds per record from a topic's bytes to a topic's bytes, on one core.
//!
//! For each kind of guest there is a group: native Rust, and the pipeline with a guest that does the same work on the
//! same bytes. Within a round all contenders run one after the other; every output is compared with native Rust's. A
//! pass is over in a millisecond or two, so that each contender has rounds in which nothing else ran. Run it in the
//! project's folder, after `make guests`:
//!
//! ```text
//! bench-engine [--records N] [--rounds N] [--only GROUP]
//! bench-engine --languages PAGE [--records N] [--rounds N] [--only LANGUAGE]
//! ```
//!
//! The second is about one guest in all languages, and writes its table into a page.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod contender;
mod groups;
mod lane;
mod languages;
mod native;
mod payments;

use std::process::ExitCode;
use std::time::Instant;

use contender::Failure;
use groups::{Entry, Group, Groups};
use millstream::record::Batch;

/// What the command line asks for.
struct Options {
    records: Option<u64>,
    rounds: usize,
    only: Option<String>,
    languages: Option<String>,
}

impl Options {
    fn read() -> Result<Options, Failure> {
        let mut options = Options { records: None, rounds: 301, only: None, languages: None };
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--records" => options.records = Some(value.parse()?),
                "--rounds" => options.rounds = value.parse()?,
                "--only" => options.only = Some(value),
                "--languages" => options.languages = Some(value),
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-engine: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let options = Options::read()?;
    if let Some(page) = &options.languages {
        return languages::run(&options, page);
    }
    let records = options.records.unwrap_or(2_000).max(1);
    let mut groups = Groups::make(records, options.only.as_deref())?;
    groups.iter_mut().try_for_each(check)?;
    let rounds = measure(&mut groups, options.rounds)?;
    println!("{records} records, {} rounds, outputs those of native Rust", rounds.len());
    println!("{:<40} {:>8} {:>7} {:>8} {:>7}", "contender", "best ns", "ratio", "median", "ratio");
    for (at, group) in groups.iter().enumerate() {
        print!("{}", table(group, &rounds.iter().map(|times| &times[at][..]).collect::<Vec<_>>()));
    }
    Ok(())
}

/// Nanoseconds per record of each group's contenders in each of so many rounds.
fn measure(groups: &mut [Group], rounds: usize) -> Result<Vec<Vec<Vec<f64>>>, Failure> {
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let mut times = Vec::new();
        for group in &mut *groups {
            let records = &group.records;
            let pass = |entry: &mut Entry| timed(records, entry);
            times.push(group.entries.iter_mut().map(pass).collect::<Result<Vec<f64>, Failure>>()?);
        }
        // The first round warms up.
        if round > 0 {
            measured.push(times);
        }
    }
    Ok(measured)
}

/// All records through all contenders, each output compared with that of the first.
fn check(group: &mut Group) -> Result<(), Failure> {
    let Group { title, records, entries } = group;
    let (reference, others) = entries.split_first_mut().ok_or("a group without contenders")?;
    for Entry { name, size, contender } in others {
        for first in (0..records.len()).step_by(*size) {
            let end = (first + *size).min(records.len());
            contender.batch(records, first..end)?;
            reference.contender.batch(records, first..end)?;
            for at in 0..end - first {
                let (wanted, found) = (reference.contender.sent(at), contender.sent(at));
                if wanted.is_none() || wanted != found {
                    let record = first + at;
                    return Err(format!("{title}, {name}: record {record}: {found:?}, native has {wanted:?}").into());
                }
            }
        }
    }
    Ok(())
}

/// Nanoseconds per record of one pass over all records.
fn timed(records: &Batch, entry: &mut Entry) -> Result<f64, Failure> {
    let start = Instant::now();
    for first in (0..records.len()).step_by(entry.size) {
        entry.contender.batch(records, first..(first + entry.size).min(records.len()))?;
    }
    Ok(start.elapsed().as_nanos() as f64 / records.len() as f64)
}

/// Each contender's best round, and medians over the rounds, whose ratios are taken within a round; ratios are to the
/// group's first contender.
fn table(group: &Group, rounds: &[&[f64]]) -> String {
    let bytes = group.records.iter().filter_map(|record| record.value()).map(<[u8]>::len).sum::<usize>();
    let mut text = format!("-- {}, {} bytes a record\n", group.title, bytes / group.records.len());
    for (index, entry) in group.entries.iter().enumerate() {
        let time = median(rounds.iter().map(|times| times[index]));
        let ratio = median(rounds.iter().map(|times| times[index] / times[0]));
        let best_ratio = best(rounds, index) / best(rounds, 0);
        let best = best(rounds, index);
        text.push_str(&format!("{:<40} {best:>8.0} {best_ratio:>7.2} {time:>8.0} {ratio:>7.2}\n", entry.name));
    }
    text
}

/// A contender's best round, of those of its group.
fn best(rounds: &[&[f64]], contender: usize) -> f64 {
    rounds.iter().map(|times| times[contender]).fold(f64::INFINITY, f64::min)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
