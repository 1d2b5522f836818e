//! Random types of a guest's own and values of them, made from choices.

use millstream::contract::types::GuestType;
use wasmtime::component::Val;

use super::dice::Dice;

const LEVELS: usize = 4;

/// `list<u8>`
pub fn list_of_bytes() -> GuestType {
    GuestType::List(Box::new(GuestType::U8))
}

/// The type in an `option`.
pub fn optional(ty: GuestType) -> GuestType {
    GuestType::Option(Box::new(ty))
}

/// A record of these fields.
pub fn record(fields: &[(&str, GuestType)]) -> GuestType {
    GuestType::Record(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
}

/// A type of any kind.
pub fn any_type(dice: &mut Dice<'_>) -> GuestType {
    nested(dice, LEVELS)
}

/// A record, which most values are.
pub fn any_record(dice: &mut Dice<'_>) -> GuestType {
    let count = 1 + dice.below(6);
    GuestType::Record((0..count).map(|index| (format!("f{index}"), nested(dice, LEVELS))).collect())
}

fn nested(dice: &mut Dice<'_>, levels: usize) -> GuestType {
    use GuestType as T;
    const PLAIN: [T; 13] =
        [T::S64, T::Bool, T::S8, T::U8, T::S16, T::U16, T::S32, T::U32, T::U64, T::F32, T::F64, T::Char, T::String];
    if levels == 0 {
        return dice.pick(&PLAIN).clone();
    }
    let inner = |dice: &mut Dice<'_>| nested(dice, levels - 1);
    let perhaps = |dice: &mut Dice<'_>| if dice.below(3) == 0 { None } else { Some(nested(dice, levels - 1)) };
    match dice.below(12) {
        0..4 => dice.pick(&PLAIN).clone(),
        4 => list_of_bytes(),
        5 => T::List(Box::new(inner(dice))),
        6 => optional(inner(dice)),
        7 => T::Record((0..1 + dice.below(4)).map(|index| (format!("f{index}"), inner(dice))).collect()),
        8 => T::Tuple((0..1 + dice.below(3)).map(|_| inner(dice)).collect()),
        9 => {
            // Some need a discriminant of two bytes.
            let count = if dice.one_in(6) { 257 + dice.below(50) } else { 1 + dice.below(5) };
            T::Enum((0..count).map(|index| format!("c{index}")).collect())
        }
        10 => {
            let count = if dice.one_in(12) { 257 } else { 1 + dice.below(4) };
            let payload = |index: usize, dice: &mut Dice<'_>| if index < 4 { perhaps(dice) } else { None };
            T::Variant((0..count).map(|index| (format!("c{index}"), payload(index, dice))).collect())
        }
        _ => T::Result(perhaps(dice).map(Box::new), perhaps(dice).map(Box::new)),
    }
}

/// A text, empty now and then, not all ASCII.
pub fn any_text(dice: &mut Dice<'_>) -> String {
    let count = dice.below(6);
    (0..count).map(|_| *dice.pick(&['a', 'z', '-', '\0', 'é', '本', '🦀'])).collect()
}

/// Bytes, none now and then.
pub fn any_bytes(dice: &mut Dice<'_>) -> Vec<u8> {
    let count = dice.below(9);
    (0..count).map(|_| dice.below(256) as u8).collect()
}

/// `list<u8>` as a value.
pub fn bytes_val(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().copied().map(Val::U8).collect())
}

/// A value of the type.
pub fn any_val(ty: &GuestType, dice: &mut Dice<'_>) -> Val {
    use GuestType as T;
    let payload = |ty: Option<&T>, dice: &mut Dice<'_>| ty.map(|ty| Box::new(any_val(ty, dice)));
    match ty {
        T::Bool => Val::Bool(dice.below(2) == 1),
        T::S8 => Val::S8(dice.u64() as i8),
        T::U8 => Val::U8(dice.u64() as u8),
        T::S16 => Val::S16(dice.u64() as i16),
        T::U16 => Val::U16(dice.u64() as u16),
        T::S32 => Val::S32(dice.u64() as i32),
        T::U32 => Val::U32(dice.u64() as u32),
        T::S64 => Val::S64(dice.u64() as i64),
        T::U64 => Val::U64(dice.u64()),
        T::F32 => Val::Float32(f32::from_bits(dice.u64() as u32)),
        T::F64 => Val::Float64(f64::from_bits(dice.u64())),
        T::Char => Val::Char(*dice.pick(&['a', '\0', 'é', '\u{d7ff}', '\u{e000}', '\u{10ffff}'])),
        T::String => Val::String(any_text(dice)),
        T::List(item) if **item == T::U8 => bytes_val(&any_bytes(dice)),
        T::List(item) => Val::List((0..dice.below(4)).map(|_| any_val(item, dice)).collect()),
        T::Record(fields) => Val::Record(fields.iter().map(|(name, ty)| (name.clone(), any_val(ty, dice))).collect()),
        T::Tuple(items) => Val::Tuple(items.iter().map(|ty| any_val(ty, dice)).collect()),
        T::Enum(cases) => Val::Enum(dice.pick(cases).clone()),
        T::Variant(cases) => {
            let (name, ty) = dice.pick(cases);
            Val::Variant(name.clone(), payload(ty.as_ref(), dice))
        }
        T::Option(inner) => Val::Option(payload(Some(&**inner).filter(|_| dice.below(3) > 0), dice)),
        T::Result(ok, err) => match dice.below(2) {
            0 => Val::Result(Ok(payload(ok.as_deref(), dice))),
            _ => Val::Result(Err(payload(err.as_deref(), dice))),
        },
        T::Own(_) | T::Borrow(_) | T::Other(_) => panic!("{ty:?} has no values here"),
    }
}
