//! Projects in Python. Names are those that componentize-py gives to the types of a WIT folder.

use super::layout::{Code, Style};
use super::model::{FieldFill, Fill, Typed};
use super::name::{pascal, snake};
use super::value::Value;
use super::{About, File, Model, Shape};
use crate::contract::wit::{Definition, Type};

const STYLE: Style = Style { indent: "    ", last: ",", spaced: 100 };

/// What componentize-py puts an underscore behind, in any place.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What the README says.
pub(super) fn about(_model: &Model) -> About {
    let file = |path: &str, what: &str| (path.to_string(), what.to_string());
    About {
        needs: "Python 3.11 or later with venv".to_string(),
        begin: "app.py".to_string(),
        test: ".venv/bin/python -m unittest".to_string(),
        files: vec![
            file("app.py", "the guest's own code; `millstream build` starts here"),
            file("test_app.py", "a test of it"),
            file("requirements.txt", "componentize-py, which makes the component, with its hashes"),
            file("pyproject.toml", "the project, as Python's tools know it"),
        ],
        notes: [
            "What is thrown rejects the record that it is thrown for, with the exception's text; so does a value of a wrong type.",
            "`millstream build` makes `.venv`, and writes the types of `wit/` to `.millstream/bindings` for editors.",
            "Code outside of functions runs when the component is built, not when it starts.",
        ]
        .map(str::to_string)
        .to_vec(),
        ignored: vec!["/.venv/".to_string(), "__pycache__/".to_string()],
    }
}

/// The files of the language.
pub(super) fn files(model: &Model) -> Vec<File> {
    let mut files = vec![
        File::new("requirements.txt", include_str!("../../../guests/python/requirements.txt")),
        File::new("pyproject.toml", include_str!("python/pyproject.toml.tmpl").replace("@NAME@", model.name.kebab())),
    ];
    if let Some(typed) = &model.typed {
        let python = Python { model, typed };
        files.push(File::new("app.py", python.app()));
        files.push(File::new("test_app.py", python.test()));
    }
    files
}

struct Python<'a> {
    model: &'a Model,
    typed: &'a Typed,
}

impl Python<'_> {
    fn app(&self) -> String {
        let (taken, given) = (self.annotation(&self.typed.input), self.annotation(&self.typed.output));
        let (given, hint) = match self.model.shape {
            Shape::Filter => (format!("{given} | None"), "`Ok(None)` drops the record"),
            Shape::FanOut => (format!("list[{given}]"), "The list may have any number of outputs"),
            _ => (given, "Fields that the input does not have are empty so far"),
        };
        // With types of the guest's own, there are two interfaces called `types`.
        let faults = if self.typed.view.types.is_empty() { "types" } else { concat!("millstream_", "pipeline_types") };
        let what = format!("Takes {}, gives {}.", self.model.input.describe(), self.model.output.describe());
        let import =
            self.module().map_or(String::new(), |module| format!("from wit_world.imports import {module} as types\n"));
        let hint = format!(
            "{hint}. `Err(Fault_Reject(\"why\"))` rejects the record;\n    # import the two like `Ok` and `Fault`."
        );
        include_str!("python/app.py.tmpl")
            .replace("@WHAT@", &what)
            .replace("@IMPORT@", &import)
            .replace("@FAULTS@", faults)
            .replace("@TAKEN@", &taken)
            .replace("@GIVEN@", &given)
            .replace("@HINT@", &hint)
            .replace("@ANSWER@", &self.answer(self.filled()).laid_out(STYLE, 1, "return ".len()))
    }

    fn test(&self) -> String {
        let sample = self.value(&self.typed.input, &self.typed.sample);
        let expected = match self.typed.fill {
            Fill::Copy => Code::text("record"),
            _ => self.value(&self.typed.output, &self.typed.expected),
        };
        let import = self
            .module()
            .map_or(String::new(), |module| format!("from wit_world.imports import {module} as types  # noqa: E402\n"));
        let expected = self.answer(expected).laid_out(STYLE, 2, "expected = ".len());
        include_str!("python/test_app.py.tmpl")
            .replace("@IMPORT@", &import)
            .replace("@SAMPLE@", &sample.laid_out(STYLE, 2, "record = ".len()))
            .replace("@EXPECTED@", &expected)
    }

    /// The module of the guest's own types, where it has some.
    fn module(&self) -> Option<String> {
        let module = || format!("{}-{}-types", self.model.namespace, self.model.package);
        (!self.typed.view.types.is_empty()).then(|| snake(&module()))
    }

    fn answer(&self, output: Code) -> Code {
        let (open, close) = if self.model.shape == Shape::FanOut { ("Ok([", "])") } else { ("Ok(", ")") };
        Code::around(open, output, close)
    }

    /// The output, made of `record`.
    fn filled(&self) -> Code {
        let (output, fields) = match (&self.typed.fill, &self.typed.output) {
            (Fill::Value(value), ty) => return self.value(ty, value),
            (Fill::Record(fields), Type::Named(place)) => (*place, fields),
            _ => return Code::text("record"),
        };
        let Definition::Record(members) = self.typed.definition(output) else { return Code::text("record") };
        let known = match self.typed.input {
            Type::Named(place) => match self.typed.definition(place) {
                Definition::Record(known) => known.as_slice(),
                _ => &[],
            },
            _ => &[],
        };
        let item = |(member, fill): (&crate::contract::wit::Member, &FieldFill)| {
            let code = match fill {
                FieldFill::Copy(place) => Code::text(format!(
                    "record.{}",
                    known.get(*place).map_or(String::new(), |known| field(&known.name))
                )),
                FieldFill::Value(value) => self.value(&member.ty, value),
            };
            (format!("{}=", field(&member.name)), code)
        };
        Code::tight(format!("{}(", self.class(output)), members.iter().zip(fields).map(item).collect(), ")")
    }

    /// `types.Payment`
    fn class(&self, place: usize) -> String {
        self.typed
            .view
            .types
            .get(place)
            .map_or(String::new(), |named| format!("types.{}", escaped(pascal(&named.name))))
    }

    fn annotation(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_string(),
            Type::S32 | Type::S64 => "int".to_string(),
            Type::F32 | Type::F64 => "float".to_string(),
            Type::String => "str".to_string(),
            Type::Bytes => "bytes".to_string(),
            Type::List(item) => format!("list[{}]", self.annotation(item)),
            Type::Map(value) => format!("list[tuple[str, {}]]", self.annotation(value)),
            Type::Option(some) => format!("{} | None", self.annotation(some)),
            Type::Named(place) => self.class(*place),
            Type::Generic => "object".to_string(),
        }
    }

    /// The expression for a value.
    fn value(&self, ty: &Type, value: &Value) -> Code {
        let plain = |(ty, value): (&Type, &Value)| (String::new(), self.value(ty, value));
        match (value, ty) {
            (Value::Bool(value), _) => Code::text(if *value { "True" } else { "False" }),
            (Value::S32(number), _) => Code::text(number.to_string()),
            (Value::S64(number), _) => Code::text(number.to_string()),
            (Value::F32(number), _) => Code::text(format!("{number:?}")),
            (Value::F64(number), _) => Code::text(format!("{number:?}")),
            (Value::String(text), _) => Code::text(quoted(text)),
            (Value::Bytes(bytes), _) => Code::text(self::bytes(bytes)),
            (Value::Some(some), Type::Option(ty)) => self.value(ty, some),
            (Value::List(items), Type::List(ty)) => {
                Code::tight("[", items.iter().map(|item| plain((ty, item))).collect(), "]")
            }
            (Value::Map(entries), Type::Map(ty)) => {
                let pair = |(key, value): &(String, Value)| {
                    let pair = vec![(String::new(), Code::text(quoted(key))), plain((ty, value))];
                    (String::new(), Code::tight("(", pair, ")"))
                };
                Code::tight("[", entries.iter().map(pair).collect(), "]")
            }
            (value, Type::Named(place)) => self.named(*place, value),
            _ => Code::text("None"),
        }
    }

    fn named(&self, place: usize, value: &Value) -> Code {
        let class = self.class(place);
        match (value, self.typed.definition(place)) {
            (Value::Record(values), Definition::Record(members)) => {
                let item = members.iter().zip(values);
                let item =
                    item.map(|(member, value)| (format!("{}=", field(&member.name)), self.value(&member.ty, value)));
                Code::tight(format!("{class}("), item.collect(), ")")
            }
            (Value::Enum(symbol), Definition::Enum(symbols)) => {
                let symbol = symbols.get(*symbol).map_or(String::new(), |symbol| snake(symbol).to_uppercase());
                Code::text(format!("{class}.{symbol}"))
            }
            (Value::Variant(case, value), Definition::Variant(cases)) => {
                let Some(case) = cases.get(*case) else { return Code::text("None") };
                let held = match (value, &case.ty) {
                    (Some(value), Some(ty)) => vec![(String::new(), self.value(ty, value))],
                    _ => Vec::new(),
                };
                Code::tight(format!("{class}_{}(", escaped(pascal(&case.name))), held, ")")
            }
            _ => Code::text("None"),
        }
    }
}

/// The attribute of a field.
fn field(name: &str) -> String {
    escaped(snake(name))
}

fn escaped(name: String) -> String {
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// Texts of values are printable ASCII, where Python's rules are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn bytes(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let zeros = if zeros > 8 { zeros } else { 0 };
    let rest: String = bytes[zeros..].iter().map(|byte| format!("\\x{byte:02x}")).collect();
    match (zeros, rest.is_empty()) {
        (0, _) => format!("b\"{rest}\""),
        (_, true) => format!("bytes({zeros})"),
        _ => format!("bytes({zeros}) + b\"{rest}\""),
    }
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
