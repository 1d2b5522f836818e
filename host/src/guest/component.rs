//! One per wasm file: read, compiled, identified, matched with the schemas, linked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use super::engine::Engine;
use super::error::LoadError;
use super::state::State;
use super::types::convert;
use super::wasi;
use crate::contract::types::GuestType;

/// Largest component that is compiled, in bytes: compilation is outside wasmtime's security promise.
const MAX_SIZE: u64 = 128 << 20;

/// A guest that is ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Guest {
    pub(super) engine: Engine,
    pub(super) pre: InstancePre<State>,
    pub(super) transform: ComponentExportIndex,
    pub(super) path: Arc<PathBuf>,
    input: Arc<GuestType>,
    outcome: Arc<GuestType>,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Guest {
    /// Reads, compiles and links a component.
    pub fn load(engine: &Engine, path: &Path) -> Result<Guest, LoadError> {
        let read = |error| LoadError::Read { path: path.to_owned(), error };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > MAX_SIZE {
            return Err(LoadError::TooLarge { path: path.to_owned(), size, limit: MAX_SIZE });
        }
        let bytes = std::fs::read(path).map_err(read)?;
        Guest::compile(engine, path, &bytes)
    }

    /// As [`Guest::load`], of bytes already read; `path` is for messages.
    pub fn compile(engine: &Engine, path: &Path, bytes: &[u8]) -> Result<Guest, LoadError> {
        // Magic, then version 1 and layer 0 for a core module.
        if bytes.starts_with(b"\0asm\x01\0\0\0") {
            return Err(LoadError::CoreModule(path.to_owned()));
        }
        if !bytes.starts_with(b"\0asm") {
            let why = "it does not begin with the four bytes that every wasm file begins with".to_owned();
            return Err(LoadError::NotComponent { path: path.to_owned(), why });
        }
        let not_component =
            |error: wasmtime::Error| LoadError::NotComponent { path: path.to_owned(), why: format!("{error:#}") };
        let component = Component::from_binary(&engine.inner, bytes).map_err(not_component)?;
        let (transform, input, outcome) = find_transform(engine, &component, path)?;
        let pre = link(engine, &component, path)?;
        let (input, outcome) = (Arc::new(input), Arc::new(outcome));
        Ok(Guest { engine: engine.clone(), pre, transform, path: Arc::new(path.to_owned()), input, outcome })
    }

    /// The type of one record that the guest takes.
    pub fn input(&self) -> &GuestType {
        &self.input
    }

    /// The type of what it answers for one record.
    pub fn outcome(&self) -> &GuestType {
        &self.outcome
    }

    /// Where it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The export `transform`, in the world itself or in one exported interface, and its types.
fn find_transform(
    engine: &Engine,
    component: &Component,
    path: &Path,
) -> Result<(ComponentExportIndex, GuestType, GuestType), LoadError> {
    let ty = component.component_type();
    let mut names = Vec::new();
    for (name, item) in ty.exports(&engine.inner) {
        let found = match item.ty {
            ComponentItem::ComponentFunc(func) if name == "transform" => {
                component.get_export_index(None, "transform").map(|index| (index, func))
            }
            ComponentItem::ComponentInstance(instance) => {
                let inner = instance.exports(&engine.inner).find(|(name, _)| *name == "transform");
                inner.and_then(|(_, item)| match item.ty {
                    ComponentItem::ComponentFunc(func) => {
                        let interface = component.get_export_index(None, name)?;
                        component.get_export_index(Some(&interface), "transform").map(|index| (index, func))
                    }
                    _ => None,
                })
            }
            _ => None,
        };
        if let Some((index, func)) = found {
            let (input, outcome) =
                shape(&func).ok_or_else(|| LoadError::Shape { path: path.to_owned(), found: describe(&func) })?;
            return Ok((index, input, outcome));
        }
        names.push(format!("`{name}`"));
    }
    let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    Err(LoadError::World { path: path.to_owned(), exports })
}

/// `IN` and the result's element of `func(list<IN>) -> list<ELEMENT>`.
fn shape(func: &ComponentFunc) -> Option<(GuestType, GuestType)> {
    let params: Vec<GuestType> = func.params().map(|(_, ty)| convert(&ty)).collect();
    let results: Vec<GuestType> = func.results().map(|ty| convert(&ty)).collect();
    match (params.as_slice(), results.as_slice()) {
        ([GuestType::List(input)], [GuestType::List(outcome)]) => match &**outcome {
            GuestType::Result(Some(_), Some(_)) => Some(((**input).clone(), (**outcome).clone())),
            _ => None,
        },
        _ => None,
    }
}

fn describe(func: &ComponentFunc) -> String {
    let params: Vec<_> = func.params().map(|(name, ty)| format!("{name}: {}", convert(&ty).describe())).collect();
    let results: Vec<_> = func.results().map(|ty| format!(" -> {}", convert(&ty).describe())).collect();
    format!("func({}){}", params.join(", "), results.concat())
}

/// Gives the component what it imports, and refuses what no pipeline offers.
fn link(engine: &Engine, component: &Component, path: &Path) -> Result<InstancePre<State>, LoadError> {
    let start = |error: wasmtime::Error| LoadError::Start { path: path.to_owned(), why: format!("{error:#}") };
    let mut linker = Linker::new(&engine.inner);
    for (name, item) in component.component_type().imports(&engine.inner) {
        match &item.ty {
            ComponentItem::ComponentInstance(instance) if name.starts_with("wasi:") => {
                let mut place = linker.instance(name).map_err(start)?;
                wasi::link(&engine.inner, &mut place, name, instance).map_err(start)?;
            }
            // An interface of types only asks for nothing.
            ComponentItem::ComponentInstance(instance) if types_only(engine, instance) => {
                linker.instance(name).map_err(start)?;
            }
            _ => return Err(LoadError::Import { path: path.to_owned(), import: name.to_owned() }),
        }
    }
    linker.instantiate_pre(component).map_err(start)
}

fn types_only(engine: &Engine, instance: &wasmtime::component::types::ComponentInstance) -> bool {
    instance.exports(&engine.inner).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
}
