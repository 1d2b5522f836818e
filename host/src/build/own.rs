//! Values of the guest's own that come back to it, in JavaScript. componentize-qjs takes the number of a handle for that of
//! the object, where the canonical ABI has `resource-rep` for this, and never drops the handle. So the calls of its
//! `push_own` go by way of a function that asks for the object's number, has it pushed as a borrowed one, and drops the
//! handle; its destructor then forgets the object. `entry.rs` puts the guest's values into objects that are used once, as
//! the engine notes a handle's number in the object.

use std::collections::HashMap;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, Module};
use wasmparser::{ExternalKind, Import, Operator, Parser, Payload, TypeRef};

use super::modules::{self, Result};

const PUSH_OWN: &str = "wit_dylib_push_own";
const PUSH_BORROW: &str = "wit_dylib_push_borrow";
/// What imports begin with that are about the component's own resources.
const EXPORTED: &str = "[export]";
const REP: &str = "[resource-rep]";
const DROP: &str = "[resource-drop]";
const DESTRUCTOR: &str = "[dtor]";

/// Changes the module that hands over values. A component without resources of its own stays as it is. The error says what
/// is wrong with the component.
pub(super) fn returned(bytes: &[u8]) -> Result<Vec<u8>, String> {
    modules::changed(bytes, &changed).map_err(|error| error.to_string())
}

fn changed(module: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(mut handles) = Handles::find(module)? else { return Ok(None) };
    let mut out = Module::new();
    handles.parse_core_module(&mut out, Parser::new(0), module)?;
    Ok(Some(out.finish()))
}

/// A resource of the component's own.
#[derive(Default, Clone, Copy)]
struct Resource {
    /// Its number among the module's types, which `push_own` is given.
    number: Option<i32>,
    /// Functions.
    rep: Option<u32>,
    drop: Option<u32>,
}

/// What is found in a module.
#[derive(Default)]
struct Seen {
    push_own: Option<(u32, u32)>,
    push_borrow: Option<u32>,
    /// By interface and name.
    resources: HashMap<String, Resource>,
    /// Functions, and the resources that they are of.
    destructors: HashMap<u32, String>,
    /// Functions so far.
    functions: u32,
}

impl Seen {
    fn import(&mut self, import: &Import<'_>) {
        let (TypeRef::Func(ty) | TypeRef::FuncExact(ty)) = import.ty else { return };
        let function = self.functions;
        self.functions += 1;
        match import.name {
            PUSH_OWN => self.push_own = Some((function, ty)),
            PUSH_BORROW => self.push_borrow = Some(function),
            _ => {}
        }
        let Some(interface) = import.module.strip_prefix(EXPORTED) else { return };
        let mut of = |name: &str, set: &dyn Fn(&mut Resource)| {
            set(self.resources.entry(format!("{interface}#{name}")).or_default());
        };
        if let Some(name) = import.name.strip_prefix(REP) {
            of(name, &|resource| resource.rep = Some(function));
        } else if let Some(name) = import.name.strip_prefix(DROP) {
            of(name, &|resource| resource.drop = Some(function));
        }
    }
}

/// A module that hands over values of the guest's own.
struct Handles {
    /// The function and its type.
    push_own: (u32, u32),
    push_borrow: u32,
    /// Number, `resource-rep` and `resource-drop` of each resource.
    resources: Vec<(i32, u32, u32)>,
    /// Functions that the module has.
    functions: u32,
}

impl Handles {
    fn find(module: &[u8]) -> Result<Option<Handles>> {
        let mut seen = Seen::default();
        let mut code = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        seen.import(&import?);
                    }
                    code = seen.functions;
                }
                Payload::FunctionSection(section) => seen.functions += section.count(),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if let (ExternalKind::Func, true) = (export.kind, export.name.contains(DESTRUCTOR)) {
                            seen.destructors.insert(export.index, export.name.replace(DESTRUCTOR, ""));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let resource = seen.destructors.get(&code).and_then(|name| seen.resources.get_mut(name));
                    if let Some(resource) = resource {
                        // A destructor tells the engine the number of its type first.
                        if let Operator::I32Const { value } = body.get_operators_reader()?.read()? {
                            resource.number = Some(value);
                        }
                    }
                    code += 1;
                }
                _ => {}
            }
        }
        let known = seen.resources.values().filter_map(|one| Some((one.number?, one.rep?, one.drop?)));
        let mut resources: Vec<_> = known.collect();
        resources.sort_unstable();
        Ok(match (seen.push_own, seen.push_borrow) {
            (Some(push_own), Some(push_borrow)) if !resources.is_empty() => {
                Some(Handles { push_own, push_borrow, resources, functions: seen.functions })
            }
            _ => None,
        })
    }

    /// `push_own` as it has to be.
    fn push(&self) -> Function {
        // The call, the number of the type, the handle.
        let (call, ty, handle) = (0, 1, 2);
        let mut push = Function::new([]);
        let mut code = push.instructions();
        for (number, rep, drop) in &self.resources {
            code.local_get(ty).i32_const(*number).i32_eq().if_(BlockType::Empty);
            code.local_get(call).local_get(ty).local_get(handle).call(*rep).call(self.push_borrow);
            code.local_get(handle).call(*drop).return_().end();
        }
        code.local_get(call).local_get(ty).local_get(handle).call(self.push_own.0).end();
        push
    }
}

impl Reencode for Handles {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(if function == self.push_own.0 { self.functions } else { function })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.push_own.1);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        code.function(&self.push());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The module of componentize-qjs that hands over values, in small, with resources `a` and `b`.
    const GLUE: &str = r#"(core module
        (import "env" "wit_dylib_push_borrow" (func $borrow (param i32 i32 i32)))
        (import "env" "wit_dylib_push_own" (func $own (param i32 i32 i32)))
        (import "env" "wit_dylib_resource_dtor" (func $dtor (param i32 i32)))
        (import "[export]x:y/guest" "[resource-drop]a" (func $drop-a (param i32)))
        (import "[export]x:y/guest" "[resource-rep]a" (func $rep-a (param i32) (result i32)))
        (import "[export]x:y/guest" "[resource-drop]b" (func $drop-b (param i32)))
        (import "[export]x:y/guest" "[resource-rep]b" (func $rep-b (param i32) (result i32)))
        (func (export "x:y/guest#[dtor]b") (param i32) i32.const 0 local.get 0 call $dtor)
        (func (export "x:y/guest#[dtor]a") (param i32) i32.const 1 local.get 0 call $dtor)
        (func (export "x:y/guest#transform") (param i32 i32)
            local.get 0 i32.const 1 local.get 1 call $own))"#;

    /// What each function of a component calls, and the numbers that it has.
    fn operators(bytes: &[u8]) -> Vec<(Vec<u32>, Vec<i32>)> {
        let mut all = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                let (mut calls, mut numbers) = (Vec::new(), Vec::new());
                for operator in body.get_operators_reader().unwrap() {
                    match operator.unwrap() {
                        Operator::Call { function_index } => calls.push(function_index),
                        Operator::I32Const { value } => numbers.push(value),
                        _ => {}
                    }
                }
                all.push((calls, numbers));
            }
        }
        all
    }

    #[test]
    fn a_value_that_comes_back_is_asked_for_by_its_number_and_its_handle_dropped() {
        for text in [format!("(component {GLUE})"), format!("(component (component {GLUE}))")] {
            let changed = returned(&wat::parse_str(text).unwrap()).unwrap();
            wasmparser::Validator::new().validate_all(&changed).unwrap();
            let all = operators(&changed);
            // Functions 0 to 6 are imported, 7 to 9 the module's own; 10 is new.
            assert_eq!(all[2].0, [10]);
            assert_eq!(all[3], (vec![6, 0, 5, 4, 0, 3, 1], vec![0, 1]));
        }
    }

    #[test]
    fn a_component_without_resources_of_its_own_stays_as_it_is() {
        for text in [format!("(component {})", GLUE.replace("[export]", "")), "(component)".to_owned()] {
            let bytes = wat::parse_str(text).unwrap();
            assert_eq!(returned(&bytes).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(returned(b"\0asm").is_err());
        assert!(returned(b"").is_err());
    }
}
