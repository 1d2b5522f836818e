//! Guests of any types: each function answers every record with the bytes of itself, and then does as a WAT text says.

use std::fmt::Write;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, SizeAlign, Type, TypeDefKind, WorldItem, WorldKey};

/// A guest's code, of which `each` is run for every record. It may use `$in` (the record), `$out` (its output; at first
/// the record's own bytes), `$answer` (the result around it; at first `ok`), `$count` and `$place` (of the record in the
/// call), `$a` and `$b` (anything), and the functions `$alloc` (bytes), `$first` (the first byte of the list at an
/// address), `$list` (writes pointer and length to an address) and `$say` (makes an answer of this payload an error of this text and
/// length).
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The name of the function, as the module exports it.
    pub name: &'a str,
    /// What is done for each record.
    pub each: &'a str,
}

/// Shorthand for a guest with nothing but `transform`.
pub fn transform(items: &str, signature: &str, text: &str, each: &str) -> Vec<u8> {
    let items = format!("{items} export transform: func(batch: list<{}", signature.replacen(" -> ", ">) -> list<", 1));
    guest(&format!("package t:t; world transform {{ {items}>; }}"), text, "", &[Code { name: "transform", each }])
}

/// A component of the world `transform` of a WIT text. The WAT text may refer to `text`, which stands at 16.
pub fn guest(wit: &str, text: &str, imports: &str, codes: &[Code<'_>]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", wit).unwrap_or_else(|why| panic!("{why:?}"));
    let world = resolve.select_world(&[package], Some("transform")).expect("the world `transform`");
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let mut functions = String::new();
    for (name, function) in exports(&resolve, world) {
        match codes.iter().find(|code| code.name == name) {
            Some(code) => functions.push_str(&work(&resolve, &sizes, &name, function, code.each)),
            None => functions.push_str(&idle(&resolve, &name, function)),
        }
    }
    let escaped: String = text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "\\{byte:02x}");
        out
    });
    let wat = MODULE.replace("IMPORTS", imports).replace("TEXT", &escaped).replace("FUNCTIONS", &functions);
    let mut module = wat::parse_str(&wat).unwrap_or_else(|why| panic!("{why}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap_or_else(|why| panic!("{why:?}"));
    encoder.validate(true).encode().unwrap_or_else(|why| panic!("{why:?}"))
}

/// What the world exports, by the names that a module has for it.
fn exports(resolve: &Resolve, world: wit_parser::WorldId) -> Vec<(String, &Function)> {
    let mut found = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        let name = match key {
            WorldKey::Name(name) => name.clone(),
            WorldKey::Interface(id) => resolve.id_of(*id).expect("a name"),
        };
        match item {
            WorldItem::Function(function) => found.push((name, function)),
            WorldItem::Interface { id, .. } => {
                let functions = resolve.interfaces[*id].functions.iter();
                found.extend(functions.map(|(inner, function)| (format!("{name}#{inner}"), function)));
            }
            WorldItem::Type { .. } => {}
        }
    }
    found
}

/// A function that is only looked at.
fn idle(resolve: &Resolve, name: &str, function: &Function) -> String {
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let types = |all: &[WasmType]| {
        let name = |ty: &WasmType| match ty {
            WasmType::I64 | WasmType::PointerOrI64 => " i64",
            WasmType::F32 => " f32",
            WasmType::F64 => " f64",
            _ => " i32",
        };
        all.iter().map(name).collect::<String>()
    };
    let (params, results) = (types(&signature.params), types(&signature.results));
    format!("(func (export \"{name}\") (param{params}) (result{results}) unreachable)\n")
}

/// A function that goes over its batch.
fn work(resolve: &Resolve, sizes: &SizeAlign, name: &str, function: &Function, each: &str) -> String {
    let taken = element(resolve, &function.params[0].ty);
    let answer = element(resolve, &function.result.expect("a result"));
    let Type::Id(id) = answer else { panic!("{name} answers no results") };
    let TypeDefKind::Result(result) = &resolve.types[id].kind else { panic!("{name} answers no results") };
    let (ok, fault) = (result.ok.expect("an ok"), result.err.expect("an error"));
    let payload = sizes.align(&ok).align_wasm32().max(sizes.align(&fault).align_wasm32());
    let size = |ty: &Type| sizes.size(ty).size_wasm32();
    WORK.replace("NAME", name)
        .replace("COPY", &size(&taken).min(size(&ok)).to_string())
        .replace("TAKEN", &size(&taken).to_string())
        .replace("STRIDE", &size(&answer).to_string())
        .replace("PAYLOAD", &payload.to_string())
        .replace("EACH", each)
        .replace("FAULT", &payload.to_string())
}

fn element(resolve: &Resolve, ty: &Type) -> Type {
    let Type::Id(id) = ty else { panic!("{ty:?} is no list") };
    match &resolve.types[*id].kind {
        TypeDefKind::List(element) => *element,
        other => panic!("{other:?} is no list"),
    }
}

const MODULE: &str = r#"
(module
    IMPORTS
    (memory (export "memory") 64)
    (data (i32.const 16) "TEXT")
    (global $heap (mut i32) (i32.const 8192))

    (func $cabi_realloc (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (call $alloc (local.get $size)))

    (func $alloc (param $size i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (local.get $at))

    (func $first (param $list i32) (result i32)
        (if (result i32) (i32.load offset=4 (local.get $list))
            (then (i32.load8_u (i32.load (local.get $list))))
            (else (i32.const 0))))

    (func $say (param $answer i32) (param $payload i32) (param $text i32) (param $length i32)
        (i32.store8 (local.get $answer) (i32.const 1))
        (local.set $payload (i32.add (local.get $answer) (local.get $payload)))
        (i32.store (local.get $payload) (local.get $text))
        (i32.store offset=4 (local.get $payload) (local.get $length)))

    (func $list (param $at i32) (param $pointer i32) (param $length i32)
        (i32.store (local.get $at) (local.get $pointer))
        (i32.store offset=4 (local.get $at) (local.get $length)))

    FUNCTIONS)
"#;

const WORK: &str = r#"
    (func (export "NAME") (param $batch i32) (param $count i32) (result i32)
        (local $list i32) (local $answer i32) (local $in i32) (local $out i32) (local $place i32) (local $a i32)
        (local $b i32)
        (local.set $list (call $alloc (i32.const 8)))
        (local.set $answer (call $alloc (i32.mul (local.get $count) (i32.const STRIDE))))
        (call $list (local.get $list) (local.get $answer) (local.get $count))
        (local.set $in (local.get $batch))
        (block $done
            (loop $next
                (br_if $done (i32.eq (local.get $place) (local.get $count)))
                (local.set $out (i32.add (local.get $answer) (i32.const PAYLOAD)))
                (memory.fill (local.get $answer) (i32.const 0) (i32.const STRIDE))
                (memory.copy (local.get $out) (local.get $in) (i32.const COPY))
                EACH
                (local.set $in (i32.add (local.get $in) (i32.const TAKEN)))
                (local.set $answer (i32.add (local.get $answer) (i32.const STRIDE)))
                (local.set $place (i32.add (local.get $place) (i32.const 1)))
                (br $next)))
        (local.get $list))
    (func (export "cabi_post_NAME") (param i32) (global.set $heap (i32.const 8192)))
"#;
