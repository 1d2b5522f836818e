//! A guest's `init`: when it is called, and how it can fail.

use std::time::{Duration, Instant};

use millstream::guest::Allowance;
use tracing::Level;

use super::echo::{ALLOCATOR, wrap};
use super::probe::{Probe, allowance, component};
use super::recorder::recorded;

const INIT_LOGS: &str = "(call $log (i32.const 2) (i32.const 64) (i32.const 4)) (i32.const 128)";
const TRANSFORM_LOGS: &str = "(call $log (i32.const 2) (i32.const 68) (i32.const 5))";

fn refused(init: &str, allowance: Allowance) -> String {
    Probe::start(&component("no rate given", "", Some(init)), allowance).err().expect("it must not start")
}

#[test]
fn it_is_called_once_for_each_instance_before_its_first_batch() {
    let component = component("initbatch", TRANSFORM_LOGS, Some(INIT_LOGS));
    let ((), lines) = recorded(Level::INFO, || {
        for _ in 0..2 {
            let mut probe = Probe::start(&component, allowance()).unwrap_or_else(|error| panic!("{error}"));
            probe.call().unwrap();
            probe.call().unwrap();
        }
    });
    let messages: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(messages, ["init", "batch", "batch", "init", "batch", "batch"]);
}

#[test]
fn its_error_is_a_load_error() {
    let init = "(i32.store8 (i32.const 128) (i32.const 1)) (i32.store (i32.const 132) (i32.const 64))
        (i32.store (i32.const 136) (i32.const 13)) (i32.const 128)";
    let expected = "the guest probe.wasm does not start: its init failed: no rate given";
    assert_eq!(refused(init, allowance()), expected);
    let long = "(memory.fill (i32.const 64) (i32.const 7) (i32.const 100000)) (i32.store8 (i32.const 0x20000) (i32.const 1))
        (i32.store (i32.const 0x20004) (i32.const 64)) (i32.store (i32.const 0x20008) (i32.const 100000)) (i32.const 0x20000)";
    let text = refused(long, allowance());
    assert!(
        text.len() < 5000 && text.contains(r"its init failed: \u{7}\u{7}") && text.ends_with("bytes more)"),
        "{text}"
    );
}

#[test]
fn a_trap_in_it_is_a_load_error() {
    let expected = "the guest probe.wasm does not start: its init failed: the guest trapped: wasm `unreachable` instruction executed";
    assert_eq!(refused("unreachable", allowance()), expected);
}

#[test]
fn its_time_is_limited() {
    let start = Instant::now();
    let time = Duration::from_millis(100);
    let error = refused("(loop $ever (br $ever)) (unreachable)", Allowance { time, ..allowance() });
    let expected =
        "the guest probe.wasm does not start: its init failed: the guest ran longer than its time limit of 100ms";
    assert_eq!(error, expected);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn what_it_answers_is_checked() {
    for (init, why) in [
        ("(i32.store8 (i32.const 128) (i32.const 2)) (i32.const 128)", "discriminant"),
        ("(i32.const -4)", "pointer out of bounds"),
        (
            "(i32.store8 (i32.const 128) (i32.const 1)) (i32.store (i32.const 136) (i32.const -1)) (i32.const 128)",
            "out of bounds",
        ),
        (
            "(drop (memory.grow (i32.const 256))) (i32.store8 (i32.const 128) (i32.const 1))
            (i32.store (i32.const 136) (i32.const 0x1000000)) (i32.const 128)",
            "the guest handed the host more than 4 MiB",
        ),
    ] {
        let error = refused(init, allowance());
        assert!(error.starts_with("the guest probe.wasm does not start: its init failed: the guest "), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

/// A guest whose functions stand in interfaces: its error at the start.
fn in_interfaces(interfaces: &str, exports: &[&str]) -> Option<String> {
    let names: String = exports.iter().map(|name| format!("(export \"{name}\" (func $init))")).collect();
    let module = format!(
        "(module {ALLOCATOR} (func $init (result i32) unreachable) {names}
        (func (export \"test:probe/flow#transform\") (param i32 i32) (result i32) (i32.const 16)))"
    );
    let world = format!(
        "package test:probe; interface flow {{ record r {{ n: s32 }}
        transform: func(batch: list<r>) -> list<result<r, string>>; {interfaces}"
    );
    Probe::start(&wrap(&[&world], &module), allowance()).err()
}

#[test]
fn it_stands_in_the_interface_of_the_other_functions() {
    let interfaces = "init: func() -> result<_, string>; } world probe { export flow; }";
    let error = in_interfaces(interfaces, &["test:probe/flow#init"]).expect("it must be called");
    assert!(error.contains("its init failed: the guest trapped"), "{error}");
}

#[test]
fn or_in_the_world_while_they_stand_in_an_interface() {
    let interfaces = "} world probe { export flow; export init: func() -> result<_, string>; }";
    let error = in_interfaces(interfaces, &["init"]).expect("it must be called");
    assert!(error.contains("its init failed: the guest trapped"), "{error}");
}

#[test]
fn an_init_of_another_interface_is_not_the_guests() {
    let interfaces =
        "} interface other { init: func() -> result<_, string>; } world probe { export flow; export other; }";
    assert_eq!(in_interfaces(interfaces, &["test:probe/other#init"]), None);
}
