//! The way of a text through the schema.

use std::fmt::Display;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Problem;
use super::key::{FieldKey, Key};
use super::plan::{Node, Pick, Record, Shape, Tag, Union, fits};
use super::read::State;
use crate::schema::json::{MAX_DEPTH, latin1, mismatch, narrowed, put_long, put_sized, shown, special};
use crate::schema::{Kind, TypeId};

/// A place in the value: the next JSON is of this type.
pub(super) struct At<'a, 's> {
    pub state: &'a mut State<'s>,
    pub id: TypeId,
    pub depth: usize,
}

impl<'s> At<'_, 's> {
    fn node(&self) -> &'s Node {
        self.state.plan.node(self.id)
    }

    fn mismatch<E: Error>(self, found: String) -> E {
        let problem = mismatch(&self.state.plan.schema, self.id, found);
        self.state.fail(problem)
    }

    /// Goes into a branch of the union that stands here.
    fn into_branch<E: Error>(self, union: &Union, index: usize) -> Result<Self, E> {
        if self.depth + 1 >= MAX_DEPTH {
            return Err(self.state.fail(Problem::TooDeep));
        }
        put_long(index as i64, self.state.out);
        Ok(At { id: union.branches[index], depth: self.depth + 1, ..self })
    }

    /// Goes into the branch that an untagged value means; the error names the value.
    fn picked<E: Error>(self, union: &Union, pick: Pick, shape: Shape, found: impl Fn() -> String) -> Result<Self, E> {
        match pick {
            Pick::One(index) => self.into_branch(union, index),
            Pick::None => Err(self.mismatch(found())),
            Pick::Several => {
                let schema = &self.state.plan.schema;
                let wanted = |id: &TypeId| match shape {
                    // Only a floating point number that is a string finds no branch for strings.
                    Shape::String if union.plain(shape) == Pick::None => {
                        matches!(schema.kind(*id), Kind::Float | Kind::Double)
                    }
                    _ => fits(schema.kind(*id), shape),
                };
                let found_in = union.branches.iter().zip(&union.tags).filter(|(id, _)| wanted(id));
                let tags: Vec<&str> = found_in.map(|(_, tag)| &**tag).collect();
                let example = tags.first().map_or(String::new(), |tag| tag.to_string());
                let problem = Problem::Ambiguous { found: found(), branches: tags.join(", "), example };
                Err(self.state.fail(problem))
            }
        }
    }

    /// A whole number.
    fn integer<E: Error>(self, n: i64) -> Result<(), E> {
        let out = &mut *self.state.out;
        match self.state.plan.node(self.id) {
            Node::Long => put_long(n, out),
            Node::Int if i32::try_from(n).is_ok() => put_long(n, out),
            Node::Double => out.extend_from_slice(&(n as f64).to_le_bytes()),
            Node::Float => out.extend_from_slice(&(n as f32).to_le_bytes()),
            Node::Union(union) => {
                let found = || shown_number(n);
                return self.picked(union, union.plain(Shape::Number), Shape::Number, found)?.integer(n);
            }
            _ => return Err(self.mismatch(shown_number(n))),
        }
        Ok(())
    }

    /// A number with a fraction or an exponent, or too large for a `long`.
    fn float<E: Error>(self, n: f64, found: &dyn Display) -> Result<(), E> {
        let out = &mut *self.state.out;
        match self.state.plan.node(self.id) {
            Node::Double => out.extend_from_slice(&n.to_le_bytes()),
            Node::Float if narrowed(n).is_finite() => out.extend_from_slice(&narrowed(n).to_le_bytes()),
            Node::Union(union) => {
                let name = || shown_number(found);
                return self.picked(union, union.plain(Shape::Number), Shape::Number, name)?.float(n, found);
            }
            _ => return Err(self.mismatch(shown_number(found))),
        }
        Ok(())
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        let out = &mut *self.state.out;
        let known = match self.state.plan.node(self.id) {
            Node::String => {
                put_sized(text.as_bytes(), out);
                true
            }
            Node::Enum(symbols) => symbols.find(text, 0).map(|index| put_long(index as i64, out)).is_some(),
            Node::Bytes => latin1(text)
                .map(|(count, bytes)| {
                    put_long(count as i64, out);
                    out.extend(bytes);
                })
                .is_some(),
            Node::Fixed(size) => {
                latin1(text).filter(|(count, _)| count == size).map(|(_, bytes)| out.extend(bytes)).is_some()
            }
            Node::Double => special(text).map(|n| out.extend_from_slice(&n.to_le_bytes())).is_some(),
            Node::Float => special(text).map(|n| out.extend_from_slice(&(n as f32).to_le_bytes())).is_some(),
            Node::Union(union) => {
                let pick = union.string(special(text).is_some());
                return self.picked(union, pick, Shape::String, || shown_string(text))?.text(text);
            }
            _ => false,
        };
        if known { Ok(()) } else { Err(self.mismatch(shown_string(text))) }
    }

    fn array<'de, A: SeqAccess<'de>>(self, item: TypeId, mut items: A) -> Result<(), A::Error> {
        let At { state, depth, .. } = self;
        let start = state.out.len();
        state.out.push(0);
        let mut count = 0;
        loop {
            match items.next_element_seed(At { state: &mut *state, id: item, depth: depth + 1 }) {
                Ok(Some(())) => count += 1,
                Ok(None) => break,
                Err(error) => return Err(state.under(&format!("[{count}]"), error)),
            }
        }
        state.close(start, count);
        Ok(())
    }

    /// `begun` says that the first key has been read already.
    fn map<'de, A: MapAccess<'de>>(self, ty: TypeId, mut entries: A, mut begun: bool) -> Result<(), A::Error> {
        let At { state, depth, .. } = self;
        let (start, base) = (state.out.len(), state.places.keys.len());
        state.out.push(0);
        while std::mem::take(&mut begun) || entries.next_key_seed(Key(&mut state.places.key))?.is_some() {
            put_sized(state.places.key.as_bytes(), state.out);
            let end = state.out.len();
            let key = end - state.places.key.len()..end;
            state.places.keys.push(key.clone());
            let value = At { state: &mut *state, id: ty, depth: depth + 1 };
            if let Err(error) = entries.next_value_seed(value) {
                let key = String::from_utf8_lossy(&state.out[key]).into_owned();
                return Err(state.under(&key, error));
            }
        }
        let count = state.places.keys.len() - base;
        state.distinct(base)?;
        state.close(start, count);
        Ok(())
    }

    /// `begun` says that the first key has been read already.
    fn record<'de, A: MapAccess<'de>>(self, record: &Record, mut entries: A, mut begun: bool) -> Result<(), A::Error> {
        let At { state, id, depth } = self;
        let (start, base) = (state.out.len(), state.places.fields.len());
        state.places.fields.resize(base + record.fields.len(), None);
        let (mut next, mut ordered) = (0, true);
        loop {
            let key = &mut state.places.key;
            let found = match std::mem::take(&mut begun) {
                true => Some(record.names.find(key, next)),
                false => entries.next_key_seed(FieldKey { record, guess: next, unknown: key })?,
            };
            let Some(found) = found else { break };
            let Some((index, field)) = found.and_then(|index| Some((index, record.fields.get(index)?))) else {
                state.unknown(id)?;
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            let name = record.names.get(index).unwrap_or_default();
            if state.places.fields[base + index].is_some() {
                let duplicate = state.fail(Problem::Duplicate);
                return Err(state.under(name, duplicate));
            }
            let from = state.out.len();
            if let Err(error) = entries.next_value_seed(At { state: &mut *state, id: field.ty, depth: depth + 1 }) {
                return Err(state.under(name, error));
            }
            state.places.fields[base + index] = Some(from..state.out.len());
            ordered &= index == next;
            next = index + 1;
        }
        if !ordered || next != record.fields.len() {
            state.assemble(record, base, start)?;
        }
        state.places.fields.truncate(base);
        Ok(())
    }

    /// An object where a union is due: `{"type": value}`, or the plain value of the one branch that is an object.
    fn union<'de, A: MapAccess<'de>>(self, union: &'s Union, mut entries: A) -> Result<(), A::Error> {
        let begun = entries.next_key_seed(Key(&mut self.state.places.key))?.is_some();
        let tag = if begun { union.tagged(&self.state.places.key) } else { None };
        match tag {
            Some(tag) if tag.also_plain => self.tagged_or_plain(union, tag, entries),
            Some(tag) => {
                let At { state, id, depth } = self;
                let branch = At { state: &mut *state, id, depth }.into_branch(union, tag.index)?;
                entries.next_value_seed(branch)?;
                match entries.next_key::<IgnoredAny>()? {
                    None => Ok(()),
                    Some(_) => Err(state.fail(Problem::BesideTag(union.tags[tag.index].to_string()))),
                }
            }
            None => {
                let found = || "an object".into();
                let branch = self.picked(union, union.plain(Shape::Object), Shape::Object, found)?;
                match branch.node() {
                    Node::Record(record) => branch.record(record, entries, begun),
                    Node::Map(ty) => branch.map(*ty, entries, begun),
                    _ => Err(branch.mismatch(found())),
                }
            }
        }
    }

    /// An object whose first key names a branch, and could also be a key of the plain value. It is tagged if nothing
    /// stands beside that key and its value is of the branch's JSON type. Only here a tree is made, since that must be
    /// known before the value is read.
    fn tagged_or_plain<'de, A: MapAccess<'de>>(
        self,
        union: &'s Union,
        tag: Tag,
        mut entries: A,
    ) -> Result<(), A::Error> {
        let mut object = serde_json::Map::new();
        object.insert(self.state.places.key.clone(), entries.next_value()?);
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if object.contains_key(&key) {
                let duplicate = self.state.fail(Problem::Duplicate);
                return Err(self.state.under(&key, duplicate));
            }
            object.insert(key, value);
        }
        let schema = &self.state.plan.schema;
        let kind = union.branches.get(tag.index).map(|id| schema.kind(*id));
        let tagged = match (object.len(), object.values().next()) {
            (1, Some(value)) => kind.is_some_and(|kind| value_fits(kind, value)),
            _ => false,
        };
        let (branch, value) = match (tagged, object.values_mut().next()) {
            (true, Some(value)) => (self.into_branch(union, tag.index)?, value.take()),
            _ => {
                let found = || "an object".into();
                let branch = self.picked(union, union.plain(Shape::Object), Shape::Object, found)?;
                (branch, Value::Object(object))
            }
        };
        branch.deserialize(value).map_err(|_| A::Error::custom(""))
    }
}

fn value_fits(kind: &Kind, value: &Value) -> bool {
    let shape = match value {
        Value::Null => Shape::Null,
        Value::Bool(_) => Shape::Boolean,
        Value::Number(_) => Shape::Number,
        Value::String(text) if special(text).is_some() && matches!(kind, Kind::Float | Kind::Double) => Shape::Number,
        Value::String(_) => Shape::String,
        Value::Array(_) => Shape::Array,
        Value::Object(_) => Shape::Object,
    };
    fits(kind, shape)
}

fn shown_number(n: impl Display) -> String {
    format!("the number {n}")
}

fn shown_string(text: &str) -> String {
    // A long string is not escaped as a whole to show its beginning.
    let head: String = text.chars().take(41).collect();
    shown("the string", &Value::String(head).to_string())
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(self.state.fail(Problem::TooDeep));
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.state.plan.schema.describe(self.id))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.node() {
            Node::Null => Ok(()),
            Node::Union(union) => {
                let found = || "null".into();
                self.picked(union, union.plain(Shape::Null), Shape::Null, found).map(|_| ())
            }
            _ => Err(self.mismatch("null".into())),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        let found = || format!("the boolean {value}");
        let at = match self.node() {
            Node::Union(union) => self.picked(union, union.plain(Shape::Boolean), Shape::Boolean, found)?,
            _ => self,
        };
        match at.node() {
            Node::Boolean => {
                at.state.out.push(u8::from(value));
                Ok(())
            }
            _ => Err(at.mismatch(found())),
        }
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<(), E> {
        self.integer(n)
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<(), E> {
        match i64::try_from(n) {
            Ok(n) => self.integer(n),
            Err(_) => self.float(n as f64, &n),
        }
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<(), E> {
        self.float(n, &Value::from(n))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let found = || "an array".into();
        let at = match self.node() {
            Node::Union(union) => self.picked(union, union.plain(Shape::Array), Shape::Array, found)?,
            _ => self,
        };
        match at.node() {
            Node::Array(item) => at.array(*item, items),
            _ => Err(at.mismatch(found())),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        match self.node() {
            Node::Record(record) => self.record(record, entries, false),
            Node::Map(ty) => self.map(*ty, entries, false),
            Node::Union(union) => self.union(union, entries),
            _ => Err(self.mismatch("an object".into())),
        }
    }
}
