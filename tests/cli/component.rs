//! Guests made in the test itself: their types in WIT, their code in WAT.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The code of a guest that is only looked at, never called: every function traps.
pub const IDLE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "transform") (param i32 i32) (result i32) unreachable))"#;

/// A component of the world `transform` of this WIT text.
pub fn build(wit: &str, wat: &str) -> Vec<u8> {
    let module = core(wit, wat);
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap_or_else(|why| panic!("{why:?}"));
    encoder.validate(true).encode().unwrap_or_else(|why| panic!("{why:?}"))
}

/// A core module that carries the world `transform` of this WIT text.
pub fn core(wit: &str, wat: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap_or_else(|why| panic!("{why}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", wit).unwrap_or_else(|why| panic!("{why:?}"));
    let world = resolve.select_world(&[package], Some("transform")).expect("the world `transform`");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    module
}

/// A component that is only looked at: a world with these items.
pub fn idle(items: &str) -> Vec<u8> {
    build(&format!("package t:t; world transform {{ {items} }}"), IDLE)
}

/// The number that the guests of [`numbers`] are unlucky with.
pub const UNLUCKY: i32 = 300;

/// A guest that answers each number with itself, except [`UNLUCKY`]: there it does as the WAT text says, which may use
/// `$count` and `$answer` (the place of this record's answer, 12 bytes: a discriminant, then the number or a string's
/// pointer and length), `$list` (the answer's pointer and length) and `$say` (text at 0, so many bytes, to standard
/// error).
pub fn numbers(when_unlucky: &str) -> Vec<u8> {
    let wat = NUMBERS_WAT.replace("UNLUCKY", &UNLUCKY.to_string()).replace("WHEN", when_unlucky);
    build(NUMBERS_WIT, &wat)
}

/// The same guest, which answers each number but [`UNLUCKY`] with so much more.
pub fn numbers_and(more: i32, when_unlucky: &str) -> Vec<u8> {
    let store = "(i32.store offset=4 (local.get $answer) (local.get $n))";
    assert_eq!(NUMBERS_WAT.matches(store).count(), 1);
    let sum = format!("(i32.store offset=4 (local.get $answer) (i32.add (local.get $n) (i32.const {more})))");
    let wat = NUMBERS_WAT.replace("UNLUCKY", &UNLUCKY.to_string()).replace(store, &sum).replace("WHEN", when_unlucky);
    build(NUMBERS_WIT, &wat)
}

/// A guest as [`numbers`], whose error is a `fault`: an answer has 16 bytes.
pub fn asking_numbers(when_unlucky: &str) -> Vec<u8> {
    let (error, fault) = ("result<answer, string>", "result<answer, fault>");
    let wit = NUMBERS_WIT.replace(error, fault).replace(
        "record answer { n: s32 }",
        "record answer { n: s32 } variant fault { reject(string), retry(string), halt(string) }",
    );
    assert!(wit.contains(fault) && NUMBERS_WAT.matches("(i32.const 12)").count() == 2);
    let wat = NUMBERS_WAT.replace("(i32.const 12)", "(i32.const 16)");
    build(&wit, &wat.replace("UNLUCKY", &UNLUCKY.to_string()).replace("WHEN", when_unlucky))
}

const NUMBERS_WIT: &str = r#"
package t:t;

world transform {
    record number { n: s32 }
    record answer { n: s32 }
    import wasi:cli/stderr@0.2.6;
    import wasi:clocks/wall-clock@0.2.6;
    export transform: func(batch: list<number>) -> list<result<answer, string>>;
}

package wasi:io@0.2.6 {
    interface streams {
        variant stream-error { closed }
        resource output-stream {
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
        }
    }
}

package wasi:cli@0.2.6 {
    interface stderr {
        use wasi:io/streams@0.2.6.{output-stream};
        get-stderr: func() -> output-stream;
    }
}

package wasi:clocks@0.2.6 {
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
}
"#;

const NUMBERS_WAT: &str = r#"
(module
    (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))
    (import "wasi:clocks/wall-clock@0.2.6" "now" (func $now (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "thread panicked at src/lib.rs:7:5:\0acannot divide by zero\0a")
    (global $heap (mut i32) (i32.const 4096))

    (func $cabi_realloc (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32)
        (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (local.get $at))

    (func $say (param $length i32)
        (call $write (call $stderr) (i32.const 0) (local.get $length) (i32.const 512)))

    (func (export "transform") (param $batch i32) (param $count i32) (result i32)
        (local $list i32) (local $answer i32) (local $n i32) (local $left i32)
        (local.set $list (call $cabi_realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
        (local.set $answer (call $cabi_realloc (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.mul (local.get $count) (i32.const 12))))
        (i32.store (local.get $list) (local.get $answer))
        (i32.store offset=4 (local.get $list) (local.get $count))
        (local.set $left (local.get $count))
        (block $done
            (loop $next
                (br_if $done (i32.eqz (local.get $left)))
                (local.set $n (i32.load (local.get $batch)))
                (i32.store (local.get $answer) (i32.const 0))
                (i32.store offset=4 (local.get $answer) (local.get $n))
                (if (i32.eq (local.get $n) (i32.const UNLUCKY)) (then WHEN))
                (local.set $batch (i32.add (local.get $batch) (i32.const 4)))
                (local.set $answer (i32.add (local.get $answer) (i32.const 12)))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br $next)))
        (local.get $list))

    (func (export "cabi_post_transform") (param i32) (global.set $heap (i32.const 4096))))
"#;
