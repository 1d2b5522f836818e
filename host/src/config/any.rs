//! Values of any form, as JSON: the records of test cases.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use super::key::Key;
use super::reader::{Reader, Value};
use super::settings::Setting;

impl Reader<'_> {
    /// Takes a value as it stands; only what JSON has no form for is refused.
    pub(super) fn any(&mut self, key: &Key, path: &str, value: Value<'_, '_>) {
        match json(value.get_ref()) {
            Ok(json) => self.set(path, Setting::Any(json)),
            Err(found) => {
                let message = format!("{} has {found}: no record can hold that", self.label(path));
                let help = format!("write it between quotes, or as the number that the schema has for `{}`", key.name);
                self.problem(Some(value.span()), message, Some(help));
            }
        }
    }
}

/// The value as JSON, or what it holds that JSON cannot. What JSON numbers cannot say is a string there.
fn json(value: &DeValue<'_>) -> Result<Json, String> {
    Ok(match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Json::Number(whole.into()),
            Err(_) => return Err(format!("the number {number}, which is beyond 64 bits")),
        },
        DeValue::Float(number) => {
            let parsed: f64 = number.as_str().parse().map_err(|_| format!("the number {}", number.as_str()))?;
            match Number::from_f64(parsed) {
                Some(number) => Json::Number(number),
                None if parsed.is_nan() => Json::String("NaN".to_owned()),
                None => Json::String(if parsed > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()),
            }
        }
        DeValue::Datetime(date) => return Err(format!("the date {date}")),
        DeValue::Array(items) => {
            let items: Result<Vec<Json>, String> = items.iter().map(|item| json(item.get_ref())).collect();
            Json::Array(items?)
        }
        DeValue::Table(table) => {
            let fields = table.iter().map(|(name, value)| Ok((name.get_ref().to_string(), json(value.get_ref())?)));
            Json::Object(fields.collect::<Result<Map<String, Json>, String>>()?)
        }
    })
}
