//! A guest that is called with an empty batch: all it does is call what it imports.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream::guest::{Allowance, CallError, Grants, Guest, Instance};

use super::echo::{ALLOCATOR, ENGINE, allowance_of, call_with_nothing, wrap};

const LOG: &str = include_str!("../../wit/log.wit");
const METRICS: &str = include_str!("../../wit/metrics.wit");
const CONFIG: &str = include_str!("../../wit/config.wit");
const SCHEMAS: &str = "
    interface schemas {
        record record-type { name: string, fields: list<string> }
        record enum-type { name: string, symbols: list<string> }
        record fixed-type { name: string, size: u32 }
        variant named-type { %record(record-type), %enum(enum-type), fixed(fixed-type) }
        named-types: func(schema: u32) -> list<named-type>;
        text: func(schema: u32) -> string;
        input: func() -> u32;
        output: func() -> u32;
    }";
const PACKAGE: &str = "package millstream:pipeline@0.1.0;";

/// Everything that there is to import, under the names that bodies use. `$log` is shortened by `$say`, which logs the
/// string whose pointer and length stand at an address.
const IMPORTS: &str = r#"
  (import "millstream:pipeline/log@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "millstream:pipeline/metrics@0.1.0" "counter-add" (func $add (param i32 i32 i64)))
  (import "millstream:pipeline/metrics@0.1.0" "gauge-set" (func $set (param i32 i32 f64)))
  (import "millstream:pipeline/metrics@0.1.0" "histogram-observe" (func $observe (param i32 i32 f64)))
  (import "millstream:pipeline/config@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "millstream:pipeline/config@0.1.0" "entries" (func $entries (param i32)))
  (import "millstream:pipeline/schemas@0.1.0" "named-types" (func $named (param i32 i32)))
  (import "millstream:pipeline/schemas@0.1.0" "text" (func $text (param i32 i32)))
  (import "millstream:pipeline/schemas@0.1.0" "input" (func $input (result i32)))
  (import "millstream:pipeline/schemas@0.1.0" "output" (func $output (result i32)))"#;

const SAY: &str = "(func $say (param $level i32) (param $at i32)
    (call $log (local.get $level) (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))";

/// Bytes of memory that a probe's module starts with.
pub const MEMORY: u32 = 64 << 16;

/// A component whose `transform` runs this WAT, with these bytes of text at address 64, and perhaps an `init` that runs
/// that WAT, which leaves the address of its result: a discriminant, then a string's pointer and length.
pub fn component(text: &str, transform: &str, init: Option<&str>) -> Vec<u8> {
    let pipeline: String = [LOG, METRICS, CONFIG, SCHEMAS].map(|text| text.replacen(PACKAGE, "", 1)).concat();
    let export = if init.is_some() { "export init: func() -> result<_, string>;" } else { "" };
    let names = ["log", "metrics", "config", "schemas"].map(|name| format!("import millstream:pipeline/{name}@0.1.0;"));
    let world = format!(
        "package test:probe; world probe {{ {} record r {{ n: s32 }} {export}
        export transform: func(batch: list<r>) -> list<result<r, string>>; }}",
        names.concat()
    );
    let init = init.map_or_else(String::new, |init| format!("(func (export \"init\") (result i32) {init})"));
    let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let allocator = ALLOCATOR.replacen("(memory (export \"memory\") 2)", "(memory (export \"memory\") 64)", 1);
    let module = format!(
        "(module {IMPORTS} {allocator} {SAY} (data (i32.const 64) \"{escaped}\") {init}
        (func (export \"transform\") (param i32 i32) (result i32) (local $i i32) (local $n i32)
            {transform} (i32.const 16)))"
    );
    wrap(&[&format!("{PACKAGE}\n{pipeline}"), &world], &module)
}

/// All grants.
pub fn all() -> Grants {
    Grants { clock: true, random: true, log: true, metrics: true, config: true }
}

/// All grants and time enough.
pub fn allowance() -> Allowance {
    let allowance = allowance_of(64 << 20, Duration::from_secs(10), all());
    Allowance::clone(&allowance)
}

/// A live probe.
pub struct Probe {
    guest: Guest,
    instance: Instance,
}

impl Probe {
    pub fn start(component: &[u8], allowance: Allowance) -> Result<Probe, String> {
        let guest = Guest::compile(&ENGINE, Path::new("probe.wasm"), component, &allowance.grants);
        let guest = guest.map_err(|error| error.to_string())?;
        let instance = Instance::start(&guest, &Arc::new(allowance)).map_err(|error| error.to_string())?;
        Ok(Probe { guest, instance })
    }

    /// A probe that starts, with text at 64 and all grants.
    pub fn of(text: &str, transform: &str, allowance: Allowance) -> Probe {
        Probe::start(&component(text, transform, None), allowance).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn call(&mut self) -> Result<(), CallError> {
        call_with_nothing(&self.guest, &mut self.instance)
    }
}
