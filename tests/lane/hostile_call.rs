//! Guests that misbehave while they are called: allocators that lie, loops, greed, traps, forbidden imports.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream::guest::{Allowance, CallError, CallFailure, Grants, Guest, Instance};
use millstream::schema::Schema;

use super::echo::{
    ALLOCATOR, ENGINE, Fields, IDLE, Lane, Setup, allowance_of, call_with_nothing, component, copying, echo_component,
    parse, transform_of, wrap,
};

const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "a", "type": "string"}, {"name": "b", "type": "string"},
    {"name": "c", "type": {"type": "array", "items": "long"}}]}"#;
const VALUE: &[u8] = b"\x06one\x06two\x04\x0e\x10\0";

fn lane(schema: &Schema, module: &str, allowance: Option<Arc<Allowance>>) -> Lane {
    let component = component(schema, schema, &Fields::default(), module);
    let setup = Setup { allowance, ..Setup::same(schema, &component) };
    Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"))
}

/// An echo guest whose `cabi_realloc` is this.
fn allocating(realloc: &str) -> Result<Vec<Result<Vec<u8>, String>>, CallError> {
    let schema = parse(SCHEMA);
    let idle = component(&schema, &schema, &Fields::default(), IDLE);
    let idle = Guest::compile(&ENGINE, Path::new("idle.wasm"), &idle, &Grants::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let size = transform_of(&idle).input.layout().size;
    let module = copying(&transform_of(&idle).input, &transform_of(&idle).outcome, &[(0, 0, size)]);
    let honest = "(call $alloc (local.get $align) (local.get $size))";
    assert_eq!(module.matches(honest).count(), 1);
    lane(&schema, &module.replace(honest, realloc), None).run(&[(0, VALUE), (0, VALUE)])
}

#[test]
fn an_allocator_that_gives_memory_outside_of_its_own() {
    for outside in ["(i32.const 0x7fff0000)", "(i32.const -8)", "(i32.const 0x1ffff)"] {
        let error = allocating(outside).unwrap_err();
        let refused = ["realloc return: beyond end of memory", "realloc return: result not aligned"];
        let texts = refused.map(|text| format!("the guest broke the canonical ABI: {text}"));
        assert!(texts.contains(&error.text) && error.kind == CallFailure::Result, "{error}");
    }
}

#[test]
fn an_allocator_that_does_not_align() {
    let error = allocating(
        "(i32.add (call $alloc (local.get $align) (local.get $size)) (i32.ne (local.get $align) (i32.const 1)))",
    );
    assert_eq!(error.unwrap_err().text, "the guest broke the canonical ABI: realloc return: result not aligned");
}

#[test]
fn an_allocator_that_gives_the_same_memory_twice_harms_only_its_guest() {
    // At address 0, and over itself: the guest sees nonsense, the host must not.
    for overlapping in [
        "(i32.const 0)",
        "(i32.const 1024)",
        "(i32.and (call $alloc (local.get $align) (local.get $size)) (i32.const 0x408))",
    ] {
        match allocating(overlapping) {
            Ok(outputs) => assert_eq!(outputs.len(), 2),
            Err(error) => assert!(!error.text.is_empty()),
        }
    }
}

#[test]
fn an_allocator_that_traps() {
    let error = allocating("(unreachable)").unwrap_err();
    assert_eq!(error.to_string(), "trap: the guest trapped: wasm `unreachable` instruction executed");
}

#[test]
fn an_allocator_that_never_ends() {
    let schema = parse(SCHEMA);
    let module = r#"(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (unreachable))
        (func (export "transform") (param i32 i32) (result i32) (unreachable)))"#;
    timed_out(lane(&schema, module, Some(hundred_milliseconds())));
}

fn hundred_milliseconds() -> Arc<Allowance> {
    allowance_of(64 << 20, Duration::from_millis(100), Grants::default())
}

fn timed_out(mut lane: Lane) {
    let start = Instant::now();
    let error = lane.run(&[(0, VALUE)]).expect_err("it must time out");
    assert_eq!(error.to_string(), "timeout: the guest ran longer than its time limit of 100ms");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(100) && took < Duration::from_secs(2), "{took:?}");
}

/// A guest whose `transform` is this, with an honest allocator.
fn transforming(transform: &str) -> String {
    format!(
        r#"(module {ALLOCATOR} (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
        (func (export "transform") (param i32 i32) (result i32) {transform}))"#
    )
}

#[test]
fn a_guest_that_loops() {
    timed_out(lane(&parse(SCHEMA), &transforming("(loop $l (br $l)) (unreachable)"), Some(hundred_milliseconds())));
}

#[test]
fn a_guest_that_loops_after_its_answer() {
    let schema = parse(SCHEMA);
    let module = transforming(
        "(i32.store (i32.const 20) (i32.const 1)) (i32.store (i32.const 16) (i32.const 0x800)) (i32.const 16)",
    );
    let reset = "(func (export \"cabi_post_transform\") (param i32) (global.set $next (i32.const 1024)))";
    assert_eq!(module.matches(reset).count(), 1);
    let module = module.replace(reset, "(func (export \"cabi_post_transform\") (param i32) (loop $l (br $l)))");
    timed_out(lane(&schema, &module, Some(hundred_milliseconds())));
}

#[test]
fn a_guest_that_loops_while_it_comes_up() {
    let schema = parse(SCHEMA);
    let module =
        transforming("(unreachable)").replace("(module", "(module (func $start (loop $l (br $l))) (start $start)");
    let component = component(&schema, &schema, &Fields::default(), &module);
    let setup = Setup { allowance: Some(hundred_milliseconds()), ..Setup::same(&schema, &component) };
    let error = Lane::start(&setup).err().expect("it must not start");
    let expected = "the guest guest.wasm does not start: the guest ran longer than its time limit of 100ms";
    assert_eq!(error, expected);
}

#[test]
fn a_guest_that_wants_more_memory_than_it_may_have() {
    let greedy = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let error = lane(&parse(SCHEMA), &transforming(greedy), None).run(&[(0, VALUE)]).unwrap_err();
    assert_eq!(error.to_string(), "memory: the guest wanted more memory than its limit of 64 MiB");
}

#[test]
fn memory_that_was_refused_once_explains_no_later_trap() {
    // The first call is refused memory and takes it well; the second traps for a reason of its own.
    let second = "(if (i32.load (i32.const 8)) (then (unreachable))) (i32.store (i32.const 8) (i32.const 1))
        (drop (memory.grow (i32.const 65000)))
        (i32.store8 (i32.const 0x800) (i32.const 1)) (i32.store (i32.const 20) (i32.const 1))
        (i32.store (i32.const 16) (i32.const 0x800)) (i32.const 16)";
    let mut lane = lane(&parse(SCHEMA), &transforming(second), None);
    assert_eq!(lane.run(&[(0, VALUE)]).unwrap(), [Err("Reject: ".into())]);
    let error = lane.run(&[(0, VALUE)]).unwrap_err();
    assert_eq!(error.to_string(), "trap: the guest trapped: wasm `unreachable` instruction executed");
}

#[test]
fn a_guest_that_traps() {
    let trapped = |transform| lane(&parse(SCHEMA), &transforming(transform), None).run(&[(0, VALUE)]).unwrap_err();
    let divides = trapped("(i32.div_u (i32.const 1) (i32.const 0))");
    assert_eq!(divides.to_string(), "trap: the guest trapped: integer divide by zero");
    let outside = trapped("(i32.load (i32.const 0x7fffffff))");
    assert_eq!(outside.to_string(), "trap: the guest trapped: out of bounds memory access");
    let recursing = trapped("(call $deep (i32.const 1))").text;
    assert_eq!(recursing, "the guest trapped: call stack exhausted");
}

const CLOCK: &str = "package wasi:clocks@0.2.0; interface monotonic-clock { now: func() -> u64; }
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }";

fn clock_guest() -> Guest {
    let world = "package test:clock; world clock { import wasi:clocks/monotonic-clock@0.2.0;
        record r { n: s32 } export transform: func(batch: list<r>) -> list<result<r, string>>; }";
    let module = transforming("(drop (call $now)) (i32.const 16)")
        .replace("(module", r#"(module (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#);
    let component = wrap(&[CLOCK, world], &module);
    Guest::compile(&ENGINE, Path::new("clock.wasm"), &component, &Grants::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn call_empty(guest: &Guest, grants: Grants) -> Result<(), CallError> {
    let allowance = allowance_of(1 << 20, Duration::from_secs(5), grants);
    let mut instance = Instance::start(guest, &allowance).unwrap_or_else(|error| panic!("{error}"));
    call_with_nothing(guest, &mut instance)
}

#[test]
fn a_clock_that_was_not_granted() {
    let guest = clock_guest();
    let error = call_empty(&guest, Grants::default()).unwrap_err();
    let expected = "trap: the guest called wasi:clocks/monotonic-clock@0.2.0#now, which is not granted: \
                    add `grants = [\"clock\"]` to its [[stage]]";
    assert_eq!(error.to_string(), expected);
    call_empty(&guest, Grants { clock: true, ..Grants::default() }).unwrap();
}

#[test]
fn an_instance_serves_many_batches_in_the_same_memory() {
    let schema = parse(SCHEMA);
    let component = echo_component(&schema, &schema, &Fields::default());
    let allowance = allowance_of(4 << 16, Duration::from_secs(5), Grants::default());
    let setup = Setup { allowance: Some(allowance), ..Setup::same(&schema, &component) };
    let mut lane = Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..2000 {
        let outputs = lane.run(&[(0, VALUE); 16]).unwrap();
        assert!(outputs.iter().all(|output| output.as_deref() == Ok(VALUE)));
    }
    assert!(lane.instance.memory() <= 4 << 16);
}
