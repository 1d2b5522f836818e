//! In Rust.

use super::{Filling, Natural, Own, Plan, RESOURCE, has_functions, named};
use crate::scaffold::layout::{Code, Style};
use crate::scaffold::name::{pascal, snake};
use crate::scaffold::{File, Model};

const STYLE: Style = Style { indent: "    ", last: ",", spaced: 60 };

pub(super) fn files(model: &Model, plan: &Plan) -> Own {
    let exports = if has_functions(model) {
        include_str!("../rust/functions.rs.tmpl")
            .replace("@PATH@", &format!("{}::{}", ident(&model.namespace), ident(&model.package)))
            .replace("@RESOURCE@", &pascal(RESOURCE))
    } else {
        include_str!("../rust/transform.rs.tmpl").to_string()
    };
    let (argument, change) = change(plan);
    let text = include_str!("../rust/generic_lib.rs.tmpl")
        .replace("@EXPORTS@", exports.trim_end())
        .replace("@ARGUMENT@", argument)
        .replace("@CHANGE@", &change)
        .replace("@SAMPLE@", &value(&plan.sample).laid_out(STYLE, 2, 18))
        .replace("@EXPECTED@", &value(&plan.expected).laid_out(STYLE, 2, 20));
    let text = if text.contains("Record::new(") || text.contains(": Record ") {
        text.replace("@USES@", "use generic::{Record, Value};")
    } else {
        text.replace("@USES@", "use generic::Value;")
    };
    Own {
        files: vec![
            File::new("src/lib.rs", named(model, &text)),
            File::new("src/generic.rs", include_str!("../rust/generic.rs.tmpl")),
        ],
        begin: "src/lib.rs".into(),
        about: vec![("src/generic.rs".into(), "folds generic records into values of Rust's, and back")],
    }
}

/// The argument's name and the body.
fn change(plan: &Plan) -> (&'static str, String) {
    let argument = if plan.uses_input() { "value" } else { "_value" };
    let body = match &plan.filling {
        Filling::Copy => "Ok(value)".to_string(),
        Filling::Value(made) => Code::around("Ok(", value(made), ")").laid_out(STYLE, 1, 0),
        Filling::Record(name, fields) => {
            let field = |(name, made): &(String, Option<Natural>)| {
                let made = made.as_ref().map_or_else(|| Code::text(format!("input.take({name:?})?")), value);
                (String::new(), pair(name, made))
            };
            let record = record(name, fields.iter().map(field).collect());
            let input = if plan.uses_input() { "let mut input: Record = value.try_into()?;\n    " } else { "" };
            format!("{input}{}", Code::around("Ok(", record, ")").laid_out(STYLE, 1, 0))
        }
    };
    (argument, body)
}

fn pair(name: &str, value: Code) -> Code {
    Code::tight("(", vec![(String::new(), Code::text(format!("{name:?}"))), (String::new(), value)], ")")
}

fn record(name: &str, fields: Vec<(String, Code)>) -> Code {
    Code::around(format!("Record::new({name:?}, "), Code::tight("[", fields, "]"), ").into()")
}

fn value(it: &Natural) -> Code {
    let list = |items: Vec<Code>| items.into_iter().map(|item| (String::new(), item)).collect::<Vec<_>>();
    let bytes = |bytes: &[u8]| {
        if bytes.len() > 8 && bytes.iter().all(|byte| *byte == 0) {
            return format!("vec![0; {}]", bytes.len());
        }
        format!("vec!{bytes:?}")
    };
    match it {
        Natural::Null => Code::text("Value::Null"),
        Natural::Bool(it) => Code::text(format!("Value::Boolean({it})")),
        Natural::Int(it) => Code::text(format!("Value::Int({it})")),
        Natural::Long(it) => Code::text(format!("Value::Long({it})")),
        Natural::Float(it) => Code::text(format!("Value::Float({it:?})")),
        Natural::Double(it) => Code::text(format!("Value::Double({it:?})")),
        Natural::Bytes(it) => Code::text(format!("Value::Bytes({})", bytes(it))),
        Natural::Fixed(it) => Code::text(format!("Value::Fixed({})", bytes(it))),
        Natural::String(it) => Code::text(format!("Value::String({it:?}.into())")),
        Natural::Enum { name, symbol } => Code::text(format!("Value::symbol({name:?}, {symbol:?})")),
        Natural::Array(items) => {
            Code::around("Value::Array(", Code::tight("vec![", list(items.iter().map(value).collect()), "]"), ")")
        }
        Natural::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, it)| {
                let key = (String::new(), Code::text(format!("{key:?}.into()")));
                Code::tight("(", vec![key, (String::new(), value(it))], ")")
            });
            Code::around("Value::Map([", Code::tight("", list(pairs.collect()), ""), "].into())")
        }
        Natural::Record { name, fields } => {
            record(name, list(fields.iter().map(|(name, it)| pair(name, value(it))).collect()))
        }
        Natural::Branch { value: it, .. } => value(it),
    }
}

/// A module's name, as wit-bindgen writes it.
fn ident(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
        "else", "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match",
        "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
        "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) { name + "_" } else { name }
}
