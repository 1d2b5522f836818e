//! Avro values as the tests see them: random ones, a plain encoder, and the way to and from the Avro library.

use apache_avro::types::Value as Avro;

use super::dice::Dice;
use super::shape::Ty;

/// A value of some [`Ty`]. Floats are kept as bits, so that equal means identical.
#[derive(Debug, Clone, PartialEq)]
pub enum V {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(u32),
    Double(u64),
    Bytes(Vec<u8>),
    String(String),
    Fixed(Vec<u8>),
    Enum(usize),
    Array(Vec<V>),
    Map(Vec<(String, V)>),
    Union(usize, Box<V>),
    Record(Vec<V>),
}

const TEXTS: &[&str] =
    &["", "a", "payment", "Grüße", "日本語のテキスト", "a\0b", "🦀", "a longer text with some words in it"];
const LONGS: &[i64] = &[0, -1, 1, 63, -64, 64, 8191, -8193, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN];

/// A random value of the type.
pub fn random(ty: &Ty, dice: &mut Dice<'_>) -> V {
    match ty {
        Ty::Logical("uuid", _) => V::String("f81d4fae-7dec-11d0-a765-00a0c91e6bf6".into()),
        Ty::Logical(_, inner) => random(inner, dice),
        Ty::Null => V::Null,
        Ty::Boolean => V::Boolean(dice.one_in(2)),
        Ty::Int => V::Int(long(dice) as i32),
        Ty::Long => V::Long(long(dice)),
        Ty::Float => V::Float(match dice.below(4) {
            0 => 1.5f32.to_bits(),
            1 => f32::NEG_INFINITY.to_bits(),
            _ => dice.u64() as u32,
        }),
        Ty::Double => V::Double(match dice.below(4) {
            0 => (-0.0f64).to_bits(),
            1 => f64::MAX.to_bits(),
            _ => dice.u64(),
        }),
        Ty::Bytes => V::Bytes(bytes(dice)),
        Ty::String => V::String(dice.pick(TEXTS).to_string()),
        Ty::Fixed(_, size) => V::Fixed((0..*size).map(|_| dice.below(256) as u8).collect()),
        Ty::Enum(_, symbols, _) => V::Enum(dice.below(symbols.len())),
        Ty::Array(item) => V::Array((0..count(dice)).map(|_| random(item, dice)).collect()),
        Ty::Map(value) => {
            let key = |n: usize, dice: &mut Dice<'_>| format!("{}{n}", dice.pick(TEXTS));
            V::Map((0..count(dice)).map(|n| (key(n, dice), random(value, dice))).collect())
        }
        Ty::Union(branches) => {
            let index = dice.below(branches.len());
            V::Union(index, Box::new(random(&branches[index], dice)))
        }
        Ty::Record(_, fields) => V::Record(fields.iter().map(|field| random(&field.ty, dice)).collect()),
    }
}

fn count(dice: &mut Dice<'_>) -> usize {
    if dice.one_in(40) { 70 } else { dice.below(5) }
}

fn long(dice: &mut Dice<'_>) -> i64 {
    if dice.one_in(4) { dice.u64() as i64 } else { *dice.pick(LONGS) }
}

fn bytes(dice: &mut Dice<'_>) -> Vec<u8> {
    (0..dice.below(12)).map(|_| dice.below(256) as u8).collect()
}

/// How arrays and maps are cut into blocks.
#[derive(Debug, Clone, Copy)]
pub struct Blocks {
    /// Items of a block at most.
    pub items: usize,
    /// With a negative count and the size in bytes.
    pub sized: bool,
}

/// As every Avro library writes it: one block, without its size.
pub const CANONICAL: Blocks = Blocks { items: usize::MAX, sized: false };

/// The value's Avro bytes.
pub fn encode(value: &V, blocks: Blocks) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, blocks, &mut out);
    out
}

fn write(value: &V, blocks: Blocks, out: &mut Vec<u8>) {
    match value {
        V::Null => {}
        V::Boolean(value) => out.push((*value).into()),
        V::Int(value) => put_long(out, i64::from(*value)),
        V::Long(value) => put_long(out, *value),
        V::Float(bits) => out.extend(bits.to_le_bytes()),
        V::Double(bits) => out.extend(bits.to_le_bytes()),
        V::Bytes(bytes) => put_bytes(out, bytes),
        V::String(text) => put_bytes(out, text.as_bytes()),
        V::Fixed(bytes) => out.extend(bytes),
        V::Enum(index) => put_long(out, *index as i64),
        V::Array(items) => put_blocks(out, items, blocks, |item, out| write(item, blocks, out)),
        V::Map(entries) => put_blocks(out, entries, blocks, |(key, value), out| {
            put_bytes(out, key.as_bytes());
            write(value, blocks, out);
        }),
        V::Union(index, value) => {
            put_long(out, *index as i64);
            write(value, blocks, out);
        }
        V::Record(fields) => fields.iter().for_each(|field| write(field, blocks, out)),
    }
}

fn put_blocks<T>(out: &mut Vec<u8>, items: &[T], blocks: Blocks, write: impl Fn(&T, &mut Vec<u8>)) {
    for block in items.chunks(blocks.items) {
        let mut bytes = Vec::new();
        block.iter().for_each(|item| write(item, &mut bytes));
        match blocks.sized {
            true => {
                put_long(out, -(block.len() as i64));
                put_long(out, bytes.len() as i64);
            }
            false => put_long(out, block.len() as i64),
        }
        out.extend(bytes);
    }
    out.push(0);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_long(out, bytes.len() as i64);
    out.extend(bytes);
}

/// A zig-zag varint.
pub fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// As the Avro library holds it, for a schema without logical types.
pub fn to_avro(value: &V, ty: &Ty) -> Avro {
    match (value, ty.plain()) {
        (V::Null, _) => Avro::Null,
        (V::Boolean(value), _) => Avro::Boolean(*value),
        (V::Int(value), _) => Avro::Int(*value),
        (V::Long(value), _) => Avro::Long(*value),
        (V::Float(bits), _) => Avro::Float(f32::from_bits(*bits)),
        (V::Double(bits), _) => Avro::Double(f64::from_bits(*bits)),
        (V::Bytes(bytes), _) => Avro::Bytes(bytes.clone()),
        (V::String(text), _) => Avro::String(text.clone()),
        (V::Fixed(bytes), _) => Avro::Fixed(bytes.len(), bytes.clone()),
        (V::Enum(index), Ty::Enum(_, symbols, _)) => Avro::Enum(*index as u32, symbols[*index].clone()),
        (V::Array(items), Ty::Array(item)) => Avro::Array(items.iter().map(|value| to_avro(value, item)).collect()),
        (V::Map(entries), Ty::Map(ty)) => {
            Avro::Map(entries.iter().map(|(key, value)| (key.clone(), to_avro(value, ty))).collect())
        }
        (V::Union(index, value), Ty::Union(branches)) => {
            Avro::Union(*index as u32, Box::new(to_avro(value, &branches[*index])))
        }
        (V::Record(values), Ty::Record(_, fields)) => {
            let field = |(value, field): (&V, &super::shape::Field)| (field.name.clone(), to_avro(value, &field.ty));
            Avro::Record(values.iter().zip(fields).map(field).collect())
        }
        (value, ty) => unreachable!("{value:?} is no {ty:?}"),
    }
}

/// From what the Avro library holds; maps come sorted by key.
pub fn from_avro(value: &Avro) -> V {
    match value {
        Avro::Null => V::Null,
        Avro::Boolean(value) => V::Boolean(*value),
        Avro::Int(value) => V::Int(*value),
        Avro::Long(value) => V::Long(*value),
        Avro::Float(value) => V::Float(value.to_bits()),
        Avro::Double(value) => V::Double(value.to_bits()),
        Avro::Bytes(bytes) => V::Bytes(bytes.clone()),
        Avro::String(text) => V::String(text.clone()),
        Avro::Fixed(_, bytes) => V::Fixed(bytes.clone()),
        Avro::Enum(index, _) => V::Enum(*index as usize),
        Avro::Array(items) => V::Array(items.iter().map(from_avro).collect()),
        Avro::Map(entries) => {
            sorted(&V::Map(entries.iter().map(|(key, value)| (key.clone(), from_avro(value))).collect()))
        }
        Avro::Union(index, value) => V::Union(*index as usize, Box::new(from_avro(value))),
        Avro::Record(fields) => V::Record(fields.iter().map(|(_, value)| from_avro(value)).collect()),
        other => unreachable!("a logical value from a schema without logical types: {other:?}"),
    }
}

/// The same value with every map sorted by key, as the Avro library forgets their order.
pub fn sorted(value: &V) -> V {
    match value {
        V::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            V::Map(entries)
        }
        V::Array(items) => V::Array(items.iter().map(sorted).collect()),
        V::Union(index, value) => V::Union(*index, Box::new(sorted(value))),
        V::Record(fields) => V::Record(fields.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Whether the bytes depend on the order of a map.
pub fn has_order(value: &V) -> bool {
    match value {
        V::Map(entries) => entries.len() > 1 || entries.iter().any(|(_, value)| has_order(value)),
        V::Array(items) => items.iter().any(has_order),
        V::Union(_, value) => has_order(value),
        V::Record(fields) => fields.iter().any(has_order),
        _ => false,
    }
}

/// Whether the type goes as deep as the value; one that was made of a recursive schema ends somewhere.
pub fn fits(value: &V, ty: &Ty) -> bool {
    match (value, ty.plain()) {
        (V::Array(items), Ty::Array(ty)) => items.iter().all(|item| fits(item, ty)),
        (V::Map(entries), Ty::Map(ty)) => entries.iter().all(|(_, value)| fits(value, ty)),
        (V::Union(index, value), Ty::Union(branches)) => branches.get(*index).is_some_and(|ty| fits(value, ty)),
        (V::Record(values), Ty::Record(_, fields)) => {
            values.iter().zip(fields).all(|(value, field)| fits(value, &field.ty))
        }
        _ => true,
    }
}
