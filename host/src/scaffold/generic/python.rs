//! In Python.

use super::{Filling, Natural, Own, Plan, RESOURCE, has_functions, named};
use crate::scaffold::layout::{Code, Style};
use crate::scaffold::name::pascal;
use crate::scaffold::{File, Model};

const STYLE: Style = Style { indent: "    ", last: ",", spaced: 100 };

pub(super) fn files(model: &Model, plan: &Plan) -> Own {
    let app = if has_functions(model) {
        include_str!("../python/functions.py.tmpl").replace("@RESOURCE@", &pascal(RESOURCE))
    } else {
        include_str!("../python/transform.py.tmpl").to_string()
    };
    let change = include_str!("../python/change.py.tmpl").replace("@CHANGE@", &change(plan));
    let test = include_str!("../python/test_change.py.tmpl")
        .replace("@SAMPLE@", &value(&plan.sample).laid_out(STYLE, 2, 8))
        .replace("@EXPECTED@", &value(&plan.expected).laid_out(STYLE, 2, 11));
    let (change, test) = (imported(&change), imported(&test));
    Own {
        files: vec![
            File::new("app.py", named(model, &app)),
            File::new("change.py", change),
            File::new("generic.py", include_str!("../python/generic.py")),
            File::new("test_app.py", test),
        ],
        begin: "change.py".into(),
        about: vec![
            ("change.py".into(), "what becomes of a record"),
            ("generic.py".into(), "folds generic records into values of Python's, and back"),
        ],
    }
}

/// With what the code uses of the folding file.
fn imported(code: &str) -> String {
    let used: Vec<&str> = ["Branch", "Record"].into_iter().filter(|name| code.contains(&format!("{name}("))).collect();
    match used.as_slice() {
        [] => code.replace("@IMPORT@", ""),
        used => code.replace("@IMPORT@", &format!("from generic import {}  # noqa: E402\n", used.join(", "))),
    }
}

fn change(plan: &Plan) -> String {
    match &plan.filling {
        Filling::Copy => "value".to_string(),
        Filling::Value(made) => value(made).laid_out(STYLE, 1, 7),
        Filling::Record(name, fields) => {
            let field = |(name, made): &(String, Option<Natural>)| {
                (format!("{name:?}: "), made.as_ref().map_or_else(|| Code::text(format!("value[{name:?}]")), value))
            };
            record(name, fields.iter().map(field).collect()).laid_out(STYLE, 1, 7)
        }
    }
}

fn record(name: &str, fields: Vec<(String, Code)>) -> Code {
    Code::around(format!("Record({name:?}, "), Code::tight("{", fields, "}"), ")")
}

fn value(it: &Natural) -> Code {
    let bytes = |bytes: &[u8]| match bytes.iter().all(|byte| *byte == 0) {
        true if bytes.is_empty() => Code::text("b\"\""),
        true => Code::text(format!("bytes({})", bytes.len())),
        false => Code::text(format!("bytes({bytes:?})")),
    };
    match it {
        Natural::Null => Code::text("None"),
        Natural::Bool(it) => Code::text(if *it { "True" } else { "False" }),
        Natural::Int(it) => Code::text(it.to_string()),
        Natural::Long(it) => Code::text(it.to_string()),
        Natural::Float(it) => Code::text(format!("{it:?}")),
        Natural::Double(it) => Code::text(format!("{it:?}")),
        Natural::Bytes(it) | Natural::Fixed(it) => bytes(it),
        Natural::String(it) | Natural::Enum { symbol: it, .. } => Code::text(format!("{it:?}")),
        Natural::Array(items) => Code::tight("[", items.iter().map(|item| (String::new(), value(item))).collect(), "]"),
        Natural::Map(pairs) => Code::tight("{", entries(pairs), "}"),
        Natural::Record { name, fields } => record(name, entries(fields)),
        Natural::Branch { name, value: it, close: true } => Code::around(format!("Branch({name:?}, "), value(it), ")"),
        Natural::Branch { value: it, .. } => value(it),
    }
}

fn entries(of: &[(String, Natural)]) -> Vec<(String, Code)> {
    of.iter().map(|(key, it)| (format!("{key:?}: "), value(it))).collect()
}
