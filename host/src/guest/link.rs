//! What a component imports, matched with what a pipeline offers and grants.

use std::path::Path;

use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, InstancePre, Linker};

use super::engine::Engine;
use super::error::LoadError;
use super::state::{Grants, State};
use super::{imports, wasi};

/// Gives the component what it imports, and refuses what no pipeline offers or this one does not grant.
pub(super) fn link(
    engine: &Engine,
    component: &Component,
    path: &Path,
    grants: &Grants,
) -> Result<InstancePre<State>, LoadError> {
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
            ComponentItem::ComponentInstance(instance) if name.starts_with(imports::PACKAGE) => {
                let refused = |refusal: imports::Refusal| refusal.of(path, name);
                let interface = imports::find(name, grants).map_err(refused)?;
                let functions = interface.matched(&engine.inner, instance).map_err(refused)?;
                let mut place = linker.instance(name).map_err(start)?;
                for function in functions {
                    (function.link)(&mut place, function.name).map_err(start)?;
                }
            }
            _ => return Err(LoadError::Import { path: path.to_owned(), import: name.to_owned() }),
        }
    }
    linker.instantiate_pre(component).map_err(start)
}

fn types_only(engine: &Engine, instance: &ComponentInstance) -> bool {
    instance.exports(&engine.inner).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
}
