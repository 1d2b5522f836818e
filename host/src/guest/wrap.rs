//! From a core module to a component. What a guest asks of WASI preview 1 is answered inside of its component.

use thiserror::Error;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Answers preview 1 for the guest's runtime.
const ADAPTER: &str = include_str!("../../adapters/preview1/adapter.wat");
/// What the adapter itself imports.
const ADAPTER_WIT: &str = include_str!("../../adapters/preview1/adapter.wit");
/// What the names of the custom sections begin with in which a module carries its WIT.
const CARRIED: &str = "component-type";

/// Why no component can be made of a core module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WrapError {
    /// Its types are not known.
    #[error("it does not carry its WIT")]
    NoWit,
    /// It is not what its WIT says, or it is broken.
    #[error("{0}")]
    Encode(String),
}

/// Whether the bytes begin as a core module: the magic number, version 1, layer 0.
pub fn is_core_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// A component of a core module for WASI preview 1 that carries its WIT as a custom section, as bindings generators leave
/// it there. The same bytes give the same component.
pub fn wrap(core: &[u8]) -> Result<Vec<u8>, WrapError> {
    // The encoder trusts what it is given more than it should: a broken module must not reach it.
    wasmparser::Validator::new().validate_all(core).map_err(|error| WrapError::Encode(error.to_string()))?;
    let carries = Parser::new(0)
        .parse_all(core)
        .any(|payload| matches!(payload, Ok(Payload::CustomSection(section)) if section.name().starts_with(CARRIED)));
    if !carries {
        return Err(WrapError::NoWit);
    }
    let adapter = adapter()?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(core).map_err(broken)?;
    encoder.adapter("wasi_snapshot_preview1", &adapter).map_err(broken)?;
    encoder.validate(true).encode().map_err(broken)
}

fn adapter() -> Result<Vec<u8>, WrapError> {
    let mut bytes = wat::parse_str(ADAPTER).map_err(broken)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", ADAPTER_WIT).map_err(broken)?;
    let world = resolve.select_world(&[package], Some("adapter")).map_err(broken)?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8).map_err(broken)?;
    Ok(bytes)
}

/// With all causes of the error.
fn broken(error: impl std::fmt::Display) -> WrapError {
    WrapError::Encode(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package a:b; world transform { export transform: func(x: u32) -> u32; }";

    /// A core module with these imports that carries its WIT.
    fn core(imports: &str) -> Vec<u8> {
        let mut module = wat::parse_str(format!(
            r#"(module {imports} (memory (export "memory") 1)
                (func (export "_initialize"))
                (func (export "transform") (param i32) (result i32) (local.get 0)))"#
        ))
        .unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", WIT).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    fn imports(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                Payload::ComponentImportSection(section) => {
                    names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
                }
                Payload::Version { num: 1, .. } => break,
                _ => {}
            }
        }
        names.retain(|name| name.starts_with("wasi:"));
        names
    }

    #[test]
    fn a_guest_that_asks_for_nothing_imports_nothing() {
        let quiet = r#"(import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
              (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
        assert_eq!(imports(&wrap(&core("")).unwrap()), [""; 0]);
        assert_eq!(imports(&wrap(&core(quiet)).unwrap()), [""; 0]);
    }

    #[test]
    fn a_guest_that_prints_imports_streams_and_no_more() {
        let prints = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
        let wanted = ["wasi:io/error@0.2.6", "wasi:io/streams@0.2.6", "wasi:cli/stdout@0.2.6", "wasi:cli/stderr@0.2.6"];
        assert_eq!(imports(&wrap(&core(prints)).unwrap()), wanted);
    }

    #[test]
    fn a_function_that_is_not_preview_1_is_named() {
        let odd = r#"(import "wasi_snapshot_preview1" "fd_teleport" (func (param i32)))"#;
        let why = wrap(&core(odd)).unwrap_err().to_string();
        assert!(why.contains("fd_teleport"), "{why}");
    }

    #[test]
    fn a_module_without_its_wit_and_what_is_none_are_told_apart() {
        assert_eq!(wrap(&wat::parse_str("(module)").unwrap()).unwrap_err(), WrapError::NoWit);
        assert!(matches!(wrap(b"\0asm\x01\0\0\0\x01").unwrap_err(), WrapError::Encode(_)));
        assert!(is_core_module(&core("")) && !is_core_module(&wrap(&core("")).unwrap()));
    }

    #[test]
    fn a_broken_module_is_an_error_whatever_byte_is_broken() {
        let good = core(r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#);
        let mut refused = 0;
        for at in 0..good.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                refused += u32::from(wrap(&bad).is_err());
            }
            refused += u32::from(wrap(&good[..at]).is_err());
        }
        assert!(refused > 100, "{refused}");
    }
}
