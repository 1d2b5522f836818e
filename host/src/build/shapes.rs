//! Types as values of JavaScript, for the guard to compare answers with.

use std::collections::HashMap;

use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use super::types::camel;

/// Collects a constant for each type.
pub(super) struct Shapes<'r> {
    resolve: &'r Resolve,
    known: HashMap<TypeId, String>,
    code: String,
}

impl<'r> Shapes<'r> {
    pub(super) fn new(resolve: &'r Resolve) -> Self {
        Shapes { resolve, known: HashMap::new(), code: String::new() }
    }

    /// All constants.
    pub(super) fn finish(self) -> String {
        self.code
    }

    /// The shape of a list's items.
    pub(super) fn item(&mut self, list: Type) -> Option<String> {
        let Type::Id(id) = list else { return None };
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.item(*inner),
            TypeDefKind::List(item) => Some(self.shape(*item)),
            _ => None,
        }
    }

    /// The expression for a type.
    fn shape(&mut self, ty: Type) -> String {
        let of =
            |from: i64, to: i64, what: &str| format!("{{ kind: \"integer\", from: {from}, to: {to}, what: {what:?} }}");
        let integer = |from: i64, to: i64| of(from, to, &format!("an integer from {from} to {to}"));
        // What a number holds exactly.
        let safe = (1_i64 << 53) - 1;
        match ty {
            Type::Bool => "{ kind: \"boolean\" }".to_owned(),
            Type::S8 => integer(i8::MIN.into(), i8::MAX.into()),
            Type::U8 => integer(0, u8::MAX.into()),
            Type::S16 => integer(i16::MIN.into(), i16::MAX.into()),
            Type::U16 => integer(0, u16::MAX.into()),
            Type::S32 => of(i32::MIN.into(), i32::MAX.into(), "an integer of 32 bits"),
            Type::U32 => integer(0, u32::MAX.into()),
            Type::S64 => of(-safe, safe, "an integer up to 2^53"),
            Type::U64 => of(0, safe, "an integer from 0 up to 2^53"),
            Type::F32 | Type::F64 => "{ kind: \"number\" }".to_owned(),
            Type::Char | Type::String => "{ kind: \"string\" }".to_owned(),
            Type::ErrorContext => "{ kind: \"any\" }".to_owned(),
            Type::Id(id) => self.defined(id),
        }
    }

    fn defined(&mut self, id: TypeId) -> String {
        if let TypeDefKind::Type(inner) = &self.resolve.types[id].kind {
            return self.shape(*inner);
        }
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        // WIT has no recursive types, so this ends.
        let value = self.value(&self.resolve.types[id].kind);
        let name = format!("shape{}", self.known.len());
        self.code.push_str(&format!("const {name} = {value};\n"));
        self.known.insert(id, name.clone());
        name
    }

    fn value(&mut self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|f| format!("[{:?}, {}]", camel(&f.name), self.shape(f.ty)));
                format!("{{ kind: \"record\", fields: [{}] }}", fields.collect::<Vec<_>>().join(", "))
            }
            TypeDefKind::Enum(cases) => {
                let names: Vec<&str> = cases.cases.iter().map(|case| &*case.name).collect();
                format!("{{ kind: \"enum\", names: {names:?} }}")
            }
            TypeDefKind::Variant(variant) => {
                self.cases(variant.cases.iter().map(|case| (&*case.name, case.ty)).collect())
            }
            TypeDefKind::Result(result) => self.cases(vec![("ok", result.ok), ("err", result.err)]),
            TypeDefKind::Option(some) if self.is_option(*some) => {
                self.cases(vec![("none", None), ("some", Some(*some))])
            }
            TypeDefKind::Option(some) => format!("{{ kind: \"option\", some: {} }}", self.shape(*some)),
            TypeDefKind::List(item) => {
                let bytes = matches!(item, Type::U8);
                format!("{{ kind: \"list\", bytes: {bytes}, item: {} }}", self.shape(*item))
            }
            TypeDefKind::Tuple(tuple) => {
                let items: Vec<String> = tuple.types.iter().map(|ty| self.shape(*ty)).collect();
                format!("{{ kind: \"tuple\", items: [{}] }}", items.join(", "))
            }
            TypeDefKind::Handle(_) => "{ kind: \"own\" }".to_owned(),
            _ => "{ kind: \"any\" }".to_owned(),
        }
    }

    fn cases(&mut self, cases: Vec<(&str, Option<Type>)>) -> String {
        let case = |(tag, ty): (&str, Option<Type>)| {
            format!("[{tag:?}, {}]", ty.map_or("null".to_owned(), |ty| self.shape(ty)))
        };
        format!("{{ kind: \"variant\", cases: [{}] }}", cases.into_iter().map(case).collect::<Vec<_>>().join(", "))
    }

    fn is_option(&self, ty: Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.is_option(*inner),
            kind => matches!(kind, TypeDefKind::Option(_)),
        }
    }
}
