//! Functions in JavaScript that look for integers which its numbers do not hold exactly, or which the engine would cut, and
//! for values of the guest's own that are missing.

use std::collections::HashMap;

use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use super::types::camel;

/// Collects a function for each type that has such integers somewhere.
pub(super) struct Longs<'r> {
    resolve: &'r Resolve,
    /// What the functions are called, before a number.
    prefix: &'static str,
    /// Whether integers of 32 bits are looked at too.
    ints: bool,
    /// None for a type without.
    known: HashMap<TypeId, Option<String>>,
    code: String,
}

impl<'r> Longs<'r> {
    /// For what a guest takes: 64-bit integers only, as all others are exact.
    pub(super) fn taken(resolve: &'r Resolve) -> Self {
        Longs { resolve, prefix: "taken", ints: false, known: HashMap::new(), code: String::new() }
    }

    /// For what a guest gives.
    pub(super) fn given(resolve: &'r Resolve) -> Self {
        Longs { resolve, prefix: "given", ints: true, known: HashMap::new(), code: String::new() }
    }

    /// All functions. They call `long` and `int`, and know `MOST`.
    pub(super) fn finish(self) -> String {
        self.code
    }

    /// The function for the items of a list.
    pub(super) fn item(&mut self, list: Type) -> Option<String> {
        match self.kind(list)? {
            TypeDefKind::List(item) => self.check(*item),
            _ => None,
        }
    }

    /// The function for what a list of results holds where all is well.
    pub(super) fn outcome(&mut self, list: Type) -> Option<String> {
        let TypeDefKind::List(item) = self.kind(list)? else { return None };
        let TypeDefKind::Result(result) = self.kind(*item)? else { return None };
        result.ok.and_then(|ok| self.check(ok))
    }

    fn kind(&self, ty: Type) -> Option<&'r TypeDefKind> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.kind(*inner),
            kind => Some(kind),
        }
    }

    /// The name of the function for a type; it answers where the integer is, or null.
    fn check(&mut self, ty: Type) -> Option<String> {
        let id = match ty {
            Type::S64 | Type::U64 => return Some("long".to_owned()),
            Type::S32 if self.ints => return Some("int".to_owned()),
            Type::Id(id) => id,
            _ => return None,
        };
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        // WIT has no recursive types, so this ends.
        let body = self.body(ty);
        let name = body.map(|body| {
            let name = format!("{}{}", self.prefix, self.known.len());
            self.code.push_str(&format!("function {name}(value) {{\n  let at;\n{body}  return null;\n}}\n"));
            name
        });
        self.known.insert(id, name.clone());
        name
    }

    /// For an integer, what holds of a number `$` that is not fit for it: a call less than [`Longs::check`].
    fn unfit(&self, ty: Type) -> Option<&'static str> {
        match ty {
            // What the engine gives is a number.
            Type::S64 | Type::U64 if !self.ints => Some("$ > MOST || $ < -MOST"),
            Type::S64 | Type::U64 => Some("$ !== (at | 0) && long(at) !== null"),
            Type::S32 if self.ints => Some("$ !== (at | 0)"),
            Type::Id(id) => match self.resolve.types[id].kind {
                TypeDefKind::Type(inner) => self.unfit(inner),
                _ => None,
            },
            _ => None,
        }
    }

    fn body(&mut self, ty: Type) -> Option<String> {
        let mut body = String::new();
        match self.kind(ty)? {
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    let (name, shown) = (camel(&field.name), &field.name);
                    if let Some(unfit) = self.unfit(field.ty) {
                        let unfit = unfit.replacen('$', &format!("(at = value.{name})"), 1).replace('$', "at");
                        body.push_str(&format!("  if ({unfit}) return {shown:?};\n"));
                    } else if let Some(check) = self.check(field.ty) {
                        body.push_str(&format!("  if ((at = {check}(value.{name})) !== null) return `{shown}"));
                        body.push_str("${at && \".\" + at}`;\n");
                    }
                }
            }
            TypeDefKind::List(item) => {
                let check = self.check(*item)?;
                body.push_str(&format!("  for (const item of value) if ((at = {check}(item)) !== null) return at;\n"));
            }
            TypeDefKind::Option(some) => {
                let check = self.check(*some)?;
                let nested = matches!(self.kind(*some), Some(TypeDefKind::Option(_)));
                let (has, inner) =
                    if nested { ("value.tag === \"some\"", "value.val") } else { ("value != null", "value") };
                body.push_str(&format!("  if ({has} && (at = {check}({inner})) !== null) return at;\n"));
            }
            TypeDefKind::Result(result) => {
                for (tag, ty) in [("ok", result.ok), ("err", result.err)] {
                    if let Some(check) = ty.and_then(|ty| self.check(ty)) {
                        body.push_str(&case(tag, &check));
                    }
                }
            }
            TypeDefKind::Variant(variant) => {
                for one in &variant.cases {
                    if let Some(check) = one.ty.and_then(|ty| self.check(ty)) {
                        body.push_str(&case(&one.name, &check));
                    }
                }
            }
            TypeDefKind::Tuple(tuple) => {
                for (index, ty) in tuple.types.iter().enumerate() {
                    if let Some(check) = self.check(*ty) {
                        body.push_str(&format!("  if ((at = {check}(value[{index}])) !== null) return at;\n"));
                    }
                }
            }
            // An answer without a value of the guest's own.
            TypeDefKind::Handle(_) if self.ints => body.push_str("  if (value === undefined) return \"\";\n"),
            _ => {}
        }
        (!body.is_empty()).then_some(body)
    }
}

fn case(tag: &str, check: &str) -> String {
    format!("  if (value.tag === {tag:?} && (at = {check}(value.val)) !== null) return at;\n")
}
