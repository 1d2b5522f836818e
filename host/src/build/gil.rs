//! Python's global lock, held for good: a component has one thread, but componentize-py takes and drops the lock for each
//! field of each record, which is a third of a guest's time.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, Component, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType,
};
use wasm_encoder::{Module, RawSection, ValType};
use wasmparser::{Encoding, GlobalSectionReader, Parser, Payload, TypeRef};

const TAKE: &str = "PyGILState_Ensure";
const DROP: &str = "PyGILState_Release";
/// What `PyGILState_Ensure` answers where the lock is held already.
const HELD: i32 = 0;
/// What the exports of componentize-py's own module begin with. Others, of packages, may take the lock while Python has
/// given it away for them, and keep their calls.
const OWN: &str = "wit_dylib_";

/// Changes the module of componentize-py that takes the lock: the first time it does, after that it has it. A component
/// without such a module stays as it is. The error says what is wrong with the component.
pub(super) fn held(bytes: &[u8]) -> Result<Vec<u8>, String> {
    changed(bytes).map_err(|error| error.to_string())
}

fn changed(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut out = Component::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } if depth == 0 => depth = 1,
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth != 1 {
            // Of a module or a component inside: copied whole where its section began.
            continue;
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let data = bytes.get(usize::try_from(range.start)?..usize::try_from(range.end)?);
        let data = data.ok_or("a section ends beyond the file")?;
        let lock = match payload {
            Payload::ModuleSection { .. } => Lock::find(data)?,
            _ => None,
        };
        match lock {
            Some(mut lock) => {
                let mut module = Module::new();
                lock.parse_core_module(&mut module, Parser::new(0), data)?;
                out.section(&RawSection { id, data: module.as_slice() });
            }
            None => {
                out.section(&RawSection { id, data });
            }
        }
    }
    Ok(out.finish())
}

/// A module that takes the lock.
struct Lock {
    /// Functions and their types: those of `TAKE` and of `DROP`.
    take: (u32, u32),
    drop: (u32, u32),
    /// Functions and globals that the module has.
    functions: u32,
    globals: u32,
    /// The calls that the new functions make are their own.
    own: bool,
}

impl Lock {
    fn find(module: &[u8]) -> Result<Option<Lock>, wasmparser::BinaryReaderError> {
        let (mut take, mut drop) = (None, None);
        let (mut functions, mut globals, mut defines, mut own) = (0, 0, false, false);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        match import.ty {
                            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                                match import.name {
                                    TAKE => take = Some((functions, ty)),
                                    DROP => drop = Some((functions, ty)),
                                    _ => {}
                                }
                                functions += 1;
                            }
                            TypeRef::Global(_) => globals += 1,
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => functions += section.count(),
                Payload::GlobalSection(section) => {
                    globals += section.count();
                    defines = true;
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        own |= export?.name.starts_with(OWN);
                    }
                }
                _ => {}
            }
        }
        Ok(match (take, drop, defines && own) {
            (Some(take), Some(drop), true) => Some(Lock { take, drop, functions, globals, own: false }),
            _ => None,
        })
    }
}

impl Reencode for Lock {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(match function {
            _ if self.own => function,
            take if take == self.take.0 => self.functions,
            drop if drop == self.drop.0 => self.functions + 1,
            other => other,
        })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.take.1).function(self.drop.1);
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        let mut take = Function::new([]);
        take.instructions().global_get(self.globals).if_(BlockType::Empty).i32_const(HELD).return_().end();
        take.instructions().i32_const(1).global_set(self.globals).call(self.take.0).end();
        let mut drop = Function::new([]);
        drop.instructions().end();
        code.function(&take).function(&drop);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module as the runtime of Python is, in small: it takes the lock and drops it again.
    const RUNTIME: &str = r#"(core module
        (import "env" "PyGILState_Ensure" (func $take (result i32)))
        (import "env" "PyGILState_Release" (func $drop (param i32)))
        (global $other i32 (i32.const 7))
        (func (export "wit_dylib_export_call") call $take call $drop))"#;

    #[test]
    fn the_lock_is_taken_by_way_of_new_functions_and_never_dropped() {
        let bytes = wat::parse_str(format!("(component {RUNTIME})")).unwrap();
        let changed = held(&bytes).unwrap();
        wasmparser::Validator::new().validate_all(&changed).unwrap();
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(&changed) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                let operators = body.get_operators_reader().unwrap().into_iter();
                calls.push(
                    operators
                        .filter_map(|one| match one.unwrap() {
                            wasmparser::Operator::Call { function_index } => Some(function_index),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                );
            }
        }
        // Functions 0 and 1 are imported, 2 is the module's own, 3 takes the lock once, 4 does not drop it.
        assert_eq!(calls, [vec![3, 4], vec![0], vec![]]);
    }

    #[test]
    fn modules_of_others_keep_their_calls() {
        for text in [format!("(component {})", RUNTIME.replace("wit_dylib_", "")), "(component)".to_owned()] {
            let bytes = wat::parse_str(text).unwrap();
            assert_eq!(held(&bytes).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(held(b"\0asm").is_err());
        assert!(held(b"").is_err());
    }
}
