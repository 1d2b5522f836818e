//! What came out, as TOML that a case can expect.

use serde_json::Value;

use super::bytes::{hex, text};
use super::judge::Output;
use crate::pipeline::plain::Readable;

/// Longest array that stays on one line, in characters.
const LINE: usize = 100;

/// The values of outputs, as `expect` has them.
pub(super) fn outputs(mut texts: Vec<String>) -> String {
    // An array by itself would be several outputs.
    let alone = texts.len() == 1 && !texts.iter().any(|text| text.starts_with('['));
    match texts.pop() {
        Some(text) if alone => text,
        last => {
            texts.extend(last);
            list(&texts)
        }
    }
}

/// An array of items, over several lines where it is long.
pub(super) fn list(items: &[String]) -> String {
    let line = format!("[{}]", items.join(", "));
    if items.len() < 2 || line.chars().count() <= LINE {
        return line;
    }
    format!("[\n{}]", items.iter().map(|item| format!("    {item},\n")).collect::<String>())
}

/// One output's value. With a partial match, only what is expected of it. `json`: values have a schema.
pub(super) fn value(output: &Output, expected: Option<&Value>, json: bool) -> Result<String, String> {
    match &output.value {
        None if json => Ok(string("null")),
        None => Ok("{ null = true }".to_owned()),
        Some(Ok(Readable::Json(found))) if let Some(expected) = expected => Ok(of_schema(&pruned(expected, found))),
        Some(Ok(Readable::Json(json))) => Ok(of_schema(json)),
        Some(Ok(Readable::Bytes(bytes))) => Ok(bytes_of(bytes)),
        Some(Err(why)) => Err(why.clone()),
    }
}

/// A key without a schema, or its JSON.
pub(super) fn key(key: Option<&Readable>) -> String {
    match key {
        None => "{ null = true }".to_owned(),
        Some(Readable::Bytes(bytes)) => bytes_of(bytes),
        Some(Readable::Json(json)) => inline(json).unwrap_or_else(|| string(&json.to_string())),
    }
}

/// Headers as a table; names that come several times have arrays.
pub(super) fn headers(headers: &[(Vec<u8>, Option<Vec<u8>>)]) -> String {
    let mut fields: Vec<String> = Vec::new();
    for (at, (name, _)) in headers.iter().enumerate() {
        if headers.iter().position(|(other, _)| other == name) != Some(at) {
            continue;
        }
        let of = headers.iter().filter(|(other, _)| other == name);
        let values: Vec<String> =
            of.map(|(_, value)| value.as_deref().map_or("{ null = true }".to_owned(), bytes_of)).collect();
        let value = if let [one] = values.as_slice() { one.clone() } else { format!("[{}]", values.join(", ")) };
        fields.push(format!("{} = {value}", name_of(&String::from_utf8_lossy(name))));
    }
    table(&fields)
}

/// The fields of what was found that were expected.
fn pruned(expected: &Value, found: &Value) -> Value {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let there =
                expected.iter().filter_map(|(name, value)| Some((name.clone(), pruned(value, found.get(name)?))));
            Value::Object(there.collect())
        }
        (Value::Array(expected), Value::Array(found)) => {
            let each = found.iter().enumerate();
            Value::Array(each.map(|(at, found)| pruned(expected.get(at).unwrap_or(found), found)).collect())
        }
        (_, found) => found.clone(),
    }
}

/// A value of a schema: a table where TOML can say it, else JSON in a string.
fn of_schema(json: &Value) -> String {
    match json {
        // A string or an array by itself has another meaning.
        Value::String(_) | Value::Array(_) | Value::Null => string(&json.to_string()),
        json => inline(json).unwrap_or_else(|| string(&json.to_string())),
    }
}

/// As TOML on one line; `None` where there is no way: null in an array, numbers beyond 64 bits.
fn inline(json: &Value) -> Option<String> {
    Some(match json {
        Value::Null => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) if number.is_u64() && !number.is_i64() => return None,
        Value::Number(number) => number.to_string(),
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Option<Vec<_>>>()?.join(", ")),
        Value::Object(fields) => {
            let there = fields.iter().filter(|(_, value)| !value.is_null());
            let fields = there.map(|(name, value)| Some(format!("{} = {}", name_of(name), inline(value)?)));
            table(&fields.collect::<Option<Vec<_>>>()?)
        }
    })
}

fn table(fields: &[String]) -> String {
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

fn bytes_of(bytes: &[u8]) -> String {
    text(bytes).map_or_else(|| format!("{{ hex = \"{}\" }}", hex(bytes)), string)
}

/// A string of one line; in single quotes where that spares backslashes.
pub(super) fn string(text: &str) -> String {
    let literal = text.contains(['"', '\\']) && !text.contains('\'') && !text.contains(char::is_control);
    if literal {
        return format!("'{text}'");
    }
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn name_of(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { string(name) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_a_table_where_toml_can_say_it() {
        let value = json!({ "id": "a\"b", "n": null, "x.y": [1, 2.5, 1e300], "deep": { "ok": true }, "none": {} });
        let text = r#"{ id = 'a"b', "x.y" = [1, 2.5, 1e+300], deep = { ok = true }, none = {} }"#;
        assert_eq!(of_schema(&value), text);
        let read: toml::Table = toml::from_str(&format!("x = {text}")).unwrap();
        assert_eq!(read["x"]["x.y"][2].as_float(), Some(1e300));
        assert_eq!(of_schema(&json!({ "a": [null] })), r#"'{"a":[null]}'"#);
        assert_eq!((of_schema(&json!("a")), of_schema(&json!([1]))), (r#"'"a"'"#.into(), "\"[1]\"".into()));
        assert_eq!(of_schema(&json!(7)), "7");
    }

    #[test]
    fn any_string_can_be_read_back() {
        for text in ["", "it's \"so\"", "a\u{0}\u{1f}\u{7f}\u{85}\n\t\r\\", "é ☃ 'x'", "'''"] {
            let read: toml::Table = toml::from_str(&format!("x = {}\n{} = 1", string(text), name_of(text))).unwrap();
            assert_eq!(read["x"].as_str(), Some(text));
            assert_eq!(read.get(text).and_then(toml::Value::as_integer).or(Some(1)), Some(1));
        }
    }

    #[test]
    fn long_lists_have_a_line_for_each_item() {
        let items = vec!["a".repeat(80), "b".repeat(80)];
        assert_eq!(list(&items), format!("[\n    {},\n    {},\n]", items[0], items[1]));
        assert_eq!(list(&["a".into(), "b".into()]), "[a, b]");
        assert_eq!(list(&[]), "[]");
    }
}
