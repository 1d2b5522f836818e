//! `millstream:pipeline/log`.

use wasmtime::bail;
use wasmtime::component::Val;

use super::super::state::Level;
use super::{Function, Interface};
use crate::contract::types::GuestType;

pub(super) const INTERFACE: Interface = Interface {
    name: "log",
    granted: Some(|grants| grants.log),
    functions: &[Function {
        name: "log",
        params: || vec![GuestType::Enum(LEVELS.map(|(name, _)| name.to_owned()).to_vec()), GuestType::String],
        result: || None,
        // With dynamic values: an enum of our own would need `unsafe` here, and a log line is no matter of nanoseconds.
        link: |linker, name| {
            linker.func_new(name, |mut store, _, params, _| {
                let [Val::Enum(level), Val::String(message)] = params else { bail!("log takes a level and a message") };
                if let Some((_, level)) = LEVELS.iter().find(|(name, _)| name == level) {
                    store.data_mut().log(*level, message);
                }
                Ok(())
            })
        },
    }],
};

const LEVELS: [(&str, Level); 5] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];
