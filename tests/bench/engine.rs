//! The engine alone, without Kafka: nanoseconds per record for decode, transform and encode on one core.
//!
//! Every contender does the work of the guest `enrich` on the same bytes, in interleaved rounds, and every output is
//! compared byte for byte with that of native Rust. Run it in the project's folder, after `make guests`:
//!
//! ```text
//! bench-engine [--records N] [--rounds N] [--guest enrich.wasm]
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream::contract::shape::{Role, Unit};
use millstream::decode::intake::{self, Around, Value, ValuePlan};
use millstream::decode::{self, Image, Intake};
use millstream::encode::{self, EncodePlan, OutputLimits, Outputs, Verdict};
use millstream::guest::{Allowance, Call, Engine, Grants, Guest, Instance, Past};
use millstream::record::Headers;
use millstream::schema;
use millstream::telemetry::guest_series::GuestSeries;
use serde::{Deserialize, Serialize};
use serde_avro_fast::ser::SerializerConfig;

type Failure = Box<dyn std::error::Error>;

const INPUT: &str = "schemas/payment.avsc";
const OUTPUT: &str = "schemas/enriched.avsc";
/// The guest looks at nothing but values.
const NOTHING: Around<'static> =
    Around { key: None, headers: Headers::NONE, topic: "", partition: 0, offset: 0, timestamp: -1, log_append: false };
const BATCHES: [usize; 3] = [1, 16, 256];

/// The records' bytes, one after the other, and where each ends.
struct Payments {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Payments {
    fn generate(count: u64) -> Payments {
        let mut payments = Payments { bytes: Vec::new(), ends: Vec::new() };
        for n in 0..count {
            write_payment(&mut payments.bytes, n);
            payments.ends.push(payments.bytes.len());
        }
        payments
    }

    fn start(&self, record: usize) -> usize {
        record.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn get(&self, record: usize) -> &[u8] {
        &self.bytes[self.start(record)..self.ends[record]]
    }

    fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A payment of ten fields and some 90 bytes.
fn write_payment(out: &mut Vec<u8>, n: u64) {
    put_text(out, &format!("pay-{n:012}"));
    put_text(out, &format!("DE{:018}", n * 7919 % 1_000_003));
    put_long(out, (n % 1_000_000) as i64);
    put_long(out, (n % 3) as i64);
    put_long(out, 1_763_700_000_000 + n as i64);
    if n.is_multiple_of(2) {
        put_long(out, 1);
        put_text(out, "monthly invoice payment");
    } else {
        put_long(out, 0);
    }
    put_long(out, 2);
    put_text(out, "card");
    put_text(out, "online");
    put_long(out, 0);
    out.extend((1.0 + (n % 100) as f64 / 100.0).to_le_bytes());
    put_text(out, ["DE", "FR", "US"][(n % 3) as usize]);
    put_long(out, (n % 1000) as i64);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_long(out, text.len() as i64);
    out.extend(text.as_bytes());
}

fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// The same work in native Rust with the fastest Avro crate; text is `String` or `&str`.
#[derive(Deserialize)]
struct Payment<T> {
    id: T,
    account: T,
    amount: i64,
    currency: Currency,
    ts: i64,
    note: Option<T>,
    tags: Vec<T>,
    rate: f64,
    country: T,
    seq: i32,
}

#[derive(Serialize)]
struct Enriched<T> {
    id: T,
    account: T,
    amount: i64,
    currency: Currency,
    ts: i64,
    note: Option<T>,
    tags: Vec<T>,
    rate: f64,
    country: T,
    seq: i32,
    amount_eur: f64,
    risk: i32,
}

#[derive(Deserialize, Serialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Currency {
    Eur,
    Usd,
    Gbp,
}

fn enrich<T: AsRef<str>>(p: Payment<T>) -> Enriched<T> {
    let amount_eur = p.amount as f64 / 100.0 * p.rate;
    let risk = if amount_eur > 9000.0 {
        2
    } else if p.country.as_ref() != "DE" {
        1
    } else {
        0
    };
    let Payment { id, account, amount, currency, ts, note, tags, rate, country, seq } = p;
    Enriched { id, account, amount, currency, ts, note, tags, rate, country, seq, amount_eur, risk }
}

/// Native Rust with both schemas parsed. Records are written into one buffer, as the lane does.
struct Native<'s> {
    input: &'s serde_avro_fast::Schema,
    config: SerializerConfig<'s>,
    out: Vec<u8>,
}

impl Native<'_> {
    fn owned(&mut self, value: &[u8]) -> Result<(), Failure> {
        let payment: Payment<String> = serde_avro_fast::from_datum_slice(value, self.input)?;
        serde_avro_fast::to_datum(&enrich(payment), &mut self.out, &mut self.config)?;
        Ok(())
    }

    fn borrowed(&mut self, value: &[u8]) -> Result<(), Failure> {
        let payment: Payment<&str> = serde_avro_fast::from_datum_slice(value, self.input)?;
        serde_avro_fast::to_datum(&enrich(payment), &mut self.out, &mut self.config)?;
        Ok(())
    }
}

/// The typed lane with one live guest.
struct Lane {
    intake: Intake,
    encode: Arc<EncodePlan>,
    past: Past,
    instance: Instance,
    image: Image,
    outputs: Outputs,
}

impl Lane {
    fn start(guest: &Path) -> Result<Lane, Failure> {
        let (input, output) = (schema::load(Path::new(INPUT))?, schema::load(Path::new(OUTPUT))?);
        let engine = Engine::start(None)?;
        let guest = Guest::load(&engine, guest, &Grants::default())?;
        let fits = |mismatches: Vec<_>| format!("the guest does not fit: {mismatches:?}");
        let function = guest.function(Role::Transform).ok_or("the guest exports no transform")?;
        let plan = decode::compile(&input, &input, &function.input, &[]).map_err(fits)?;
        let intake = intake::compile(&Unit::bare(&function.input), ValuePlan::Plan(plan), None).map_err(fits)?;
        let encode = encode::compile(&function.outcome, &output, &input, false, &[]).map_err(fits)?;
        let allowance = Allowance {
            pipeline: "bench".into(),
            stage: "guest".into(),
            memory: 64 << 20,
            time: Duration::from_secs(10),
            grants: Grants::default(),
            outputs: OutputLimits { record: 1 << 20, batch: 64 << 20, outputs: 1000 },
            config: Arc::default(),
            schemas: Arc::default(),
            series: GuestSeries::detached(),
        };
        let instance = Instance::start(&guest, &Arc::new(allowance))?;
        let (past, image, outputs) = (Past::default(), Image::default(), Outputs::default());
        Ok(Lane { intake, encode: Arc::new(encode), past, instance, image, outputs })
    }

    /// Takes the records from `first` to before `end` through the guest; what comes out stays in `outputs`.
    fn batch(&mut self, payments: &Payments, first: usize, end: usize) -> Result<(), Failure> {
        let Lane { intake, encode, past, instance, image, outputs } = self;
        image.begin(intake.stride(), end - first, 0, 64 << 20);
        for record in first..end {
            let value = Value::Bytes(payments.get(record), payments.start(record) as u32);
            intake.take(image, value, &NOTHING).map_err(|unfit| unfit.to_string())?;
        }
        outputs.clear();
        let source = &payments.bytes;
        instance.call(Call { role: Role::Transform, source, image, intake, plan: encode, past }, outputs)?;
        Ok(())
    }

    /// All records in batches of `size`, each output compared with what native Rust makes of the record.
    fn check(&mut self, payments: &Payments, size: usize, native: &mut Native<'_>) -> Result<(), Failure> {
        for first in (0..payments.len()).step_by(size) {
            let end = (first + size).min(payments.len());
            self.batch(payments, first, end)?;
            for (at, (record, verdict)) in (first..end).zip(&self.outputs.verdicts).enumerate() {
                native.out.clear();
                native.owned(payments.get(record))?;
                if *verdict != Verdict::Outputs(1) {
                    return Err(format!("record {record}: expected a value, found {verdict:?}").into());
                }
                if self.outputs.value(at) != Some(&native.out[..]) {
                    return Err(format!("record {record}: the lane's output differs from native Rust's").into());
                }
            }
        }
        Ok(())
    }
}

/// What the command line asks for.
struct Options {
    records: u64,
    rounds: usize,
    guest: PathBuf,
}

impl Options {
    fn read() -> Result<Options, Failure> {
        let guest = "guests/rust/enrich/enrich.wasm".into();
        let mut options = Options { records: 50_000, rounds: 15, guest };
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--records" => options.records = value.parse()?,
                "--rounds" => options.rounds = value.parse()?,
                "--guest" => options.guest = value.into(),
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
    let payments = Payments::generate(options.records.max(1));
    let input: serde_avro_fast::Schema = std::fs::read_to_string(INPUT)?.parse()?;
    let output: serde_avro_fast::Schema = std::fs::read_to_string(OUTPUT)?.parse()?;
    let mut native = Native { input: &input, config: SerializerConfig::new(&output), out: Vec::new() };
    let mut lane = Lane::start(&options.guest)?;
    for size in BATCHES {
        lane.check(&payments, size, &mut native)?;
    }
    let mut names = vec!["native Rust, owned fields".to_owned(), "native Rust, borrowed fields".to_owned()];
    names.extend(BATCHES.map(|size| format!("typed lane, batch {size}")));
    let mut rounds = Vec::with_capacity(options.rounds);
    for round in 0..=options.rounds {
        let mut times = vec![timed(&payments, 16, |first, end| {
            native.out.clear();
            (first..end).try_for_each(|record| native.owned(payments.get(record)))
        })?];
        times.push(timed(&payments, 16, |first, end| {
            native.out.clear();
            (first..end).try_for_each(|record| native.borrowed(payments.get(record)))
        })?);
        for size in BATCHES {
            times.push(timed(&payments, size, |first, end| lane.batch(&payments, first, end))?);
        }
        // The first round warms up.
        if round > 0 {
            rounds.push(times);
        }
    }
    let (records, bytes) = (payments.len(), payments.bytes.len() / payments.len());
    println!("{records} records of {bytes} bytes, {} rounds, outputs byte for byte those of native Rust", rounds.len());
    print!("{}", table(&names, &rounds));
    Ok(())
}

/// Nanoseconds per record of one pass over all records.
fn timed(
    payments: &Payments,
    size: usize,
    mut batch: impl FnMut(usize, usize) -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let start = Instant::now();
    for first in (0..payments.len()).step_by(size) {
        batch(first, (first + size).min(payments.len()))?;
    }
    Ok(start.elapsed().as_nanos() as f64 / payments.len() as f64)
}

/// Medians over the rounds; ratios are taken within a round, to its first contender.
fn table(names: &[String], rounds: &[Vec<f64>]) -> String {
    let mut text = format!("{:<32} {:>10} {:>8}\n", "contender", "ns/record", "ratio");
    for (index, name) in names.iter().enumerate() {
        let time = median(rounds.iter().map(|times| times[index]));
        let ratio = median(rounds.iter().map(|times| times[index] / times[0]));
        text.push_str(&format!("{name:<32} {time:>10.0} {ratio:>8.2}\n"));
    }
    text
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
