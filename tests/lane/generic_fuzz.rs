//! Random and mutated bytes on both sides of generic records, as `fuzz` does it for records of a guest's own type.

use millstream::decode::{DecodePlan, From, Image};
use millstream::encode::{OutputLimits, Outputs, Returned, Rows, Verdict};
use millstream::schema::Schema;

use super::dice::{Dice, Seeded};
use super::echo::{IMAGE_LIMIT, Lane, parse, transform_of};
use super::evolve::{Evolution, resolve};
use super::fuzz::{INPUTS, hex, mutate, noise, read_by_avro, run};
use super::generic::{Again, RESULT, fold, lane, names, tie, trees};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks};

/// How deep the tests' own types follow a recursive schema; no value of at most as many bytes goes deeper.
const DEPTH: usize = 9;

struct Decoding {
    writer: Ty,
    reader: Ty,
    avro: apache_avro::Schema,
    names: Vec<String>,
    lane: Lane,
    /// Decodes every field of what was written.
    whole: DecodePlan,
}

impl Decoding {
    fn new(writer: Ty, reader: Ty) -> Decoding {
        let (old, new) = (parse(&writer.schema(false)), parse(&reader.schema(false)));
        let lane = lane(vec![&old, &new], &new, &new).unwrap_or_else(|error| panic!("{error}"));
        let whole = millstream::decode::compile(&old, &old, &transform_of(&lane.guest).input, &[]);
        let whole = whole.unwrap_or_else(|error| panic!("{error:?}"));
        let avro = apache_avro::Schema::parse_str(&writer.schema(false)).expect("apache-avro takes the schema");
        let names = names(&reader);
        Decoding { writer, reader, avro, names, lane, whole }
    }

    /// Whatever the bytes are: no panic, an image within its limit, and nodes only where they hold a value.
    fn check(&mut self, bytes: &[u8]) {
        let line = || format!("{}\t{}\t{}", self.writer.schema(false), self.reader.schema(false), hex(bytes));
        let (image, plan) = (&mut self.lane.image, &self.lane.plans[0]);
        let limit = 4096 + plan.stride();
        image.begin(plan.stride(), 1, 0, limit);
        let small = plan.decode(bytes, 0, image);
        check_image(image, bytes, limit, small.is_ok());
        image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
        if plan.decode(bytes, 0, image).is_err() {
            assert!(small.is_err(), "{}", line());
            return;
        }
        check_image(image, bytes, IMAGE_LIMIT, true);
        let trees = trees(image, bytes);
        // A field that the reader lacks is passed over, whatever stands in it.
        image.begin(self.whole.stride(), 1, 0, IMAGE_LIMIT);
        if self.whole.decode(bytes, 0, image).is_err() {
            return;
        }
        let written = read_by_avro(bytes, &self.avro);
        let written = written.unwrap_or_else(|| panic!("nodes of what apache-avro refuses\n{}", line()));
        if !value::fits(&written, &self.writer) {
            return;
        }
        let expected = resolve(&written, &self.writer, &self.reader);
        let expected = expected.unwrap_or_else(|error| panic!("nodes of what must not be read: {error}\n{}", line()));
        assert_eq!(trees, [fold(&expected, &self.reader, &self.names)], "{}", line());
    }
}

fn check_image(image: &Image, bytes: &[u8], limit: usize, done: bool) {
    assert_eq!(image.count(), usize::from(done));
    assert!(done || image.fixups().is_empty());
    for fixup in image.fixups() {
        let (start, len) = (fixup.start as usize, fixup.len as usize);
        let within = match fixup.from {
            From::Source => start + len <= bytes.len(),
            From::Image(align) => start + len <= limit && start.is_multiple_of(usize::from(align)),
        };
        assert!(len > 0 && within && fixup.slot as usize + 8 <= limit, "{fixup:?}");
    }
}

fn shapes(random: &mut Seeded) -> (Ty, Ty) {
    let entropy = random.below(1500);
    let entropy = random.bytes(entropy);
    let mut dice = Dice::new(&entropy);
    let base = Shapes::record(&mut dice);
    let (writer, reader) = if random.below(2) == 0 { (base.clone(), base) } else { Evolution::of(&base, &mut dice) };
    match random.below(2) {
        0 => (writer, reader),
        _ => {
            let again = Again::any(&mut dice);
            let at = [random.below(4), random.below(4)];
            (tie(&writer, at[0], again, DEPTH), tie(&reader, at[1], again, DEPTH))
        }
    }
}

#[test]
fn decode_nodes() {
    run("decode_nodes", |seed| {
        let mut random = Seeded(seed);
        let (writer, reader) = shapes(&mut random);
        let shallow = random.below(3);
        let mut decoding = Decoding::new(writer, reader);
        for _ in 0..INPUTS {
            let choices = random.below(200 + 100 * shallow);
            let choices = random.bytes(choices);
            let value = value::random(&decoding.writer, &mut Dice::new(&choices));
            let blocks = Blocks { items: 1 + random.below(3), sized: random.below(2) == 0 };
            let mut bytes = value::encode(&value, blocks);
            match random.below(8) {
                0 => bytes = noise(&mut random),
                1 => {}
                _ => mutate(&mut bytes, &mut random),
            }
            decoding.check(&bytes);
        }
    });
}

const LIMITS: OutputLimits = OutputLimits { record: 2048, batch: 8192, outputs: 100 };

/// The memory of an honest guest that answers with its input, `schema` as the number of the schema.
fn honest_memory(lane: &mut Lane, source: &[u8], schema: u32) -> Vec<u8> {
    let (plan, image) = (&lane.plans[0], &mut lane.image);
    image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
    plan.decode(source, 0, image).unwrap_or_else(|error| panic!("{error}"));
    let payload = RESULT as usize + transform_of(&lane.guest).outcome.payload_offset();
    let mut memory = vec![0; 64];
    for index in 0..image.fixups().len() {
        memory.resize(memory.len().next_multiple_of(8), 0);
        image.set_pointer(index, memory.len() as u32);
        let fixup = image.fixups()[index];
        let (start, len) = (fixup.start as usize, fixup.len as usize);
        match fixup.from {
            From::Source => memory.extend(&source[start..start + len]),
            From::Image(_) => memory.extend(image.slice(start, len)),
        }
    }
    memory[payload..payload + plan.stride()].copy_from_slice(image.records());
    memory[payload..payload + 4].copy_from_slice(&schema.to_le_bytes());
    memory
}

/// Whatever a guest's memory holds: no panic, bounded output, and every value that comes out is one of the schema.
fn check_memory(lane: &Lane, sink: &(Schema, apache_avro::Schema), memory: &[u8], line: &dyn Fn() -> String) -> bool {
    let mut outputs = Outputs::default();
    let returned = Returned { memory, pointer: RESULT, count: 1 };
    let carried = millstream::decode::Carried::default();
    let done = lane.encode.encode(returned, 1, Rows { carried: &carried, rows: &[] }, LIMITS, &mut outputs);
    assert!(outputs.bytes.len() <= LIMITS.batch + 2 * LIMITS.record, "{} bytes: {}", outputs.bytes.len(), line());
    match done {
        Err(broken) => assert!(!broken.to_string().is_empty()),
        Ok(()) => assert_eq!(outputs.verdicts.len(), 1),
    }
    match &outputs.verdicts[..] {
        [Verdict::Outputs(1)] => {
            let bytes = outputs.value(0).expect("an output's bytes");
            assert!(read_by_avro(bytes, &sink.1).is_some(), "{} is no value: {}", hex(bytes), line());
            true
        }
        _ => false,
    }
}

#[test]
fn encode_nodes() {
    let mut values = 0u64;
    run("encode_nodes", |seed| {
        let mut random = Seeded(seed);
        // The two forms of a type here are the source's and the sink's.
        let (source_ty, sink_ty) = shapes(&mut random);
        let (source, sink) = (parse(&source_ty.schema(false)), parse(&sink_ty.schema(false)));
        let avro = apache_avro::Schema::parse_str(&sink_ty.schema(false)).expect("apache-avro takes the schema");
        let sink = (sink, avro);
        let mut by_name = lane(vec![&source], &source, &sink.0).unwrap_or_else(|error| panic!("{error}"));
        let mut own = lane(vec![&sink.0], &sink.0, &sink.0).unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..INPUTS {
            let choices = random.below(300);
            let choices = random.bytes(choices);
            let schema = random.below(2) as u32;
            let (lane, ty) = if schema == 0 { (&mut by_name, &source_ty) } else { (&mut own, &sink_ty) };
            let bytes = value::encode(&value::random(ty, &mut Dice::new(&choices)), value::CANONICAL);
            let mut memory = honest_memory(lane, &bytes, schema);
            let whole = memory.len();
            match random.below(8) {
                0 => {
                    let words = memory.len() / 4 + 64;
                    memory = (0..words).flat_map(|_| (random.below(words * 4) as u32).to_le_bytes()).collect();
                }
                1 => {}
                _ => {
                    for _ in 0..1 + random.below(4) {
                        // Sometimes anywhere, mostly in a kind or a count.
                        let at = random.below(whole);
                        let at = if random.below(3) == 0 { at } else { (at & !7).min(whole - 1) };
                        memory[at] = [0, 1, 2, 3, 7, 9, 10, 11, 12, 0x7f, 0x80, 0xff][random.below(12)];
                    }
                }
            }
            let line = || format!("{}\t{}\t{}", source_ty.schema(false), sink_ty.schema(false), hex(&memory));
            values += u64::from(check_memory(lane, &sink, &memory, &line));
        }
    });
    // Nearly everything refused would prove little.
    assert!(values > 0);
}
