//! Functions in JavaScript that make what a guest knows of what the engine has, and the other way round: objects of tuples
//! and names of numbers (`flat.rs`), values of objects that carry them (`own.rs`).

use std::collections::HashMap;

use wit_parser::{Handle, Resolve, Type, TypeDefKind};

use super::flat::{changes, is_option, kind};
use super::types::camel;

/// More names than this are looked up in a table.
const FEW: usize = 8;

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// From the engine to the guest.
    In,
    /// From the guest to the engine.
    Out,
}

/// Collects a function for each type and way that needs one.
pub(super) struct Convert<'r> {
    resolve: &'r Resolve,
    /// None where a value stays as it is.
    known: HashMap<(Type, Way, bool), Option<String>>,
    code: String,
}

impl<'r> Convert<'r> {
    pub(super) fn new(resolve: &'r Resolve) -> Self {
        Convert { resolve, known: HashMap::new(), code: String::new() }
    }

    /// All functions. They make objects of a class `Carrier`.
    pub(super) fn finish(self) -> String {
        self.code
    }

    /// The name of the function for a type; `flat` where the engine has tuples. None where a value stays as it is.
    pub(super) fn function(&mut self, ty: Type, way: Way, flat: bool) -> Option<String> {
        if let Some(known) = self.known.get(&(ty, way, flat)) {
            return known.clone();
        }
        // WIT has no recursive types, so this ends.
        let body = self.body(ty, way, flat);
        let name = body.map(|body| {
            let name = format!("{}{}", if way == Way::In { "take" } else { "give" }, self.known.len());
            self.code.push_str(&format!("function {name}(value) {{\n{body}}}\n"));
            name
        });
        self.known.insert((ty, way, flat), name.clone());
        name
    }

    fn body(&mut self, ty: Type, way: Way, flat: bool) -> Option<String> {
        if !(flat && changes(self.resolve, ty) || carries(self.resolve, ty)) {
            return None;
        }
        Some(match kind(self.resolve, ty)? {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| (camel(&field.name), field.ty)).collect::<Vec<_>>();
                if flat { self.tuple(&fields, way) } else { self.record(&fields, way) }
            }
            TypeDefKind::Tuple(tuple) => {
                let value = |(at, ty): (usize, &Type)| self.of(*ty, way, flat, &format!("value[{at}]"));
                let values = tuple.types.iter().enumerate().map(value).collect::<Vec<_>>();
                format!("  return [{}];\n", values.join(", "))
            }
            TypeDefKind::Enum(cases) => {
                let names: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
                self.names(&names, way)
            }
            TypeDefKind::Option(inner) => {
                let value = self.of(*inner, way, flat, "value");
                format!("  return value == null ? null : {value};\n")
            }
            TypeDefKind::List(inner) => {
                // The engine has a list of bytes as an array of numbers that can hold nothing else.
                let bytes = matches!(kind(self.resolve, *inner), Some(TypeDefKind::Enum(_)));
                let inner = self.function(*inner, way, flat)?;
                match (bytes, way) {
                    (false, _) => format!("  return value.map((item) => {inner}(item));\n"),
                    (true, Way::In) => format!("  return Array.from(value, (item) => {inner}(item));\n"),
                    (true, Way::Out) => format!("  return Uint8Array.from(value, (item) => {inner}(item));\n"),
                }
            }
            TypeDefKind::Handle(_) => match way {
                Way::In => "  return value.own;\n".to_owned(),
                Way::Out => "  return new Carrier(value);\n".to_owned(),
            },
            _ => return None,
        })
    }

    /// A record that the engine has as a tuple.
    fn tuple(&mut self, fields: &[(String, Type)], way: Way) -> String {
        let mut values = Vec::new();
        for (at, (name, ty)) in fields.iter().enumerate() {
            values.push(match way {
                Way::In => format!("{name}: {}", self.of(*ty, way, true, &format!("value[{at}]"))),
                Way::Out => self.of(*ty, way, true, &format!("value.{name}")),
            });
        }
        let values = values.join(", ");
        match way {
            Way::In => format!("  return {{ {values} }};\n"),
            Way::Out => format!("  return [{values}];\n"),
        }
    }

    /// A record that the engine has as an object too.
    fn record(&mut self, fields: &[(String, Type)], way: Way) -> String {
        let mut values = Vec::new();
        for (name, ty) in fields {
            if let Some(function) = self.function(*ty, way, false) {
                values.push(format!("{name}: {function}(value.{name})"));
            }
        }
        format!("  return {{ ...value, {} }};\n", values.join(", "))
    }

    fn of(&mut self, ty: Type, way: Way, flat: bool, value: &str) -> String {
        self.function(ty, way, flat).map_or(value.to_owned(), |function| format!("{function}({value})"))
    }

    /// An enum, which the engine has as a number.
    fn names(&mut self, names: &[&str], way: Way) -> String {
        let table = format!("names{}", self.known.len());
        let unknown = "  throw new TypeError(`no such case: ${value}`);\n";
        match way {
            Way::In => {
                self.code.push_str(&format!("const {table} = {names:?};\n"));
                format!("  return {table}[value];\n")
            }
            Way::Out if names.len() <= FEW => {
                let case = |(at, name)| format!("    case {name:?}: return {at};\n");
                let cases: String = names.iter().enumerate().map(case).collect();
                format!("  switch (value) {{\n{cases}  }}\n{unknown}")
            }
            Way::Out => {
                self.code.push_str(&format!("const {table} = new Map({names:?}.map((name, at) => [name, at]));\n"));
                format!("  const at = {table}.get(value);\n  if (at !== undefined) return at;\n{unknown}")
            }
        }
    }
}

/// Whether there is a value of the guest's own. Nobody looks for one inside of a variant.
fn carries(resolve: &Resolve, ty: Type) -> bool {
    match kind(resolve, ty) {
        Some(TypeDefKind::Handle(Handle::Own(_))) => true,
        Some(TypeDefKind::Record(record)) => record.fields.iter().any(|field| carries(resolve, field.ty)),
        Some(TypeDefKind::Tuple(tuple)) => tuple.types.iter().any(|ty| carries(resolve, *ty)),
        Some(TypeDefKind::Option(inner)) => !is_option(resolve, *inner) && carries(resolve, *inner),
        Some(TypeDefKind::List(inner)) => carries(resolve, *inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use wit_parser::WorldItem;

    use super::*;
    use crate::build::flat::flat;

    const WIT: &str = "package acme:orders;
interface types {
    enum colour { red, dark-green }
    enum month { m1, m2, m3, m4, m5, m6, m7, m8, m9 }
    record line { unit-price: s64 }
    record order { colour: colour, lines: list<line>, first: line, note: option<string>, month: option<month>,
        colours: list<colour> }
}
interface guest {
    resource account;
    record envelope { value: option<account>, key: string }
    transform: func(batch: list<account>) -> list<result<list<envelope>, string>>;
}
world transform {
    use types.{order};
    export transform: func(batch: list<order>) -> list<result<order, string>>;
    export guest;
}
";

    fn code() -> String {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", WIT).unwrap();
        let world = resolve.select_world(&[package], Some("transform")).unwrap();
        let mut convert = Convert::new(&resolve);
        for item in resolve.worlds[world].exports.values() {
            let (function, flattened) = match item {
                WorldItem::Function(function) => (function, true),
                WorldItem::Interface { id, .. } => (resolve.interfaces[*id].functions.values().next().unwrap(), false),
                WorldItem::Type { .. } => continue,
            };
            let Some(TypeDefKind::List(takes)) = kind(&resolve, function.params[0].ty) else { panic!("no list") };
            assert!(convert.function(*takes, Way::In, flattened).is_some());
            let gives = match flat(&resolve, function) {
                Some(flat) => flat.gives,
                None => panic!("no function over records"),
            };
            assert!(convert.function(gives, Way::Out, flattened).is_some());
        }
        convert.finish()
    }

    #[test]
    fn objects_are_made_of_tuples_and_names_of_numbers_and_back() {
        let code = code();
        for wanted in [
            "[\"red\", \"dark-green\"]",
            "    case \"dark-green\": return 1;\n",
            "throw new TypeError(`no such case: ${value}`);",
            "{ unitPrice: value[0] };",
            "return [value.unitPrice];",
            ", note: value[3], month: take",
            "  return Array.from(value, (item) => take",
            "  return Uint8Array.from(value, (item) => give",
            "\"m9\"].map((name, at) => [name, at])",
        ] {
            assert!(code.contains(wanted), "{wanted} is not in\n{code}");
        }
    }

    #[test]
    fn values_of_the_guests_own_are_carried() {
        let code = code();
        for wanted in ["  return value.own;\n", "new Carrier(value)", "{ ...value, value: give"] {
            assert!(code.contains(wanted), "{wanted} is not in\n{code}");
        }
    }
}
