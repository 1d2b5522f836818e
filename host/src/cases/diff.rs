//! What differs between two JSON values, field by field.

use std::fmt;

use serde_json::{Map, Value};

use super::bytes::SHOWN;
use crate::config::Match;
use crate::telemetry::printable::printable;

/// One place where the values differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The way there, such as `address.lines[2]`; empty for the value itself.
    pub path: String,
    /// What should be there; `None`: nothing.
    pub expected: Option<Value>,
    /// What is there; `None`: nothing.
    pub found: Option<Value>,
}

/// All differences, in the order of the expected value, then what is there and was not expected.
///
/// A field that one side does not have is null there: TOML cannot write null. Numbers are compared by their value. With
/// [`Match::Partial`], fields that are not expected are passed over.
pub fn differences(expected: &Value, found: &Value, matching: Match) -> Vec<Difference> {
    let mut walk = Walk { matching, path: String::new(), differences: Vec::new() };
    walk.value(Some(expected), Some(found));
    walk.differences
}

struct Walk {
    matching: Match,
    path: String,
    differences: Vec<Difference>,
}

impl Walk {
    fn value(&mut self, expected: Option<&Value>, found: Option<&Value>) {
        match (expected, found) {
            (Some(Value::Object(expected)), Some(Value::Object(found))) => self.fields(expected, found),
            (Some(Value::Array(expected)), Some(Value::Array(found))) => {
                for at in 0..expected.len().max(found.len()) {
                    self.under(&format!("[{at}]"), |walk| walk.value(expected.get(at), found.get(at)));
                }
            }
            (Some(expected), Some(found)) if same(expected, found) => {}
            (expected, found) => self.differences.push(Difference {
                path: self.path.clone(),
                expected: expected.cloned(),
                found: found.cloned(),
            }),
        }
    }

    fn fields(&mut self, expected: &Map<String, Value>, found: &Map<String, Value>) {
        for (name, value) in expected {
            let there = found.get(name);
            if !(value.is_null() && there.is_none()) {
                self.field(name, Some(value), there);
            }
        }
        let unexpected = found.iter().filter(|(name, value)| !value.is_null() && !expected.contains_key(*name));
        if self.matching == Match::Exact {
            for (name, value) in unexpected {
                self.field(name, None, Some(value));
            }
        }
    }

    fn field(&mut self, name: &str, expected: Option<&Value>, found: Option<&Value>) {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let name = if plain { name.to_owned() } else { format!("{name:?}") };
        let step = if self.path.is_empty() { name } else { format!(".{name}") };
        self.under(&step, |walk| walk.value(expected, found));
    }

    fn under(&mut self, step: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        visit(self);
        self.path.truncate(length);
    }
}

fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (a, b) => a == b,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => printable(value.to_string(), SHOWN),
            None => "nothing".to_owned(),
        };
        let path = if self.path.is_empty() { "the value" } else { &self.path };
        write!(f, "{path}: expected {}, found {}", shown(&self.expected), shown(&self.found))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, found: &Value, matching: Match) -> Vec<String> {
        differences(expected, found, matching).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn differences_have_their_paths() {
        let expected = json!({ "id": "a", "at": { "lines": [1, 2, 3], "odd name": true }, "gone": 1 });
        let found = json!({ "id": "b", "at": { "lines": [1, 5], "odd name": 0 }, "new": "x" });
        let lines = [
            "id: expected \"a\", found \"b\"",
            "at.lines[1]: expected 2, found 5",
            "at.lines[2]: expected 3, found nothing",
            "at.\"odd name\": expected true, found 0",
            "gone: expected 1, found nothing",
            "new: expected nothing, found \"x\"",
        ];
        assert_eq!(told(&expected, &found, Match::Exact), lines);
        assert_eq!(told(&expected, &found, Match::Partial), lines[..5]);
        assert_eq!(told(&json!(1), &json!("1"), Match::Exact), ["the value: expected 1, found \"1\""]);
    }

    #[test]
    fn null_and_left_out_are_the_same() {
        assert_eq!(told(&json!({}), &json!({ "note": null }), Match::Exact), [""; 0]);
        assert_eq!(told(&json!({ "note": null }), &json!({}), Match::Exact), [""; 0]);
        assert_eq!(
            told(&json!({ "note": null }), &json!({ "note": "x" }), Match::Exact),
            ["note: expected null, found \"x\""]
        );
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert_eq!(told(&json!([1, 0.1, 1e3]), &json!([1.0, 0.1, 1000]), Match::Exact), [""; 0]);
        // Beyond 2^53 a comparison of doubles would miss it.
        let (a, b) = (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64));
        assert_eq!(differences(&a, &b, Match::Exact).len(), 1);
    }

    #[test]
    fn arrays_are_never_partial() {
        assert_eq!(told(&json!([1]), &json!([1, 2]), Match::Partial), ["[1]: expected nothing, found 2"]);
    }

    #[test]
    fn long_values_are_cut() {
        let line = &told(&json!("a"), &json!("b".repeat(5000)), Match::Exact)[0];
        assert!(line.len() < 400, "{line}");
    }
}
