//! A guest's value as bytes for its next function, where no schema stands between. [`crate::decode::relay`] reads them.

use super::plan::{Emit, Part};
use crate::contract::types::{GuestType, discriminant_size};

/// What writes values of the type; the error names the part of it that cannot be handed on.
pub fn relay(ty: &GuestType) -> Result<Emit, String> {
    use GuestType as T;
    Ok(match ty {
        T::Bool => Emit::Bool,
        T::S8 | T::U8 => Emit::Raw(1),
        T::S16 | T::U16 => Emit::Raw(2),
        T::S32 | T::U32 | T::F32 => Emit::Raw(4),
        T::S64 | T::U64 | T::F64 => Emit::Raw(8),
        T::Char => Emit::Char,
        T::String => Emit::Text,
        T::List(item) if **item == T::U8 => Emit::Bytes,
        T::List(item) => {
            let layout = item.layout();
            Emit::List { item: Box::new(relay(item)?), size: layout.size, align: layout.align as u8 }
        }
        T::Record(fields) => parts(ty, fields.iter().map(|(name, ty)| (name.as_str(), ty)))?,
        T::Tuple(items) => parts(ty, items.iter().map(|ty| ("", ty)))?,
        T::Enum(cases) => {
            Emit::Enum { symbols: (0..cases.len() as u32).collect(), size: discriminant_size(cases.len()) as u8 }
        }
        T::Option(inner) => {
            let payload = ty.payload_offset();
            Emit::Option { none: 0, some: 1, payload, inner: Box::new(relay(inner)?) }
        }
        T::Variant(cases) => variant(ty, cases.iter().map(|(_, payload)| payload.as_ref()))?,
        T::Result(ok, err) => variant(ty, [ok.as_deref(), err.as_deref()].into_iter())?,
        T::Own(_) | T::Borrow(_) | T::Other(_) => return Err(ty.describe()),
    })
}

fn parts<'t>(ty: &GuestType, fields: impl Iterator<Item = (&'t str, &'t GuestType)>) -> Result<Emit, String> {
    let part =
        |((name, field), offset): ((&str, &GuestType), usize)| Ok(Part::Guest(name.into(), offset, relay(field)?));
    Ok(Emit::Record(fields.zip(ty.offsets()).map(part).collect::<Result<_, String>>()?))
}

fn variant<'t>(ty: &GuestType, payloads: impl Iterator<Item = Option<&'t GuestType>>) -> Result<Emit, String> {
    let case = |(index, payload): (usize, Option<&GuestType>)| Ok((index as u32, payload.map(relay).transpose()?));
    let cases = payloads.enumerate().map(case).collect::<Result<Box<[_]>, String>>()?;
    let size = discriminant_size(cases.len()) as u8;
    Ok(Emit::Variant { cases, size, payload: ty.payload_offset() })
}
