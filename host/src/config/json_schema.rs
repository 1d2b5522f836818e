//! The JSON Schema of pipeline.toml (draft-07), for editors. Keys and values that are not yet supported are left out.

use serde_json::{Map, Value, json};

use super::checks::NEVER;
use super::key::{Choice, Given, Key, Kind, Support};
use super::spec::ROOT;
use super::units::{duration_pattern, size_pattern, thousandths};

/// The schema as a JSON value; `millstream schema` prints it.
pub fn json_schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Millstream pipeline",
        "description": "pipeline.toml. Made by `millstream schema`; do not edit.",
    });
    merge(&mut schema, section(ROOT));
    schema
}

fn section(keys: &[Key]) -> Value {
    let supported = || keys.iter().filter(|key| key.support == Support::Now);
    let properties: Map<String, Value> = supported().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<_> = supported().filter(|key| key.is_required()).map(|key| key.name).collect();
    let mut section = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        merge(&mut section, json!({ "required": required }));
    }
    let sometimes: Vec<_> = supported().filter_map(required_sometimes).collect();
    if !sometimes.is_empty() {
        merge(&mut section, json!({ "allOf": sometimes }));
    }
    section
}

/// A key that is left out counts as one of the values, which its default is.
fn required_sometimes(key: &Key) -> Option<Value> {
    let Given::RequiredWith(other, values) = key.given else { return None };
    Some(json!({ "if": { "properties": { other: { "enum": values } } }, "then": { "required": [key.name] } }))
}

fn property(key: &Key) -> Value {
    let mut schema = json!({ "description": description(key) });
    merge(&mut schema, form(&key.kind));
    if let Some(default) = default(key) {
        merge(&mut schema, json!({ "default": default }));
    }
    schema
}

fn description(key: &Key) -> String {
    let mut text = key.doc.to_owned();
    match key.given {
        Given::Otherwise("") | Given::Required | Given::Default(_) => {}
        Given::Otherwise(otherwise) => text.push_str(&format!(" Default: {otherwise}.")),
        Given::RequiredWith(other, values) => {
            text.push_str(&format!(" Required with `{other}` {}, and only for these.", quoted(values)));
        }
    }
    if let Kind::OneOf(choices) | Kind::SomeOf(choices) = key.kind {
        for choice in supported(choices) {
            text.push_str(&format!("\n\n- `{}`: {}", choice.value, choice.doc));
        }
    }
    text
}

/// Values as code, with "and" between them.
pub(super) fn quoted(values: &[&str]) -> String {
    values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(" and ")
}

fn form(kind: &Kind) -> Value {
    match kind {
        Kind::Section(keys) => section(keys),
        Kind::Sections { keys, least, most } => {
            json!({ "type": "array", "minItems": least, "maxItems": most, "items": section(keys) })
        }
        Kind::Properties => {
            // Names without quotes are nested tables, so a table is a legal value as well.
            json!({ "type": "object", "additionalProperties": { "type": ["string", "integer", "boolean", "object"] } })
        }
        Kind::Values => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "object"] } })
        }
        Kind::Name => pattern("^[a-z0-9][a-z0-9._-]*$"),
        Kind::Topic => pattern(TOPIC),
        Kind::Topics => json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": pattern(TOPIC) }),
        Kind::TopicRules => {
            let form = json!({ "type": "string", "anyOf": [{ "pattern": TOPIC }, { "pattern": "^\\^" }, reference()] });
            json!({ "type": "array", "uniqueItems": true, "items": form })
        }
        Kind::Text | Kind::Path | Kind::Brokers | Kind::Address => json!({ "type": "string", "minLength": 1 }),
        Kind::OneOf(choices) => one_of(choices),
        Kind::SomeOf(choices) => json!({ "type": "array", "uniqueItems": true, "items": one_of(choices) }),
        Kind::Size { .. } => pattern(&size_pattern()),
        Kind::Time { .. } => pattern(&duration_pattern()),
        Kind::Count { most: u64::MAX } => json!({ "type": "integer", "minimum": 1 }),
        Kind::Count { most } => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::TimeOrNever { .. } => {
            json!({ "type": "string", "anyOf": [{ "pattern": duration_pattern() }, { "const": NEVER }, reference()] })
        }
        Kind::Ratio { least, most } => {
            json!({ "type": "number", "minimum": thousandths(*least), "maximum": thousandths(*most) })
        }
        Kind::Any => json!({}),
    }
}

const TOPIC: &str = "^[A-Za-z0-9._-]{1,249}$";

/// A text of a fixed form, or one with a reference whose value an editor cannot know.
fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "anyOf": [{ "pattern": pattern }, reference()] })
}

fn one_of(choices: &[Choice]) -> Value {
    let values: Vec<_> = supported(choices).map(|choice| choice.value).collect();
    json!({ "type": "string", "anyOf": [{ "enum": values }, reference()] })
}

fn reference() -> Value {
    json!({ "pattern": "\\$\\{(env|file):" })
}

fn supported(choices: &[Choice]) -> impl Iterator<Item = &Choice> {
    choices.iter().filter(|choice| choice.support == Support::Now)
}

fn default(key: &Key) -> Option<Value> {
    let Given::Default(text) = key.given else { return None };
    // Strings, numbers, booleans and lists of strings are written the same in TOML and JSON.
    serde_json::from_str(text).ok()
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}
