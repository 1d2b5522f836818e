//! `millstream:pipeline/schemas`.

use std::sync::Arc;

use wasmtime::component::Val;
use wasmtime::{StoreContextMut, bail};

use super::super::state::State;
use super::{Function, Interface};
use crate::contract::types::GuestType;
use crate::schema::{NamedType, NamedTypes, Schema};

/// The schemas that a pipeline's guests may ask for, by their ids: 0 is the source's, 1 the sink's.
#[derive(Debug, Default)]
pub struct Schemas {
    known: [Option<(Arc<Schema>, NamedTypes)>; 2],
}

/// The source's.
const INPUT: u32 = 0;
/// The sink's.
const OUTPUT: u32 = 1;

impl Schemas {
    /// Of a pipeline; none where its format has no schema. A guest that asks for a schema that is not there gets an
    /// empty text and no types.
    pub fn new(source: Option<Arc<Schema>>, sink: Option<Arc<Schema>>) -> Schemas {
        let known = |schema: Arc<Schema>| {
            let named = NamedTypes::of(&schema);
            (schema, named)
        };
        Schemas { known: [source.map(known), sink.map(known)] }
    }

    fn get(&self, id: u32) -> Option<&(Arc<Schema>, NamedTypes)> {
        self.known.get(id as usize)?.as_ref()
    }
}

pub(super) const INTERFACE: Interface = Interface {
    name: "schemas",
    granted: None,
    functions: &[
        Function {
            name: "named-types",
            params: || vec![GuestType::U32],
            result: || Some(GuestType::List(Box::new(named_type()))),
            // With dynamic values: types of our own would need `unsafe` here, and a guest asks once.
            link: |linker, name| {
                linker.func_new(name, |store, _, params, results| {
                    let ([Val::U32(id)], [result]) = (params, results) else { bail!("named-types takes a schema id") };
                    let types = store.data().allowance.schemas.get(*id).map_or(&[][..], |(_, named)| named.types());
                    *result = Val::List(types.iter().map(value).collect());
                    Ok(())
                })
            },
        },
        Function {
            name: "text",
            params: || vec![GuestType::U32],
            result: || Some(GuestType::String),
            link: |linker, name| {
                linker.func_wrap(name, |store: StoreContextMut<'_, State>, (id,): (u32,)| {
                    let known = store.data().allowance.schemas.get(id);
                    Ok((known.map_or_else(String::new, |(schema, _)| schema.source().to_owned()),))
                })
            },
        },
        Function {
            name: "input",
            params: Vec::new,
            result: || Some(GuestType::U32),
            link: |linker, name| linker.func_wrap(name, |_, (): ()| Ok((INPUT,))),
        },
        Function {
            name: "output",
            params: Vec::new,
            result: || Some(GuestType::U32),
            link: |linker, name| linker.func_wrap(name, |_, (): ()| Ok((OUTPUT,))),
        },
    ],
};

fn named_type() -> GuestType {
    let fields = |fields: &[(&str, GuestType)]| {
        Some(GuestType::Record(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect()))
    };
    let strings = GuestType::List(Box::new(GuestType::String));
    GuestType::Variant(vec![
        ("record".into(), fields(&[("name", GuestType::String), ("fields", strings.clone())])),
        ("enum".into(), fields(&[("name", GuestType::String), ("symbols", strings)])),
        ("fixed".into(), fields(&[("name", GuestType::String), ("size", GuestType::U32)])),
    ])
}

fn value(named: &NamedType) -> Val {
    let strings = |strings: &[String]| Val::List(strings.iter().cloned().map(Val::String).collect());
    let (case, name, second, value) = match named {
        NamedType::Record { name, fields } => ("record", name, "fields", strings(fields)),
        NamedType::Enum { name, symbols } => ("enum", name, "symbols", strings(symbols)),
        NamedType::Fixed { name, size } => ("fixed", name, "size", Val::U32(*size)),
    };
    let fields = vec![("name".to_owned(), Val::String(name.clone())), (second.to_owned(), value)];
    Val::Variant(case.to_owned(), Some(Box::new(Val::Record(fields))))
}
