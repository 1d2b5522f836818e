//! Envelopes in the memory of a guest that lies: what breaks the canonical ABI condemns the instance and names the
//! field; what is merely too much is one record's own fault.

use millstream::contract::shape::Role;
use millstream::contract::types::GuestType;
use millstream::encode::{OutputLimits, Target, Verdict, compile_answer};
use wasmtime::component::Val;

use super::canonical::store_list;
use super::echo::OUTPUT_LIMITS;
use super::envelope_out::{PAIR, by_hand, lift, memory_of, outcome_of};
use super::guest_types::{bytes_val, list_of_bytes, optional, record};

/// Where the results stand in those memories, and the payload of the first.
fn payload(outcome: &GuestType, memory: &[u8]) -> usize {
    let start = u32::from_le_bytes(memory[PAIR..PAIR + 4].try_into().expect("four bytes")) as usize;
    start + outcome.payload_offset()
}

/// An output with a field beside its value, and the bytes `lie` at `at` of that field.
fn told(name: &str, ty: GuestType, val: Val, at: usize, lie: &[u8]) -> String {
    let fields = [("value", GuestType::String), (name, ty)];
    let (plan, outcome, mut memory) = by_hand(&fields, &[Val::String("v".into()), val]);
    let place = payload(&outcome, &memory) + record(&fields).offsets()[1] + at;
    memory[place..place + lie.len()].copy_from_slice(lie);
    // A memory of a size that the texts can name.
    memory.resize(4096, 0);
    lift(&plan, &memory, 1, OUTPUT_LIMITS).map(|outputs| format!("{:?}", outputs.verdicts)).expect_err("a breach")
}

fn words(words: [u32; 2]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn text(text: &str) -> Val {
    Val::String(text.into())
}

fn some(val: Val) -> Val {
    Val::Option(Some(Box::new(val)))
}

fn header() -> GuestType {
    GuestType::List(Box::new(record(&[("name", GuestType::String), ("value", optional(list_of_bytes()))])))
}

#[test]
fn parts_outside_the_memory() {
    let outside = |count: u32, size: usize, at: &str| {
        format!("the guest returned a list of {count} items of {size} bytes at {at}, outside its memory of 4096 bytes")
    };
    let key = |lie| told("key", list_of_bytes(), bytes_val(b"k"), 0, &words(lie));
    assert_eq!(key([4095, 2]), outside(2, 1, "0xfff") + ", field `key`");
    assert_eq!(key([u32::MAX, u32::MAX]), outside(u32::MAX, 1, "0xffffffff") + ", field `key`");
    assert_eq!(key([4097, 0]), outside(0, 1, "0x1001") + ", field `key`");
    let topic = told("topic", optional(GuestType::String), some(text("t")), 4, &words([8, 4089]));
    assert_eq!(topic, outside(4089, 1, "0x8") + ", field `topic`");
    let headers = |lie| told("headers", header(), Val::List(Vec::new()), 0, &words(lie));
    assert_eq!(headers([8, 300]), outside(300, 20, "0x8") + ", field `headers`");
    assert_eq!(headers([8, u32::MAX]), outside(u32::MAX, 20, "0x8") + ", field `headers`");
    assert_eq!(headers([9, 1]), "the guest returned a pointer 0x9 that is not a multiple of 4, field `headers`");
    assert_eq!(headers([9, 0]), "the guest returned a pointer 0x9 that is not a multiple of 4, field `headers`");
}

#[test]
fn text_that_is_no_utf8() {
    let no = "the guest returned a string that is not valid UTF-8";
    let bad = |name: &str| {
        let fields = [("value", GuestType::String), (name, GuestType::String)];
        let (plan, _, mut memory) = by_hand(&fields, &[text("v"), text("Zäz")]);
        let at = memory.windows(4).position(|four| four == "Zäz".as_bytes()).expect("the text");
        memory[at + 1] = 0xff;
        lift(&plan, &memory, 1, OUTPUT_LIMITS).expect_err("a breach")
    };
    assert_eq!(bad("topic"), format!("{no}, field `topic`"));
    assert_eq!(bad("key"), format!("{no}, field `key`"));
    let of_headers = |entry: GuestType, val: Val| {
        let fields = [("value", GuestType::String), ("headers", GuestType::List(Box::new(entry)))];
        let (plan, _, mut memory) = by_hand(&fields, &[text("v"), Val::List(vec![val])]);
        let at = memory.windows(4).position(|four| four == "Zäz".as_bytes()).expect("the text");
        memory[at + 1] = 0xff;
        lift(&plan, &memory, 1, OUTPUT_LIMITS).expect_err("a breach")
    };
    let name = GuestType::Tuple(vec![GuestType::String, list_of_bytes()]);
    assert_eq!(of_headers(name, Val::Tuple(vec![text("Zäz"), bytes_val(b"1")])), format!("{no}, field `headers`"));
    let value = GuestType::Tuple(vec![GuestType::String, GuestType::String]);
    assert_eq!(of_headers(value, Val::Tuple(vec![text("n"), text("Zäz")])), format!("{no}, field `headers`"));
}

#[test]
fn options_of_a_third_case() {
    let third = |name: &str, ty: GuestType| told(name, optional(ty), Val::Option(None), 0, &[2]);
    for (name, ty) in [
        ("key", GuestType::String),
        ("key", GuestType::U64),
        ("topic", GuestType::String),
        ("partition", GuestType::U32),
        ("timestamp", GuestType::S64),
    ] {
        let said = third(name, ty);
        assert!(said.starts_with("the guest returned case 2 of a type of 2 cases"), "{said}");
        assert!(said.ends_with(&format!(", field `{name}`")), "{said}");
    }
    // The value's own option, and that of a header's value.
    let fields = [("value", optional(GuestType::String)), ("topic", GuestType::String)];
    let (plan, outcome, mut memory) = by_hand(&fields, &[Val::Option(None), text("t")]);
    let at = payload(&outcome, &memory);
    memory[at] = 0xff;
    let said = lift(&plan, &memory, 1, OUTPUT_LIMITS).expect_err("a breach");
    assert_eq!(said, "the guest returned case 255 of a type of 2 cases, field `value`");
    let headers = Val::List(vec![Val::Record(vec![("name".into(), text("Zn")), ("value".into(), Val::Option(None))])]);
    let fields = [("value", GuestType::String), ("headers", header())];
    let (plan, _, mut memory) = by_hand(&fields, &[text("v"), headers]);
    let name = memory.windows(2).position(|two| two == b"Zn").expect("the name") as u32;
    let entry = memory.windows(8).position(|pair| pair == words([name, 2])).expect("the entry");
    memory[entry + 8] = 9;
    let said = lift(&plan, &memory, 1, OUTPUT_LIMITS).expect_err("a breach");
    assert_eq!(said, "the guest returned case 9 of a type of 2 cases, field `headers`");
}

/// An answer of a list of outputs for each record.
fn lists(item: GuestType, records: &[Val]) -> (millstream::encode::EncodePlan, GuestType, Vec<u8>) {
    let outcome = outcome_of(GuestType::List(Box::new(item)));
    let plan = compile_answer(Role::Transform, &outcome, Target::Bytes, None);
    let (plan, _) = plan.unwrap_or_else(|error| panic!("{error:?}"));
    let results: Vec<Val> = records.iter().map(|val| Val::Result(Ok(Some(Box::new(val.clone()))))).collect();
    let memory = memory_of(&outcome, &results);
    (plan, outcome, memory)
}

#[test]
fn ten_thousand_outputs_of_one_record_are_its_own_fault() {
    let one = Val::Record(vec![("value".into(), text("v"))]);
    let many = Val::List(vec![one.clone(); 10_000]);
    let all = [Val::List(vec![one.clone()]), many, Val::List(Vec::new()), Val::List(vec![one; 1000])];
    let (plan, _, memory) = lists(record(&[("value", GuestType::String)]), &all);
    let outputs = lift(&plan, &memory, 4, OUTPUT_LIMITS).unwrap_or_else(|broken| panic!("{broken}"));
    let said = "10000 outputs for one record, `limits.outputs` allows 1000".to_owned();
    let expected = [Verdict::Outputs(1), Verdict::Invalid(said), Verdict::Outputs(0), Verdict::Outputs(1000)];
    assert_eq!(outputs.verdicts, expected);
    assert_eq!((outputs.values.len(), outputs.bytes.len()), (1001, 1001));
}

#[test]
fn counts_of_outputs_that_lie() {
    let one = Val::Record(vec![("value".into(), text("v"))]);
    let (plan, outcome, memory) = lists(record(&[("value", GuestType::String)]), &[Val::List(vec![one])]);
    let told = |pointer: u32, count: u32| {
        let mut memory = memory.clone();
        let at = payload(&outcome, &memory);
        memory[at..at + 8].copy_from_slice(&words([pointer, count]));
        memory.resize(4096, 0);
        lift(&plan, &memory, 1, OUTPUT_LIMITS).map(|outputs| outputs.verdicts)
    };
    let outside = "the guest returned a list of 1000 items of 8 bytes at 0x8, outside its memory of 4096 bytes";
    assert_eq!(told(8, 1000), Err(outside.into()));
    let refused = "4294967295 outputs for one record, `limits.outputs` allows 1000";
    assert_eq!(told(8, u32::MAX), Ok(vec![Verdict::Invalid(refused.into())]));
    let skewed = "the guest returned a pointer 0x6 that is not a multiple of 4";
    assert_eq!(told(6, 1), Err(skewed.into()));
}

#[test]
fn what_a_rejected_record_set_is_not_counted_for_the_batch() {
    // Nine outputs with a large key, then one that Kafka cannot take: all of it goes, and the next record's fits.
    let fields = [("value", GuestType::String), ("key", list_of_bytes()), ("partition", GuestType::S32)];
    let output = |partition: i32| {
        let key = bytes_val(&vec![1; 900]);
        Val::Record(vec![("value".into(), text("")), ("key".into(), key), ("partition".into(), Val::S32(partition))])
    };
    let bad: Vec<Val> = (0..9).map(|_| output(0)).chain([output(-1)]).collect();
    let records = vec![Val::List(bad); 4].into_iter().chain([Val::List(vec![output(3)])]).collect::<Vec<_>>();
    let (plan, _, memory) = lists(record(&fields), &records);
    let limits = OutputLimits { record: 1000, batch: 10_000, outputs: 100 };
    let outputs = lift(&plan, &memory, 5, limits).unwrap_or_else(|broken| panic!("{broken}"));
    let why = Verdict::Invalid("-1 is not a partition's number, field `partition`".into());
    assert_eq!(outputs.verdicts, [why.clone(), why.clone(), why.clone(), why, Verdict::Outputs(1)]);
    // What stays is counted.
    let good = Val::List(vec![output(1); 7]);
    let (plan, _, memory) = lists(record(&fields), &[good.clone(), good]);
    let said = lift(&plan, &memory, 2, limits).expect_err("too much for a batch");
    assert_eq!(said, "the guest returned more than 10000 bytes for a batch");
}

#[test]
fn a_million_headers_of_no_bytes_are_bounded() {
    let fields = [("value", GuestType::String), ("headers", header())];
    let (plan, outcome, mut memory) = by_hand(&fields, &[text("v"), Val::List(Vec::new())]);
    let at = payload(&outcome, &memory) + record(&fields).offsets()[1];
    memory[at..at + 8].copy_from_slice(&words([4096, 1_000_000]));
    memory.resize(4096 + 20_000_000, 0);
    let outputs = lift(&plan, &memory, 1, OUTPUT_LIMITS).unwrap_or_else(|broken| panic!("{broken}"));
    let why = "1048584 bytes are more than the limit of a record leaves, field `headers`";
    assert_eq!(outputs.verdicts, [Verdict::Invalid(why.into())]);
}

#[test]
fn another_number_of_results_than_records() {
    for role in [Role::Deserialize, Role::Transform, Role::Serialize] {
        let outcome = outcome_of(GuestType::String);
        let (plan, _) = compile_answer(role, &outcome, Target::Bytes, None).unwrap_or_else(|error| panic!("{error:?}"));
        let result = Val::Result(Ok(Some(Box::new(text("v")))));
        let mut memory = vec![0; 64];
        store_list(&mut memory, PAIR, &outcome, &[result.clone(), result]);
        for records in [0, 1, 3] {
            let said = lift(&plan, &memory, records, OUTPUT_LIMITS).expect_err("another number");
            assert_eq!(said, format!("the guest returned 2 results for a batch of {records} records"));
        }
    }
}
