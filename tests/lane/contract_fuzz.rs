//! Random and hostile input on the ways of envelopes, lists of outputs, and values between functions, as `fuzz` has it
//! for records alone. No guest runs: what a guest would see is read by the tests' own reader of the canonical ABI.

use millstream::decode::{From, Image};
use millstream::encode::{OutputLimits, Verdict};
use wasmtime::component::Val;

use super::canonical::{load, settled};
use super::dice::{Dice, Seeded};
use super::echo::IMAGE_LIMIT;
use super::envelope_in::{self, Given};
use super::envelope_out::{self, Form, PAIR, compare, lift, memory_of};
use super::fuzz::{INPUTS, hex, mutate, noise, run};
use super::guest_types::any_val;
use super::relay::{Relay, as_taken};

/// Whatever the bytes were: every pointer of the image is within its limit.
fn check_image(image: &Image, source: usize, limit: usize) {
    for fixup in image.fixups() {
        let (start, len) = (fixup.start as usize, fixup.len as usize);
        let within = match fixup.from {
            From::Source => start + len <= source,
            From::Image(align) => start + len <= limit && start.is_multiple_of(usize::from(align)),
        };
        assert!(within && fixup.slot as usize + 8 <= limit, "{fixup:?}");
    }
}

#[test]
fn lower_envelopes() {
    let (mut taken, mut refused) = (0u64, 0u64);
    run("lower_envelopes", |seed| {
        let mut random = Seeded(seed);
        let mut drawn = envelope_in::Drawn::any(&mut Dice::new(&random.bytes(64)));
        let size = drawn.ty.layout().size;
        for _ in 0..INPUTS {
            let choices = random.bytes(160);
            let mut dice = Dice::new(&choices);
            let mut given = Given::any(&mut dice);
            if let (Some(key), 0) = (&mut given.key, random.below(2)) {
                mutate(key, &mut random);
            }
            if random.below(4) == 0 {
                // So little room that lists and texts meet its end.
                let limit = size + random.below(64);
                let (done, memory, at) = envelope_in::lower(&mut drawn, std::slice::from_ref(&given), limit);
                assert!(done[0].is_err() || load(&memory, at, &drawn.ty).is_some(), "{given:?}");
                continue;
            }
            let (seen, ..) = envelope_in::check(&mut drawn, &[given, Given::any(&mut dice)]);
            taken += seen.len() as u64;
            refused += 2 - seen.len() as u64;
        }
    });
    println!("lower_envelopes: {taken} taken, {refused} refused");
    assert!(taken > 0 && refused > 0);
}

/// Changes the memory where answers lie: small numbers are pointers, counts and cases that exist.
fn corrupt(memory: &mut Vec<u8>, random: &mut Seeded) {
    match random.below(8) {
        0 => {}
        1 => {
            let words = memory.len() / 4 + 16;
            let count = memory[PAIR + 4..PAIR + 8].to_vec();
            *memory = (0..words).flat_map(|_| (random.below(words * 4) as u32).to_le_bytes()).collect();
            let start = (random.below(memory.len()) as u32 & !7).to_le_bytes();
            memory[PAIR..PAIR + 4].copy_from_slice(&start);
            memory[PAIR + 4..PAIR + 8].copy_from_slice(&count);
        }
        2 => memory.truncate(64.max(memory.len() - random.below(64).min(memory.len()))),
        _ => {
            for _ in 0..1 + random.below(6) {
                let at = random.below(memory.len());
                memory[at] = [0, 1, 2, 3, 4, 8, 0x40, 0x7f, 0x80, 0xff][random.below(10)];
            }
        }
    }
}

const LIMITS: OutputLimits = OutputLimits { record: 512, batch: 4096, outputs: 8 };

/// What the counts of a target come to.
#[derive(Default)]
struct Tally {
    whole: u64,
    invalid: u64,
    broken: u64,
}

/// Reads hostile memory twice, by the plan and by the tests' own reader, which must agree on what breaks the ABI.
fn check_memory(drawn: &envelope_out::Drawn, memory: &[u8], records: usize, tally: &mut Tally) {
    let line = || format!("{:?}\t{}", drawn.outcome, hex(memory));
    let results = load(memory, PAIR, &millstream::contract::types::GuestType::List(Box::new(drawn.outcome.clone())));
    let results = results.map(|list| if let Val::List(results) = list { results } else { panic!("no list") });
    match lift(&drawn.plan, memory, records, LIMITS) {
        Err(why) => {
            tally.broken += 1;
            let counted = why.contains("results for a batch of") || why.contains("bytes for a batch");
            assert!(counted || results.is_none(), "{why}: {}", line());
        }
        Ok(outputs) => {
            assert_eq!(outputs.verdicts.len(), records, "{}", line());
            assert!(outputs.bytes.len() <= LIMITS.batch + LIMITS.record, "{}", line());
            let around: usize = outputs.values.iter().filter_map(|v| v.envelope.as_ref()).map(|e| e.byte_len()).sum();
            assert!(around <= LIMITS.batch + LIMITS.record, "{around} bytes: {}", line());
            let own = outputs.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Invalid(_)));
            match (results, own) {
                // Limits of the host are beyond what the other reader knows.
                (_, true) => tally.invalid += 1,
                (Some(results), false) => {
                    compare(drawn, &results, &outputs);
                    tally.whole += 1;
                }
                (None, false) => panic!("what breaks the ABI was taken: {}", line()),
            }
        }
    }
}

fn lift_target(target: &str, forms: &[Form]) {
    let mut tally = Tally::default();
    run(target, |seed| {
        let mut random = Seeded(seed);
        let form = forms[random.below(forms.len())];
        let drawn = envelope_out::Drawn::of(form, &mut Dice::new(&random.bytes(64)));
        for _ in 0..INPUTS {
            let choices = random.bytes(300);
            let mut dice = Dice::new(&choices);
            let records = 1 + random.below(3);
            let results: Vec<Val> = (0..records).map(|_| drawn.result(&mut dice)).collect();
            let mut memory = memory_of(&drawn.outcome, &results);
            corrupt(&mut memory, &mut random);
            check_memory(&drawn, &memory, records, &mut tally);
        }
    });
    println!("{target}: {} whole, {} invalid, {} broken", tally.whole, tally.invalid, tally.broken);
    assert!(tally.whole > 0 && tally.invalid > 0 && tally.broken > 0);
}

#[test]
fn lift_envelopes() {
    lift_target("lift_envelopes", &[Form::One, Form::Option]);
}

#[test]
fn lift_lists_of_outputs() {
    lift_target("lift_lists_of_outputs", &[Form::List]);
}

#[test]
fn relay_both_ways() {
    let (mut good, mut bad) = (0u64, 0u64);
    run("relay_both_ways", |seed| {
        let mut random = Seeded(seed);
        let entropy = random.below(200);
        let relay = Relay::any(&mut Dice::new(&random.bytes(entropy)));
        for _ in 0..INPUTS {
            let choices = random.bytes(120);
            let val = any_val(&relay.given, &mut Dice::new(&choices));
            let outputs = relay.bytes(std::slice::from_ref(&val));
            let mut bytes = outputs.bytes.clone();
            let kept = match random.below(6) {
                0 => true,
                1 => {
                    bytes = noise(&mut random);
                    false
                }
                _ => {
                    mutate(&mut bytes, &mut random);
                    bytes == outputs.bytes
                }
            };
            let limit = if kept { IMAGE_LIMIT } else { relay.decode.stride() + 4096 };
            let mut image = Image::default();
            image.begin(relay.decode.stride(), 1, 0, limit);
            let done = relay.decode.decode(&bytes, 0, &mut image);
            assert_eq!(image.count(), usize::from(done.is_ok()));
            assert!(done.is_ok() || image.fixups().is_empty());
            check_image(&image, bytes.len(), limit);
            match done {
                Ok(()) => {
                    let (memory, at) = settled(&mut image, &bytes);
                    let seen = load(&memory, at, &relay.taken);
                    let expected = Some(as_taken(&val, &relay.given, &relay.taken));
                    assert!(!kept || seen == expected, "{:?} as {:?}", relay.given, relay.taken);
                    good += 1;
                }
                Err(why) => {
                    assert!(!kept && !why.to_string().is_empty(), "{why}");
                    bad += 1;
                }
            }
        }
    });
    println!("relay_both_ways: {good} taken, {bad} refused");
    assert!(good > 0 && bad > 0);
}
