//! Keys, headers and values without a schema: text, or a table that says what bytes are meant.

use serde_json::Value;

use crate::telemetry::printable::printable;

/// Longest value that is shown, in bytes.
pub(super) const SHOWN: usize = 300;

/// What a value says: bytes, or that there are none.
pub(super) type Said = Option<Vec<u8>>;

const FORMS: &str =
    "write a text, { hex = \"00ff\" }, { int = 1 }, { long = 1 } or { null = true }; int has four bytes and long eight";

/// Reads one of the forms. The error says what is wrong and what there is.
pub(super) fn said(value: &Value) -> Result<Said, String> {
    match value {
        Value::String(text) => Ok(Some(text.clone().into_bytes())),
        value => tagged(value)?.ok_or_else(|| format!("this is {}; {FORMS}", kind(value))),
    }
}

/// Reads a table that says what bytes are meant; `None` for any other value.
pub(super) fn tagged(value: &Value) -> Result<Option<Said>, String> {
    let Value::Object(table) = value else { return Ok(None) };
    let mut fields = table.iter();
    let (Some((name, value)), None) = (fields.next(), fields.next()) else { return Ok(None) };
    let said = match (name.as_str(), value) {
        ("hex", Value::String(digits)) => Some(unhex(digits)?),
        ("null", Value::Bool(true)) => None,
        ("int", Value::Number(number)) => {
            let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
            Some(
                number.ok_or("the number of `int` has more than 32 bits; write { long = ... }")?.to_be_bytes().to_vec(),
            )
        }
        ("long", Value::Number(number)) => {
            Some(number.as_i64().ok_or("the number of `long` is no whole number")?.to_be_bytes().to_vec())
        }
        _ => return Ok(None),
    };
    Ok(Some(said))
}

/// Headers: their names, each with one value or several, in the order of the value.
pub(super) fn headers(value: &Value) -> Result<Vec<(Vec<u8>, Said)>, String> {
    let Value::Object(table) = value else {
        return Err(format!("headers are a table of names and values, not {}", kind(value)));
    };
    let mut headers = Vec::with_capacity(table.len());
    for (name, value) in table {
        let several = match value {
            Value::Array(several) => several.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in several {
            let said = said(value).map_err(|why| format!("header {name}: {why}"))?;
            headers.push((name.clone().into_bytes(), said));
        }
    }
    Ok(headers)
}

/// Bytes of hexadecimal digits, which may have spaces between them.
pub(super) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("{text:?} is not an even number of hexadecimal digits");
    let digits: Option<Vec<u8>> =
        text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2)).ok_or_else(wrong)?;
    Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Bytes for people: a quoted text where they are one, else their digits.
pub(super) fn shown(bytes: &[u8]) -> String {
    match text(bytes) {
        Some(text) => format!("\"{}\"", printable(text, SHOWN)),
        None => format!("the bytes {}", printable(hex(bytes), SHOWN)),
    }
}

/// Bytes as a text that people can read; numbers in binary form are none.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains(odd))
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value's kind with its article, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_have_several_forms() {
        assert_eq!(said(&json!("é")), Ok(Some("é".as_bytes().to_vec())));
        assert_eq!(said(&json!({ "hex": "00 fF" })), Ok(Some(vec![0, 255])));
        assert_eq!(said(&json!({ "int": -1 })), Ok(Some(vec![255; 4])));
        assert_eq!(said(&json!({ "long": 1 })), Ok(Some(vec![0, 0, 0, 0, 0, 0, 0, 1])));
        assert_eq!(said(&json!({ "null": true })), Ok(None));
    }

    #[test]
    fn what_is_no_form_is_told_the_forms() {
        assert_eq!(said(&json!({ "hex": "0" })).unwrap_err(), "\"0\" is not an even number of hexadecimal digits");
        assert!(said(&json!({ "int": 1_i64 << 40 })).unwrap_err().starts_with("the number of `int` has more than 32"));
        for value in [json!(7), json!({ "hex": "00", "int": 1 }), json!([1]), json!({})] {
            assert!(said(&value).unwrap_err().ends_with(FORMS), "{value}");
        }
    }

    #[test]
    fn a_header_may_come_several_times() {
        let table = json!({ "b": ["x", { "null": true }], "a": "y" });
        let expected =
            vec![(b"b".to_vec(), Some(b"x".to_vec())), (b"b".to_vec(), None), (b"a".to_vec(), Some(b"y".to_vec()))];
        assert_eq!(headers(&table), Ok(expected));
        assert_eq!(headers(&json!("x")).unwrap_err(), "headers are a table of names and values, not a string");
        assert!(headers(&json!({ "a": 1 })).unwrap_err().starts_with("header a: this is a number; "));
    }
}
