//! Random and mutated bytes on both sides of the lane, for a bounded time on stable Rust.
//!
//! `MILLSTREAM_FUZZ_SECONDS` says for how long each target runs (5 by default), `MILLSTREAM_FUZZ_SEED` where it starts.
//! A failure prints the seed of its schema, to be run again, and a line to be kept in `cases/`.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use millstream::contract::wit;
use millstream::decode::{self, Carried, DecodePlan, From};
use millstream::encode::{OutputLimits, Outputs, Returned, Rows, Verdict};
use millstream::guest::{Grants, Guest};

use super::dice::{Dice, Seeded};
use super::echo::{ENGINE, Fields, IDLE, IMAGE_LIMIT, Lane, Setup, component, echo_component, parse, transform_of};
use super::evolve::{Evolution, resolve};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks, V};

/// Inputs for each schema.
pub const INPUTS: usize = 300;

/// Runs a target with one seed after the other until the time is over.
pub fn run(target: &str, mut one: impl FnMut(u64)) {
    let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a whole number"));
    let seconds = setting("MILLSTREAM_FUZZ_SECONDS").unwrap_or(5);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    let mut seed = setting("MILLSTREAM_FUZZ_SEED").unwrap_or(now);
    println!("{target}: MILLSTREAM_FUZZ_SEED={seed} for {seconds} s");
    let start = Instant::now();
    let mut schemas = 0;
    while schemas == 0 || start.elapsed() < Duration::from_secs(seconds) {
        let told = Told(seed);
        one(seed);
        drop(told);
        seed = Seeded(seed).next();
        schemas += 1;
    }
    println!("{target}: {schemas} schemas, {} inputs", schemas * INPUTS);
}

/// Tells how to run a failing schema again.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to run this again: MILLSTREAM_FUZZ_SEED={}", self.0);
        }
    }
}

/// Changes bytes the way that finds mistakes: at edges, in counts, by pieces.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Seeded) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next() as u8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 if at < bytes.len() => bytes[at] = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff][random.below(8)],
            5 => {
                let mut long = Vec::new();
                let edges = [-1, 1 << 62, i64::MIN, i64::MAX, 1 << 40, -3, i64::from(i32::MAX) + 1];
                value::put_long(&mut long, edges[random.below(edges.len())]);
                bytes.splice(at..at, long);
            }
            6 => {
                let end = at + random.below(bytes.len() + 1 - at);
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => {
                let count = random.below(4);
                bytes.splice(at..at, random.bytes(count));
            }
        }
    }
}

pub fn noise(random: &mut Seeded) -> Vec<u8> {
    let count = random.below(64);
    random.bytes(count)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

pub fn read_by_avro(bytes: &[u8], schema: &apache_avro::Schema) -> Option<V> {
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(schema).build().ok()?;
    let mut rest = bytes;
    let value = reader.read_value(&mut rest).ok()?;
    rest.is_empty().then(|| value::from_avro(&value))
}

/// One writer's schema, one reader's, and a lane between them.
struct Decoding {
    writer: Ty,
    reader: Ty,
    lane: Lane,
    /// Decodes every field of what was written.
    whole: DecodePlan,
}

impl Decoding {
    /// None where the older schema has lists of nothing, which no guest could be given whole.
    fn new(writer: Ty, reader: Ty) -> Option<Decoding> {
        let (old, new) = (parse(&writer.schema(false)), parse(&reader.schema(false)));
        let options = wit::Options { package: "test:whole".into(), ..wit::Options::default() };
        wit::package(&old, &old, &options).ok()?;
        let echo = echo_component(&new, &new, &Fields::default());
        let setup = Setup { writers: vec![&old], ..Setup::same(&new, &echo) };
        let lane = Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"));
        let idle = component(&old, &old, &Fields::default(), IDLE);
        let idle = Guest::compile(&ENGINE, Path::new("idle.wasm"), &idle, &Grants::default())
            .unwrap_or_else(|error| panic!("{error}"));
        let whole =
            decode::compile(&old, &old, &transform_of(&idle).input, &[]).unwrap_or_else(|error| panic!("{error:?}"));
        Some(Decoding { writer, reader, lane, whole })
    }

    /// Whatever the bytes are: no panic, an image within its limit, and a value only where they hold one.
    fn check(&mut self, bytes: &[u8], old: &apache_avro::Schema, new: &apache_avro::Schema) {
        self.check_image(bytes);
        let line = format!("{}\t{}\t{}", self.writer.schema(false), self.reader.schema(false), hex(bytes));
        let outputs = self.lane.run(&[(0, bytes)]).unwrap_or_else(|error| panic!("{error}\n{line}"));
        let Ok(output) = &outputs[0] else { return };
        // A field that the reader lacks is passed over, whatever stands in it.
        self.lane.image.begin(self.whole.stride(), 1, 0, IMAGE_LIMIT);
        if self.whole.decode(bytes, 0, &mut self.lane.image).is_err() {
            return;
        }
        let written = read_by_avro(bytes, old);
        let written = written.unwrap_or_else(|| panic!("the lane takes what apache-avro refuses\n{line}"));
        let expected = resolve(&written, &self.writer, &self.reader);
        let expected = expected.unwrap_or_else(|error| panic!("the lane reads what it must not: {error}\n{line}"));
        assert_eq!(read_by_avro(output, new), Some(value::sorted(&expected)), "{line}");
    }

    fn check_image(&mut self, bytes: &[u8]) {
        let (image, plan) = (&mut self.lane.image, &self.lane.plans[0]);
        let limit = 4096 + plan.stride();
        image.begin(plan.stride(), 1, 0, limit);
        let done = plan.decode(bytes, 0, image);
        assert_eq!(image.count(), usize::from(done.is_ok()));
        assert!(done.is_ok() || image.fixups().is_empty());
        for fixup in image.fixups() {
            let (start, len) = (fixup.start as usize, fixup.len as usize);
            let within = match fixup.from {
                From::Source => start + len <= bytes.len(),
                From::Image(align) => start + len <= limit && start.is_multiple_of(usize::from(align)),
            };
            assert!(within && fixup.slot as usize + 8 <= limit, "{fixup:?}");
        }
    }
}

#[test]
fn decode_lower() {
    run("decode_lower", |seed| {
        let mut random = Seeded(seed);
        let entropy = random.below(1500);
        let entropy = random.bytes(entropy);
        let mut dice = Dice::new(&entropy);
        let base = Shapes::record(&mut dice);
        let (writer, reader) =
            if random.below(2) == 0 { (base.clone(), base) } else { Evolution::of(&base, &mut dice) };
        let old = apache_avro::Schema::parse_str(&writer.schema(false)).expect("apache-avro takes the schema");
        let new = apache_avro::Schema::parse_str(&reader.schema(false)).expect("apache-avro takes the schema");
        let Some(mut decoding) = Decoding::new(writer, reader) else { return };
        for _ in 0..INPUTS {
            let choices = random.bytes(200);
            let value = value::random(&decoding.writer, &mut Dice::new(&choices));
            let blocks = Blocks { items: 1 + random.below(3), sized: random.below(2) == 0 };
            let mut bytes = value::encode(&value, blocks);
            match random.below(8) {
                0 => bytes = noise(&mut random),
                1 => {}
                _ => mutate(&mut bytes, &mut random),
            }
            decoding.check(&bytes, &old, &new);
        }
    });
}

const LIMITS: OutputLimits = OutputLimits { record: 2048, batch: 8192, outputs: 100 };

/// Whatever a guest's memory holds: no panic, bounded output, and every value that comes out is one of the schema.
fn check_memory(lane: &Lane, avro: &apache_avro::Schema, memory: &[u8], (pointer, count): (u32, u32), line: &str) {
    let (mut outputs, records) = (Outputs::default(), count as usize);
    let rows = Rows { carried: &Carried::default(), rows: &[] };
    let done = lane.encode.encode(Returned { memory, pointer, count }, records, rows, LIMITS, &mut outputs);
    assert!(outputs.bytes.len() <= LIMITS.batch + 2 * LIMITS.record, "{} bytes: {line}", outputs.bytes.len());
    match done {
        Err(broken) => assert!(!broken.to_string().is_empty()),
        Ok(()) => assert_eq!(outputs.verdicts.len(), records, "{line}"),
    }
    for at in 0..outputs.values.len() {
        let bytes = outputs.value(at).expect("an output's bytes");
        assert!(read_by_avro(bytes, avro).is_some(), "{} is no value: {line}", hex(bytes));
    }
}

/// What an honest guest's memory would hold after answering with its input, and where the results are.
fn honest_memory(lane: &mut Lane, source: &[u8]) -> (Vec<u8>, u32) {
    let (plan, image) = (&lane.plans[0], &mut lane.image);
    image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
    plan.decode(source, 0, image).unwrap_or_else(|error| panic!("{error}"));
    let mut memory = vec![0; 16];
    let mut places = Vec::new();
    for index in 0..image.fixups().len() {
        memory.resize(memory.len().next_multiple_of(8), 0);
        places.push(memory.len());
        image.set_pointer(index, memory.len() as u32);
        memory.resize(memory.len() + image.fixups()[index].len as usize, 0);
    }
    for (fixup, place) in image.fixups().iter().zip(places) {
        let (start, len) = (fixup.start as usize, fixup.len as usize);
        let bytes = match fixup.from {
            From::Source => &source[start..start + len],
            From::Image(_) => image.slice(start, len),
        };
        memory[place..place + len].copy_from_slice(bytes);
    }
    memory.resize(memory.len().next_multiple_of(8), 0);
    let results = memory.len();
    let outcome = &transform_of(&lane.guest).outcome;
    memory.resize(results + outcome.payload_offset(), 0);
    memory.extend(image.records());
    memory.resize(results + outcome.layout().size, 0);
    (memory, results as u32)
}

#[test]
fn lift_encode() {
    run("lift_encode", |seed| {
        let mut random = Seeded(seed);
        let entropy = random.below(1200);
        let entropy = random.bytes(entropy);
        let mut dice = Dice::new(&entropy);
        let ty = Shapes::record(&mut dice);
        let text = ty.schema(false);
        let schema = parse(&text);
        let avro = apache_avro::Schema::parse_str(&text).expect("apache-avro takes the schema");
        let mut lane = Lane::echo(&schema);
        for input in 0..INPUTS {
            let choices = random.bytes(200);
            let source = value::encode(&value::random(&ty, &mut Dice::new(&choices)), value::CANONICAL);
            let (mut memory, mut pointer) = honest_memory(&mut lane, &source);
            if input == 0 {
                // What was not touched must come out as it went in, or the rest proves little.
                let mut outputs = Outputs::default();
                let done = lane.encode.encode(
                    Returned { memory: &memory, pointer, count: 1 },
                    1,
                    Rows { carried: &Carried::default(), rows: &[] },
                    LIMITS,
                    &mut outputs,
                );
                done.unwrap_or_else(|error| panic!("{error}"));
                assert!(outputs.bytes == source || matches!(outputs.verdicts[..], [Verdict::Invalid(_)]));
            }
            match random.below(6) {
                0 => {
                    // Small words: many of them are pointers, counts and cases that exist.
                    let words = memory.len() / 4 + 64;
                    memory = (0..words).flat_map(|_| (random.below(words * 4) as u32).to_le_bytes()).collect();
                    pointer = random.below(memory.len()) as u32 & !7;
                }
                1 => pointer = random.next() as u32,
                _ => {
                    for _ in 0..1 + random.below(6) {
                        let at = random.below(memory.len());
                        memory[at] = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff][random.below(8)];
                    }
                }
            }
            let count = [1, 1, 1, 2, 3, 100][random.below(6)];
            let line = format!("{text}\t{pointer}\t{count}\t{}", hex(&memory));
            check_memory(&lane, &avro, &memory, (pointer, count), &line);
        }
    });
}

#[test]
fn what_was_found_once_stays_fixed() {
    for line in include_str!("cases/decode_lower.txt").lines() {
        let [schema, bytes] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("a schema and bytes: {line}") };
        let schema = parse(schema);
        let mut lane = Lane::echo(&schema);
        let bytes = unhex(bytes);
        if let [Ok(output)] = &lane.run(&[(0, &bytes)]).unwrap_or_else(|error| panic!("{error}\n{line}"))[..] {
            let avro = apache_avro::Schema::parse_str(schema.source()).expect("apache-avro takes the schema");
            assert_eq!(read_by_avro(output, &avro), read_by_avro(&bytes, &avro), "{line}");
        }
    }
    for line in include_str!("cases/lift_encode.txt").lines() {
        let [schema, pointer, count, memory] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a schema, a pointer, a count and memory: {line}")
        };
        let schema = parse(schema);
        let avro = apache_avro::Schema::parse_str(schema.source()).expect("apache-avro takes the schema");
        let (pointer, count) = (pointer.parse().expect("a pointer"), count.parse().expect("a count"));
        check_memory(&Lane::echo(&schema), &avro, &unhex(memory), (pointer, count), line);
    }
}
