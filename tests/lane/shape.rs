//! Avro types as the tests see them, apart from the host's own model, and random ones.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::dice::Dice;

/// An Avro type.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(Name, usize),
    Enum(Name, Vec<String>, Option<String>),
    Array(Box<Ty>),
    Map(Box<Ty>),
    Union(Vec<Ty>),
    Record(Name, Vec<Field>),
    /// A logical type and what it stands on.
    Logical(&'static str, Box<Ty>),
}

/// The name of a record, enum or fixed, and the names it also answers to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Name {
    pub name: String,
    pub aliases: Vec<String>,
}

/// A record's field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub default: Option<Json>,
    pub ty: Ty,
}

impl Field {
    pub fn new(name: &str, ty: Ty) -> Field {
        Field { name: name.into(), aliases: Vec::new(), default: None, ty }
    }
}

impl Ty {
    /// The type itself, without its logical meaning.
    pub fn plain(&self) -> &Ty {
        match self {
            Ty::Logical(_, inner) => inner.plain(),
            other => other,
        }
    }

    /// Whether it carries no data.
    pub fn is_unit(&self) -> bool {
        match self.plain() {
            Ty::Null => true,
            Ty::Record(_, fields) => fields.iter().all(|field| field.ty.is_unit()),
            _ => false,
        }
    }

    /// The null branch and the other, where the union is one of null and one more.
    pub fn optional(branches: &[Ty]) -> Option<(usize, usize)> {
        match branches {
            [Ty::Null, other] if *other != Ty::Null => Some((0, 1)),
            [other, Ty::Null] if *other != Ty::Null => Some((1, 0)),
            _ => None,
        }
    }

    /// The schema's text. Without logical types it means the same bytes.
    pub fn schema(&self, logical: bool) -> String {
        self.json(logical, &mut HashSet::new()).to_string()
    }

    fn json(&self, logical: bool, seen: &mut HashSet<String>) -> Json {
        let word = |word: &str| Json::String(word.into());
        match self {
            Ty::Null => word("null"),
            Ty::Boolean => word("boolean"),
            Ty::Int => word("int"),
            Ty::Long => word("long"),
            Ty::Float => word("float"),
            Ty::Double => word("double"),
            Ty::Bytes => word("bytes"),
            Ty::String => word("string"),
            Ty::Array(item) => json!({"type": "array", "items": item.json(logical, seen)}),
            Ty::Map(value) => json!({"type": "map", "values": value.json(logical, seen)}),
            Ty::Union(branches) => Json::Array(branches.iter().map(|b| b.json(logical, seen)).collect()),
            Ty::Logical(name, inner) => {
                let mut json = inner.json(logical, seen);
                if let Json::String(word) = &json {
                    json = json!({"type": word});
                }
                if logical {
                    json["logicalType"] = Json::String((*name).into());
                }
                if *name == "decimal" && logical {
                    json["precision"] = json!(4);
                    json["scale"] = json!(2);
                }
                json
            }
            Ty::Fixed(name, _) | Ty::Enum(name, ..) | Ty::Record(name, _) => {
                if !seen.insert(name.name.clone()) {
                    return word(&name.name);
                }
                self.definition(name, logical, seen)
            }
        }
    }

    fn definition(&self, name: &Name, logical: bool, seen: &mut HashSet<String>) -> Json {
        let mut json = match self {
            Ty::Fixed(_, size) => json!({"type": "fixed", "size": size}),
            Ty::Enum(_, symbols, default) => {
                let mut json = json!({"type": "enum", "symbols": symbols});
                if let Some(default) = default {
                    json["default"] = json!(default);
                }
                json
            }
            Ty::Record(_, fields) => {
                let fields: Vec<Json> = fields.iter().map(|field| field.json(logical, seen)).collect();
                json!({"type": "record", "fields": fields})
            }
            other => unreachable!("{other:?} has no name"),
        };
        json["name"] = json!(name.name);
        if !name.aliases.is_empty() {
            json["aliases"] = json!(name.aliases);
        }
        json
    }
}

impl Field {
    fn json(&self, logical: bool, seen: &mut HashSet<String>) -> Json {
        let mut json = json!({"name": self.name, "type": self.ty.json(logical, seen)});
        if let Some(default) = &self.default {
            json["default"] = default.clone();
        }
        if !self.aliases.is_empty() {
            json["aliases"] = json!(self.aliases);
        }
        json
    }
}

/// Names that are fine in Avro and hard in WIT.
const FIELDS: &[&str] =
    &["a", "type", "fooBar", "foo_bar", "_", "__x", "list", "HTTPServer2", "x1", "X1", "interface", "s64", "b_2c"];
const SYMBOLS: &[&str] = &["A", "b", "EUR", "eur", "_1", "record", "Some_Thing", "someThing", "NONE", "option"];
/// All of them full names: a bare name would mean another type within another namespace.
const TYPES: &[&str] =
    &["n.Rec", "n.fault", "acme.pay.Thing", "n.type", "acme._R", "n.Transform", "n.string_", "x.Rec"];

/// Makes a random type whose outermost one is a record.
pub struct Shapes {
    named: usize,
    /// Types that may be referred to again.
    known: Vec<Ty>,
}

impl Shapes {
    /// A record of up to a dozen fields, nested at most four deep.
    pub fn record(dice: &mut Dice<'_>) -> Ty {
        let mut shapes = Shapes { named: 0, known: Vec::new() };
        let mut record = shapes.fields(dice, 3, 14);
        if let (true, Ty::Record(_, fields)) = (record.is_unit(), &mut record) {
            fields.push(Field::new("only", Ty::Int));
        }
        record
    }

    fn name(&mut self, dice: &mut Dice<'_>) -> Name {
        self.named += 1;
        Name { name: format!("{}{}", dice.pick(TYPES), self.named), aliases: Vec::new() }
    }

    fn fields(&mut self, dice: &mut Dice<'_>, depth: usize, most: usize) -> Ty {
        let name = self.name(dice);
        let mut fields: Vec<Field> = Vec::new();
        for _ in 0..dice.below(most + 1) {
            let name = *dice.pick(FIELDS);
            if !fields.iter().any(|field| field.name == name) {
                fields.push(Field::new(name, self.ty(dice, depth)));
            }
        }
        Ty::Record(name, fields)
    }

    /// A type that carries data, as items, values and options must.
    fn data(&mut self, dice: &mut Dice<'_>, depth: usize) -> Ty {
        let ty = self.ty(dice, depth);
        if ty.is_unit() { Ty::Long } else { ty }
    }

    fn ty(&mut self, dice: &mut Dice<'_>, depth: usize) -> Ty {
        let kinds = if depth == 0 { 13 } else { 19 };
        match dice.below(kinds) {
            0 => Ty::Int,
            1 => Ty::String,
            2 => Ty::Long,
            3 => Ty::Boolean,
            4 => Ty::Double,
            5 => Ty::Float,
            6 => Ty::Bytes,
            7 => Ty::Fixed(self.name(dice), dice.below(20)),
            8 => self.enumeration(dice),
            9 => self.logical(dice),
            10 if !self.known.is_empty() => dice.pick(&self.known).clone(),
            10 | 11 => Ty::String,
            12 => Ty::Null,
            13 => Ty::Array(Box::new(self.data(dice, depth - 1))),
            14 => Ty::Map(Box::new(self.data(dice, depth - 1))),
            15 | 16 => self.option(dice, depth - 1),
            17 => self.union(dice, depth - 1),
            _ => {
                let record = self.fields(dice, depth - 1, 4);
                self.known.push(record.clone());
                record
            }
        }
    }

    fn enumeration(&mut self, dice: &mut Dice<'_>) -> Ty {
        let mut symbols = vec![SYMBOLS[0].to_string()];
        if dice.one_in(24) {
            // More cases than a byte can tell apart.
            symbols.extend((0..300).map(|n| format!("S{n}")));
        }
        for _ in 0..dice.below(6) {
            let symbol = dice.pick(SYMBOLS).to_string();
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        let ty = Ty::Enum(self.name(dice), symbols, None);
        self.known.push(ty.clone());
        ty
    }

    fn logical(&mut self, dice: &mut Dice<'_>) -> Ty {
        let fixed = |shapes: &mut Self, dice: &mut Dice<'_>, size| Ty::Fixed(shapes.name(dice), size);
        let (name, ty) = match dice.below(10) {
            0 => ("date", Ty::Int),
            1 => ("time-millis", Ty::Int),
            2 => ("time-micros", Ty::Long),
            3 => ("timestamp-millis", Ty::Long),
            4 => ("local-timestamp-micros", Ty::Long),
            5 => ("uuid", Ty::String),
            6 => ("decimal", Ty::Bytes),
            7 => ("decimal", fixed(self, dice, 8)),
            8 => ("duration", fixed(self, dice, 12)),
            _ => ("no-such-logical-type", Ty::Double),
        };
        Ty::Logical(name, Box::new(ty))
    }

    fn option(&mut self, dice: &mut Dice<'_>, depth: usize) -> Ty {
        match self.data(dice, depth) {
            union @ Ty::Union(_) => union,
            some if dice.one_in(3) => Ty::Union(vec![some, Ty::Null]),
            some => Ty::Union(vec![Ty::Null, some]),
        }
    }

    fn union(&mut self, dice: &mut Dice<'_>, depth: usize) -> Ty {
        let mut branches: Vec<Ty> = Vec::new();
        for _ in 0..2 + dice.below(4) {
            let branch = self.ty(dice, depth);
            let twice = |other: &Ty| same_branch(other.plain(), branch.plain());
            if !matches!(branch, Ty::Union(_)) && !branches.iter().any(twice) {
                branches.push(branch);
            }
        }
        match Ty::optional(&branches) {
            Some((_, some)) if branches[some].is_unit() => Ty::String,
            _ if branches.is_empty() || branches.iter().all(Ty::is_unit) => Ty::String,
            _ => Ty::Union(branches),
        }
    }
}

/// Whether a union may not have both.
fn same_branch(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Record(a, _), Ty::Record(b, _))
        | (Ty::Enum(a, ..), Ty::Enum(b, ..))
        | (Ty::Fixed(a, _), Ty::Fixed(b, _)) => a.name == b.name,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
