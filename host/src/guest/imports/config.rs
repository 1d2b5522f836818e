//! `millstream:pipeline/config`.

use wasmtime::StoreContextMut;
use wasmtime::component::WasmStr;

use super::super::state::State;
use super::{Function, Interface};
use crate::contract::types::GuestType;

pub(super) const INTERFACE: Interface = Interface {
    name: "config",
    granted: Some(|grants| grants.config),
    functions: &[
        Function {
            name: "get",
            params: || vec![GuestType::String],
            result: || Some(GuestType::Option(Box::new(GuestType::String))),
            link: |linker, name| {
                linker.func_wrap(name, |store: StoreContextMut<'_, State>, (key,): (WasmStr,)| {
                    let key = key.to_str(&store)?;
                    let entries = &store.data().allowance.config;
                    let value = entries.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
                    Ok((value,))
                })
            },
        },
        Function {
            name: "entries",
            params: Vec::new,
            result: || {
                let entry = GuestType::Tuple(vec![GuestType::String, GuestType::String]);
                Some(GuestType::List(Box::new(entry)))
            },
            link: |linker, name| {
                linker.func_wrap(name, |store: StoreContextMut<'_, State>, (): ()| {
                    Ok((store.data().allowance.config.to_vec(),))
                })
            },
        },
    ],
};
