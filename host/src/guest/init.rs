//! A guest's `init`, called once for each instance before its first batch.

use std::path::Path;

use wasmtime::Store;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Instance};

use super::engine::Engine;
use super::error::LoadError;
use super::state::State;
use super::types::Types;
use crate::contract::types::GuestType;
use crate::telemetry::printable::{TEXT_MAX, printable};

/// The functions beside which an `init` is the guest's own, and not one of something else that it exports.
const BESIDE: &[&str] = &["transform", "deserialize", "serialize"];

/// The export `init`, in the world itself or else beside the guest's other functions in an interface; none where the
/// guest has none.
pub(super) fn find(
    engine: &Engine,
    component: &Component,
    path: &Path,
) -> Result<Option<ComponentExportIndex>, LoadError> {
    let mut of_interface = None;
    for (name, item) in component.component_type().exports(&engine.inner) {
        match item.ty {
            ComponentItem::ComponentFunc(func) if name == "init" => {
                check(&func, path)?;
                return Ok(component.get_export_index(None, name));
            }
            ComponentItem::ComponentInstance(interface) => {
                let function = |name: &str| match interface.get_export(&engine.inner, name)?.ty {
                    ComponentItem::ComponentFunc(func) => Some(func),
                    _ => None,
                };
                let Some(func) = function("init").filter(|_| BESIDE.iter().any(|name| function(name).is_some())) else {
                    continue;
                };
                check(&func, path)?;
                let interface = component.get_export_index(None, name);
                of_interface = interface.and_then(|interface| component.get_export_index(Some(&interface), "init"));
            }
            _ => {}
        }
    }
    Ok(of_interface)
}

fn check(func: &ComponentFunc, path: &Path) -> Result<(), LoadError> {
    let mut types = Types::default();
    let results: Vec<GuestType> = func.results().map(|ty| types.convert(&ty)).collect();
    let failed = GuestType::Result(None, Some(Box::new(GuestType::String)));
    if func.params().len() == 0 && results == [failed] && !func.async_() {
        return Ok(());
    }
    let params: Vec<_> = func.params().map(|(name, ty)| format!("{name}: {}", types.convert(&ty).describe())).collect();
    let results: String = results.iter().map(|ty| format!(" -> {}", ty.describe())).collect();
    let kind = if func.async_() { "async " } else { "" };
    Err(LoadError::InitShape { path: path.to_owned(), found: format!("{kind}func({}){results}", params.join(", ")) })
}

/// Calls `init`. The inner error is the guest's own, ready to be shown; the outer one ended the instance.
pub(super) fn call(
    store: &mut Store<State>,
    instance: &Instance,
    init: &ComponentExportIndex,
) -> wasmtime::Result<Result<(), String>> {
    let init = instance.get_typed_func::<(), (Result<(), String>,)>(&mut *store, init)?;
    let (answer,) = init.call(store, ())?;
    Ok(answer.map_err(|text| printable(text, TEXT_MAX)))
}
