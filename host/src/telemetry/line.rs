//! One log event as one line of text or of JSON.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

use super::printable::{TEXT_MAX, printable};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Keys that every JSON line has; a field of the same name gets an underscore behind it.
const OWN_KEYS: [&str; 4] = ["time", "level", "message", "target"];

/// The message and the fields of an event or a span, already safe to print.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// The field named `message`.
    pub message: String,
    /// All other fields in the order of their first appearance.
    pub named: Vec<(&'static str, Value)>,
}

/// A log line before it has a form.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it happened.
    pub time: SystemTime,
    /// How bad it is.
    pub level: Level,
    /// The module that says it.
    pub target: &'static str,
    /// What it says.
    pub fields: Fields,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("message", other) => self.message = other.to_string(),
            (name, value) => self.set(name, value),
        }
    }

    /// Sets a field, in its old place if it is there already.
    pub fn set(&mut self, name: &'static str, value: Value) {
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.named.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").safe());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.safe());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.put(field, text.safe());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity and no NaN.
        self.put(field, if value.is_finite() { Value::from(value) } else { value.to_string().safe() });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}

/// Text as a value without anything that could disturb a terminal or forge a line.
trait Safe {
    fn safe(&self) -> Value;
}

impl Safe for str {
    fn safe(&self) -> Value {
        Value::String(printable(self, TEXT_MAX))
    }
}

impl Line {
    /// The line with its line break.
    pub fn render(&self, format: LogFormat, colours: bool) -> String {
        let mut line = match format {
            LogFormat::Text => self.text(colours),
            LogFormat::Json => self.json(),
        };
        line.push('\n');
        line
    }

    fn json(&self) -> String {
        let mut map = Map::new();
        map.insert("time".into(), Value::String(timestamp(self.time)));
        map.insert("level".into(), Value::String(self.level.as_str().to_ascii_lowercase()));
        map.insert("message".into(), Value::String(self.fields.message.clone()));
        map.insert("target".into(), Value::from(self.target));
        for (name, value) in &self.fields.named {
            let underscore = if OWN_KEYS.contains(name) { "_" } else { "" };
            map.insert(format!("{name}{underscore}"), value.clone());
        }
        Value::Object(map).to_string()
    }

    fn text(&self, colours: bool) -> String {
        let (dim, plain) = if colours { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let colour = match self.level {
            _ if !colours => "",
            Level::ERROR => "\x1b[31m",
            Level::WARN => "\x1b[33m",
            Level::INFO => "\x1b[32m",
            _ => "\x1b[34m",
        };
        let mut out = format!("{dim}{}{plain} {colour}{:<5}{plain} ", timestamp(self.time), self.level.as_str());
        out.push_str(&self.fields.message);
        for (name, value) in &self.fields.named {
            let _ = write!(out, " {dim}{name}={plain}");
            match value {
                Value::String(text) if bare(text) => out.push_str(text),
                other => out.push_str(&other.to_string()),
            }
        }
        out
    }
}

/// True for a value that needs no quotes to be told from what stands around it.
fn bare(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || matches!(c, '"' | '=' | '\\'))
}

/// RFC 3339 in UTC with milliseconds. A clock before 1970 reads as 1970.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (year, month, day) = civil(since.as_secs() / 86_400);
    let (hour, minute, second) = (since.as_secs() / 3600 % 24, since.as_secs() / 60 % 60, since.as_secs() % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // Count years from March, so that the leap day is the last of its year; 719,468 days lie between 0000-03-01 and 1970.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let mut fields = Fields { message: "partition assigned".into(), named: Vec::new() };
        fields.set("topic", Value::from("payments"));
        fields.set("partition", Value::from(3));
        fields.set("reason", Value::from("two words"));
        let time = UNIX_EPOCH + Duration::from_millis(1_772_323_199_007);
        Line { time, level: Level::INFO, target: "millstream::source", fields }
    }

    #[test]
    fn text_is_time_level_message_fields() {
        assert_eq!(
            line().render(LogFormat::Text, false),
            "2026-02-28T23:59:59.007Z INFO  partition assigned topic=payments partition=3 reason=\"two words\"\n"
        );
    }

    #[test]
    fn colours_only_when_asked_for() {
        let coloured = line().render(LogFormat::Text, true);
        assert!(coloured.contains("\x1b[32mINFO \x1b[0m"), "{coloured:?}");
        assert!(!line().render(LogFormat::Text, false).contains('\x1b'));
        assert!(!line().render(LogFormat::Json, true).contains('\x1b'));
    }

    #[test]
    fn json_is_one_flat_object_a_line() {
        let mut line = line();
        line.fields.set("level", Value::from(9));
        assert_eq!(
            line.render(LogFormat::Json, false),
            concat!(
                r#"{"time":"2026-02-28T23:59:59.007Z","level":"info","message":"partition assigned","#,
                r#""target":"millstream::source","topic":"payments","partition":3,"reason":"two words","level_":9}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_value_that_looks_like_a_field_is_quoted() {
        assert!(bare("plain-value.1"));
        for text in ["", "a b", "a=b", "say \"x\"", "a\\nb"] {
            assert!(!bare(text), "{text:?}");
        }
    }

    #[test]
    fn dates_are_right_around_leap_days_and_centuries() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "day {days}");
        }
    }
}
