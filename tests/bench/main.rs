//! End to end on a real broker: the same work by each contender, interleaved over some rounds, outputs compared byte
//! for byte.
//!
//!     bench [--records N] [--rounds N] [--only NAME]... [--contender NAME=COMMAND]... [--heap MIB]

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod contender;
mod measure;
mod table;

use std::process::ExitCode;

use harness::{Broker, Load, Result, RigError, paths};

use contender::{Contender, Run};
use measure::{Measure, PARTITIONS, measure};
use table::Row;

const USAGE: &str = "bench [--records N] [--rounds N] [--only NAME]... [--contender NAME=COMMAND]... [--heap MIB]";

struct Options {
    records: u64,
    rounds: usize,
    heap_mib: u32,
    contenders: Vec<Contender>,
}

fn main() -> ExitCode {
    match Options::of_process().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn of_process() -> Result<Options> {
        let mut options = Options { records: 2_000_000, rounds: 3, heap_mib: 1024, contenders: Contender::known() };
        let mut only: Vec<String> = Vec::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| RigError::new(format!("{name} needs a value")))?;
            let number = || value.replace('_', "").parse::<u64>().map_err(RigError::doing(format!("{name} {value}")));
            match name.as_str() {
                "--records" => options.records = number()?,
                "--rounds" => options.rounds = number()? as usize,
                "--heap" => options.heap_mib = number()? as u32,
                "--only" => only.push(value),
                "--contender" => options.contenders.push(Contender::parse(&value)?),
                _ => return Err(RigError::new(format!("unknown argument {name}; {USAGE}"))),
            }
        }
        let known: Vec<&str> = options.contenders.iter().map(|c| c.name.as_str()).collect();
        if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(RigError::new(format!("no contender {unknown}; there are {}", known.join(", "))));
        }
        if !only.is_empty() {
            options.contenders.retain(|contender| only.contains(&contender.name));
        }
        if options.records == 0 || options.rounds == 0 {
            return Err(RigError::new("--records and --rounds have to be at least 1"));
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<()> {
    let folder = paths::scratch("bench")?;
    let broker = Broker::start(options.heap_mib)?;
    println!("loading {} records over {PARTITIONS} partitions", options.records);
    broker.create_topic("bench.in", PARTITIONS, &[])?;
    Load::new(0..options.records).send(&broker, "bench.in")?;

    let mut rows: Vec<Row> =
        options.contenders.iter().map(|c| Row { name: c.name.clone(), rounds: Vec::new() }).collect();
    let mut expected = None;
    // Round 0 is not counted: a broker whose code is not compiled yet is twice as slow.
    for round in 0..=options.rounds {
        for turn in 0..options.contenders.len() {
            // Each round starts with another one, so that nobody always runs before or after the same one.
            let index = (round + turn) % options.contenders.len();
            let contender = &options.contenders[index];
            let run = Run {
                input: "bench.in".to_owned(),
                output: format!("bench.{}.{round}", contender.name),
                group: format!("bench-{}-{round}", contender.name),
                folder: folder.path().to_path_buf(),
            };
            let (measured, outputs) = measure(&broker, contender, &run, options.records)
                .map_err(RigError::doing(format!("{}, round {round}", contender.name)))?;
            if *expected.get_or_insert(outputs) != outputs {
                return Err(RigError::new(format!("{} wrote other bytes than those before it", contender.name)));
            }
            let Measure { rate, cpu, peak_mib, .. } = measured;
            let name = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
            println!("{name:<8} {:<16} {rate:>9.0} records/s {cpu:>6.2} CPU s/M {peak_mib:>5.0} MiB", contender.name);
            if round > 0 {
                rows[index].rounds.push(measured);
            }
        }
    }
    table::print(&rows);
    println!("outputs of all contenders are equal, byte for byte.");
    Ok(())
}
