//! What a guest sets around its outputs: any set of fields, each of any of its types, out of an honest guest's memory.

use millstream::contract::shape::Role;
use millstream::contract::types::GuestType;
use millstream::decode::Carried;
use millstream::encode::{EncodePlan, OutputLimits, Outputs, Returned, Rows, Target, Value, Verdict, compile_answer};
use millstream::record::Envelope;
use proptest::prelude::*;
use wasmtime::component::Val;

use super::canonical::{seen_by_the_engine, store_list};
use super::dice::Dice;
use super::echo::OUTPUT_LIMITS;
use super::guest_types::{any_val, bytes_val, list_of_bytes, optional, record};
use super::identity::{config, entropy};

/// What a guest answers, drawn.
pub struct Drawn {
    pub outcome: GuestType,
    pub plan: EncodePlan,
    tombstones: bool,
}

/// Names and values, in order.
type Headers = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// An output as Kafka gets it: the value, and what the guest said around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sent {
    value: Option<Vec<u8>>,
    key: Option<Option<Vec<u8>>>,
    headers: Option<Headers>,
    topic: Option<String>,
    partition: Option<i32>,
    timestamp: Option<i64>,
}

fn field(name: &str, dice: &mut Dice<'_>) -> GuestType {
    use GuestType as T;
    let ty = match name {
        "key" => dice.pick(&[list_of_bytes(), T::String, T::S32, T::U32, T::S64, T::U64]).clone(),
        "headers" => {
            let value = dice.pick(&[list_of_bytes(), T::String]).clone();
            let value = if dice.below(2) == 0 { optional(value) } else { value };
            T::List(Box::new(match dice.below(3) {
                0 => record(&[("name", T::String), ("value", value)]),
                1 => record(&[("value", value), ("name", T::String)]),
                _ => T::Tuple(vec![T::String, value]),
            }))
        }
        "topic" => T::String,
        "partition" => dice.pick(&[T::S32, T::U32]).clone(),
        _ => dice.pick(&[T::S64, T::U64]).clone(),
    };
    if dice.below(2) == 0 { optional(ty) } else { ty }
}

/// How many outputs a record has, as the guest's type says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    One,
    Option,
    List,
}

/// `result<ok, fault>` with the package's fault.
pub fn outcome_of(ok: GuestType) -> GuestType {
    let case = |name: &str| (name.to_owned(), Some(GuestType::String));
    let fault = GuestType::Variant(vec![case("reject"), case("retry"), case("halt")]);
    GuestType::Result(Some(Box::new(ok)), Some(Box::new(fault)))
}

impl Drawn {
    pub fn any(dice: &mut Dice<'_>) -> Drawn {
        let form = *dice.pick(&[Form::One, Form::Option, Form::List]);
        Drawn::of(form, dice)
    }

    pub fn of(form: Form, dice: &mut Dice<'_>) -> Drawn {
        let value = if dice.below(2) == 0 { GuestType::String } else { list_of_bytes() };
        let tombstones = dice.below(2) == 1;
        let whole = if tombstones { optional(value) } else { value };
        let mut fields = vec![("value".to_owned(), whole)];
        for name in ["key", "headers", "topic", "partition", "timestamp"] {
            if dice.below(2) == 1 {
                fields.push((name.to_owned(), field(name, dice)));
            }
        }
        let order = dice.order(fields.len());
        let output = GuestType::Record(order.into_iter().map(|at| fields[at].clone()).collect());
        let ok = match form {
            Form::One => output,
            Form::Option => optional(output),
            Form::List => GuestType::List(Box::new(output)),
        };
        let outcome = outcome_of(ok);
        let plan = compile_answer(Role::Transform, &outcome, Target::Bytes, None);
        let (plan, _) = plan.unwrap_or_else(|error| panic!("{error:?}: {outcome:?}"));
        Drawn { outcome, plan, tombstones }
    }

    /// A result of the guest's.
    pub fn result(&self, dice: &mut Dice<'_>) -> Val {
        any_val(&self.outcome, dice)
    }

    /// What the result comes to; `Err` where it is the record's own fault.
    pub fn sent(&self, result: &Val) -> Result<Vec<Sent>, ()> {
        let Val::Result(Ok(Some(ok))) = result else { return Err(()) };
        let outputs: Vec<&Val> = match &**ok {
            Val::List(outputs) => outputs.iter().collect(),
            Val::Option(None) => Vec::new(),
            Val::Option(Some(output)) => vec![output],
            output => vec![output],
        };
        outputs.into_iter().map(|output| self.one(output)).collect()
    }

    fn one(&self, output: &Val) -> Result<Sent, ()> {
        let Val::Record(fields) = output else { panic!("an envelope, not {output:?}") };
        let mut sent = Sent::default();
        for (name, val) in fields {
            if name == "value" {
                sent.value = match val {
                    Val::Option(None) => None,
                    Val::Option(Some(val)) if self.tombstones => Some(plain(val)),
                    val => Some(plain(val)),
                };
                continue;
            }
            let val = match val {
                Val::Option(None) if name == "key" => {
                    sent.key = Some(None);
                    continue;
                }
                Val::Option(None) => continue,
                Val::Option(Some(val)) => val,
                val => val,
            };
            match name.as_str() {
                "key" => sent.key = Some(Some(plain(val))),
                "headers" => sent.headers = Some(headers(val)?),
                "topic" => sent.topic = Some(String::from_utf8(plain(val)).expect("a text")),
                "partition" => sent.partition = Some(number(val).and_then(|n| n.try_into().map_err(drop))?),
                // Kafka's client would take 0 for "now".
                _ => sent.timestamp = Some(number(val).ok().filter(|time| *time > 0).ok_or(())?),
            }
        }
        Ok(sent)
    }
}

/// A number that Kafka takes.
fn number(val: &Val) -> Result<i64, ()> {
    let number = match val {
        Val::S32(number) => i64::from(*number),
        Val::U32(number) => i64::from(*number),
        Val::S64(number) => *number,
        Val::U64(number) => i64::try_from(*number).map_err(drop)?,
        other => panic!("{other:?} is no number"),
    };
    if number < 0 { Err(()) } else { Ok(number) }
}

/// The bytes that a value is; integers as Kafka's serializers write them.
fn plain(val: &Val) -> Vec<u8> {
    match val {
        Val::String(text) => text.clone().into_bytes(),
        Val::S32(number) => number.to_be_bytes().to_vec(),
        Val::U32(number) => number.to_be_bytes().to_vec(),
        Val::S64(number) => number.to_be_bytes().to_vec(),
        Val::U64(number) => number.to_be_bytes().to_vec(),
        Val::List(items) => items.iter().map(|item| if let Val::U8(byte) = item { *byte } else { 0 }).collect(),
        other => panic!("{other:?} has no bytes"),
    }
}

fn headers(val: &Val) -> Result<Headers, ()> {
    let Val::List(entries) = val else { panic!("{val:?} is no list") };
    let one = |entry: &Val| {
        let (name, value) = match entry {
            Val::Tuple(items) => (&items[0], &items[1]),
            Val::Record(fields) if fields[0].0 == "name" => (&fields[0].1, &fields[1].1),
            Val::Record(fields) => (&fields[1].1, &fields[0].1),
            other => panic!("{other:?} is no header"),
        };
        let value = match value {
            Val::Option(value) => value.as_deref().map(plain),
            value => Some(plain(value)),
        };
        if plain(name).len() > 32767 { Err(()) } else { Ok((plain(name), value)) }
    };
    entries.iter().map(one).collect()
}

/// What came out of the host, to be compared.
pub fn sent_by_the_host(outputs: &Outputs, at: usize) -> Sent {
    let output = &outputs.values[at];
    let envelope = output.envelope.as_deref().cloned().unwrap_or_else(Envelope::default);
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Sent {
        value: match &output.value {
            Value::Tombstone => None,
            _ => owned(outputs.value(at)),
        },
        key: envelope.key().map(owned),
        headers: envelope.headers().map(|all| all.map(|(name, value)| (name.to_vec(), owned(value))).collect()),
        topic: envelope.topic().map(str::to_owned),
        partition: envelope.partition(),
        timestamp: envelope.timestamp(),
    }
}

/// Where a guest's list of results begins in the memory of these tests.
pub const PAIR: usize = 8;

/// The memory of a guest that answers these results.
pub fn memory_of(outcome: &GuestType, results: &[Val]) -> Vec<u8> {
    let mut memory = vec![0; 64];
    store_list(&mut memory, PAIR, outcome, results);
    memory
}

/// Reads the answer out of such a memory.
pub fn lift(plan: &EncodePlan, memory: &[u8], records: usize, limits: OutputLimits) -> Result<Outputs, String> {
    let word = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().expect("four bytes"));
    let returned = Returned { memory, pointer: word(PAIR), count: word(PAIR + 4) };
    let mut outputs = Outputs::default();
    let carried = Carried::default();
    let done = plan.encode(returned, records, Rows { carried: &carried, rows: &[] }, limits, &mut outputs);
    done.map(|()| outputs).map_err(|broken| broken.to_string())
}

/// Compares what the host makes of a memory with what the results in it say.
pub fn compare(drawn: &Drawn, results: &[Val], outputs: &Outputs) {
    assert_eq!(outputs.verdicts.len(), results.len());
    let mut at = 0;
    for (result, verdict) in results.iter().zip(&outputs.verdicts) {
        match (drawn.sent(result), verdict) {
            (Ok(sent), Verdict::Outputs(count)) => {
                assert_eq!(*count as usize, sent.len());
                for expected in sent {
                    assert_eq!(sent_by_the_host(outputs, at), expected, "{result:?}");
                    at += 1;
                }
            }
            (Err(()), Verdict::Invalid(why)) => assert!(!why.is_empty()),
            (Err(()), Verdict::Fault(_, text)) => {
                let Val::Result(Err(Some(fault))) = result else { panic!("{verdict:?} of {result:?}") };
                let Val::Variant(_, Some(said)) = &**fault else { panic!("{fault:?} is no fault") };
                assert_eq!(**said, Val::String(text.clone()));
            }
            (expected, verdict) => panic!("{verdict:?} instead of {expected:?}: {result:?}"),
        }
    }
    assert_eq!(at, outputs.values.len());
}

fn case(bytes: &[u8]) -> (Drawn, Vec<Val>) {
    let mut dice = Dice::new(bytes);
    let drawn = Drawn::any(&mut dice);
    let results = (0..1 + dice.below(5)).map(|_| drawn.result(&mut dice)).collect();
    (drawn, results)
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn what_a_guest_sets_goes_out(bytes in entropy()) {
        let (drawn, results) = case(&bytes);
        let memory = memory_of(&drawn.outcome, &results);
        let outputs = lift(&drawn.plan, &memory, results.len(), OUTPUT_LIMITS).map_err(TestCaseError::fail)?;
        compare(&drawn, &results, &outputs);
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn the_engine_reads_the_same_memory(bytes in entropy()) {
        let (drawn, results) = case(&bytes);
        let memory = memory_of(&drawn.outcome, &results);
        let start = u32::from_le_bytes(memory[PAIR..PAIR + 4].try_into().expect("four bytes")) as usize;
        // The engine's bytes at `PAIR` are its own.
        prop_assert_eq!(seen_by_the_engine(&memory, start, results.len(), &drawn.outcome), results);
    }
}

/// Without this the properties could hold because nothing ever fits.
#[test]
fn the_generator_sets_every_field_and_leaves_it() {
    let mut random = super::dice::Seeded(7);
    let mut all = Vec::new();
    for _ in 0..600 {
        let (drawn, results) = case(&random.bytes(400));
        all.extend(results.iter().filter_map(|result| drawn.sent(result).ok()).flatten());
    }
    let count = |holds: &dyn Fn(&Sent) -> bool| all.iter().filter(|sent| holds(sent)).count();
    assert!(count(&|sent| sent.value.is_none()) > 20);
    assert!(count(&|sent| sent.key == Some(None)) > 20);
    assert!(count(&|sent| sent.key.as_ref().is_some_and(|key| key.as_deref() == Some(&[]))) > 5);
    assert!(count(&|sent| sent.headers.as_ref().is_some_and(|headers| headers.len() > 1)) > 20);
    assert!(count(&|sent| sent.headers.as_ref().is_some_and(Vec::is_empty)) > 20);
    assert!(count(&|sent| sent.topic.is_some() && sent.partition.is_some() && sent.timestamp.is_some()) > 5);
}

/// A value of an envelope, written by hand, with the plan for it.
pub fn by_hand(fields: &[(&str, GuestType)], vals: &[Val]) -> (EncodePlan, GuestType, Vec<u8>) {
    let ty = record(fields);
    let outcome = outcome_of(ty);
    let plan = compile_answer(Role::Transform, &outcome, Target::Bytes, None);
    let (plan, _) = plan.unwrap_or_else(|error| panic!("{error:?}"));
    let named = fields.iter().zip(vals).map(|((name, _), val)| ((*name).to_owned(), val.clone())).collect();
    let memory = memory_of(&outcome, &[Val::Result(Ok(Some(Box::new(Val::Record(named)))))]);
    (plan, outcome, memory)
}

/// What is said of an output with this field beside its value.
fn said(name: &str, ty: GuestType, val: Val) -> String {
    let (plan, _, memory) = by_hand(&[("value", GuestType::String), (name, ty)], &[Val::String("v".into()), val]);
    let outputs = lift(&plan, &memory, 1, OUTPUT_LIMITS).unwrap_or_else(|broken| panic!("{broken}"));
    match &outputs.verdicts[..] {
        [Verdict::Invalid(why)] => {
            assert!(outputs.values.is_empty() && outputs.bytes.is_empty());
            why.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_that_kafka_has_no_room_for() {
    assert_eq!(said("partition", GuestType::S32, Val::S32(-1)), "-1 is not a partition's number, field `partition`");
    let text = "2147483648 is not a partition's number, field `partition`";
    assert_eq!(said("partition", GuestType::U32, Val::U32(1 << 31)), text);
    let some = |val: Val| Val::Option(Some(Box::new(val)));
    assert_eq!(
        said("timestamp", optional(GuestType::S64), some(Val::S64(-7))),
        "-7 is not a time in milliseconds since the epoch, field `timestamp`"
    );
    assert_eq!(
        said("timestamp", GuestType::U64, Val::U64(u64::MAX)),
        "18446744073709551615 is not a time in milliseconds since the epoch, field `timestamp`"
    );
}

#[test]
fn headers_that_kafka_has_no_room_for() {
    let ty = GuestType::List(Box::new(GuestType::Tuple(vec![GuestType::String, list_of_bytes()])));
    let header =
        |name: usize, value: usize| Val::Tuple(vec![Val::String("n".repeat(name)), bytes_val(&vec![7; value])]);
    let long = said("headers", ty.clone(), Val::List(vec![header(1, 1), header(65536, 0)]));
    assert_eq!(long, "a header's name has 65536 bytes, 32767 are allowed, field `headers`");
    let long = said("headers", ty.clone(), Val::List(vec![header(32768, 0)]));
    assert_eq!(long, "a header's name has 32768 bytes, 32767 are allowed, field `headers`");
    let large = said("headers", ty, Val::List(vec![header(1, 600_000), header(1, 600_000)]));
    assert_eq!(large, "600000 bytes are more than the limit of a record leaves, field `headers`");
    let key = said("key", list_of_bytes(), bytes_val(&vec![1; (1 << 20) + 1]));
    assert_eq!(key, "1048577 bytes are more than the limit of a record leaves, field `key`");
    let topic = said("topic", GuestType::String, Val::String("t".repeat((1 << 20) + 1)));
    assert_eq!(topic, "1048577 bytes are more than the limit of a record leaves, field `topic`");
}
