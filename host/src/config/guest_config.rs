//! The `config` table of a stage: the guest's own settings, all of them handed over as text.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::key::Key;
use super::reader::{Reader, Value, join, printable, with_article};
use super::settings::Setting;

/// What was found so far: names, texts, and where each name stands.
type Found = Vec<(String, String, Range<usize>)>;

impl Reader<'_> {
    /// Reads the table; tables inside of it become names with dots.
    pub(super) fn guest_config(&mut self, key: &'static Key, path: &str, table: &DeTable<'_>) {
        let mut found = Found::new();
        self.flatten_config(key, path, "", table, &mut found);
        let mut values: Vec<_> = found.into_iter().map(|(name, text, _)| (name, text)).collect();
        values.sort();
        self.set(path, Setting::Properties(values));
    }

    fn flatten_config(&mut self, key: &'static Key, path: &str, prefix: &str, table: &DeTable<'_>, found: &mut Found) {
        for (part, value) in table {
            let name = join(prefix, part.get_ref());
            let shown = join(path, &printable(&name));
            if part.get_ref().trim().is_empty() {
                let message = format!("a value of {} has no name", self.label(path));
                let help = format!("name it, for example: {} = {}", key.name, key.example);
                self.problem(Some(part.span()), message, Some(help));
            } else if let DeValue::Table(inner) = value.get_ref() {
                self.flatten_config(key, path, &name, inner, found);
            } else if let Some((_, _, first)) = found.iter().find(|(other, _, _)| *other == name) {
                let message = format!("{} is given twice", self.label(&shown));
                let first = self.source.location(first.start).line;
                let help = format!("it also stands in line {first}: quoted or as a table, it is the same name");
                self.problem(Some(part.span()), message, Some(help));
            } else {
                let text = self.config_value(&shown, value);
                self.spans.insert(join(path, &name), value.span());
                found.push((name, text.unwrap_or_default(), part.span()));
            }
        }
    }

    /// The text of one value. Numbers keep the digits they were written with: a guest may read them as decimals.
    fn config_value(&mut self, shown: &str, value: Value<'_, '_>) -> Option<String> {
        let (found, help) = match value.get_ref() {
            DeValue::String(text) => return self.interpolated(shown, text, value.span()),
            DeValue::Boolean(flag) => return Some(flag.to_string()),
            DeValue::Float(number) => return Some(number.as_str().to_owned()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => return Some(number.to_string()),
                Err(_) => (format!("the number {number}, which is too large"), "write it between quotes"),
            },
            DeValue::Array(_) => {
                ("an array".to_owned(), "write the items in one text, which the guest takes apart: \"a,b,c\"")
            }
            other => (with_article(other), "write it between quotes"),
        };
        let message = format!("{} must be a string, a number or a boolean, not {found}", self.label(shown));
        self.problem(Some(value.span()), message, Some(help.to_owned()));
        None
    }
}
