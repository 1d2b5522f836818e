//! `millstream:pipeline/metrics`.

use wasmtime::component::WasmStr;
use wasmtime::{Result, StoreContextMut};

use super::super::state::State;
use super::{Function, Interface};
use crate::contract::types::GuestType;
use crate::telemetry::guest_series::OwnSeries;

pub(super) const INTERFACE: Interface = Interface {
    name: "metrics",
    granted: Some(|grants| grants.metrics),
    functions: &[
        Function {
            name: "counter-add",
            params: || vec![GuestType::String, GuestType::U64],
            result: || None,
            link: |linker, name| {
                linker.func_wrap(name, |store, (name, value): (WasmStr, u64)| {
                    count(store, &name, |series, name| series.add(name, value))
                })
            },
        },
        Function {
            name: "gauge-set",
            params: || vec![GuestType::String, GuestType::F64],
            result: || None,
            link: |linker, name| {
                linker.func_wrap(name, |store, (name, value): (WasmStr, f64)| {
                    count(store, &name, |series, name| series.set(name, value))
                })
            },
        },
        Function {
            name: "histogram-observe",
            params: || vec![GuestType::String, GuestType::F64],
            result: || None,
            link: |linker, name| {
                linker.func_wrap(name, |store, (name, value): (WasmStr, f64)| {
                    count(store, &name, |series, name| series.observe(name, value))
                })
            },
        },
    ],
};

/// Counts under a name that is read where it stands in the guest's memory.
fn count(
    mut store: StoreContextMut<'_, State>,
    name: &WasmStr,
    count: impl FnOnce(&mut OwnSeries, &str),
) -> Result<()> {
    // Out of the store for as long as the name is borrowed from it.
    let Some(mut series) = store.data_mut().series.take() else { return Ok(()) };
    let done = name.to_str(&store).map(|name| count(&mut series, &name));
    store.data_mut().series = Some(series);
    done
}
