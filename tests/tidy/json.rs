//! As much of JSON as it takes to read the names of a JSON schema's properties.

use std::iter::Peekable;
use std::str::Chars;

/// A JSON value whose plain values do not matter.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// Names and values in order.
    Object(Vec<(String, Json)>),
    /// Values in order.
    Array(Vec<Json>),
    /// A string, a number or a word.
    Plain,
}

/// Reads a text; `None` where it is not JSON.
pub fn parse(text: &str) -> Option<Json> {
    let mut chars = text.chars().peekable();
    let value = value(&mut chars)?;
    blanks(&mut chars);
    chars.next().is_none().then_some(value)
}

/// All names that stand under `properties`, at any depth.
pub fn properties(json: &Json) -> Vec<&str> {
    match json {
        Json::Plain => Vec::new(),
        Json::Array(items) => items.iter().flat_map(properties).collect(),
        Json::Object(members) => {
            let mut names = Vec::new();
            for (name, value) in members {
                if let ("properties", Json::Object(own)) = (name.as_str(), value) {
                    names.extend(own.iter().map(|(name, _)| name.as_str()));
                }
                names.extend(properties(value));
            }
            names
        }
    }
}

fn blanks(chars: &mut Peekable<Chars>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

fn value(chars: &mut Peekable<Chars>) -> Option<Json> {
    blanks(chars);
    match chars.peek()? {
        '{' => {
            let mut members = Vec::new();
            items(chars, '}', |chars| {
                blanks(chars);
                let name = string(chars)?;
                blanks(chars);
                chars.next_if_eq(&':')?;
                members.push((name, value(chars)?));
                Some(())
            })?;
            Some(Json::Object(members))
        }
        '[' => {
            let mut values = Vec::new();
            items(chars, ']', |chars| {
                values.push(value(chars)?);
                Some(())
            })?;
            Some(Json::Array(values))
        }
        '"' => string(chars).map(|_| Json::Plain),
        _ => {
            let mut length = 0;
            while chars.next_if(|c| c.is_alphanumeric() || "+-.".contains(*c)).is_some() {
                length += 1;
            }
            (length > 0).then_some(Json::Plain)
        }
    }
}

fn items<'a>(
    chars: &mut Peekable<Chars<'a>>,
    close: char,
    mut item: impl FnMut(&mut Peekable<Chars<'a>>) -> Option<()>,
) -> Option<()> {
    chars.next();
    blanks(chars);
    if chars.next_if_eq(&close).is_some() {
        return Some(());
    }
    loop {
        item(chars)?;
        blanks(chars);
        match chars.next()? {
            ',' => {}
            c if c == close => return Some(()),
            _ => return None,
        }
    }
}

fn string(chars: &mut Peekable<Chars>) -> Option<String> {
    chars.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

#[test]
fn names_of_properties_are_found_at_any_depth() {
    let schema = r#"{ "type": "object", "properties": { "a": { "enum": [1, -2.5e3, "x\"y"] },
        "b-c": { "properties": { "d": true, "properties": {} } } }, "anyOf": [ { "properties": { "e": null } } ] }"#;
    let json = parse(schema).unwrap();
    assert_eq!(properties(&json), ["a", "b-c", "d", "properties", "e"]);
    for broken in ["", "{", "{\"a\"}", "[1 2]", "{} {}", "\"a"] {
        assert_eq!(parse(broken), None, "{broken}");
    }
}
