//! In Go.

use super::{Filling, Natural, Own, Plan, RESOURCE, has_functions, named};
use crate::scaffold::layout::{Code, Style};
use crate::scaffold::name::{pascal, snake};
use crate::scaffold::{File, Model};

const STYLE: Style = Style { indent: "\t", last: ",", spaced: 100 };

pub(super) fn files(model: &Model, plan: &Plan) -> Own {
    let folder = if has_functions(model) {
        format!("export_{}_{}_guest", snake(&model.namespace), snake(&model.package))
    } else {
        "export_wit_world".to_string()
    };
    let exports = if has_functions(model) {
        include_str!("../go/functions.go.tmpl").replace("@RESOURCE@", &pascal(RESOURCE))
    } else {
        include_str!("../go/transform.go.tmpl").to_string()
    };
    let item = include_str!("../go/item.go.tmpl").replace("@RESOURCE@", &pascal(RESOURCE));
    let module = format!("example.com/{}", model.name.kebab());
    let fill = |text: &str| named(model, text).replace("@PACKAGE@", &folder).replace("@MODULE@", &module);
    let folding = include_str!("../go/generic.go")
        .replace("package PACKAGE", &format!("package {folder}"))
        .replace("MODULE", &module);
    let change = include_str!("../go/change.go.tmpl").replace("@CHANGE@", &change(plan));
    let change = if change.contains("fmt.") {
        change.replace("@IMPORTS@", "\nimport \"fmt\"\n")
    } else {
        change.replace("@IMPORTS@", "")
    };
    let test = include_str!("../go/change_test.go.tmpl")
        .replace("@SAMPLE@", &value(&plan.sample).laid_out(STYLE, 1, 12))
        .replace("@EXPECTED@", &value(&plan.expected).laid_out(STYLE, 1, 15));
    let begin = format!("{folder}/change.go");
    let mut own = Own {
        files: vec![
            File::new(begin.clone(), fill(&change)),
            File::new(format!("{folder}/change_test.go"), fill(&test)),
            File::new(format!("{folder}/{}.go", model.name.kebab()), fill(&exports)),
            File::new(format!("{folder}/generic.go"), folding),
        ],
        about: vec![
            (begin.clone(), "what becomes of a record; its test is beside it"),
            (format!("{folder}/generic.go"), "folds generic records into values of Go's, and back"),
        ],
        begin,
    };
    if has_functions(model) {
        let path = format!("{folder}/{RESOURCE}.go");
        own.files.push(File::new(path.clone(), fill(&item)));
        own.about.push((path, "the guest's own values: they never leave it"));
    }
    own
}

fn change(plan: &Plan) -> String {
    match &plan.filling {
        Filling::Copy => "\treturn value, nil".to_string(),
        Filling::Value(made) => format!("\treturn {}, nil", value(made).laid_out(STYLE, 1, 12)),
        Filling::Record(name, fields) => {
            let field = |(name, made): &(String, Option<Natural>)| {
                let made = made.as_ref().map_or_else(|| Code::text(format!("input.Get({name:?})")), value);
                (String::new(), pair(name, made))
            };
            let made = record(name, fields.iter().map(field).collect()).laid_out(STYLE, 1, 12);
            let input = "\tinput, is := value.(*Record)\n\tif !is {\n\t\treturn nil, fmt.Errorf(\"expected a record, found %T\", \
                         value)\n\t}\n";
            format!("{}\treturn {made}, nil", if plan.uses_input() { input } else { "" })
        }
    }
}

fn pair(name: &str, value: Code) -> Code {
    Code::tight("{", vec![(String::new(), Code::text(format!("{name:?}"))), (String::new(), value)], "}")
}

fn record(name: &str, fields: Vec<(String, Code)>) -> Code {
    Code::around(format!("&Record{{{name:?}, "), Code::tight("[]Field{", fields, "}"), "}")
}

fn value(it: &Natural) -> Code {
    let list = |items: Vec<Code>| items.into_iter().map(|item| (String::new(), item)).collect::<Vec<_>>();
    let bytes = |ty: &str, bytes: &[u8]| {
        if bytes.len() > 8 && bytes.iter().all(|byte| *byte == 0) {
            return Code::text(format!("make({ty}, {})", bytes.len()));
        }
        Code::tight(format!("{ty}{{"), list(bytes.iter().map(|byte| Code::text(byte.to_string())).collect()), "}")
    };
    match it {
        Natural::Null => Code::text("nil"),
        Natural::Bool(it) => Code::text(it.to_string()),
        Natural::Int(it) => Code::text(format!("int32({it})")),
        Natural::Long(it) => Code::text(format!("int64({it})")),
        Natural::Float(it) => Code::text(format!("float32({it:?})")),
        Natural::Double(it) => Code::text(format!("{it:?}")),
        Natural::Bytes(it) => bytes("[]byte", it),
        Natural::Fixed(it) => bytes("Fixed", it),
        Natural::String(it) => Code::text(format!("{it:?}")),
        Natural::Enum { name, symbol } => Code::text(format!("Enum{{{name:?}, {symbol:?}}}")),
        Natural::Array(items) => Code::tight("[]any{", list(items.iter().map(value).collect()), "}"),
        Natural::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, it)| (format!("{key:?}: "), value(it)));
            Code::tight("map[string]any{", pairs.collect(), "}")
        }
        Natural::Record { name, fields } => {
            record(name, list(fields.iter().map(|(name, it)| pair(name, value(it))).collect()))
        }
        Natural::Branch { value: it, .. } => value(it),
    }
}
