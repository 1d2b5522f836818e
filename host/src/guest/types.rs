//! A component's own type descriptions, as the engine gives them, turned into [`GuestType`].

use wasmtime::component::ResourceType;
use wasmtime::component::types::{self, Type};

use crate::contract::types::GuestType;

/// Gives each of a component's resource types a number.
#[derive(Debug, Default)]
pub(super) struct Types {
    resources: Vec<ResourceType>,
}

impl Types {
    /// The type in the host's own words.
    pub(super) fn convert(&mut self, ty: &Type) -> GuestType {
        match ty {
            Type::Bool => GuestType::Bool,
            Type::S8 => GuestType::S8,
            Type::U8 => GuestType::U8,
            Type::S16 => GuestType::S16,
            Type::U16 => GuestType::U16,
            Type::S32 => GuestType::S32,
            Type::U32 => GuestType::U32,
            Type::S64 => GuestType::S64,
            Type::U64 => GuestType::U64,
            Type::Float32 => GuestType::F32,
            Type::Float64 => GuestType::F64,
            Type::Char => GuestType::Char,
            Type::String => GuestType::String,
            Type::List(list) => GuestType::List(self.boxed(&list.ty())),
            Type::Record(record) => {
                let field = |field: types::Field<'_>| (field.name.to_owned(), self.convert(&field.ty));
                GuestType::Record(record.fields().map(field).collect())
            }
            Type::Tuple(tuple) => GuestType::Tuple(tuple.types().map(|ty| self.convert(&ty)).collect()),
            Type::Variant(variant) => {
                let case = |case: types::Case<'_>| (case.name.to_owned(), case.ty.map(|ty| self.convert(&ty)));
                GuestType::Variant(variant.cases().map(case).collect())
            }
            Type::Enum(cases) => GuestType::Enum(cases.names().map(str::to_owned).collect()),
            Type::Option(option) => GuestType::Option(self.boxed(&option.ty())),
            Type::Result(result) => {
                let ok = result.ok().map(|ty| self.boxed(&ty));
                GuestType::Result(ok, result.err().map(|ty| self.boxed(&ty)))
            }
            Type::Flags(_) => GuestType::Other("flags"),
            Type::Own(resource) => GuestType::Own(self.number(*resource)),
            Type::Borrow(resource) => GuestType::Borrow(self.number(*resource)),
            _ => GuestType::Other("a type that this host does not know"),
        }
    }

    fn boxed(&mut self, ty: &Type) -> Box<GuestType> {
        Box::new(self.convert(ty))
    }

    fn number(&mut self, resource: ResourceType) -> u32 {
        let known = self.resources.iter().position(|known| *known == resource);
        let number = known.unwrap_or_else(|| {
            self.resources.push(resource);
            self.resources.len() - 1
        });
        number as u32
    }
}
