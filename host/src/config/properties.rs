//! Tables of librdkafka properties. Unquoted names with dots are nested tables in TOML; both forms become dotted names.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::client_properties::{looks_secret, refusal};
use super::reader::{Reader, Value, join, printable, with_article};
use super::settings::Setting;

/// What was found so far of one table.
#[derive(Default)]
struct Found {
    properties: Vec<(String, String)>,
    /// Every name with its place, also of those that were refused.
    names: Vec<(String, Range<usize>)>,
}

impl Reader<'_> {
    /// Reads `[kafka.client]`, `[kafka.consumer]` or `[kafka.producer]`.
    pub(super) fn properties(&mut self, path: &str, table: &DeTable<'_>) {
        let mut found = Found::default();
        self.flatten(path, "", table, &mut found);
        found.properties.sort();
        self.set(path, Setting::Properties(found.properties));
    }

    fn flatten(&mut self, path: &str, prefix: &str, table: &DeTable<'_>, found: &mut Found) {
        for (key, value) in table {
            let name = join(prefix, key.get_ref());
            if key.get_ref().trim().is_empty() {
                let help = "write the property's name, e.g. \"linger.ms\"";
                self.problem(
                    Some(key.span()),
                    format!("a property of {} has no name", self.label(path)),
                    Some(help.to_owned()),
                );
                continue;
            }
            match value.get_ref() {
                DeValue::Table(inner) => self.flatten(path, &name, inner, found),
                _ => self.property(path, name, self.dotted(key.span()), value, found),
            }
        }
    }

    fn property(&mut self, path: &str, name: String, key: Range<usize>, value: Value<'_, '_>, found: &mut Found) {
        let dotted = format!("{path}.{name}");
        let shown = self.label(&format!("{path}.{}", printable(&name)));
        if let Some((_, first)) = found.names.iter().find(|(other, _)| *other == name) {
            let first = self.source.location(first.start).line;
            let message = format!("{shown} is given twice");
            let help = format!("it also stands in line {first}: quoted or as a nested table, it is the same property");
            return self.problem(Some(key), message, Some(help));
        }
        found.names.push((name.clone(), key.clone()));
        self.spans.insert(dotted.clone(), value.span());
        if let Some(complaint) = refusal(&shown, &name) {
            return self.complain(complaint, None, key);
        }
        let text = match value.get_ref() {
            DeValue::String(text) => self.interpolated(&format!("{path}.{}", printable(&name)), text, value.span()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(number.to_string()),
                Err(_) => return self.not_a_value(&shown, value, format!("the number {number}, which is too large")),
            },
            other => return self.not_a_value(&shown, value, with_article(other)),
        };
        let Some(text) = text else { return };
        if name.contains('\0') || text.contains('\0') {
            let message = format!("{shown} has a zero character");
            return self.problem(Some(value.span()), message, Some("remove it".to_owned()));
        }
        // An empty secret is a variable that was set to nothing; librdkafka's own message would not name the place.
        if text.is_empty() && looks_secret(&name) {
            let help = "set the variable or fill the file it comes from, or remove the key";
            return self.problem(Some(value.span()), format!("{shown} is empty"), Some(help.to_owned()));
        }
        found.properties.push((name, text));
    }

    /// The whole of a dotted name, of which `last` is the last part.
    fn dotted(&self, last: Range<usize>) -> Range<usize> {
        let before = self.source.text().get(..last.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
        let is_name = |character: char| character.is_ascii_alphanumeric() || "._-\"' ".contains(character);
        let starts =
            if line.ends_with('.') && line.chars().all(is_name) { last.start - line.len() } else { last.start };
        starts..last.end
    }

    fn not_a_value(&mut self, shown: &str, value: Value<'_, '_>, found: String) {
        let message = format!("{shown} must be a string, an integer or a boolean, not {found}");
        let help = "librdkafka reads all values as text: write it between quotes";
        self.problem(Some(value.span()), message, Some(help.to_owned()));
    }
}
