//! Values that stay in the guest: handles through all three functions, none left behind, and guests that lie about them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream::contract::shape::{Role, Unit};
use millstream::contract::types::GuestType;
use millstream::decode::intake::{self, Around, Intake, Value as Given, ValuePlan};
use millstream::decode::{Image, relay};
use millstream::encode::{EncodePlan, Outputs, Target, Value, Verdict, compile_answer};
use millstream::guest::{Call, CallError, CallFailure, Grants, Guest, Instance, Past};
use millstream::record::Headers;

use super::echo::{ALLOCATOR, ENGINE, allowance_of, wrap};

/// How a guest takes its own value, and what it does with it.
struct Made {
    /// The type of `transform`'s record.
    taken: &'static str,
    /// The type of `serialize`'s record.
    written: &'static str,
    /// From the local 4, the taken value's number, to the handle that `transform` answers.
    answer: &'static str,
    /// What the destructor does after counting.
    destructor: &'static str,
}

/// `transform` adds one; `serialize` writes the number and how many values live.
const HONEST: Made = Made {
    taken: "order",
    written: "order",
    answer: "(call $made (i32.add (local.get 4) (i32.const 1)))",
    destructor: "",
};

impl Made {
    fn component(&self) -> Vec<u8> {
        let world = format!(
            "package test:res;
            interface guest {{
                resource order;
                record asked {{ key: u32, value: order }}
                record lent {{ value: borrow<order>, key: u32 }}
                record perhaps {{ value: option<order> }}
                deserialize: func(batch: list<list<u8>>) -> list<result<order, string>>;
                transform: func(batch: list<{}>) -> list<result<order, string>>;
                serialize: func(batch: list<{}>) -> list<result<list<u8>, string>>;
            }}
            world all {{ export guest; }}",
            self.taken, self.written
        );
        wrap(&[&world], &self.module())
    }

    fn module(&self) -> String {
        // Where the handle stands in a record, and the record's size. What is lent comes as the number itself.
        let (at, size) = match self.taken {
            "asked" | "perhaps" => (4, 8),
            "lent" => (0, 8),
            _ => (0, 4),
        };
        let take = |taken: &str| match taken {
            "lent" | "borrow<order>" => "(local.get 4)".to_owned(),
            _ => "(call $consumed (local.get 4))".to_owned(),
        };
        let name = |function: &str| format!("test:res/guest#{function}");
        let allocator = ALLOCATOR.replace("cabi_post_transform", &format!("cabi_post_{}", name("transform")));
        let each = |function: &str, size: usize, body: &str| {
            format!(
                r#"(func (export "{}") (param i32 i32) (result i32)
                (local $list i32) (local $to i32) (local i32 i32)
                (local.set $list (call $alloc (i32.const 4) (i32.add (i32.const 8) (i32.mul (local.get 1) (i32.const 12)))))
                (i32.store offset=4 (local.get $list) (local.get 1))
                (local.set $to (i32.add (local.get $list) (i32.const 8)))
                (i32.store (local.get $list) (local.get $to))
                (block $done (loop $next
                  (br_if $done (i32.eqz (local.get 1)))
                  (i32.store (local.get $to) (i32.const 0))
                  {body}
                  (local.set 0 (i32.add (local.get 0) (i32.const {size})))
                  (local.set $to (i32.add (local.get $to) (i32.const 12)))
                  (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                  (br $next)))
                (local.get $list))"#,
                name(function)
            )
        };
        let resets: String = ["deserialize", "serialize"]
            .map(|function| {
                format!(
                    r#"(func (export "cabi_post_{}") (param i32) (global.set $next (i32.const 1024)))"#,
                    name(function)
                )
            })
            .concat();
        format!(
            r#"(module
              (import "[export]test:res/guest" "[resource-new]order" (func $new (param i32) (result i32)))
              (import "[export]test:res/guest" "[resource-rep]order" (func $rep (param i32) (result i32)))
              (import "[export]test:res/guest" "[resource-drop]order" (func $drop (param i32)))
              {allocator} {resets}
              (global $live (mut i32) (i32.const 0))
              (global $kept (mut i32) (i32.const 0))
              (func $made (param i32) (result i32)
                (global.set $live (i32.add (global.get $live) (i32.const 1)))
                (call $new (local.get 0)))
              (func $consumed (param i32) (result i32) (local i32)
                (local.set 1 (call $rep (local.get 0)))
                (call $drop (local.get 0))
                (local.get 1))
              (func (export "test:res/guest#[dtor]order") (param i32)
                (global.set $live (i32.sub (global.get $live) (i32.const 1))) {destructor})
              {deserialize} {transform} {serialize})"#,
            destructor = self.destructor,
            deserialize = each(
                "deserialize",
                8,
                "(i32.store offset=4 (local.get $to) (call $made (i32.load (i32.load (local.get 0)))))"
            ),
            transform = each(
                "transform",
                size,
                &format!(
                    "(local.set 4 (i32.load offset={at} (local.get 0))) (local.set 4 {})
                    (i32.store offset=4 (local.get $to) {})",
                    take(self.taken),
                    self.answer
                )
            ),
            serialize = each(
                "serialize",
                4,
                &format!(
                    "(local.set 4 (i32.load (local.get 0))) (local.set 4 {})
                    (local.set 5 (call $alloc (i32.const 4) (i32.const 8)))
                    (i32.store (local.get 5) (local.get 4))
                    (i32.store offset=4 (local.get 5) (global.get $live))
                    (i32.store offset=4 (local.get $to) (local.get 5))
                    (i32.store offset=8 (local.get $to) (i32.const 8))",
                    take(self.written)
                )
            ),
        )
    }
}

/// A guest with the way through its functions.
struct Way {
    guest: Guest,
    instance: Instance,
    steps: Vec<(Role, Intake, Arc<EncodePlan>)>,
    image: Image,
}

fn start(guest: &Guest) -> Instance {
    let allowance = allowance_of(8 << 20, Duration::from_secs(5), Grants::default());
    Instance::start(guest, &allowance).unwrap_or_else(|error| panic!("{error}"))
}

impl Way {
    fn new(made: &Made) -> Way {
        let guest = Guest::compile(&ENGINE, Path::new("res.wasm"), &made.component(), &Grants::default());
        let guest = guest.unwrap_or_else(|error| panic!("{error}"));
        let step = |function: &millstream::guest::Function| {
            let target = if function.role == Role::Serialize { Target::Bytes } else { Target::Relay };
            let plan = compile_answer(function.role, &function.outcome, target, None);
            let (plan, _) = plan.unwrap_or_else(|error| panic!("{error:?}"));
            let unit = Unit::envelope(&function.input).unwrap_or(Unit::bare(&function.input));
            let unit = unit.with_tombstones().unwrap_or(unit);
            let value = match function.role {
                Role::Deserialize => ValuePlan::Plan(relay::whole(&function.input).expect("bytes")),
                _ => ValuePlan::Handle,
            };
            let intake = intake::compile(&unit, value, None).unwrap_or_else(|error| panic!("{error:?}"));
            (function.role, intake, Arc::new(plan))
        };
        let steps = guest.functions().iter().map(step).collect();
        Way { instance: start(&guest), guest, steps, image: Image::default() }
    }

    /// Calls a function with these values, each with a key perhaps; what does not fit is left out.
    fn call(
        &mut self,
        step: usize,
        source: &[u8],
        values: &[(Given<'_>, Option<&[u8]>)],
    ) -> Result<Outputs, CallError> {
        let (role, intake, plan) = &mut self.steps[step];
        self.image.begin(intake.stride(), values.len(), 0, 1 << 20);
        for (value, key) in values {
            let around = Around {
                key: *key,
                headers: Headers::NONE,
                topic: "",
                partition: 0,
                offset: 0,
                timestamp: 0,
                log_append: false,
            };
            if let Err(unfit) = intake.take(&mut self.image, *value, &around) {
                assert!(unfit.to_string().starts_with("the record's key: "), "{unfit}");
            }
        }
        let (mut outputs, mut past) = (Outputs::default(), Past::default());
        let call = Call { role: *role, source, image: &mut self.image, intake, plan, past: &mut past };
        self.instance.call(call, &mut outputs)?;
        Ok(outputs)
    }

    /// From numbers to handles.
    fn handles(&mut self, numbers: &[u32]) -> Result<Vec<u32>, CallError> {
        let source: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let values = source.chunks_exact(4).enumerate();
        let values: Vec<_> = values.map(|(at, four)| (Given::Bytes(four, at as u32 * 4), None)).collect();
        self.call(0, &source, &values).map(|outputs| handles_in(&outputs))
    }

    /// From handles to handles.
    fn transform(&mut self, handles: &[u32]) -> Result<Vec<u32>, CallError> {
        let values: Vec<_> = handles.iter().map(|handle| (Given::Handle(*handle), Some(&[0u8; 4][..]))).collect();
        self.call(1, &[], &values).map(|outputs| handles_in(&outputs))
    }

    /// From handles to numbers, each with how many values lived.
    fn numbers(&mut self, handles: &[u32]) -> Result<Vec<(u32, u32)>, CallError> {
        let values: Vec<_> = handles.iter().map(|handle| (Given::Handle(*handle), None)).collect();
        let outputs = self.call(2, &[], &values)?;
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        let number = |at: usize| outputs.value(at).map(|bytes| (word(&bytes[..4]), word(&bytes[4..])));
        Ok((0..outputs.values.len()).filter_map(number).collect())
    }

    /// All three, then what is left is given back.
    fn all(&mut self, numbers: &[u32]) -> Result<Vec<(u32, u32)>, CallError> {
        let handles = self.handles(numbers)?;
        let handles = self.transform(&handles)?;
        let numbers = self.numbers(&handles)?;
        self.instance.release().map(|()| numbers)
    }
}

fn handles_in(outputs: &Outputs) -> Vec<u32> {
    assert!(outputs.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Outputs(1))), "{:?}", outputs.verdicts);
    let handle = |value: &Value| if let Value::Handle(handle) = value { *handle } else { panic!("{value:?}") };
    outputs.values.iter().map(|output| handle(&output.value)).collect()
}

#[test]
fn handles_go_through_all_three_functions() {
    for taken in ["order", "borrow<order>", "asked", "lent", "perhaps"] {
        for written in ["order", "borrow<order>"] {
            let mut way = Way::new(&Made { taken, written, ..HONEST });
            for _ in 0..3 {
                let found = way.all(&[7, 9, 100]).unwrap_or_else(|error| panic!("{error}: {taken}, {written}"));
                let numbers: Vec<u32> = found.iter().map(|(number, _)| *number).collect();
                assert_eq!(numbers, [8, 10, 101], "{taken}, {written}");
                // What was lent still lives in the call, what was taken over does not.
                let lent = u32::from(matches!(taken, "borrow<order>" | "lent")) * 3;
                let left: Vec<u32> = found.iter().map(|(_, live)| *live - lent).collect();
                assert_eq!(left, if written == "order" { [2, 1, 0] } else { [3, 3, 3] }, "{taken}, {written}");
            }
        }
    }
}

#[test]
fn rejected_records_leave_no_handle_behind() {
    for (taken, written) in [("asked", "order"), ("lent", "borrow<order>")] {
        let mut way = Way::new(&Made { taken, written, ..HONEST });
        let numbers: Vec<u32> = (0..16).collect();
        let mut memory = 0;
        for round in 0..10_000 {
            let handles = way.handles(&numbers).unwrap();
            // Every third has a key that is no u32, every fifth is rejected before.
            let keys = |at: usize| if at.is_multiple_of(3) { &b"k"[..] } else { &b"key4"[..] };
            let values = handles.iter().enumerate().filter(|(at, _)| at % 5 != 4);
            let values: Vec<_> = values.map(|(at, handle)| (Given::Handle(*handle), Some(keys(at)))).collect();
            let taken = handles_in(&way.call(1, &[], &values).unwrap());
            assert_eq!(taken.len(), 8);
            // One of them is not serialized either.
            let found = way.numbers(&taken[1..]).unwrap();
            way.instance.release().unwrap();
            let live = found.last().map(|(_, live)| *live);
            // Of sixteen, eight were never transformed, and one more was not serialized; what is lent lives until the end.
            assert_eq!(live, Some(if written == "order" { 9 } else { 16 + 8 }), "round {round}");
            match round {
                10 => memory = way.instance.memory(),
                _ if round > 10 => assert_eq!(way.instance.memory(), memory, "round {round}"),
                _ => {}
            }
        }
    }
}

/// What becomes of a guest whose `transform` answers this handle to each of three records.
fn answering(answer: &'static str) -> CallError {
    let mut way = Way::new(&Made { answer, ..HONEST });
    let handles = way.handles(&[1, 2, 3]).unwrap();
    way.transform(&handles).expect_err("the handles are wrong")
}

#[test]
fn handles_that_are_not_there_condemn_the_instance() {
    let twice = "(if (result i32) (i32.eqz (global.get $kept))
        (then (global.set $kept (call $made (local.get 4))) (global.get $kept)) (else (global.get $kept)))";
    let dropped = "(global.set $kept (call $made (local.get 4))) (call $drop (global.get $kept)) (global.get $kept)";
    for (what, answer) in [("twice", twice), ("never", "(i32.const 12345)"), ("zero", "(i32.const 0)")] {
        let error = answering(answer);
        assert_eq!(error.kind, CallFailure::Result, "{what}: {error}");
        assert!(error.text.starts_with("the guest broke the canonical ABI: unknown handle index"), "{what}: {error}");
    }
    let error = answering_all(dropped);
    assert_eq!(error.kind, CallFailure::Result);
    assert!(error.text.starts_with("the guest broke the canonical ABI: unknown handle index"), "{error}");
}

/// As [`answering`], with several instructions.
fn answering_all(answer: &'static str) -> CallError {
    let block: &'static str = Box::leak(format!("(block (result i32) {answer})").into_boxed_str());
    answering(block)
}

#[test]
fn handles_of_another_instance_are_refused() {
    let mut way = Way::new(&HONEST);
    let old = way.handles(&[1, 2, 3]).unwrap();
    way.instance = start(&way.guest);
    // The fresh instance keeps as many values of its own.
    let fresh = way.handles(&[10, 20, 30]).unwrap();
    let error = way.transform(&old).expect_err("they are another instance's");
    let text = "the guest does not keep a record's value any more: it was given back, or the instance was replaced";
    assert_eq!(error.text, text);
    assert!(fresh.iter().all(|handle| !old.contains(handle)), "{fresh:?} {old:?}");
}

#[test]
fn a_value_is_given_away_once() {
    let mut way = Way::new(&HONEST);
    let handles = way.handles(&[1, 2]).unwrap();
    way.transform(&handles).unwrap();
    let error = way.transform(&handles).expect_err("they were given away");
    assert!(error.text.starts_with("the guest does not keep a record's value any more"), "{error}");
    let mut way = Way::new(&HONEST);
    let handles = way.handles(&[5]).unwrap();
    way.instance.release().unwrap();
    let error = way.transform(&handles).expect_err("it was given back");
    assert!(error.text.starts_with("the guest does not keep a record's value any more"), "{error}");
}

#[test]
fn a_destructor_that_traps_is_told() {
    let trapping = Made { taken: "borrow<order>", written: "borrow<order>", destructor: "unreachable", ..HONEST };
    let mut way = Way::new(&trapping);
    let handles = way.handles(&[1]).unwrap();
    let handles = way.transform(&handles).unwrap();
    assert_eq!(way.numbers(&handles).unwrap(), [(2, 2)]);
    let error = way.instance.release().expect_err("the destructor traps");
    assert_eq!(
        (error.kind, error.text.as_str()),
        (CallFailure::Trap, "the guest trapped: wasm `unreachable` instruction executed")
    );
    let slow = Made { destructor: "(loop $on (br $on))", ..trapping };
    let mut way = Way::new(&slow);
    let allowance = allowance_of(8 << 20, Duration::from_millis(50), Grants::default());
    way.instance = Instance::start(&way.guest, &allowance).unwrap_or_else(|error| panic!("{error}"));
    way.handles(&[1]).unwrap();
    let error = way.instance.release().expect_err("the destructor loops");
    assert_eq!(error.kind, CallFailure::Timeout, "{error}");
    assert_eq!(error.text, "the guest ran longer than its time limit of 50ms");
}

#[test]
fn the_types_are_a_resources() {
    let way = Way::new(&Made { taken: "lent", ..HONEST });
    let transform = way.guest.function(Role::Transform).expect("a transform");
    let GuestType::Record(fields) = &transform.input else { panic!("{transform:?}") };
    assert_eq!(fields[0], ("value".into(), GuestType::Borrow(0)));
    assert_eq!(way.guest.function(Role::Serialize).map(|function| function.input.clone()), Some(GuestType::Own(0)));
}
