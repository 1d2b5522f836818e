//! Projects in C.

use std::collections::HashSet;

use super::layout::{Code, Style};
use super::model::{FieldFill, Fill, Typed};
use super::name::snake;
use super::value::Value;
use super::{About, File, Model, Shape};
use crate::contract::wit::{Definition, Member, Type};

const STYLE: Style = Style { indent: "    ", last: ",", spaced: 100 };

/// What the README says.
pub(super) fn about(model: &Model) -> About {
    let begin = format!("{}.c", model.name.kebab());
    About {
        needs: "clang 19 with lld and wasi-libc (on Debian `clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32`)".into(),
        test: "make test".into(),
        files: vec![
            (begin.clone(), "the guest".into()),
            ("Makefile".into(), "`make` builds, `make test` lets clang look for faults without running".into()),
        ],
        notes: vec![
            "What comes in belongs to the guest, what goes out to the pipeline: hand parts over, copy them, or free them \
             (`transform_..._free`)."
                .into(),
            "Text has a length and no zero at its end. There is no clock; `abort` ends the call; what is printed becomes \
             log lines."
                .into(),
        ],
        ignored: Vec::new(),
        begin,
    }
}

/// The files of the language.
pub(super) fn files(model: &Model) -> Vec<File> {
    let mut files = vec![File::new("Makefile", include_str!("c/Makefile.tmpl").replace("@NAME@", model.name.kebab()))];
    if let Some(typed) = &model.typed {
        let prefix = format!("{}_{}_types", snake(&model.namespace), snake(&model.package));
        let c = C { model, typed, prefix };
        files.push(File::new(format!("{}.c", model.name.kebab()), c.source()));
    }
    files
}

/// Keywords that the bindings do not know.
const KEYWORDS: &[&str] = &["restrict", "typeof"];

/// What keeps C's bindings from being compiled.
pub(super) fn obstacle(typed: &Typed) -> Option<String> {
    let types = &typed.view.types;
    let own: HashSet<String> = types.iter().map(|named| snake(&named.name)).collect();
    for named in types {
        let held: Vec<(&str, Option<&Type>)> = match &named.definition {
            Definition::Record(members) => members.iter().map(|m| (m.name.as_str(), Some(&m.ty))).collect(),
            Definition::Variant(cases) => cases.iter().map(|case| (case.name.as_str(), case.ty.as_ref())).collect(),
            Definition::Enum(_) => Vec::new(),
        };
        if let Some((name, _)) = held.iter().find(|(name, ty)| ty.is_some() && KEYWORDS.contains(name)) {
            return Some(format!(
                "`{name}` in `{}` would be a member's name, and C has a meaning of its own for it",
                named.name
            ));
        }
        let mut made = held.iter().filter_map(|(_, ty)| *ty).flat_map(|ty| unnamed(typed, ty));
        if let Some(name) = made.find(|name| own.contains(name)) {
            return Some(format!(
                "the type `{name}` of the schema would be called as the list or option that holds others"
            ));
        }
    }
    None
}

/// What the bindings call the types without a name within this one.
fn unnamed(typed: &Typed, ty: &Type) -> Vec<String> {
    match ty {
        Type::List(inner) | Type::Map(inner) | Type::Option(inner) => {
            let mut names = unnamed(typed, inner);
            names.push(word(typed, ty, false));
            names
        }
        _ => Vec::new(),
    }
}

/// A type as a part of a name; `local` as the world calls it.
fn word(typed: &Typed, ty: &Type, local: bool) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::S32 => "s32".into(),
        Type::S64 => "s64".into(),
        Type::F32 => "f32".into(),
        Type::F64 => "f64".into(),
        Type::String => "string".into(),
        Type::Bytes => "list_u8".into(),
        Type::List(item) => format!("list_{}", word(typed, item, local)),
        Type::Map(value) => format!("list_tuple2_string_{}", word(typed, value, local)),
        Type::Option(inner) => format!("option_{}", word(typed, inner, local)),
        Type::Named(place) => typed
            .view
            .types
            .get(*place)
            .map_or(String::new(), |named| snake(named.local.as_ref().filter(|_| local).unwrap_or(&named.name))),
        Type::Generic => "generic_record".into(),
    }
}

struct C<'a> {
    model: &'a Model,
    typed: &'a Typed,
    /// Of the names in interface `types`.
    prefix: String,
}

impl C<'_> {
    fn source(&self) -> String {
        let (input, output) = (&self.typed.input, &self.typed.output);
        let given = word(self.typed, output, true);
        let answer = match self.model.shape {
            Shape::Filter => format!("option_{given}"),
            Shape::FanOut => format!("list_{given}"),
            _ => given.clone(),
        };
        let body = self.body();
        let release = match self.owns(input) {
            true => format!("    //     {}(input);\n", self.release(input, true)),
            false => String::new(),
        };
        let begin = match self.model.shape {
            Shape::Filter => include_str!("c/filter.c.tmpl").to_string(),
            Shape::FanOut => {
                "    // Begin here: as many outputs as you like, or none; each owns its memory.\n".to_string()
            }
            _ => "    // Begin here.\n".to_string(),
        };
        let dropped = match self.owns(input) {
            true => format!("        {}(input);\n", self.release(input, true)),
            false => String::new(),
        };
        let begin = begin.replace("@DROPPED@", &dropped);
        let zeros = if body.contains("zeros(") { include_str!("c/zeros.c.tmpl") } else { "" };
        let unused = if self.typed.uses_input() || self.owns(input) { "" } else { "    (void)input;\n" };
        include_str!("c/guest.c.tmpl")
            .replace("@NAME@", self.model.name.kebab())
            .replace("@INPUT_TYPE@", &self.model.input.describe())
            .replace("@OUTPUT_TYPE@", &self.model.output.describe())
            .replace("@BEGIN@", &begin)
            .replace("@RELEASE@", &release)
            .replace("@ZEROS@", zeros)
            .replace("@UNUSED@", unused)
            .replace("@INPUT@", &self.root(input))
            .replace("@OUTPUT@", &if answer == given { self.root(output) } else { format!("transform_{answer}_t") })
            .replace("@BATCH@", &format!("transform_list_{}_t", word(self.typed, input, true)))
            .replace("@LIST@", &format!("transform_list_result_{answer}_fault_t"))
            .replace("@BODY@", &body)
    }

    /// What makes `*output` of `*input`, and frees what is left.
    fn body(&self) -> String {
        let place = match self.model.shape {
            Shape::Filter => "output->val",
            Shape::FanOut => "output->ptr[0]",
            _ => "*output",
        };
        let before = match self.model.shape {
            Shape::Filter => "    output->is_some = true;\n",
            Shape::FanOut => "    output->len = 1;\n    output->ptr = allocate(output->len, sizeof *output->ptr);\n",
            _ => "",
        };
        let (made, left) = match &self.typed.fill {
            Fill::Copy => (Code::text("*input"), Vec::new()),
            Fill::Value(value) => (self.whole(value), self.left(&[])),
            Fill::Record(fields) => (self.record(fields), self.left(fields)),
        };
        let made = made.laid_out(STYLE, 1, place.len() + 4);
        let frees: String = left.iter().map(|(name, free)| format!("    {free}({name});\n")).collect();
        let freed = if left.is_empty() { "" } else { "    // What was not handed over is freed.\n" };
        format!("{before}    {place} = {made};\n{freed}{frees}")
    }

    fn whole(&self, value: &Value) -> Code {
        let code = self.value(&self.typed.output, value);
        match (&code, value) {
            (Code::Group { .. }, _) => Code::around(format!("({})", self.root(&self.typed.output)), code, ""),
            _ => code,
        }
    }

    fn record(&self, fields: &[FieldFill]) -> Code {
        let from = self.typed.members(&self.typed.input);
        let items = self.typed.members(&self.typed.output).iter().zip(fields).map(|(member, fill)| {
            let code = match fill {
                FieldFill::Copy(place) => {
                    Code::text(format!("input->{}", from.get(*place).map_or(String::new(), |m| ident(&m.name))))
                }
                FieldFill::Value(value) => self.value(&member.ty, value),
            };
            (format!(".{} = ", ident(&member.name)), code)
        });
        Code::tight(format!("({}){{", self.root(&self.typed.output)), items.collect(), "}")
    }

    /// The parts of the input that own memory and are not handed over, and what frees each.
    fn left(&self, fields: &[FieldFill]) -> Vec<(String, String)> {
        let input = &self.typed.input;
        let members = self.typed.members(input);
        if members.is_empty() || fields.is_empty() {
            let whole = self.owns(input).then(|| ("input".to_string(), self.release(input, true)));
            return whole.into_iter().collect();
        }
        let kept = |place: usize| fields.contains(&FieldFill::Copy(place));
        let left = members.iter().enumerate().filter(|(place, member)| !kept(*place) && self.owns(&member.ty));
        left.map(|(_, m): (usize, &Member)| (format!("&input->{}", ident(&m.name)), self.release(&m.ty, false)))
            .collect()
    }

    /// Whether values of the type have memory behind them.
    fn owns(&self, ty: &Type) -> bool {
        match ty {
            Type::Bool | Type::S32 | Type::S64 | Type::F32 | Type::F64 => false,
            Type::String | Type::Bytes | Type::List(_) | Type::Map(_) | Type::Generic => true,
            Type::Option(inner) => self.owns(inner),
            Type::Named(place) => match self.typed.definition(*place) {
                Definition::Enum(_) => false,
                Definition::Record(members) => members.iter().any(|member| self.owns(&member.ty)),
                Definition::Variant(cases) => cases.iter().filter_map(|case| case.ty.as_ref()).any(|ty| self.owns(ty)),
            },
        }
    }

    /// The function that frees a value; of the whole record by the name that the world has for it.
    fn release(&self, ty: &Type, root: bool) -> String {
        let prefix = match root || is_plain(ty) {
            true => "transform",
            false => &self.prefix,
        };
        format!("{prefix}_{}_free", word(self.typed, ty, root))
    }

    /// The type that the world has for what is taken or given.
    fn root(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::S32 => "int32_t".into(),
            Type::S64 => "int64_t".into(),
            Type::F32 => "float".into(),
            Type::F64 => "double".into(),
            ty => format!("transform_{}_t", word(self.typed, ty, true)),
        }
    }

    /// An initializer. Only empty values come here: there is nothing to allocate but the bytes of a fixed.
    fn value(&self, ty: &Type, value: &Value) -> Code {
        let fields = |items: Vec<(String, Code)>| Code::tight("{", items, "}");
        match (value, ty) {
            (Value::Bool(b), _) => Code::text(b.to_string()),
            (Value::S32(n), _) => Code::text(n.to_string()),
            (Value::S64(n), _) => Code::text(n.to_string()),
            (Value::F32(n), _) => Code::text(format!("{n:?}f")),
            (Value::F64(n), _) => Code::text(format!("{n:?}")),
            (Value::Bytes(bytes), _) if !bytes.is_empty() => fields(vec![
                (".ptr = ".into(), Code::text(format!("zeros({})", bytes.len()))),
                (".len = ".into(), Code::text(bytes.len().to_string())),
            ]),
            (Value::Record(values), Type::Named(_)) => {
                let members = self.typed.members(ty).iter().zip(values);
                let items = members.map(|(m, value)| (format!(".{} = ", ident(&m.name)), self.value(&m.ty, value)));
                fields(items.collect())
            }
            (Value::Enum(symbol), Type::Named(place)) => Code::text(self.constant(*place, *symbol)),
            (Value::Variant(case, value), Type::Named(place)) => {
                let mut items = vec![(".tag = ".to_string(), Code::text(self.constant(*place, *case)))];
                if let (Definition::Variant(cases), Some(value)) = (self.typed.definition(*place), value)
                    && let Some((name, ty)) = cases.get(*case).and_then(|case| Some((&case.name, case.ty.as_ref()?)))
                {
                    let inner = fields(vec![(format!(".{} = ", ident(name)), self.value(ty, value))]);
                    items.push((".val = ".into(), inner));
                }
                fields(items)
            }
            (Value::None, _) => fields(vec![(".is_some = ".into(), Code::text("false"))]),
            (Value::Some(value), Type::Option(ty)) => {
                fields(vec![(".is_some = ".into(), Code::text("true")), (".val = ".into(), self.value(ty, value))])
            }
            _ => fields(vec![(String::new(), Code::text("0"))]),
        }
    }

    /// The name of a symbol or case; its number where the bindings use the name for two.
    fn constant(&self, place: usize, number: usize) -> String {
        let wanted = self.constants(place).get(number).cloned().unwrap_or_default();
        let all = (0..self.typed.view.types.len()).flat_map(|place| self.constants(place));
        if all.filter(|name| *name == wanted).count() == 1 { wanted } else { number.to_string() }
    }

    fn constants(&self, place: usize) -> Vec<String> {
        let Some(named) = self.typed.view.types.get(place) else { return Vec::new() };
        let cases: Vec<&str> = match &named.definition {
            Definition::Record(_) => Vec::new(),
            Definition::Enum(symbols) => symbols.iter().map(String::as_str).collect(),
            Definition::Variant(cases) => cases.iter().map(|case| case.name.as_str()).collect(),
        };
        let name = |case: &str| format!("{}_{}_{}", self.prefix, snake(&named.name), snake(case)).to_ascii_uppercase();
        cases.into_iter().map(name).collect()
    }
}

/// Whether the bindings make the type once for the whole world.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::List(inner) | Type::Map(inner) | Type::Option(inner) => is_plain(inner),
        Type::Named(_) | Type::Generic => false,
        _ => true,
    }
}

/// A member's name, as wit-bindgen writes it.
fn ident(name: &str) -> String {
    let snake = snake(name);
    if ESCAPED.contains(&name) { snake + "_" } else { snake }
}

/// The names in kebab-case that wit-bindgen writes with a dash below behind.
const ESCAPED: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "compl",
    "concept",
    "const",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "nullptr",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "reflexpr",
    "register",
    "requires",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "synchronized",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
    "xor",
    "ret",
    "err",
    "stdin",
    "stdout",
    "stderr",
];
