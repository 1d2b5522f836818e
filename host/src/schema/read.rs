//! The JSON of a schema as an arena of types, names resolved by the rules of the Avro specification.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::model::{Decimal, Enum, Field, Fixed, FullName, Kind, Record, Type, TypeId};
use super::parse::ParseError;

type Object = Map<String, Value>;

/// Java's `int` is where fixed sizes end in every implementation that matters.
const MAX_FIXED: u64 = i32::MAX as u64;

/// Reads depth first, left to right: the order in which Avro defines names.
pub(super) struct Reader<'a> {
    types: Vec<Type>,
    defined: HashMap<String, TypeId>,
    aliases: HashMap<String, TypeId>,
    path: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// All types of a schema, and the outermost one.
    pub fn read(value: &'a Value) -> Result<(Vec<Type>, TypeId), ParseError> {
        let mut reader =
            Reader { types: Vec::new(), defined: HashMap::new(), aliases: HashMap::new(), path: Vec::new() };
        let root = reader.any(value, "")?;
        Ok((reader.types, root))
    }

    fn any(&mut self, value: &'a Value, namespace: &str) -> Result<TypeId, ParseError> {
        match value {
            Value::String(name) => self.named(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.object(object, namespace),
            other => self.fail(format!("a type is a name, an object or an array of branches, not {}", shown(other))),
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::Invalid { path: self.path.join("."), message: message.into() })
    }

    fn push(&mut self, kind: Kind) -> TypeId {
        self.types.push(Type { kind, logical: None, decimal: None });
        TypeId((self.types.len() - 1) as u32)
    }

    fn named(&mut self, name: &str, namespace: &str) -> Result<TypeId, ParseError> {
        if let Some(kind) = primitive(name) {
            return Ok(self.push(kind));
        }
        let full = full_name(name, namespace);
        match self.defined.get(&full).or_else(|| self.aliases.get(&full)) {
            Some(id) => Ok(*id),
            None if ["record", "enum", "fixed", "array", "map"].contains(&name) => {
                self.fail(format!("{name} needs an object that describes it: {{\"type\": \"{name}\", ...}}"))
            }
            None => self.fail(format!("no type is called {full:?} up to here; a name must be defined before its use")),
        }
    }

    fn union(&mut self, branches: &'a [Value], namespace: &str) -> Result<TypeId, ParseError> {
        if branches.is_empty() {
            return self.fail("a union needs at least one branch");
        }
        let mut ids = Vec::with_capacity(branches.len());
        let mut seen = HashSet::new();
        for branch in branches {
            let id = self.any(branch, namespace)?;
            let kind = &self.types[id.0 as usize].kind;
            if matches!(kind, Kind::Union(_)) {
                return self.fail("a union may not hold another union directly");
            }
            let name = kind.full_name().map_or(kind.word(), |name| &name.0).to_string();
            if !seen.insert(name.clone()) {
                return self.fail(format!("the union has two branches of type {name}"));
            }
            ids.push(id);
        }
        Ok(self.push(Kind::Union(ids)))
    }

    fn object(&mut self, object: &'a Object, namespace: &str) -> Result<TypeId, ParseError> {
        let Some(ty) = object.get("type") else { return self.fail("this object has no \"type\"") };
        let defined_before = self.types.len();
        let id = match ty.as_str() {
            Some("record") => self.record(object, namespace)?,
            Some("enum") => self.enumeration(object, namespace)?,
            Some("fixed") => self.fixed(object, namespace)?,
            Some("array") => {
                let Some(items) = object.get("items") else { return self.fail("an array needs \"items\"") };
                let item = self.any(items, namespace)?;
                self.push(Kind::Array(item))
            }
            Some("map") => {
                let Some(values) = object.get("values") else { return self.fail("a map needs \"values\"") };
                let value = self.any(values, namespace)?;
                self.push(Kind::Map(value))
            }
            _ => self.any(ty, namespace)?,
        };
        // An annotation beside a reference must not change the type that was referred to.
        if id.0 as usize >= defined_before {
            self.annotate(id, object);
        }
        Ok(id)
    }

    fn annotate(&mut self, id: TypeId, object: &Object) {
        let Some(Value::String(logical)) = object.get("logicalType") else { return };
        let ty = &mut self.types[id.0 as usize];
        if !logical_fits(logical, &ty.kind) {
            return;
        }
        if logical == "decimal" {
            let number = |key| object.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let scale = if object.contains_key("scale") { number("scale") } else { Some(0) };
            let (Some(precision), Some(scale)) = (number("precision"), scale) else { return };
            if precision == 0 || scale > precision {
                return;
            }
            ty.decimal = Some(Decimal { precision, scale });
        }
        ty.logical = Some(logical.clone());
    }

    /// Registers a name before its body is read, so that the body may refer to it.
    fn define(&mut self, object: &'a Object, namespace: &str) -> Result<(TypeId, FullName, Vec<FullName>), ParseError> {
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        let Some(name) = object.get("name").and_then(Value::as_str) else {
            return self.fail(format!("this {kind} has no \"name\""));
        };
        let namespace = match object.get("namespace") {
            None => namespace,
            Some(Value::String(namespace)) => namespace,
            Some(other) => return self.fail(format!("\"namespace\" must be a string, not {}", shown(other))),
        };
        let full = full_name(name, namespace);
        self.legal_full_name(&full)?;
        if primitive(&full).is_some() {
            return self.fail(format!("{full:?} is a type of Avro's own and cannot be defined"));
        }
        // A record's body may name it; unions compare branches by name, so the name must be there already.
        let placeholder = Record { name: FullName(full.clone()), aliases: Vec::new(), fields: Vec::new(), doc: None };
        let id = self.push(Kind::Record(placeholder));
        if self.defined.insert(full.clone(), id).is_some() {
            return self.fail(format!("{full} is defined twice; the second time, refer to it by its name"));
        }
        let mut aliases = Vec::new();
        for alias in self.strings(object, "aliases")?.unwrap_or_default() {
            let alias = full_name(&alias, space_of(&full));
            self.legal_full_name(&alias)?;
            self.aliases.entry(alias.clone()).or_insert(id);
            aliases.push(FullName(alias));
        }
        Ok((id, FullName(full), aliases))
    }

    fn legal_full_name(&self, full: &str) -> Result<(), ParseError> {
        match full.split('.').all(is_name) {
            true => Ok(()),
            false => self.fail(format!(
                "{full:?} is not a name: names are letters, digits and underscores, and do not start with a digit"
            )),
        }
    }

    fn strings(&self, object: &Object, key: &str) -> Result<Option<Vec<String>>, ParseError> {
        let Some(value) = object.get(key) else { return Ok(None) };
        let strings: Option<Vec<String>> =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_string)).collect());
        match strings {
            Some(strings) => Ok(Some(strings)),
            None => self.fail(format!("\"{key}\" must be an array of strings")),
        }
    }

    fn record(&mut self, object: &'a Object, namespace: &str) -> Result<TypeId, ParseError> {
        let (id, name, aliases) = self.define(object, namespace)?;
        self.path.push(object.get("name").and_then(Value::as_str).unwrap_or_default());
        let Some(Value::Array(values)) = object.get("fields") else {
            return self.fail("a record needs \"fields\", an array");
        };
        let mut fields = Vec::with_capacity(values.len());
        let mut seen = HashSet::new();
        for value in values {
            let Value::Object(field) = value else {
                return self.fail(format!("a field is an object, not {}", shown(value)));
            };
            let field = self.field(field, space_of(&name.0))?;
            if !seen.insert(field.name.clone()) {
                return self.fail(format!("two fields are called {:?}", field.name));
            }
            fields.push(field);
        }
        self.path.pop();
        self.types[id.0 as usize].kind = Kind::Record(Record { name, aliases, fields, doc: doc(object) });
        Ok(id)
    }

    fn field(&mut self, object: &'a Object, namespace: &str) -> Result<Field, ParseError> {
        let Some(name) = object.get("name").and_then(Value::as_str) else {
            return self.fail("a field has no \"name\"");
        };
        self.path.push(name);
        if !is_name(name) {
            return self.fail(format!(
                "{name:?} is not a name: names are letters, digits and underscores, and do not start with a digit"
            ));
        }
        let Some(ty) = object.get("type") else { return self.fail("the field has no \"type\"") };
        let ty = self.any(ty, namespace)?;
        let aliases = self.strings(object, "aliases")?.unwrap_or_default();
        self.path.pop();
        let default = object.get("default").cloned();
        Ok(Field { name: name.to_string(), aliases, default, doc: doc(object), ty })
    }

    fn enumeration(&mut self, object: &'a Object, namespace: &str) -> Result<TypeId, ParseError> {
        let (id, name, aliases) = self.define(object, namespace)?;
        let Some(symbols) = self.strings(object, "symbols")?.filter(|symbols| !symbols.is_empty()) else {
            return self.fail(format!("enum {} needs \"symbols\", an array of at least one string", name.0));
        };
        let mut seen = HashSet::new();
        for symbol in &symbols {
            if !is_name(symbol) {
                return self.fail(format!(
                    "{symbol:?} is not a symbol: symbols are letters, digits and underscores, and do not start with a \
                     digit"
                ));
            }
            if !seen.insert(symbol) {
                return self.fail(format!("enum {} has the symbol {symbol} twice", name.0));
            }
        }
        let default = match object.get("default") {
            None => None,
            Some(Value::String(symbol)) if symbols.contains(symbol) => Some(symbol.clone()),
            Some(other) => {
                return self.fail(format!("the default of enum {}, {}, is none of its symbols", name.0, shown(other)));
            }
        };
        self.types[id.0 as usize].kind = Kind::Enum(Enum { name, aliases, symbols, default, doc: doc(object) });
        Ok(id)
    }

    fn fixed(&mut self, object: &'a Object, namespace: &str) -> Result<TypeId, ParseError> {
        let (id, name, aliases) = self.define(object, namespace)?;
        let size = object.get("size").and_then(Value::as_u64).filter(|size| *size <= MAX_FIXED);
        let Some(size) = size else {
            return self.fail(format!("fixed {} needs a \"size\", a whole number from 0 to {MAX_FIXED}", name.0));
        };
        self.types[id.0 as usize].kind = Kind::Fixed(Fixed { name, aliases, size: size as usize });
        Ok(id)
    }
}

fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

fn logical_fits(logical: &str, kind: &Kind) -> bool {
    match logical {
        "decimal" => matches!(kind, Kind::Bytes | Kind::Fixed(_)),
        "big-decimal" => matches!(kind, Kind::Bytes),
        "uuid" => match kind {
            Kind::Fixed(fixed) => fixed.size == 16,
            other => matches!(other, Kind::String | Kind::Bytes),
        },
        "date" | "time-millis" => matches!(kind, Kind::Int),
        "time-micros" => matches!(kind, Kind::Long),
        "duration" => matches!(kind, Kind::Fixed(fixed) if fixed.size == 12),
        _ => {
            let unit = logical.strip_prefix("local-").unwrap_or(logical).strip_prefix("timestamp-");
            matches!(unit, Some("millis" | "micros" | "nanos")) && matches!(kind, Kind::Long)
        }
    }
}

/// A dotted name is full already; a leading dot means the null namespace.
fn full_name(name: &str, namespace: &str) -> String {
    match name.strip_prefix('.') {
        Some(bare) => bare.to_string(),
        None if name.contains('.') || namespace.is_empty() => name.to_string(),
        None => format!("{namespace}.{name}"),
    }
}

fn space_of(full: &str) -> &str {
    full.rsplit_once('.').map_or("", |(space, _)| space)
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn doc(object: &Object) -> Option<String> {
    object.get("doc").and_then(Value::as_str).map(str::to_string)
}

/// A JSON value in an error: its text, cut where it gets long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
