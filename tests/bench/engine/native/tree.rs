//! Values of any schema as a tree, as generic Avro code has them: decoded by the schema, worked on, encoded again.

use millstream::schema::{Kind, Schema, TypeId};

use super::codec::{Reader, put_long, put_text};
use super::payment::Payment;
use crate::contender::Failure;

/// One value.
pub enum Tree {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    Text(String),
    Enum(u32),
    Array(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    Union(u32, Box<Tree>),
    Record(Vec<Tree>),
}

/// The value of type `id` that the reader stands at.
pub fn decode(schema: &Schema, id: TypeId, r: &mut Reader<'_>) -> Result<Tree, String> {
    Ok(match schema.kind(id) {
        Kind::Null => Tree::Null,
        Kind::Boolean => Tree::Boolean(r.take(1)? != [0]),
        Kind::Int => Tree::Int(r.long()? as i32),
        Kind::Long => Tree::Long(r.long()?),
        Kind::Float => Tree::Float(f32::from_le_bytes(r.take(4)?.first_chunk().copied().unwrap_or_default())),
        Kind::Double => Tree::Double(r.double()?),
        Kind::Bytes => {
            let len = r.size()?;
            Tree::Bytes(r.take(len)?.to_vec())
        }
        Kind::String => Tree::Text(r.text()?),
        Kind::Fixed(fixed) => Tree::Bytes(r.take(fixed.size)?.to_vec()),
        Kind::Enum(_) => Tree::Enum(r.size()? as u32),
        Kind::Array(item) => Tree::Array(items(r, |r| decode(schema, *item, r))?),
        Kind::Map(value) => Tree::Map(items(r, |r| Ok((r.text()?, decode(schema, *value, r)?)))?),
        Kind::Union(branches) => {
            let branch = r.size()?;
            let id = branches.get(branch).ok_or("no such branch")?;
            Tree::Union(branch as u32, Box::new(decode(schema, *id, r)?))
        }
        Kind::Record(record) => {
            let mut fields = Vec::with_capacity(record.fields.len());
            for field in &record.fields {
                fields.push(decode(schema, field.ty, r)?);
            }
            Tree::Record(fields)
        }
    })
}

fn items<T>(r: &mut Reader<'_>, mut item: impl FnMut(&mut Reader<'_>) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    loop {
        match r.size()? {
            0 => return Ok(all),
            count => {
                all.reserve(count.min(1024));
                for _ in 0..count {
                    all.push(item(r)?);
                }
            }
        }
    }
}

/// Appends the value's Avro bytes. A tree says all that is needed but the size of a fixed.
pub fn encode(schema: &Schema, id: TypeId, tree: &Tree, out: &mut Vec<u8>) -> Result<(), String> {
    match (schema.kind(id), tree) {
        (Kind::Null, Tree::Null) => {}
        (Kind::Boolean, Tree::Boolean(value)) => out.push((*value).into()),
        (Kind::Int, Tree::Int(value)) => put_long(out, (*value).into()),
        (Kind::Long, Tree::Long(value)) => put_long(out, *value),
        (Kind::Float, Tree::Float(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (Kind::Double, Tree::Double(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (Kind::String, Tree::Text(text)) => put_text(out, text),
        (Kind::Bytes, Tree::Bytes(bytes)) => {
            put_long(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
        (Kind::Fixed(_), Tree::Bytes(bytes)) => out.extend_from_slice(bytes),
        (Kind::Enum(_), Tree::Enum(symbol)) => put_long(out, (*symbol).into()),
        (Kind::Array(item), Tree::Array(items)) => {
            if !items.is_empty() {
                put_long(out, items.len() as i64);
            }
            items.iter().try_for_each(|value| encode(schema, *item, value, out))?;
            out.push(0);
        }
        (Kind::Map(value), Tree::Map(entries)) => {
            if !entries.is_empty() {
                put_long(out, entries.len() as i64);
            }
            for (key, tree) in entries {
                put_text(out, key);
                encode(schema, *value, tree, out)?;
            }
            out.push(0);
        }
        (Kind::Union(branches), Tree::Union(branch, inner)) => {
            put_long(out, (*branch).into());
            let id = branches.get(*branch as usize).ok_or("no such branch")?;
            encode(schema, *id, inner, out)?;
        }
        (Kind::Record(record), Tree::Record(fields)) if fields.len() == record.fields.len() => {
            for (field, value) in record.fields.iter().zip(fields) {
                encode(schema, field.ty, value, out)?;
            }
        }
        (kind, _) => return Err(format!("the tree has no {}", kind.word())),
    }
    Ok(())
}

/// For each type of a schema that is a record: for each of its fields, whether to mask it.
pub fn masked(schema: &Schema, names: &[&str]) -> Vec<Vec<bool>> {
    let of = |id| match schema.kind(id) {
        Kind::Record(record) => record.fields.iter().map(|field| names.contains(&field.name.as_str())).collect(),
        _ => Vec::new(),
    };
    schema.ids().map(of).collect()
}

/// Replaces the letters of the text at `tree`, if it is to be `hidden`, and of all fields below it that are.
pub fn mask(schema: &Schema, id: TypeId, tree: &mut Tree, hidden: bool, masked: &[Vec<bool>]) {
    match (schema.kind(id), tree) {
        (Kind::String, Tree::Text(text)) if hidden => *text = "*".repeat(text.chars().count()),
        (Kind::Array(item), Tree::Array(items)) => {
            items.iter_mut().for_each(|tree| mask(schema, *item, tree, hidden, masked));
        }
        (Kind::Map(value), Tree::Map(entries)) => {
            entries.iter_mut().for_each(|(_, tree)| mask(schema, *value, tree, hidden, masked));
        }
        (Kind::Union(branches), Tree::Union(branch, inner)) => {
            mask(schema, branches[*branch as usize], inner, hidden, masked);
        }
        (Kind::Record(record), Tree::Record(fields)) => {
            for ((field, tree), hidden) in record.fields.iter().zip(fields).zip(&masked[id.0 as usize]) {
                mask(schema, field.ty, tree, *hidden, masked);
            }
        }
        _ => {}
    }
}

/// Takes the fields of a payment out of its tree.
pub fn payment(tree: Tree) -> Result<Payment, Failure> {
    let Tree::Record(fields) = tree else { return Err("a payment is a record".into()) };
    let fields: [Tree; 10] = fields.try_into().map_err(|_| "a payment has ten fields")?;
    use Tree::{Array, Double, Enum, Int, Long, Text, Union};
    let [Text(id), Text(account), Long(amount), Enum(currency), Long(ts), Union(_, note), rest @ ..] = fields else {
        return Err("the fields are not those of a payment".into());
    };
    let [Array(tags), Double(rate), Text(country), Int(seq)] = rest else {
        return Err("the fields are not those of a payment".into());
    };
    let text = |tree| if let Text(text) = tree { Some(text) } else { None };
    let (note, tags) = (text(*note), tags.into_iter().filter_map(text).collect());
    Ok(Payment { id, account, amount, currency, ts, note, tags, rate, country, seq, ..Payment::default() })
}

/// The tree of an enriched payment.
pub fn enriched(payment: Payment) -> Tree {
    let Payment { id, account, amount, currency, ts, note, tags, rate, country, seq, amount_eur, risk } = payment;
    let note = match note {
        Some(text) => Tree::Union(1, Box::new(Tree::Text(text))),
        None => Tree::Union(0, Box::new(Tree::Null)),
    };
    Tree::Record(vec![
        Tree::Text(id),
        Tree::Text(account),
        Tree::Long(amount),
        Tree::Enum(currency),
        Tree::Long(ts),
        note,
        Tree::Array(tags.into_iter().map(Tree::Text).collect()),
        Tree::Double(rate),
        Tree::Text(country),
        Tree::Int(seq),
        Tree::Double(amount_eur),
        Tree::Int(risk),
    ])
}
