//! Values as another Avro implementation sees them: apache-avro, with plain JSON as `schemas/README.md` has it.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Map, Value as Json, json};

use crate::{Result, RigError, frame, paths};

/// A schema of the repository with its id.
pub struct Avro {
    schema: Schema,
    id: u32,
}

impl Avro {
    /// `schemas/<name>.avsc`, whose values are framed with this id.
    pub fn of(name: &str, id: u32) -> Result<Avro> {
        let file = paths::schema(name);
        let text = std::fs::read_to_string(&file).map_err(RigError::doing(format!("reading {}", file.display())))?;
        let schema = Schema::parse_str(&text).map_err(RigError::doing(format!("parsing {}", file.display())))?;
        Ok(Avro { schema, id })
    }

    /// Plain JSON as a framed value.
    pub fn encode(&self, json: &Json) -> Result<Vec<u8>> {
        let value = Types::of(&self.schema).value(&self.schema, json)?;
        let writer = GenericDatumWriter::builder(&self.schema).build().map_err(RigError::doing("making a writer"))?;
        let datum = writer.write_value_to_vec(value).map_err(RigError::doing(format!("encoding {json}")))?;
        let mut framed = Vec::with_capacity(datum.len() + 5);
        frame(self.id, &mut framed);
        framed.extend(datum);
        Ok(framed)
    }

    /// A framed value as plain JSON; one of another schema, or with more behind it, is an error.
    pub fn decode(&self, framed: &[u8]) -> Result<Json> {
        let mut prefix = Vec::new();
        frame(self.id, &mut prefix);
        let mut datum = framed
            .strip_prefix(&prefix[..])
            .ok_or_else(|| RigError::new(format!("a value without the frame of schema {}: {framed:?}", self.id)))?;
        let reader = GenericDatumReader::builder(&self.schema).build().map_err(RigError::doing("making a reader"))?;
        let value = reader.read_value(&mut datum).map_err(RigError::doing(format!("decoding {framed:?}")))?;
        if !datum.is_empty() {
            return Err(RigError::new(format!("{} bytes behind a value: {framed:?}", datum.len())));
        }
        Types::of(&self.schema).json(&self.schema, &value)
    }
}

/// The named types of a schema by their full names.
#[derive(Default)]
struct Types<'a>(HashMap<String, &'a Schema>);

impl<'a> Types<'a> {
    fn of(schema: &'a Schema) -> Self {
        let mut types = Types::default();
        types.collect(schema);
        types
    }

    fn collect(&mut self, schema: &'a Schema) {
        if let Some(name) = schema.name().filter(|_| !matches!(schema, Schema::Ref { .. })) {
            self.0.insert(name.fullname(None), schema);
        }
        match schema {
            Schema::Record(record) => record.fields.iter().for_each(|field| self.collect(&field.schema)),
            Schema::Array(array) => self.collect(&array.items),
            Schema::Map(map) => self.collect(&map.types),
            Schema::Union(union) => union.variants().iter().for_each(|branch| self.collect(branch)),
            _ => {}
        }
    }

    fn resolve(&self, schema: &'a Schema) -> &'a Schema {
        match schema {
            Schema::Ref { name } => self.0.get(&name.fullname(None)).copied().unwrap_or(schema),
            _ => schema,
        }
    }

    /// What a branch of a union is called in `{"type": value}`.
    fn tag(&self, branch: &Schema) -> String {
        branch.name().map_or_else(|| word(branch).to_owned(), |name| name.fullname(None))
    }

    fn value(&self, schema: &'a Schema, json: &Json) -> Result<Value> {
        let schema = self.resolve(schema);
        let wrong = || RigError::new(format!("{json} is no {}", word(schema)));
        let int = || json.as_i64().and_then(|n| i32::try_from(n).ok()).ok_or_else(wrong);
        let long = || json.as_i64().ok_or_else(wrong);
        let text = || json.as_str().ok_or_else(wrong);
        Ok(match schema {
            Schema::Null => Value::Null,
            Schema::Boolean => Value::Boolean(json.as_bool().ok_or_else(wrong)?),
            Schema::Int => Value::Int(int()?),
            Schema::Date => Value::Date(int()?),
            Schema::Long => Value::Long(long()?),
            Schema::TimestampMillis => Value::TimestampMillis(long()?),
            Schema::Double => Value::Double(json.as_f64().ok_or_else(wrong)?),
            Schema::String => Value::String(text()?.to_owned()),
            Schema::Fixed(fixed) => {
                let bytes: Option<Vec<u8>> = text()?.chars().map(|c| u8::try_from(c).ok()).collect();
                Value::Fixed(fixed.size, bytes.ok_or_else(wrong)?)
            }
            Schema::Enum(symbols) => {
                let index = symbols.symbols.iter().position(|symbol| Some(symbol.as_str()) == json.as_str());
                Value::Enum(index.ok_or_else(wrong)? as u32, text()?.to_owned())
            }
            Schema::Array(array) => {
                let items = json.as_array().ok_or_else(wrong)?.iter();
                Value::Array(items.map(|item| self.value(&array.items, item)).collect::<Result<_>>()?)
            }
            Schema::Map(map) => {
                let pairs = json.as_object().ok_or_else(wrong)?.iter();
                let pair = |(key, value): (&String, &Json)| Ok((key.clone(), self.value(&map.types, value)?));
                Value::Map(pairs.map(pair).collect::<Result<_>>()?)
            }
            Schema::Record(record) => {
                let given = json.as_object().ok_or_else(wrong)?;
                let field = |field: &'a apache_avro::schema::RecordField| {
                    let value = given.get(&field.name).ok_or_else(wrong)?;
                    Ok((field.name.clone(), self.value(&field.schema, value)?))
                };
                Value::Record(record.fields.iter().map(field).collect::<Result<_>>()?)
            }
            Schema::Union(union) => self.branch(union.variants(), json)?,
            other => return Err(RigError::new(format!("the rig does not know {other:?}"))),
        })
    }

    fn branch(&self, branches: &'a [Schema], json: &Json) -> Result<Value> {
        let tagged = is_tagged(branches);
        let (tag, inner) = match json {
            Json::Object(pair) if tagged => pair.iter().next().map_or((None, json), |(tag, value)| (Some(tag), value)),
            _ => (None, json),
        };
        let fits = |branch: &&(usize, &'a Schema)| match (tag, branch.1) {
            (_, Schema::Null) => json.is_null(),
            (Some(tag), schema) => self.tag(schema) == *tag,
            (None, _) => !tagged && !json.is_null(),
        };
        let all: Vec<_> = branches.iter().enumerate().collect();
        let (index, schema) =
            all.iter().find(fits).ok_or_else(|| RigError::new(format!("no branch of a union for {json}")))?;
        Ok(Value::Union(*index as u32, Box::new(self.value(schema, inner)?)))
    }

    fn json(&self, schema: &'a Schema, value: &Value) -> Result<Json> {
        let schema = self.resolve(schema);
        Ok(match (schema, value) {
            (_, Value::Null) => Json::Null,
            (_, Value::Boolean(b)) => json!(b),
            (_, Value::Int(n) | Value::Date(n)) => json!(n),
            (_, Value::Long(n) | Value::TimestampMillis(n)) => json!(n),
            (_, Value::Double(n)) => json!(n),
            (_, Value::String(text) | Value::Enum(_, text)) => json!(text),
            (_, Value::Fixed(_, bytes)) => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
            (Schema::Array(array), Value::Array(items)) => {
                Json::Array(items.iter().map(|item| self.json(&array.items, item)).collect::<Result<_>>()?)
            }
            (Schema::Map(map), Value::Map(pairs)) => {
                let pair = |(key, value): (&String, &Value)| Ok((key.clone(), self.json(&map.types, value)?));
                Json::Object(pairs.iter().map(pair).collect::<Result<_>>()?)
            }
            (Schema::Record(record), Value::Record(fields)) => {
                let pairs = record.fields.iter().zip(fields);
                let pair = |(field, (name, value)): (&'a apache_avro::schema::RecordField, &(String, Value))| {
                    Ok((name.clone(), self.json(&field.schema, value)?))
                };
                Json::Object(pairs.map(pair).collect::<Result<Map<_, _>>>()?)
            }
            (Schema::Union(union), Value::Union(index, inner)) => {
                let branch = union.variants().get(*index as usize).ok_or_else(|| RigError::new("no such branch"))?;
                let json = self.json(branch, inner)?;
                if is_tagged(union.variants()) && !json.is_null() { json!({ self.tag(branch): json }) } else { json }
            }
            (schema, value) => return Err(RigError::new(format!("{value:?} under {}", word(schema)))),
        })
    }
}

/// Whether a value of this union says in JSON which branch it is of.
fn is_tagged(branches: &[Schema]) -> bool {
    branches.iter().filter(|branch| !matches!(branch, Schema::Null)).count() > 1
}

/// Avro's word for an unnamed type.
fn word(schema: &Schema) -> &'static str {
    match schema {
        Schema::Null => "null",
        Schema::Boolean => "boolean",
        Schema::Int | Schema::Date => "int",
        Schema::Long | Schema::TimestampMillis => "long",
        Schema::Double => "double",
        Schema::String => "string",
        Schema::Array(_) => "array",
        Schema::Map(_) => "map",
        Schema::Record(_) => "record",
        Schema::Enum(_) => "enum",
        Schema::Fixed(_) => "fixed",
        Schema::Union(_) => "union",
        _ => "other type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_account_comes_back() {
        let avro = Avro::of("account", 3).unwrap();
        let file = paths::root().join("schemas/samples/accounts.jsonl");
        let samples = std::fs::read_to_string(file).unwrap();
        assert_eq!(samples.lines().count(), 20);
        for line in samples.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            let framed = avro.encode(&json).unwrap();
            assert_eq!(avro.decode(&framed).unwrap(), json);
            assert!(avro.decode(&[&framed[..], b"x"].concat()).is_err(), "one byte too much");
            assert!(Avro::of("balances", 4).unwrap().decode(&framed).is_err(), "another schema's frame");
        }
    }
}
