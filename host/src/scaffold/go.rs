//! Projects in Go.

use std::collections::HashSet;

use super::model::{FieldFill, Fill, Typed};
use super::name::{pascal, snake};
use super::value::Value;
use super::{About, File, Model, Shape};
use crate::contract::wit::{Case, Definition, Type};

/// The module that the bindings import, as the examples have it.
const RUNTIME: &[(&str, &str)] = &[
    ("tools/go.mod", include_str!("../../../guests/go/tools/go.mod")),
    ("tools/wit/runtime/empty.s", include_str!("../../../guests/go/tools/wit/runtime/empty.s")),
    ("tools/wit/runtime/runtime.go", include_str!("../../../guests/go/tools/wit/runtime/runtime.go")),
    ("tools/wit/types/types.go", include_str!("../../../guests/go/tools/wit/types/types.go")),
];

/// What the README says.
pub(super) fn about(model: &Model) -> About {
    let begin = format!("export_wit_world/{}.go", model.name.kebab());
    About {
        needs: "Go 1.26".into(),
        test: "go test ./export_...".into(),
        files: vec![
            ("export_wit_world/".into(), "the guest, and its own tests, which need no WebAssembly but the bindings".into()),
            ("main.go".into(), "imports the exports; has no main of its own".into()),
            ("go.mod`, `tools/".into(), "the module, and what the bindings import".into()),
        ],
        notes: vec![
            "`millstream build` writes the bindings below `bindings/`; run it before `go test` and your editor.".into(),
            "There is no clock: `time.Now` begins in 1970. What is printed becomes log lines; what a panic says reaches the \
             dead letter."
                .into(),
        ],
        ignored: vec!["/bindings/".into()],
        begin,
    }
}

/// The files of the language.
pub(super) fn files(model: &Model) -> Vec<File> {
    let own = |text: &str| text.replace("@NAME@", model.name.kebab());
    let mut files = vec![
        File::new("go.mod", own(include_str!("go/go.mod.tmpl"))),
        File::new("main.go", own(include_str!("go/main.go.tmpl"))),
    ];
    files.extend(RUNTIME.iter().map(|(path, text)| File::new(*path, *text)));
    if let Some(typed) = &model.typed {
        let go = Go { model, typed };
        files.push(File::new(format!("export_wit_world/{}.go", model.name.kebab()), go.source()));
        files.push(File::new(format!("export_wit_world/{}_test.go", model.name.kebab()), go.test()));
    }
    files
}

/// What keeps Go's bindings from being compiled: two things of one name in the package of the types.
pub(super) fn obstacle(typed: &Typed) -> Option<String> {
    let mut taken = HashSet::new();
    let mut twice = |name: String| (!taken.insert(name.clone())).then_some(name);
    for named in &typed.view.types {
        let ty = pascal(&named.name);
        let (cases, makes): (Vec<&str>, bool) = match &named.definition {
            Definition::Record(_) => (Vec::new(), false),
            Definition::Enum(symbols) => (symbols.iter().map(String::as_str).collect(), false),
            Definition::Variant(cases) => (cases.iter().map(|case| case.name.as_str()).collect(), true),
        };
        if makes && cases.contains(&"tag") {
            return Some(format!("`{ty}` would have two methods `Tag`: its own, and that of its branch `tag`"));
        }
        let made = cases.iter().filter(|_| makes).map(|case| format!("Make{ty}{}", pascal(case)));
        let constants = cases.iter().map(|case| format!("{ty}{}", pascal(case)));
        let mut names = [ty.clone()].into_iter().chain(constants).chain(made);
        if let Some(name) = names.find_map(&mut twice) {
            return Some(format!(
                "two things would be called `{name}`: types, and types with a symbol or branch behind"
            ));
        }
    }
    None
}

/// Whether Go code names something of a package.
fn uses(text: &str, package: &str) -> bool {
    let call = format!("{package}.");
    let part = |c: char| c.is_ascii_alphanumeric() || "_.\"/".contains(c);
    text.match_indices(&call).any(|(at, _)| !text[..at].ends_with(part))
}

struct Go<'a> {
    model: &'a Model,
    typed: &'a Typed,
}

impl Go<'_> {
    fn source(&self) -> String {
        let (input, output) = (self.ty(&self.typed.input), self.ty(&self.typed.output));
        let (answer, around, begin) = match self.model.shape {
            Shape::Filter => (
                format!("wit.Option[{output}]"),
                "wit.Some(output)".to_string(),
                include_str!("go/filter.go.tmpl").replace("@OUTPUT@", &output),
            ),
            Shape::FanOut => (
                format!("[]{output}"),
                format!("[]{output}{{output}}"),
                "\t// Begin here: as many outputs as you like, or none.\n".to_string(),
            ),
            _ => (output.clone(), "output".to_string(), "\t// Begin here.\n".to_string()),
        };
        let body = self.statements();
        let text = include_str!("go/guest.go.tmpl")
            .replace("@NAME@", self.model.name.kebab())
            .replace("@INPUT_TYPE@", &self.model.input.describe())
            .replace("@OUTPUT_TYPE@", &self.model.output.describe())
            .replace("@BEGIN@", &begin)
            .replace("@INPUT@", &input)
            .replace("@ANSWER@", &answer)
            .replace("@BODY@", &body)
            .replace("@AROUND@", &around);
        self.imported(&text, &["fault", "wit"])
    }

    fn test(&self) -> String {
        let expected = self.alone(&self.typed.output, &self.typed.expected);
        let expected = match self.model.shape {
            Shape::Filter => format!("wit.Some({expected})"),
            Shape::FanOut => format!("[]{}{{{expected}}}", self.ty(&self.typed.output)),
            _ => expected,
        };
        let text = include_str!("go/guest_test.go.tmpl")
            .replace("@SAMPLE@", &self.alone(&self.typed.input, &self.typed.sample))
            .replace("@EXPECTED@", &expected);
        self.imported(&text, &[])
    }

    /// With the imports that the code below them needs.
    fn imported(&self, text: &str, always: &[&str]) -> String {
        let bindings = format!("example.com/{}/bindings", self.model.name.kebab());
        let types = format!("{}_{}_types", snake(&self.model.namespace), snake(&self.model.package));
        let pipeline = |interface: &str| format!("{bindings}/millstream_pipeline_{interface}");
        let mut imports = [
            ("types", format!("{bindings}/{types}")),
            ("fault", pipeline("types")),
            ("generic", pipeline("generic")),
            ("wit", "go.bytecodealliance.org/pkg/wit/types".to_string()),
        ];
        // As gofmt has them.
        imports.sort_by(|a, b| a.1.cmp(&b.1));
        let used = imports.iter().filter(|(name, _)| always.contains(name) || uses(text, name));
        let lines: String = used.map(|(name, path)| format!("\t{name} \"{path}\"\n")).collect();
        let lines = if lines.is_empty() { lines } else { format!("\n{lines}") };
        text.replace("@IMPORTS@", lines.trim_start_matches(if always.is_empty() { '\0' } else { '\n' }))
    }

    /// What makes `output` of `input`.
    fn statements(&self) -> String {
        let fields = match &self.typed.fill {
            Fill::Copy => return "\toutput := *input\n".into(),
            Fill::Value(value) => return format!("\toutput := {}\n", self.alone(&self.typed.output, value)),
            Fill::Record(fields) => fields,
        };
        let from = self.typed.members(&self.typed.input);
        let mut text = format!("\tvar output {}\n", self.ty(&self.typed.output));
        for (member, fill) in self.typed.members(&self.typed.output).iter().zip(fields) {
            let value = match fill {
                FieldFill::Copy(place) => {
                    format!("input.{}", from.get(*place).map_or(String::new(), |member| pascal(&member.name)))
                }
                FieldFill::Value(value) => self.value(&member.ty, value),
            };
            text.push_str(&format!("\toutput.{} = {value}\n", pascal(&member.name)));
        }
        text
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::S32 => "int32".into(),
            Type::S64 => "int64".into(),
            Type::F32 => "float32".into(),
            Type::F64 => "float64".into(),
            Type::String => "string".into(),
            Type::Bytes => "[]byte".into(),
            Type::List(item) => format!("[]{}", self.ty(item)),
            Type::Map(value) => format!("[]wit.Tuple2[string, {}]", self.ty(value)),
            Type::Option(inner) => format!("wit.Option[{}]", self.ty(inner)),
            Type::Named(place) => self.named(*place),
            Type::Generic => "generic.GenericRecord".into(),
        }
    }

    fn named(&self, place: usize) -> String {
        format!("types.{}", self.typed.view.types.get(place).map_or(String::new(), |named| pascal(&named.name)))
    }

    /// A value of just this type, wherever it stands.
    fn alone(&self, ty: &Type, value: &Value) -> String {
        match ty {
            Type::S32 | Type::S64 | Type::F32 | Type::F64 => format!("{}({})", self.ty(ty), self.value(ty, value)),
            _ => self.value(ty, value),
        }
    }

    /// A value, where its type is known from what it is for.
    fn value(&self, ty: &Type, value: &Value) -> String {
        let all = |items: Vec<String>| items.join(", ");
        match (value, ty) {
            (Value::Bool(b), _) => b.to_string(),
            (Value::S32(n), _) => n.to_string(),
            (Value::S64(n), _) => n.to_string(),
            (Value::F32(n), _) => n.to_string(),
            (Value::F64(n), _) => n.to_string(),
            (Value::String(text), _) => format!("{text:?}"),
            (Value::Bytes(bytes), _) if bytes.len() > 16 && bytes.iter().all(|byte| *byte == 0) => {
                format!("make([]byte, {})", bytes.len())
            }
            (Value::Bytes(bytes), _) => format!("[]byte{{{}}}", all(bytes.iter().map(u8::to_string).collect())),
            (Value::List(items), Type::List(inner)) => {
                format!("{}{{{}}}", self.ty(ty), all(items.iter().map(|item| self.value(inner, item)).collect()))
            }
            (Value::Map(entries), Type::Map(inner)) => {
                let entry =
                    |(key, value): &(String, Value)| format!("{{F0: {key:?}, F1: {}}}", self.value(inner, value));
                format!("{}{{{}}}", self.ty(ty), all(entries.iter().map(entry).collect()))
            }
            (Value::Some(value), Type::Option(inner)) => format!("wit.Some({})", self.alone(inner, value)),
            (Value::Record(values), Type::Named(place)) => {
                let members = self.typed.members(ty).iter().zip(values);
                let items = members.map(|(m, value)| format!("{}: {}", pascal(&m.name), self.value(&m.ty, value)));
                format!("{}{{{}}}", self.named(*place), all(items.collect()))
            }
            (Value::Enum(symbol), Type::Named(place)) => match self.typed.definition(*place) {
                Definition::Enum(symbols) => {
                    format!("{}{}", self.named(*place), symbols.get(*symbol).map_or(String::new(), |s| pascal(s)))
                }
                _ => String::new(),
            },
            (Value::Variant(case, value), Type::Named(place)) => match self.typed.definition(*place) {
                Definition::Variant(cases) => self.case(*place, cases.get(*case), value.as_deref()),
                _ => String::new(),
            },
            (_, Type::Option(inner)) => format!("wit.None[{}]()", self.ty(inner)),
            _ => String::new(),
        }
    }

    fn case(&self, place: usize, case: Option<&Case>, value: Option<&Value>) -> String {
        let Some(case) = case else { return String::new() };
        let value = match (&case.ty, value) {
            (Some(ty), Some(value)) => self.value(ty, value),
            _ => String::new(),
        };
        format!("types.Make{}{}({value})", self.named(place).trim_start_matches("types."), pascal(&case.name))
    }
}
