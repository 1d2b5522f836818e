//! The guest: it gives each record back as it came, but does what the record's first byte says.

use std::path::{Path, PathBuf};

use harness::{Result, RigError};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// How long a record with the verb `S` keeps the guest busy: seconds of the wall clock that begin meanwhile.
pub const SLOW_SECONDS: u64 = 9;

const WIT: &str = r#"
package t:t;

world transform {
    import wasi:clocks/wall-clock@0.2.6;
    export transform: func(batch: list<list<u8>>) -> list<result<list<u8>, string>>;
}

package wasi:clocks@0.2.6 {
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
}
"#;

/// `R` is rejected, `T` traps, `O` is answered with two MiB, `S` takes its time.
const WAT: &str = r#"
(module
    (import "wasi:clocks/wall-clock@0.2.6" "now" (func $now (param i32)))
    (memory (export "memory") 80)
    (data (i32.const 0) "poison")
    (global $heap (mut i32) (i32.const 4096))

    (func $cabi_realloc (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32)
        (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (local.get $at))

    (func $seconds (result i64) (call $now (i32.const 64)) (i64.load (i32.const 64)))

    (func $wait (local $until i64)
        (local.set $until (i64.add (call $seconds) (i64.const SLOW)))
        (loop $again (br_if $again (i64.lt_u (call $seconds) (local.get $until)))))

    (func (export "transform") (param $batch i32) (param $count i32) (result i32)
        (local $list i32) (local $answer i32) (local $verb i32)
        (local.set $list (call $cabi_realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
        (local.set $answer (call $cabi_realloc (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.mul (local.get $count) (i32.const 12))))
        (i32.store (local.get $list) (local.get $answer))
        (i32.store offset=4 (local.get $list) (local.get $count))
        (block $done
            (loop $next
                (br_if $done (i32.eqz (local.get $count)))
                (local.set $verb (i32.load8_u (i32.load (local.get $batch))))
                (i32.store (local.get $answer) (i32.const 0))
                (i32.store offset=4 (local.get $answer) (i32.load (local.get $batch)))
                (i32.store offset=8 (local.get $answer) (i32.load offset=4 (local.get $batch)))
                (if (i32.eq (local.get $verb) (i32.const 84)) (then unreachable))
                (if (i32.eq (local.get $verb) (i32.const 83)) (then (call $wait)))
                (if (i32.eq (local.get $verb) (i32.const 79)) (then
                    (i32.store offset=4 (local.get $answer) (i32.const 0))
                    (i32.store offset=8 (local.get $answer) (i32.const 0x200000))))
                (if (i32.eq (local.get $verb) (i32.const 82)) (then
                    (i32.store (local.get $answer) (i32.const 1))
                    (i32.store offset=4 (local.get $answer) (i32.const 0))
                    (i32.store offset=8 (local.get $answer) (i32.const 6))))
                (local.set $batch (i32.add (local.get $batch) (i32.const 8)))
                (local.set $answer (i32.add (local.get $answer) (i32.const 12)))
                (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                (br $next)))
        (local.get $list))

    (func (export "cabi_post_transform") (param i32) (global.set $heap (i32.const 4096))))
"#;

/// Writes the component into a folder.
pub fn write(folder: &Path) -> Result<PathBuf> {
    let bytes = component().map_err(|why| RigError::new(format!("making the guest: {why}")))?;
    let file = folder.join("chaos.wasm");
    std::fs::write(&file, bytes).map_err(RigError::doing(format!("writing {}", file.display())))?;
    Ok(file)
}

fn component() -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut module = wat::parse_str(WAT.replace("SLOW", &SLOW_SECONDS.to_string()))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", WIT)?;
    let world = resolve.select_world(&[package], Some("transform"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module)?;
    Ok(encoder.validate(true).encode()?)
}
