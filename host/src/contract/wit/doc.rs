//! Schema documentation as WIT doc comments. Schemas hold any text; WIT and the bindings made from it do not.

use crate::schema::{Kind, Schema, TypeId};

/// `text` as doc comment lines under `indent`, each with its line break; nothing where there is no text.
pub(super) fn comment(indent: &str, text: &str) -> String {
    let lines = text.trim().lines().flat_map(|line| line.split('\r')).map(|line| inline(line).trim_end().to_string());
    let lines: Vec<String> = lines.collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    let mut out = String::new();
    for line in lines.get(first..last).unwrap_or_default() {
        out.push_str(format!("{indent}/// {line}").trim_end());
        out.push('\n');
    }
    out
}

/// One line, free of what WIT refuses in a file and of what ends a comment in other languages. In Python it becomes a
/// string between three quotes, in which a backslash has a meaning; Markdown shows two backslashes as one.
pub(super) fn inline(text: &str) -> String {
    let clean: String = text.chars().map(|c| if refused(c) { ' ' } else { c }).collect();
    clean.replace("*/", "* /").replace('\\', r"\\").replace(r#"""""#, "'''")
}

/// Control characters, bidirectional overrides, and those that Unicode discourages.
fn refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        || matches!(
            c,
            '\u{149}' | '\u{673}' | '\u{f77}' | '\u{f79}' | '\u{17a3}' | '\u{17a4}' | '\u{17b4}' | '\u{17b5}'
        )
}

/// What WIT's type does not tell of the Avro type: its logical type, the length of a fixed.
pub(super) fn note(schema: &Schema, id: TypeId) -> Option<String> {
    let ty = schema.get(id);
    let logical = match (&ty.logical, ty.decimal) {
        (Some(name), Some(decimal)) => Some(format!("Avro {name}({}, {}).", decimal.precision, decimal.scale)),
        (Some(name), None) => Some(format!("Avro {name}.")),
        (None, _) => None,
    };
    match &ty.kind {
        Kind::Fixed(fixed) => {
            let bytes = format!("Always {} bytes.", fixed.size);
            Some(logical.map_or(bytes.clone(), |logical| format!("{logical} {bytes}")))
        }
        Kind::Array(item) => note(schema, *item).map(|note| format!("Items: {note}")),
        Kind::Map(value) => note(schema, *value).map(|note| format!("Values: {note}")),
        Kind::Union(branches) => {
            super::super::names::optional(schema, branches).and_then(|optional| note(schema, optional.inner))
        }
        _ => logical,
    }
}
