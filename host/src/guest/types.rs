//! A component's own type descriptions, as the engine gives them, turned into [`GuestType`].

use wasmtime::component::types::Type;

use crate::contract::types::GuestType;

/// The type in the host's own words.
pub(super) fn convert(ty: &Type) -> GuestType {
    let boxed = |ty: Type| Box::new(convert(&ty));
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
        Type::List(list) => GuestType::List(boxed(list.ty())),
        Type::Record(record) => {
            GuestType::Record(record.fields().map(|field| (field.name.to_owned(), convert(&field.ty))).collect())
        }
        Type::Tuple(tuple) => GuestType::Tuple(tuple.types().map(|ty| convert(&ty)).collect()),
        Type::Variant(variant) => {
            let case =
                |case: wasmtime::component::types::Case<'_>| (case.name.to_owned(), case.ty.as_ref().map(convert));
            GuestType::Variant(variant.cases().map(case).collect())
        }
        Type::Enum(cases) => GuestType::Enum(cases.names().map(str::to_owned).collect()),
        Type::Option(option) => GuestType::Option(boxed(option.ty())),
        Type::Result(result) => GuestType::Result(result.ok().map(boxed), result.err().map(boxed)),
        Type::Flags(_) => GuestType::Other("flags"),
        Type::Own(_) | Type::Borrow(_) => GuestType::Other("resource"),
        _ => GuestType::Other("a type that this host does not know"),
    }
}
