//! Python's global lock, held for good: a component has one thread, but componentize-py takes and drops the lock for each
//! field of each record, which is a third of a guest's time.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType};
use wasm_encoder::{Module, ValType};
use wasmparser::{GlobalSectionReader, Parser, Payload, TypeRef};

use super::modules;

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
    modules::changed(bytes, &changed).map_err(|error| error.to_string())
}

fn changed(module: &[u8]) -> modules::Result<Option<Vec<u8>>> {
    let Some(mut lock) = Lock::find(module)? else { return Ok(None) };
    let mut out = Module::new();
    lock.parse_core_module(&mut out, Parser::new(0), module)?;
    Ok(Some(out.finish()))
}

/// A module that takes the lock.
struct Lock {
    /// Functions and their types: those of `TAKE` and of `DROP`.
    take: (u32, u32),
    drop: (u32, u32),
    /// Functions and globals that the module has.
    functions: u32,
    globals: u32,
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
            (Some(take), Some(drop), true) => Some(Lock { take, drop, functions, globals }),
            _ => None,
        })
    }
}

impl Reencode for Lock {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(match function {
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
