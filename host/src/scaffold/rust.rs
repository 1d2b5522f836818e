//! Projects in Rust.

use std::collections::HashSet;

use super::layout::{Code, Style, WIDTH};
use super::model::{FieldFill, Fill, Typed};
use super::name::{pascal, snake};
use super::value::Value;
use super::{About, File, Model, Shape};
use crate::contract::wit::{Definition, Type};

/// The crates that the examples' guests are built with; one lock file for both.
const LOCK: &str = include_str!("../../../guests/rust/Cargo.lock");

/// As rustfmt has it by default.
const STYLE: Style = Style { indent: "    ", last: ",", spaced: 18 };

/// What the README says.
pub(super) fn about(_model: &Model) -> About {
    About {
        needs: "Rust 1.95; rustup fetches the target `wasm32-wasip2` by itself".into(),
        begin: "src/lib.rs".into(),
        test: "cargo test".into(),
        files: vec![
            ("src/lib.rs".into(), "the guest, and its own tests, which need no WebAssembly".into()),
            ("Cargo.toml`, `Cargo.lock`, `rust-toolchain.toml".into(), "crates and tool chain, pinned".into()),
        ],
        notes: vec![
            "What is printed becomes log lines. What panics is a record of its own to blame: it is rejected, the others go on."
                .into(),
        ],
        ignored: vec!["/target/".into()],
    }
}

/// The files of the language.
pub(super) fn files(model: &Model) -> Vec<File> {
    let mut files = vec![
        File::new("Cargo.toml", include_str!("rust/Cargo.toml.tmpl").replace("@NAME@", model.name.kebab())),
        File::new("Cargo.lock", lock(model.name.kebab())),
        File::new("rust-toolchain.toml", include_str!("rust/rust-toolchain.toml.tmpl")),
    ];
    if let Some(typed) = &model.typed {
        files.push(File::new("src/lib.rs", source(model, typed)));
    }
    files
}

/// What keeps Rust's bindings from being compiled: a keyword since the edition of 2024 that they do not know.
pub(super) fn obstacle(typed: &Typed) -> Option<String> {
    let places = 0..typed.view.types.len();
    let holder =
        places.into_iter().find(|place| typed.members(&Type::Named(*place)).iter().any(|m| m.name == "gen"))?;
    let name = typed.view.types.get(holder).map_or("", |named| &named.name);
    Some(format!("`gen` in `{name}` would be a field's name, and it is a keyword of Rust's"))
}

/// The lock file of a package that needs wit-bindgen and nothing else.
fn lock(name: &str) -> String {
    let (head, blocks) = LOCK.split_once("\n[[package]]\n").unwrap_or((LOCK, ""));
    let blocks: Vec<&str> = blocks.split("\n[[package]]\n").map(str::trim).collect();
    let field = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        Some(line.trim_end_matches('"').to_string())
    };
    let mut needed: HashSet<&str> = HashSet::new();
    let mut open = vec!["wit-bindgen".to_string()];
    while let Some(wanted) = open.pop() {
        // A dependency is a name, with a version behind it where there are several.
        let (wanted, version) = wanted.split_once(' ').map_or((wanted.as_str(), None), |(n, v)| (n, Some(v)));
        let of = |block: &&&str| {
            field(block, "name").as_deref() == Some(wanted)
                && version.is_none_or(|version| field(block, "version").as_deref() == Some(version))
        };
        for block in blocks.iter().filter(of) {
            if needed.insert(block) {
                let list = block.split_once("dependencies = [").map_or("", |(_, list)| list);
                open.extend(
                    list.lines()
                        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
                        .map(str::to_string),
                );
            }
        }
    }
    let own = format!("name = \"{name}\"\nversion = \"0.1.0\"\ndependencies = [\n \"wit-bindgen\",\n]");
    let mut kept: Vec<&str> = blocks.iter().copied().filter(|block| needed.contains(block)).collect();
    let place = kept.iter().position(|block| field(block, "name").is_some_and(|other| other.as_str() > name));
    kept.insert(place.unwrap_or(kept.len()), &own);
    kept.iter().fold(format!("{}\n", head.trim_end()), |text, block| text + "\n[[package]]\n" + block + "\n")
}

fn source(model: &Model, typed: &Typed) -> String {
    let rust = Rust { typed };
    let (input, output) = (rust.ty(&typed.input), rust.ty(&typed.output));
    let answer = match model.shape {
        Shape::Filter => format!("{}<{output}>", rust.prelude("Option", "std::option::Option")),
        Shape::FanOut => format!("{}<{output}>", rust.prelude("Vec", "std::vec::Vec")),
        _ => output,
    };
    let result = rust.prelude("Result", "std::result::Result");
    let around = |code: Code| match model.shape {
        Shape::Filter => Code::around("Some(", code, ")"),
        Shape::FanOut => Code::tight("vec![", vec![(String::new(), code)], "]"),
        _ => code,
    };
    let body = Code::around("Ok(", around(rust.filled()), ")").laid_out(STYLE, 1, 0);
    let sample = rust.value(&typed.input, &typed.sample).laid_out(STYLE, 2, 13);
    let expected = around(rust.value(&typed.output, &typed.expected)).laid_out(STYLE, 2, 16);
    let path = format!("{}::{}::types", ident(&model.namespace), ident(&model.package));
    let within = |texts: &[&String]| texts.iter().any(|text| text.contains("types::"));
    let (uses, test_uses) = match (within(&[&body, &input, &answer]), within(&[&sample, &expected])) {
        (true, _) => (format!("use {path};\n\n"), String::new()),
        (false, true) => (String::new(), format!("    use crate::{path};\n")),
        (false, false) => (String::new(), String::new()),
    };
    let begin = match model.shape {
        Shape::Filter => include_str!("rust/filter.rs.tmpl"),
        Shape::FanOut => "    // Begin here: as many outputs as you like, or none.\n",
        _ => "    // Begin here.\n",
    };
    let answer = format!("{result}<{answer}, Fault>");
    let signature = signature(&rust.prelude("Vec", "std::vec::Vec"), &input, &answer);
    include_str!("rust/lib.rs.tmpl")
        .replace("@SIGNATURE@", &signature)
        .replace("@NAME@", model.name.kebab())
        .replace("@INPUT_TYPE@", &model.input.describe())
        .replace("@OUTPUT_TYPE@", &model.output.describe())
        .replace("@USES@", &uses)
        .replace("@TEST_USES@", &test_uses)
        .replace("@BEGIN@", begin)
        .replace("@ARGUMENT@", if typed.uses_input() { "input" } else { "_input" })
        .replace("@INPUT@", &input)
        .replace("@ANSWER@", &answer)
        .replace("@GUEST@", &rust.free("Component"))
        .replace("@BODY@", &body)
        .replace("@SAMPLE@", &sample)
        .replace("@EXPECTED@", &expected)
}

/// The line that begins the exported function; three where one would be too long.
fn signature(vec: &str, input: &str, answer: &str) -> String {
    let line = format!("    fn transform(batch: {vec}<{input}>) -> {vec}<{answer}> {{\n");
    if line.trim_end().len() <= WIDTH {
        return line;
    }
    format!("    fn transform(\n        batch: {vec}<{input}>,\n    ) -> {vec}<{answer}> {{\n")
}

struct Rust<'a> {
    typed: &'a Typed,
}

impl Rust<'_> {
    /// Whether the root of the crate has a type of this name that the schema brought.
    fn has(&self, name: &str) -> bool {
        self.typed.view.types.iter().any(|named| named.local.as_ref().is_some_and(|local| camel(local) == name))
    }

    /// A name of the standard library's, or its path where the schema has a type of this name.
    fn prelude(&self, name: &str, path: &str) -> String {
        if self.has(name) { path } else { name }.to_string()
    }

    /// A name that the schema has no type of.
    fn free(&self, wanted: &str) -> String {
        if self.has(wanted) { format!("{wanted}Itself") } else { wanted.to_string() }
    }

    fn ty(&self, ty: &Type) -> String {
        let vec = || self.prelude("Vec", "std::vec::Vec");
        match ty {
            Type::Bool => "bool".into(),
            Type::S32 => "i32".into(),
            Type::S64 => "i64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::String => self.prelude("String", "std::string::String"),
            Type::Bytes => format!("{}<u8>", vec()),
            Type::List(item) => format!("{}<{}>", vec(), self.ty(item)),
            Type::Map(value) => format!("{}<({}, {})>", vec(), self.ty(&Type::String), self.ty(value)),
            Type::Option(inner) => format!("{}<{}>", self.prelude("Option", "std::option::Option"), self.ty(inner)),
            Type::Named(place) => self.named(*place),
            Type::Generic => "GenericRecord".into(),
        }
    }

    /// A type by the name that the crate's root has for it, or where it is defined.
    fn named(&self, place: usize) -> String {
        self.typed.view.types.get(place).map_or(String::new(), |named| match &named.local {
            Some(local) => camel(local),
            None => format!("types::{}", camel(&named.name)),
        })
    }

    /// What the function answers, for one output.
    fn filled(&self) -> Code {
        match (&self.typed.fill, &self.typed.output, &self.typed.input) {
            (Fill::Copy, ..) => Code::text("input"),
            (Fill::Value(value), output, _) => self.value(output, value),
            (Fill::Record(fields), Type::Named(output), input) => {
                let from = self.typed.members(input);
                let items = self.typed.members(&Type::Named(*output)).iter().zip(fields).map(|(member, fill)| {
                    let code = match fill {
                        FieldFill::Copy(place) => {
                            Code::text(format!("input.{}", from.get(*place).map_or(String::new(), |m| ident(&m.name))))
                        }
                        FieldFill::Value(value) => self.value(&member.ty, value),
                    };
                    (format!("{}: ", ident(&member.name)), code)
                });
                Code::spaced(format!("{} {{", self.named(*output)), items.collect(), "}")
            }
            (Fill::Record(_), ..) => Code::text(""),
        }
    }

    fn value(&self, ty: &Type, value: &Value) -> Code {
        let plain = |code: Code| (String::new(), code);
        match (value, ty) {
            (Value::Bool(b), _) => Code::text(b.to_string()),
            (Value::S32(n), _) => Code::text(n.to_string()),
            (Value::S64(n), _) => Code::text(n.to_string()),
            (Value::F32(n), _) => Code::text(format!("{n:?}")),
            (Value::F64(n), _) => Code::text(format!("{n:?}")),
            (Value::String(text), _) => Code::text(format!("{text:?}.into()")),
            (Value::Bytes(bytes), _) if bytes.len() > 16 && bytes.iter().all(|byte| *byte == 0) => {
                Code::text(format!("vec![0; {}]", bytes.len()))
            }
            (Value::Bytes(bytes), _) => {
                Code::tight("vec![", bytes.iter().map(|byte| plain(Code::text(byte.to_string()))).collect(), "]")
            }
            (Value::List(items), Type::List(ty)) => {
                Code::tight("vec![", items.iter().map(|item| plain(self.value(ty, item))).collect(), "]")
            }
            (Value::Map(entries), Type::Map(ty)) => {
                let entry = |(key, value): &(String, Value)| {
                    let pair = vec![plain(Code::text(format!("{key:?}.into()"))), plain(self.value(ty, value))];
                    plain(Code::tight("(", pair, ")"))
                };
                Code::tight("vec![", entries.iter().map(entry).collect(), "]")
            }
            (Value::Some(inner), Type::Option(ty)) => Code::around("Some(", self.value(ty, inner), ")"),
            (Value::Record(values), Type::Named(place)) => {
                let members = self.typed.members(ty).iter().zip(values);
                let items = members.map(|(m, value)| (format!("{}: ", ident(&m.name)), self.value(&m.ty, value)));
                Code::spaced(format!("{} {{", self.named(*place)), items.collect(), "}")
            }
            (Value::Enum(symbol), Type::Named(place)) => match self.typed.definition(*place) {
                Definition::Enum(symbols) => {
                    let symbol = symbols.get(*symbol).map_or(String::new(), |symbol| pascal(symbol));
                    Code::text(format!("{}::{symbol}", self.named(*place)))
                }
                _ => Code::text(""),
            },
            (Value::Variant(case, inner), Type::Named(place)) => match self.typed.definition(*place) {
                Definition::Variant(cases) => self.case(*place, cases.get(*case), inner.as_deref()),
                _ => Code::text(""),
            },
            _ => Code::text("None"),
        }
    }

    fn case(&self, place: usize, case: Option<&crate::contract::wit::Case>, inner: Option<&Value>) -> Code {
        let Some(case) = case else { return Code::text("") };
        let name = format!("{}::{}", self.named(place), pascal(&case.name));
        match (&case.ty, inner) {
            (Some(ty), Some(value)) => Code::around(format!("{name}("), self.value(ty, value), ")"),
            _ => Code::text(name),
        }
    }
}

/// A type's name, as wit-bindgen writes it.
fn camel(name: &str) -> String {
    if name == "guest" { "Guest_".into() } else { pascal(name) }
}

/// A field's or module's name, as wit-bindgen writes it.
fn ident(name: &str) -> String {
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) { name + "_" } else { name }
}

const KEYWORDS: &[&str] = &[
    "as", "break", "const", "continue", "crate", "else", "enum", "extern", "false", "fn", "for", "if", "impl", "in",
    "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
    "true", "type", "unsafe", "use", "where", "while", "async", "await", "dyn", "abstract", "become", "box", "do",
    "final", "macro", "override", "priv", "typeof", "unsized", "virtual", "yield", "try",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_has_the_package_and_all_that_wit_bindgen_needs() {
        let text = lock("payments");
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.contains(&"\"payments\"") && names.contains(&"\"wit-bindgen-rust-macro\""), "{names:?}");
        assert!(!names.contains(&"\"enrich\""), "{names:?}");
        assert!(text.starts_with("# This file is automatically @generated by Cargo.\n"), "{text}");
    }
}
