//! Pairs of schemas, one as it was when the records were written and one as they are read today, and what the
//! specification says a value of the one becomes in the other.
//!
//! <https://avro.apache.org/docs/1.12.0/specification/#schema-resolution>

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::dice::Dice;
use super::shape::{Field, Name, Ty};
use super::value::{self, V};

/// A writer's and a reader's type.
type Pair = (Ty, Ty);

/// Makes pairs of a type's older and newer form.
#[derive(Default)]
pub struct Evolution {
    named: HashMap<String, Pair>,
    extra: usize,
}

impl Evolution {
    /// The older and the newer form of a record.
    pub fn of(base: &Ty, dice: &mut Dice<'_>) -> Pair {
        let (writer, mut reader) = Evolution::default().pair(base, dice);
        if let (true, Ty::Record(_, fields)) = (reader.is_unit(), &mut reader) {
            fields.push(Field { default: Some(json!(7)), ..Field::new("never_written", Ty::Int) });
        }
        (writer, reader)
    }

    fn pair(&mut self, base: &Ty, dice: &mut Dice<'_>) -> Pair {
        let (writer, reader) = self.plain_pair(base, dice);
        let may_be_option = !matches!(reader, Ty::Union(_)) && !reader.is_unit() && !matches!(base, Ty::Record(..));
        match dice.below(16) {
            1 if may_be_option => (writer, Ty::Union(vec![Ty::Null, reader])),
            2 if may_be_option => (Ty::Union(vec![writer, Ty::Null]), reader),
            _ => (writer, reader),
        }
    }

    fn plain_pair(&mut self, base: &Ty, dice: &mut Dice<'_>) -> Pair {
        let both = |ty: &Ty| (ty.clone(), ty.clone());
        let promoted = |dice: &mut Dice<'_>, to: &[Ty]| (base.clone(), dice.pick(to).clone());
        match base {
            Ty::Int => promoted(dice, &[Ty::Int, Ty::Int, Ty::Long, Ty::Float, Ty::Double]),
            Ty::Long => promoted(dice, &[Ty::Long, Ty::Long, Ty::Float, Ty::Double]),
            Ty::Float => promoted(dice, &[Ty::Float, Ty::Double]),
            Ty::String => promoted(dice, &[Ty::String, Ty::String, Ty::Bytes]),
            Ty::Bytes => promoted(dice, &[Ty::Bytes, Ty::Bytes, Ty::String]),
            Ty::Array(item) => {
                let (writer, reader) = self.pair(item, dice);
                (Ty::Array(Box::new(writer)), Ty::Array(Box::new(reader)))
            }
            Ty::Map(value) => {
                let (writer, reader) = self.pair(value, dice);
                (Ty::Map(Box::new(writer)), Ty::Map(Box::new(reader)))
            }
            Ty::Union(branches) => self.union(branches, dice),
            Ty::Fixed(name, _) | Ty::Enum(name, ..) | Ty::Record(name, _) => {
                if let Some(pair) = self.named.get(&name.name) {
                    return pair.clone();
                }
                let (older, newer) = renamed(name, dice);
                let pair = match base {
                    Ty::Fixed(_, size) => (Ty::Fixed(older, *size), Ty::Fixed(newer, *size)),
                    Ty::Enum(_, symbols, _) => enumeration(symbols, older, newer, dice),
                    Ty::Record(_, fields) => self.record(fields, older, newer, dice),
                    other => both(other),
                };
                self.named.insert(name.name.clone(), pair.clone());
                pair
            }
            Ty::Logical(_, inner) if dice.one_in(2) => (inner.plain().clone(), base.clone()),
            other => both(other),
        }
    }

    /// Branches are not promoted, so that it is clear which becomes which; their order and number may change.
    fn union(&mut self, branches: &[Ty], dice: &mut Dice<'_>) -> Pair {
        let mut pair = |branch: &Ty| match branch {
            Ty::Int | Ty::Long | Ty::Float | Ty::String | Ty::Bytes => (branch.clone(), branch.clone()),
            other => self.plain_pair(other, dice),
        };
        let pairs: Vec<Pair> = branches.iter().map(&mut pair).collect();
        let order = dice.order(pairs.len());
        let writer: Vec<Ty> = order.iter().map(|at| pairs[*at].0.clone()).collect();
        let mut reader: Vec<Ty> = pairs.into_iter().map(|(_, reader)| reader).collect();
        let fewer = &reader[..reader.len() - 1];
        let hollow = |ty: &Ty| ty.is_unit();
        let fits = fewer.len() > 1
            && !fewer.iter().all(hollow)
            && Ty::optional(fewer).is_none_or(|(_, some)| !fewer[some].is_unit());
        if fits && dice.one_in(4) {
            reader.pop();
        }
        (Ty::Union(writer), Ty::Union(reader))
    }

    fn record(&mut self, base: &[Field], older: Name, newer: Name, dice: &mut Dice<'_>) -> Pair {
        let (mut writer, mut reader) = (Vec::new(), Vec::new());
        for field in base {
            let (w, r) = self.pair(&field.ty, dice);
            let mut write = Field::new(&field.name, w);
            let mut read = Field::new(&field.name, r);
            match dice.below(8) {
                // Added since; written values lack it.
                1 => {
                    let default = value::random(&read.ty, dice);
                    read.default = default_json(&default, &read.ty);
                    if read.default.is_some() {
                        reader.push(read);
                        continue;
                    }
                }
                // Removed since.
                2 => {
                    writer.push(write);
                    continue;
                }
                3 => {
                    self.extra += 1;
                    write.name = format!("was_{}", self.extra);
                    read.aliases = vec!["other".into(), write.name.clone()];
                }
                _ => {}
            }
            writer.push(write);
            reader.push(read);
        }
        let order = dice.order(writer.len());
        let writer = order.iter().map(|at| writer[*at].clone()).collect();
        let unit = reader.iter().all(|field| field.ty.is_unit());
        let was_unit = base.iter().all(|field| field.ty.is_unit());
        if unit && !was_unit {
            self.extra += 1;
            let name = format!("added_{}", self.extra);
            reader.push(Field { default: Some(json!("x")), ..Field::new(&name, Ty::String) });
        }
        (Ty::Record(older, writer), Ty::Record(newer, reader))
    }
}

/// Sometimes the older form has another name, which the newer one keeps as an alias.
fn renamed(name: &Name, dice: &mut Dice<'_>) -> (Name, Name) {
    let mut newer = name.clone();
    let mut older = name.clone();
    match dice.below(5) {
        1 => {
            older.name = format!("old.Was{}", name.name.replace('.', "_"));
            newer.aliases = vec!["old.Other".into(), older.name.clone()];
        }
        // Only the namespace has changed: the specification compares the names without it.
        2 => older.name = format!("old.{}", short(&name.name)),
        _ => {}
    }
    (older, newer)
}

fn enumeration(symbols: &[String], older: Name, newer: Name, dice: &mut Dice<'_>) -> Pair {
    let mut written: Vec<String> = dice.order(symbols.len()).iter().map(|at| symbols[*at].clone()).collect();
    if dice.one_in(3) {
        written.insert(0, "GONE".into());
    }
    if written.len() > 1 && dice.one_in(4) {
        written.pop();
    }
    let default = dice.one_in(2).then(|| symbols[symbols.len() / 2].clone());
    (Ty::Enum(older, written, None), Ty::Enum(newer, symbols.to_vec(), default))
}

/// The JSON of a default; none where JSON or the rules for defaults cannot say the value.
fn default_json(value: &V, ty: &Ty) -> Option<Json> {
    let latin = |bytes: &[u8]| Json::String(bytes.iter().map(|byte| char::from(*byte)).collect());
    Some(match (value, ty.plain()) {
        (V::Null, _) => Json::Null,
        (V::Boolean(value), _) => json!(value),
        (V::Int(value), _) => json!(value),
        (V::Long(value), _) => json!(value),
        (V::Float(bits), _) if f32::from_bits(*bits).is_finite() => json!(f64::from(f32::from_bits(*bits))),
        (V::Double(bits), _) if f64::from_bits(*bits).is_finite() => json!(f64::from_bits(*bits)),
        (V::Bytes(bytes) | V::Fixed(bytes), _) => latin(bytes),
        (V::String(text), _) => json!(text),
        (V::Enum(index), Ty::Enum(_, symbols, _)) => json!(symbols[*index]),
        (V::Array(items), Ty::Array(ty)) => {
            Json::Array(items.iter().map(|item| default_json(item, ty)).collect::<Option<_>>()?)
        }
        (V::Map(entries), Ty::Map(ty)) => {
            let entry = |(key, value): &(String, V)| Some((key.clone(), default_json(value, ty)?));
            Json::Object(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        (V::Union(index, value), Ty::Union(branches)) => {
            let json = default_json(value, &branches[*index])?;
            // A default is of the first branch that it fits.
            (first_fit(&json, branches)? == *index).then_some(json)?
        }
        (V::Record(values), Ty::Record(_, fields)) => {
            let entry = |(value, field): (&V, &Field)| Some((field.name.clone(), default_json(value, &field.ty)?));
            Json::Object(values.iter().zip(fields).map(entry).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The first branch that the default may be of; an edition before the specification's 1.12 knows only the first.
fn first_fit(json: &Json, branches: &[Ty]) -> Option<usize> {
    let latin = |size: Option<usize>| {
        json.as_str().is_some_and(|text| {
            text.chars().all(|c| u32::from(c) < 256) && size.is_none_or(|size| text.chars().count() == size)
        })
    };
    branches.iter().position(|branch| match branch.plain() {
        Ty::Null => json.is_null(),
        Ty::Boolean => json.is_boolean(),
        Ty::Int | Ty::Long | Ty::Float | Ty::Double => json.is_number(),
        Ty::Bytes => latin(None),
        Ty::Fixed(_, size) => latin(Some(*size)),
        Ty::String => json.is_string(),
        Ty::Enum(_, symbols, _) => symbols.iter().any(|symbol| json == symbol),
        Ty::Array(_) => json.is_array(),
        Ty::Map(_) | Ty::Record(..) => json.is_object(),
        Ty::Union(_) | Ty::Logical(..) => unreachable!("a branch is neither"),
    })
}

/// Whether some default within the type is of a later branch than its union's first.
pub fn has_late_default(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Array(part) | Ty::Map(part) => has_late_default(part),
        Ty::Union(branches) => branches.iter().any(has_late_default),
        Ty::Record(_, fields) => fields.iter().any(|field| {
            field.default.as_ref().is_some_and(|json| is_late(json, &field.ty)) || has_late_default(&field.ty)
        }),
        _ => false,
    }
}

fn is_late(json: &Json, ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Array(item) => json.as_array().into_iter().flatten().any(|json| is_late(json, item)),
        Ty::Map(ty) => json.as_object().into_iter().flatten().any(|(_, json)| is_late(json, ty)),
        Ty::Union(branches) => first_fit(json, branches) != Some(0) || is_late(json, &branches[0]),
        Ty::Record(_, fields) => {
            fields.iter().any(|field| json.get(&field.name).is_some_and(|json| is_late(json, &field.ty)))
        }
        _ => false,
    }
}

fn from_default(json: &Json, ty: &Ty) -> V {
    let bytes = |json: &Json| json.as_str().unwrap_or_default().chars().map(|c| c as u8).collect();
    match ty.plain() {
        Ty::Null => V::Null,
        Ty::Boolean => V::Boolean(json == &json!(true)),
        Ty::Int => V::Int(json.as_i64().unwrap_or_default() as i32),
        Ty::Long => V::Long(json.as_i64().unwrap_or_default()),
        Ty::Float => V::Float((json.as_f64().unwrap_or_default() as f32).to_bits()),
        Ty::Double => V::Double(json.as_f64().unwrap_or_default().to_bits()),
        Ty::Bytes => V::Bytes(bytes(json)),
        Ty::Fixed(..) => V::Fixed(bytes(json)),
        Ty::String => V::String(json.as_str().unwrap_or_default().into()),
        Ty::Enum(_, symbols, _) => V::Enum(symbols.iter().position(|s| json == s).unwrap_or_default()),
        Ty::Array(item) => V::Array(json.as_array().into_iter().flatten().map(|j| from_default(j, item)).collect()),
        Ty::Map(ty) => {
            let entries = json.as_object().into_iter().flatten();
            V::Map(entries.map(|(key, json)| (key.clone(), from_default(json, ty))).collect())
        }
        Ty::Union(branches) => {
            let index = first_fit(json, branches).unwrap_or_default();
            V::Union(index, Box::new(from_default(json, &branches[index])))
        }
        Ty::Record(_, fields) => {
            let field = |field: &Field| match json.get(&field.name) {
                Some(json) => from_default(json, &field.ty),
                None => from_default(field.default.as_ref().unwrap_or(&Json::Null), &field.ty),
            };
            V::Record(fields.iter().map(field).collect())
        }
        Ty::Logical(..) => unreachable!("plain types have no logical meaning"),
    }
}

/// What a written value is to the reader; an error where the specification says that there is one.
pub fn resolve(value: &V, writer: &Ty, reader: &Ty) -> Result<V, String> {
    match (value, writer.plain(), reader.plain()) {
        (V::Union(index, value), Ty::Union(branches), _) => resolve(value, &branches[*index], reader),
        (_, _, Ty::Union(branches)) => {
            let find = |fits: fn(&Ty, &Ty) -> bool| branches.iter().position(|b| fits(writer.plain(), b.plain()));
            let index = find(identical).or_else(|| find(same)).or_else(|| find(promotes)).ok_or("no such branch")?;
            Ok(V::Union(index, Box::new(resolve(value, writer, &branches[index])?)))
        }
        (V::Int(value), _, Ty::Long) => Ok(V::Long((*value).into())),
        (V::Int(value), _, Ty::Float) => Ok(V::Float((*value as f32).to_bits())),
        (V::Int(value), _, Ty::Double) => Ok(V::Double(f64::from(*value).to_bits())),
        (V::Long(value), _, Ty::Float) => Ok(V::Float((*value as f32).to_bits())),
        (V::Long(value), _, Ty::Double) => Ok(V::Double((*value as f64).to_bits())),
        (V::Float(bits), _, Ty::Double) => Ok(V::Double(f64::from(f32::from_bits(*bits)).to_bits())),
        (V::String(text), _, Ty::Bytes) => Ok(V::Bytes(text.clone().into_bytes())),
        (V::Bytes(bytes), _, Ty::String) => Ok(V::String(String::from_utf8(bytes.clone()).map_err(|_| "not UTF-8")?)),
        (V::Enum(index), Ty::Enum(_, written, _), Ty::Enum(_, symbols, default)) => {
            let position = |symbol: &String| symbols.iter().position(|s| s == symbol);
            let found = position(&written[*index]).or_else(|| default.as_ref().and_then(position));
            found.map(V::Enum).ok_or_else(|| "unknown symbol".into())
        }
        (V::Array(items), Ty::Array(w), Ty::Array(r)) => {
            Ok(V::Array(items.iter().map(|item| resolve(item, w, r)).collect::<Result<_, _>>()?))
        }
        (V::Map(entries), Ty::Map(w), Ty::Map(r)) => {
            let entry = |(key, value): &(String, V)| Ok((key.clone(), resolve(value, w, r)?));
            Ok(V::Map(entries.iter().map(entry).collect::<Result<_, String>>()?))
        }
        (V::Record(values), Ty::Record(_, written), Ty::Record(_, fields)) => {
            let field = |field: &Field| {
                let named = |w: &Field| w.name == field.name || field.aliases.contains(&w.name);
                match written.iter().position(named) {
                    Some(at) => resolve(&values[at], &written[at].ty, &field.ty),
                    None => Ok(from_default(field.default.as_ref().ok_or("no default")?, &field.ty)),
                }
            };
            Ok(V::Record(fields.iter().map(field).collect::<Result<_, String>>()?))
        }
        (value, w, r) if same(w, r) => Ok(value.clone()),
        (_, w, r) => Err(format!("{w:?} is no {r:?}")),
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Of two branches with the same short name, the one with the writer's full name is meant.
fn identical(w: &Ty, r: &Ty) -> bool {
    match (w, r) {
        (Ty::Record(w, _), Ty::Record(r, _))
        | (Ty::Enum(w, ..), Ty::Enum(r, ..))
        | (Ty::Fixed(w, _), Ty::Fixed(r, _)) => w.name == r.name,
        _ => false,
    }
}

fn same(w: &Ty, r: &Ty) -> bool {
    match (w, r) {
        (Ty::Record(w, _), Ty::Record(r, _)) | (Ty::Enum(w, ..), Ty::Enum(r, ..)) => names_match(w, r),
        (Ty::Fixed(w, a), Ty::Fixed(r, b)) => names_match(w, r) && a == b,
        _ => std::mem::discriminant(w) == std::mem::discriminant(r),
    }
}

fn names_match(w: &Name, r: &Name) -> bool {
    short(&w.name) == short(&r.name) || r.aliases.contains(&w.name)
}

fn promotes(w: &Ty, r: &Ty) -> bool {
    matches!(
        (w, r),
        (Ty::Int, Ty::Long | Ty::Float | Ty::Double)
            | (Ty::Long, Ty::Float | Ty::Double)
            | (Ty::Float, Ty::Double)
            | (Ty::String, Ty::Bytes)
            | (Ty::Bytes, Ty::String)
    )
}
