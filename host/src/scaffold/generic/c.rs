//! In C.

use super::{Filling, Natural, Own, Plan, RESOURCE, has_functions, named};
use crate::scaffold::name::snake;
use crate::scaffold::{File, Model};

pub(super) fn files(model: &Model, plan: &Plan) -> Own {
    let guest = if has_functions(model) {
        let prefix = format!("exports_{}_{}_guest", snake(&model.namespace), snake(&model.package));
        include_str!("../c/functions.c.tmpl").replace("@PREFIX@", &prefix).replace("@RESOURCE@", RESOURCE)
    } else {
        include_str!("../c/transform.c.tmpl").to_string()
    };
    let begin = format!("{}.c", model.name.kebab());
    let guest = guest.replace("@COMMON@", include_str!("../c/change.c.tmpl").trim_end());
    Own {
        files: vec![
            File::new(begin.clone(), named(model, &guest).replace("@CHANGE@", &change(plan))),
            File::new("generic.h", include_str!("../c/generic.h")),
            File::new("generic.c", include_str!("../c/generic.c")),
        ],
        begin,
        about: vec![("generic.h`, `generic.c".into(), "read generic records from front to back, and write them")],
    }
}

fn change(plan: &Plan) -> String {
    let mut lines = Vec::new();
    match &plan.filling {
        Filling::Copy => lines.push("generic_move(out, in);".to_string()),
        Filling::Value(made) => put(made, &mut lines),
        Filling::Record(name, fields) => {
            lines.push(format!("generic_put_record(out, {name:?}, {});", fields.len()));
            for (field, made) in fields {
                lines.push(format!("// {field}"));
                match made {
                    Some(made) => put(made, &mut lines),
                    None => lines.push(format!("generic_field(in, 0, {field:?});\n    generic_move(out, in);")),
                }
            }
        }
    }
    if !plan.uses_input() {
        lines.insert(0, "(void)in;".into());
    }
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

/// The calls that put a value.
fn put(it: &Natural, lines: &mut Vec<String>) {
    let literal = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:03o}")).collect::<String>();
    let text = |text: &str| format!("generic_put_text(out, {text:?});");
    lines.push(match it {
        Natural::Null => "generic_put_null(out);".into(),
        Natural::Bool(it) => format!("generic_put_boolean(out, {it});"),
        Natural::Int(it) => format!("generic_put_int(out, {it});"),
        Natural::Long(it) => format!("generic_put_long(out, {it});"),
        Natural::Float(it) => format!("generic_put_float(out, {it:?}F);"),
        Natural::Double(it) => format!("generic_put_double(out, {it:?});"),
        Natural::Bytes(it) => format!("generic_put_bytes(out, generic_copy(\"{}\", {}));", literal(it), it.len()),
        Natural::Fixed(it) if it.iter().all(|byte| *byte == 0) => format!("generic_put_zeros(out, {});", it.len()),
        Natural::Fixed(it) => format!("generic_put_fixed(out, generic_copy(\"{}\", {}));", literal(it), it.len()),
        Natural::String(it) => text(it),
        Natural::Enum { name, symbol } => format!("generic_put_symbol(out, {name:?}, generic_text({symbol:?}));"),
        Natural::Array(items) => {
            lines.push(format!("generic_put_array(out, {});", items.len()));
            return items.iter().for_each(|item| put(item, lines));
        }
        Natural::Map(pairs) => {
            lines.push(format!("generic_put_map(out, {});", pairs.len()));
            for (key, it) in pairs {
                lines.push(text(key));
                put(it, lines);
            }
            return;
        }
        Natural::Record { name, fields } => {
            lines.push(format!("generic_put_record(out, {name:?}, {});", fields.len()));
            return fields.iter().for_each(|(_, it)| put(it, lines));
        }
        Natural::Branch { value: it, .. } => return put(it, lines),
    });
}
