//! Results of another number than the batch has records, and faults, of each of the three functions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream::contract::shape::{ROLES, Role, Unit};
use millstream::decode::intake::{self, Around, Value, ValuePlan};
use millstream::decode::{Image, relay};
use millstream::encode::{FaultKind, Outputs, Target, Verdict, compile_answer};
use millstream::guest::{Call, CallError, CallFailure, Grants, Guest, Instance, Past};
use millstream::record::Headers;

use super::echo::{ENGINE, allowance_of, wrap};

/// Where each function's list of results stands, and the results.
const PAIRS: [usize; 3] = [16, 32, 48];

/// A guest whose functions answer these results, so many of them, whatever they are called with.
fn guest(fault: &str, counts: [u32; 3], results: &[u8], data: &[u8]) -> Guest {
    let function = |role: &Role| format!("export {role}: func(batch: list<string>) -> list<result<string, {fault}>>;");
    let functions: String = ROLES.iter().map(function).collect();
    let world = format!(
        "package test:answers; world all {{
            variant faults {{ halt(string), reject(string), retry(string) }}
            {functions}
        }}"
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let pair = |count: u32| hex([0x400u32.to_le_bytes(), count.to_le_bytes()].as_flattened());
    let parts = ROLES.iter().zip(PAIRS).zip(counts).map(|((role, at), count)| {
        format!(
            r#"(data (i32.const {at}) "{}")
            (func (export "{role}") (param i32 i32) (result i32) (i32.const {at}))"#,
            pair(count)
        )
    });
    let module = format!(
        r#"(module (memory (export "memory") 1)
          (data (i32.const 0x400) "{}") (data (i32.const 0x800) "{}")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x8000))
          {})"#,
        hex(results),
        hex(data),
        parts.collect::<String>(),
    );
    let guest = Guest::compile(&ENGINE, Path::new("answers.wasm"), &wrap(&[&world], &module), &Grants::default());
    guest.unwrap_or_else(|error| panic!("{error}"))
}

/// Calls a function of a fresh instance with so many records.
fn call(guest: &Guest, role: Role, records: usize) -> Result<Vec<Verdict>, CallError> {
    let function = guest.function(role).expect("an exported function");
    let plan = compile_answer(role, &function.outcome, Target::Text, None);
    let (plan, _) = plan.unwrap_or_else(|error| panic!("{error:?}"));
    let unit = Unit::bare(&function.input);
    let value = ValuePlan::Plan(relay::whole(&function.input).expect("text"));
    let mut intake = intake::compile(&unit, value, None).unwrap_or_else(|error| panic!("{error:?}"));
    let mut image = Image::default();
    image.begin(intake.stride(), records, 0, 1 << 16);
    let around = Around {
        key: None,
        headers: Headers::NONE,
        topic: "",
        partition: 0,
        offset: 0,
        timestamp: 0,
        log_append: false,
    };
    for _ in 0..records {
        intake.take(&mut image, Value::Bytes(b"v", 0), &around).unwrap_or_else(|unfit| panic!("{unfit}"));
    }
    let allowance = allowance_of(1 << 20, Duration::from_secs(5), Grants::default());
    let mut instance = Instance::start(guest, &allowance).unwrap_or_else(|error| panic!("{error}"));
    let (mut outputs, mut past) = (Outputs::default(), Past::default());
    let (image, plan) = (&mut image, &Arc::new(plan));
    let call = Call { role, source: b"v", image, intake: &intake, plan, past: &mut past };
    instance.call(call, &mut outputs).map(|()| outputs.verdicts)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn each_function_must_answer_each_record_once() {
    let results = words(&[0, 0x800, 1]).repeat(4);
    let guest = guest("string", [0, 1, 3], &results, b"x");
    for (role, count) in ROLES.into_iter().zip([0usize, 1, 3]) {
        for records in [1, 2, 3, 4] {
            match call(&guest, role, records) {
                Ok(verdicts) => {
                    assert_eq!(count, records, "{role}");
                    assert_eq!(verdicts, vec![Verdict::Outputs(1); count], "{role}");
                }
                Err(error) => {
                    assert_ne!(count, records);
                    assert_eq!(error.kind, CallFailure::Result, "{role}");
                    let text = format!("the guest returned {count} results for a batch of {records} records");
                    assert_eq!(error.text, text, "{role}");
                }
            }
        }
    }
}

#[test]
fn each_function_may_say_no() {
    // The cases of the guest's own fault stand in another order; they are matched by name.
    let results =
        [words(&[1, 0, 0x800, 4]), words(&[1, 1, 0x804, 2]), words(&[1, 2, 0x800, 0]), words(&[0, 0x800, 3, 0])];
    let variant = guest("faults", [4; 3], &results.concat(), "stop né".as_bytes());
    let plain = guest("string", [2; 3], &[words(&[1, 0x800, 4]), words(&[0, 0x804, 2])].concat(), "stop né".as_bytes());
    for role in ROLES {
        let fault = |kind, text: &str| Verdict::Fault(kind, text.into());
        let expected = [
            fault(FaultKind::Halt, "stop"),
            fault(FaultKind::Reject, " n"),
            fault(FaultKind::Retry, ""),
            Verdict::Outputs(1),
        ];
        assert_eq!(call(&variant, role, 4).as_deref(), Ok(&expected[..]), "{role}");
        let expected = [fault(FaultKind::Reject, "stop"), Verdict::Outputs(1)];
        assert_eq!(call(&plain, role, 2).as_deref(), Ok(&expected[..]), "{role}");
    }
}

#[test]
fn faults_that_are_none_condemn_the_instance() {
    for role in ROLES {
        let said = |fault: &str, result: &[u32]| {
            let error = call(&guest(fault, [1; 3], &words(result), b"\xff"), role, 1).expect_err("a breach");
            assert_eq!(error.kind, CallFailure::Result);
            error.text
        };
        assert_eq!(said("faults", &[1, 3, 0x800, 0]), "the guest returned case 3 of a type of 3 cases");
        assert_eq!(said("string", &[2, 0x800, 0]), "the guest returned case 2 of a type of 2 cases");
        assert_eq!(said("string", &[1, 0x800, 1]), "the guest returned a string that is not valid UTF-8");
        let outside = "the guest returned a list of 2 items of 1 bytes at 0xffff, outside its memory of 65536 bytes";
        assert_eq!(said("string", &[1, 0xffff, 2]), outside);
        assert_eq!(said("faults", &[1, 1, 0xffff, 2]), outside);
    }
}
