//! Projects in JavaScript and TypeScript. Names are those that componentize-qjs gives to the parts of a WIT folder.

use super::layout::{Code, Style};
use super::model::{FieldFill, Fill, Typed};
use super::name::{camel, pascal};
use super::value::Value;
use super::{About, File, Language, Model, Shape};
use crate::contract::wit::{Definition, Member, PIPELINE_VERSION, Type};

const STYLE: Style = Style { indent: "  ", last: ",", spaced: 100 };

/// The tools of a language: what package.json and package-lock.json of its examples say.
struct Tools {
    /// The name of both.
    name: &'static str,
    package: &'static str,
    lock: &'static str,
}

const JAVASCRIPT: Tools = Tools {
    name: "guests-javascript",
    package: include_str!("../../../guests/javascript/package.json"),
    lock: include_str!("../../../guests/javascript/package-lock.json"),
};

const TYPESCRIPT: Tools = Tools {
    name: "guests-typescript",
    package: include_str!("../../../guests/typescript/package.json"),
    lock: include_str!("../../../guests/typescript/package-lock.json"),
};

/// What the README says.
pub(super) fn about(model: &Model) -> About {
    let file = |path: &str, what: &str| (path.to_string(), what.to_string());
    let (name, main) = (model.name.kebab(), main(model));
    let typed = model.language == Language::TypeScript;
    let mut files = vec![
        file(&main, "the guest's own code; `main` of `package.json` names it"),
        file(&format!("{name}.test.js"), "a test of it"),
        file("package.json, package-lock.json", "what makes the component, in exact versions"),
    ];
    files.push(match typed {
        true => file("tsconfig.json", "what the compiler checks"),
        false => file("jsconfig.json", "what editors check"),
    });
    let test = "npm test".to_string();
    let types = "`millstream build` writes the types of `wit/` to `.millstream/wit.d.ts`.";
    About {
        needs: "Node 20 or later with npm".to_string(),
        begin: main,
        test,
        files,
        notes: [
            "64-bit integers are numbers, exact up to 2^53; a record with a larger one is rejected, with the field's name.",
            "What is thrown rejects the record that it is thrown for, with the error's text; so does a value of a wrong type.",
            "There is no console, no fetch and no timer inside a component.",
        ]
        .into_iter()
        .chain([types])
        .map(str::to_string)
        .collect(),
        ignored: vec!["/node_modules/".to_string()],
    }
}

/// The file with the guest's own code.
fn main(model: &Model) -> String {
    let ending = if model.language == Language::TypeScript { "ts" } else { "js" };
    format!("{}.{ending}", model.name.kebab())
}

/// The files of either language.
pub(super) fn files(model: &Model) -> Vec<File> {
    let name = model.name.kebab();
    let (tools, test, config) = match model.language {
        Language::TypeScript => {
            let config = File::new("tsconfig.json", include_str!("typescript/tsconfig.json"));
            (TYPESCRIPT, "tsc && node --test", config)
        }
        _ => (JAVASCRIPT, "node --test", File::new("jsconfig.json", include_str!("javascript/jsconfig.json"))),
    };
    let package = include_str!("javascript/package.json.tmpl")
        .replace("@NAME@", name)
        .replace("@MAIN@", &main(model))
        .replace("@TEST@", test)
        .replace("@DEPENDENCIES@", tools.dependencies());
    let mut files = vec![File::new("package.json", package), File::new("package-lock.json", tools.lock(name)), config];
    if let Some(typed) = &model.typed {
        let script = Script { model, typed };
        files.push(File::new(main(model), script.guest()));
        files.push(File::new(format!("{name}.test.js"), script.test()));
    }
    files
}

impl Tools {
    /// The packages and their versions, with what ends the file.
    fn dependencies(&self) -> &'static str {
        self.package.split_once("\"devDependencies\": ").map_or("{}\n}\n", |(_, dependencies)| dependencies)
    }

    fn lock(&self, name: &str) -> String {
        let own = format!("\"name\": \"{}\",", self.name);
        let given = |indent: &str| format!("\"name\": \"{name}\",\n{indent}\"version\": \"0.1.0\",");
        let licensed = format!("{own}\n      \"license\": \"Apache-2.0\",");
        self.lock.replacen(&licensed, &given("      "), 1).replacen(&own, &given("  "), 1)
    }
}

struct Script<'a> {
    model: &'a Model,
    typed: &'a Typed,
}

impl Script<'_> {
    fn guest(&self) -> String {
        let typed = self.model.language == Language::TypeScript;
        let module = format!("{}/types", self.model.wit_package());
        // A record may be called as something of the file is, so types keep the module's name.
        let types = if typed { "types".to_string() } else { format!("import(\"{module}\")") };
        let of = |ty: &Type| annotation(self.typed, &types, ty);
        let (taken, given) = (of(&self.typed.input), of(&self.typed.output));
        let taken_all = list(&taken);
        let (given, hint) = match self.model.shape {
            Shape::Filter => (format!("{given} | null"), "`val: null` drops the record"),
            Shape::FanOut => (list(&given), "The array may have any number of outputs"),
            _ => (given, "Fields that the input does not have are empty so far"),
        };
        let hint = format!(
            "{hint}. To reject the record:\n  // return {{ tag: \"err\", val: {{ tag: \"reject\", val: \"why\" }} }};"
        );
        let import = match self.typed.view.types.is_empty() {
            true => String::new(),
            false => format!("import type * as types from \"{module}\";\n"),
        };
        let template = match typed {
            true => include_str!("typescript/guest.ts.tmpl"),
            false => include_str!("javascript/guest.js.tmpl"),
        };
        template
            .replace(
                "@WHAT@",
                &format!("Takes {}, gives {}.", self.model.input.describe(), self.model.output.describe()),
            )
            .replace("@VERSION@", PIPELINE_VERSION)
            .replace("@IMPORT@", &import)
            .replace("@TAKENS@", &taken_all)
            .replace("@TAKEN@", &taken)
            .replace("@GIVEN@", &given)
            .replace("@HINT@", &hint)
            .replace("@ANSWER@", &self.answer(self.filled()).laid_out(STYLE, 1, "return ;".len()))
    }

    fn test(&self) -> String {
        let name = self.model.name.kebab();
        let module = match self.model.language {
            // What the compiler makes of it.
            Language::TypeScript => format!("./.millstream/js/{name}.js"),
            _ => format!("./{name}.js"),
        };
        let expected = match self.typed.fill {
            Fill::Copy => Code::text("record"),
            _ => self.value(&self.typed.output, &self.typed.expected),
        };
        let sample = self.value(&self.typed.input, &self.typed.sample);
        include_str!("javascript/guest.test.js.tmpl")
            .replace("@MODULE@", &module)
            .replace("@SAMPLE@", &sample.laid_out(STYLE, 1, "const record = ;".len()))
            .replace("@EXPECTED@", &self.answer(expected).laid_out(STYLE, 1, "const expected = ;".len()))
    }

    fn answer(&self, output: Code) -> Code {
        let output = match self.model.shape {
            Shape::FanOut => Code::tight("[", vec![(String::new(), output)], "]"),
            _ => output,
        };
        let tag = ("tag: ".to_string(), Code::text("\"ok\""));
        Code::spaced("{", vec![tag, ("val: ".to_string(), output)], "}")
    }

    /// The output, made of `record`.
    fn filled(&self) -> Code {
        let (output, fields) = match (&self.typed.fill, &self.typed.output) {
            (Fill::Value(value), ty) => return self.value(ty, value),
            (Fill::Record(fields), Type::Named(place)) => (*place, fields),
            _ => return Code::text("record"),
        };
        let known = match self.typed.input {
            Type::Named(place) => self.members(place),
            _ => &[],
        };
        let item = |(member, fill): (&Member, &FieldFill)| {
            let code = match fill {
                FieldFill::Copy(place) => Code::text(format!(
                    "record.{}",
                    known.get(*place).map_or(String::new(), |known| camel(&known.name))
                )),
                FieldFill::Value(value) => self.value(&member.ty, value),
            };
            (format!("{}: ", camel(&member.name)), code)
        };
        Code::spaced("{", self.members(output).iter().zip(fields).map(item).collect(), "}")
    }

    fn members(&self, place: usize) -> &[Member] {
        match self.typed.definition(place) {
            Definition::Record(members) => members,
            _ => &[],
        }
    }

    /// The expression for a value.
    fn value(&self, ty: &Type, value: &Value) -> Code {
        let plain = |(ty, value): (&Type, &Value)| (String::new(), self.value(ty, value));
        match (value, ty) {
            (Value::Bool(value), _) => Code::text(value.to_string()),
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
                    (String::new(), Code::tight("[", pair, "]"))
                };
                Code::tight("[", entries.iter().map(pair).collect(), "]")
            }
            (value, Type::Named(place)) => self.named(*place, value),
            _ => Code::text("null"),
        }
    }

    fn named(&self, place: usize, value: &Value) -> Code {
        match (value, self.typed.definition(place)) {
            (Value::Record(values), Definition::Record(members)) => {
                let item = members.iter().zip(values);
                let item =
                    item.map(|(member, value)| (format!("{}: ", camel(&member.name)), self.value(&member.ty, value)));
                Code::spaced("{", item.collect(), "}")
            }
            (Value::Enum(symbol), Definition::Enum(symbols)) => {
                Code::text(symbols.get(*symbol).map_or("null".to_string(), |symbol| quoted(symbol)))
            }
            (Value::Variant(case, value), Definition::Variant(cases)) => {
                let Some(case) = cases.get(*case) else { return Code::text("null") };
                let mut items = vec![("tag: ".to_string(), Code::text(quoted(&case.name)))];
                if let (Some(value), Some(ty)) = (value, &case.ty) {
                    items.push(("val: ".to_string(), self.value(ty, value)));
                }
                Code::spaced("{", items, "}")
            }
            _ => Code::text("null"),
        }
    }
}

/// A type; `types` is what has the guest's own.
fn annotation(typed: &Typed, types: &str, ty: &Type) -> String {
    let of = |ty: &Type| annotation(typed, types, ty);
    match ty {
        Type::Bool => "boolean".to_string(),
        Type::S32 | Type::S64 | Type::F32 | Type::F64 => "number".to_string(),
        Type::String => "string".to_string(),
        Type::Bytes => "Uint8Array".to_string(),
        Type::List(item) => list(&of(item)),
        Type::Map(value) => format!("[string, {}][]", of(value)),
        Type::Option(some) => format!("{} | null", of(some)),
        Type::Named(place) => {
            typed.view.types.get(*place).map_or(String::new(), |named| format!("{types}.{}", pascal(&named.name)))
        }
        Type::Generic => "unknown".to_string(),
    }
}

fn list(item: &str) -> String {
    if item.contains(" | ") { format!("({item})[]") } else { format!("{item}[]") }
}

/// Texts of values are printable ASCII, where the rules are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn bytes(bytes: &[u8]) -> String {
    match bytes.split_last() {
        None => "new Uint8Array()".to_string(),
        Some((last, zeros)) if zeros.len() > 8 && zeros.iter().all(|byte| *byte == 0) => {
            let (size, at) = (bytes.len(), zeros.len());
            if *last == 0 {
                format!("new Uint8Array({size})")
            } else {
                format!("new Uint8Array({size}).fill({last}, {at})")
            }
        }
        _ => {
            let items: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("Uint8Array.of({})", items.join(", "))
        }
    }
}

#[cfg(test)]
#[path = "javascript_tests.rs"]
mod tests;
