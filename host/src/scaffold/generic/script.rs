//! In JavaScript and TypeScript.

use super::{Filling, Natural, Own, Plan, has_functions, named};
use crate::build::Language;
use crate::scaffold::layout::{Code, Style};
use crate::scaffold::{File, Model};

const STYLE: Style = Style { indent: "  ", last: ",", spaced: 100 };

pub(super) fn files(model: &Model, plan: &Plan) -> Own {
    let typed = model.language == Language::TypeScript;
    let name = model.name.kebab();
    let (extension, folding) = match typed {
        true => ("ts", include_str!("../typescript/generic.ts")),
        false => ("js", include_str!("../javascript/generic.js")),
    };
    let guest = match (typed, has_functions(model)) {
        (false, false) => include_str!("../javascript/transform.js.tmpl"),
        (false, true) => include_str!("../javascript/functions.js.tmpl"),
        (true, false) => include_str!("../typescript/transform.ts.tmpl"),
        (true, true) => include_str!("../typescript/functions.ts.tmpl"),
    };
    let argument = if plan.uses_input() { "value" } else { "_value" };
    let doc = if typed { "" } else { "/** @param {any} @ARGUMENT@ */\n" };
    let (argument, answer) = if typed { (format!("{argument}: any"), ": any") } else { (argument.to_string(), "") };
    let change = include_str!("../javascript/change.js.tmpl")
        .replace("@DOC@", doc)
        .replace("@ARGUMENT@", &argument)
        .replace("@ANSWER@", answer)
        .replace("@CHANGE@", &change(plan));
    let begin = format!("change.{extension}");
    let mut files = vec![
        File::new(begin.clone(), imported(&change, ".").replacen(";\n//", ";\n\n//", 1)),
        File::new(format!("generic.{extension}"), folding),
        File::new(format!("{name}.{extension}"), named(model, guest)),
    ];
    let about = vec![
        (begin.clone(), "what becomes of a record"),
        (format!("generic.{extension}"), "folds generic records into the language's own values, and back"),
    ];
    // The compiler leaves JavaScript, which is what is tested.
    let from = if typed { "./.millstream/js" } else { "." };
    let test = include_str!("../javascript/change.test.js.tmpl")
        .replace("@FROM@", from)
        .replace("@SAMPLE@", &value(&plan.sample).laid_out(STYLE, 1, 14))
        .replace("@EXPECTED@", &value(&plan.expected).laid_out(STYLE, 1, 17));
    files.push(File::new(format!("{name}.test.js"), imported(&test, from)));
    Own { files, begin, about }
}

/// With what the code uses of the folding file.
fn imported(code: &str, from: &str) -> String {
    let used = [("Branch", "Branch("), ("record", "record(")].into_iter();
    let used: Vec<&str> = used.filter(|(_, call)| code.contains(call)).map(|(name, _)| name).collect();
    match used.as_slice() {
        [] => code.replace("@IMPORT@", ""),
        used => code.replace("@IMPORT@", &format!("import {{ {} }} from \"{from}/generic.js\";\n", used.join(", "))),
    }
}

fn change(plan: &Plan) -> String {
    match &plan.filling {
        Filling::Copy => "value".to_string(),
        Filling::Value(made) => value(made).laid_out(STYLE, 1, 8),
        Filling::Record(name, fields) => {
            let field = |(name, made): &(String, Option<Natural>)| {
                let made = made.as_ref().map_or_else(|| Code::text(format!("value.{name}")), value);
                (format!("{}: ", key(name)), made)
            };
            record(name, fields.iter().map(field).collect()).laid_out(STYLE, 1, 8)
        }
    }
}

/// A field's name; in brackets where an object would take it for something else.
fn key(name: &str) -> String {
    if name == "__proto__" { format!("[{name:?}]") } else { name.to_string() }
}

fn record(name: &str, fields: Vec<(String, Code)>) -> Code {
    Code::around(format!("record({name:?}, "), Code::spaced("{", fields, "}"), ")")
}

fn value(it: &Natural) -> Code {
    let list = |items: Vec<Code>| items.into_iter().map(|item| (String::new(), item)).collect::<Vec<_>>();
    let bytes = |bytes: &[u8]| match bytes.iter().all(|byte| *byte == 0) {
        true => Code::text(format!("new Uint8Array({})", bytes.len())),
        false => Code::text(format!("new Uint8Array({bytes:?})")),
    };
    match it {
        Natural::Null => Code::text("null"),
        Natural::Bool(it) => Code::text(it.to_string()),
        Natural::Int(it) => Code::text(it.to_string()),
        Natural::Long(it) => Code::text(it.to_string()),
        Natural::Float(it) => Code::text(it.to_string()),
        Natural::Double(it) => Code::text(it.to_string()),
        Natural::Bytes(it) | Natural::Fixed(it) => bytes(it),
        Natural::String(it) | Natural::Enum { symbol: it, .. } => Code::text(format!("{it:?}")),
        Natural::Array(items) => Code::tight("[", list(items.iter().map(value).collect()), "]"),
        Natural::Map(pairs) => {
            let pair = |(key, it): &(String, Natural)| {
                Code::tight("[", list(vec![Code::text(format!("{key:?}")), value(it)]), "]")
            };
            Code::around("new Map(", Code::tight("[", list(pairs.iter().map(pair).collect()), "]"), ")")
        }
        Natural::Record { name, fields } => {
            let fields = fields.iter().map(|(name, it)| (format!("{}: ", key(name)), value(it)));
            record(name, fields.collect())
        }
        Natural::Branch { name, value: it, .. } => Code::around(format!("new Branch({name:?}, "), value(it), ")"),
    }
}
