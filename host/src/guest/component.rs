//! One per wasm file: read, compiled, identified, matched with the schemas, linked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::about::Import;
use super::cache::Shared;
use super::engine::Engine;
use super::error::LoadError;
use super::init;
use super::link::link;
use super::state::{Grants, State};
use super::types::Types;
use super::wrap::{WrapError, is_core_module, wrap};
use crate::contract::shape::{ROLES, Role};
use crate::contract::types::GuestType;

/// Largest component that is compiled, in bytes: compilation is outside wasmtime's security promise.
const MAX_SIZE: u64 = 128 << 20;

/// A guest that is ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Guest {
    pub(super) engine: Engine,
    pub(super) pre: InstancePre<State>,
    pub(super) init: Option<ComponentExportIndex>,
    pub(super) path: Arc<PathBuf>,
    functions: Arc<[Function]>,
    _shared: Shared,
}

/// One of the functions that a guest exports.
#[derive(Debug, Clone)]
pub struct Function {
    /// What it is for.
    pub role: Role,
    /// The type of one record that it takes.
    pub input: GuestType,
    /// The type of what it answers for one record: a `result`.
    pub outcome: GuestType,
    pub(super) index: ComponentExportIndex,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Guest {
    /// Reads, compiles and links a component, which may import what is granted.
    pub fn load(engine: &Engine, path: &Path, grants: &Grants) -> Result<Guest, LoadError> {
        let read = |error| LoadError::Read { path: path.to_owned(), error };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > MAX_SIZE {
            return Err(LoadError::TooLarge { path: path.to_owned(), size, limit: MAX_SIZE });
        }
        let bytes = std::fs::read(path).map_err(read)?;
        Guest::compile(engine, path, &bytes, grants)
    }

    /// As [`Guest::load`], of bytes already read; `path` is for messages. A core module that carries its WIT is made a
    /// component first.
    pub fn compile(engine: &Engine, path: &Path, bytes: &[u8], grants: &Grants) -> Result<Guest, LoadError> {
        if is_core_module(bytes) {
            let component = wrap(bytes).map_err(|error| match error {
                WrapError::NoWit => LoadError::CoreModule(path.to_owned()),
                error => LoadError::Wrap { path: path.to_owned(), why: error.to_string() },
            })?;
            return Guest::compile(engine, path, &component, grants);
        }
        if !bytes.starts_with(b"\0asm") {
            let why = "it does not begin with the four bytes that every wasm file begins with".to_owned();
            return Err(LoadError::NotComponent { path: path.to_owned(), why });
        }
        let not_component =
            |error: wasmtime::Error| LoadError::NotComponent { path: path.to_owned(), why: format!("{error:#}") };
        let shared = engine.compiled.component(&engine.inner, bytes, path).map_err(not_component)?;
        let component = &shared.component;
        let functions = find_functions(engine, component, path)?.into();
        let init = init::find(engine, component, path)?;
        let pre = link(engine, component, path, grants)?;
        Ok(Guest { engine: engine.clone(), pre, init, path: Arc::new(path.to_owned()), functions, _shared: shared })
    }

    /// What it exports, in the order in which a record meets them; at least one, none twice.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The function of a role, if the guest has it.
    pub fn function(&self, role: Role) -> Option<&Function> {
        self.functions.iter().find(|function| function.role == role)
    }

    /// The interfaces that it imports, in the order of the file.
    pub fn imports(&self) -> Vec<Import> {
        let component = self.pre.component().component_type();
        component.imports(&self.engine.inner).map(|(name, _)| Import::named(name)).collect()
    }

    /// Whether it wants to be called before the first record.
    pub fn has_init(&self) -> bool {
        self.init.is_some()
    }

    /// Where it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The functions in the world itself, else in the one exported interface that has some.
fn find_functions(engine: &Engine, component: &Component, path: &Path) -> Result<Vec<Function>, LoadError> {
    let ty = component.component_type();
    let (mut names, mut places) = (Vec::new(), Vec::new());
    let mut types = Types::default();
    let mut functions = Vec::new();
    for (name, item) in ty.exports(&engine.inner) {
        names.push(format!("`{name}`"));
        match item.ty {
            ComponentItem::ComponentFunc(func) => {
                let Some(role) = role(name) else { continue };
                let Some(index) = component.get_export_index(None, name) else { continue };
                places.push("the world".to_owned());
                functions.push(Function::new(role, index, &func, &mut types, path)?);
            }
            ComponentItem::ComponentInstance(instance) => {
                let Some(interface) = component.get_export_index(None, name) else { continue };
                for (inner, item) in instance.exports(&engine.inner) {
                    let (ComponentItem::ComponentFunc(func), Some(role)) = (item.ty, role(inner)) else { continue };
                    let Some(index) = component.get_export_index(Some(&interface), inner) else { continue };
                    places.push(format!("interface `{name}`"));
                    functions.push(Function::new(role, index, &func, &mut types, path)?);
                }
            }
            _ => {}
        }
    }
    places.dedup();
    if places.len() > 1 {
        return Err(LoadError::Scattered { path: path.to_owned(), places: places.join(" and ") });
    }
    if functions.is_empty() {
        let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(LoadError::World { path: path.to_owned(), exports });
    }
    functions.sort_by_key(|function| function.role);
    Ok(functions)
}

fn role(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|role| role.as_str() == name)
}

impl Function {
    fn new(
        role: Role,
        index: ComponentExportIndex,
        func: &ComponentFunc,
        types: &mut Types,
        path: &Path,
    ) -> Result<Function, LoadError> {
        let params: Vec<GuestType> = func.params().map(|(_, ty)| types.convert(&ty)).collect();
        let results: Vec<GuestType> = func.results().map(|ty| types.convert(&ty)).collect();
        if let ([GuestType::List(input)], [GuestType::List(outcome)]) = (params.as_slice(), results.as_slice())
            && let GuestType::Result(Some(_), Some(_)) = **outcome
            && !func.async_()
        {
            return Ok(Function { role, index, input: (**input).clone(), outcome: (**outcome).clone() });
        }
        let params: Vec<_> =
            func.params().zip(&params).map(|((name, _), ty)| format!("{name}: {}", ty.describe())).collect();
        let results: Vec<_> = results.iter().map(|ty| format!(" -> {}", ty.describe())).collect();
        let kind = if func.async_() { "async " } else { "" };
        let found = format!("{kind}func({}){}", params.join(", "), results.concat());
        Err(LoadError::Shape { path: path.to_owned(), role, found })
    }
}
