//! Walks the parsed file beside the table of keys: collects values, their places, and everything that is wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::checks::check_text;
use super::interpolate::{References, interpolate};
use super::key::{Given, Key, Kind, Support};
use super::label::{header, label};
use super::nearest::nearest;
use super::problem::{Complaint, MOST, Problem, SourceText};
use super::settings::{Setting, Settings};
use super::spec::ROOT;
use super::units::{SIZE_HELP, TIME_HELP, thousandths};

/// The state of one reading.
pub(super) struct Reader<'a> {
    pub(super) source: &'a SourceText,
    pub(super) references: References<'a>,
    /// Set where the syntax is broken: parts of the file are not seen then, so nothing counts as missing.
    pub(super) partial: bool,
    pub(super) problems: Vec<Problem>,
    pub(super) settings: Settings,
    pub(super) spans: BTreeMap<String, Range<usize>>,
    /// How many stages stand in the file.
    pub(super) stages: usize,
    /// How many tables each array of tables has.
    pub(super) counts: BTreeMap<String, usize>,
}

/// The array of tables that a pipeline is made of.
const STAGE: &str = "stage";

/// What stands in the file under a key.
pub(super) type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a SourceText, references: References<'a>, partial: bool) -> Self {
        let (problems, settings, spans, counts) = (Vec::new(), Settings::default(), BTreeMap::new(), BTreeMap::new());
        Self { source, references, partial, problems, settings, spans, stages: 0, counts }
    }

    /// Reads the whole file.
    pub(super) fn read(&mut self, root: &DeTable<'_>) {
        self.read_as(root, ROOT);
    }

    /// Reads a file that has these keys.
    pub(super) fn read_as(&mut self, root: &DeTable<'_>, keys: &'static [Key]) {
        self.table(Some(root), keys, "", None);
    }

    /// Reads the keys of one table; `place` is its header. Without a table all keys take their defaults.
    fn table(&mut self, table: Option<&DeTable<'_>>, keys: &'static [Key], path: &str, place: Option<Range<usize>>) {
        for (name, value) in table.into_iter().flatten() {
            let dotted = join(path, name.get_ref());
            match keys.iter().find(|key| key.name == name.get_ref().as_ref()) {
                Some(Key { support: Support::NotYet(instead), .. }) => {
                    let message = format!("{} is not yet supported", self.label(&dotted));
                    self.problem(Some(name.span()), message, Some((*instead).to_owned()));
                }
                Some(key) => {
                    self.spans.insert(dotted.clone(), value.span());
                    self.value(key, &dotted, value);
                }
                None => self.unknown(name.get_ref(), name.span(), value.get_ref(), keys, path),
            }
        }
        let absent = keys.iter().filter(|key| key.support == Support::Now);
        for key in absent.filter(|key| !table.is_some_and(|table| table.contains_key(key.name))) {
            self.absent(key, path, place.clone());
        }
    }

    fn absent(&mut self, key: &'static Key, path: &str, place: Option<Range<usize>>) {
        let dotted = join(path, key.name);
        match (&key.kind, key.given) {
            (kind, Given::Required) if !self.partial => {
                let (message, help) = match kind.keys() {
                    Some(keys) => {
                        (format!("the section {} is missing", self.label(&dotted)), section_example(&dotted, keys))
                    }
                    None => {
                        (format!("{} is missing", self.label(&dotted)), format!("add: {} = {}", key.name, key.example))
                    }
                };
                self.problem(place, message, Some(help));
            }
            (Kind::Section(keys), _) => self.table(None, keys, &dotted, None),
            (_, Given::Default(text)) => {
                // The table of keys is ours; a test reads every default.
                if let Ok(value) = DeValue::parse(text) {
                    self.value(key, &dotted, &value);
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, key: &'static Key, path: &str, value: Value<'_, '_>) {
        match (&key.kind, value.get_ref()) {
            (Kind::Section(keys), DeValue::Table(table)) => self.table(Some(table), keys, path, Some(value.span())),
            (Kind::Sections { .. }, DeValue::Array(array)) if array.iter().all(|one| one.get_ref().is_table()) => {
                self.sections(&key.kind, path, array.iter(), value.span());
            }
            (Kind::Sections { .. }, _) if !path.contains('.') => {
                let message = format!("{} is written with double brackets", self.label(path));
                let each = if path == STAGE { "stage" } else { "case" };
                let help = format!("write [[{path}]]; each one is a {each} of its own");
                self.problem(Some(value.span()), message, Some(help));
            }
            (Kind::Any, _) => self.any(key, path, value),
            (Kind::Properties, DeValue::Table(table)) => self.properties(path, table),
            (Kind::Values, DeValue::Table(table)) => self.guest_config(key, path, table),
            (Kind::Topics | Kind::TopicRules | Kind::SomeOf(_), DeValue::Array(array)) => {
                self.list(key, path, array.iter(), value)
            }
            (Kind::Flag, DeValue::Boolean(flag)) => self.set(path, Setting::Flag(*flag)),
            (Kind::Count { most }, DeValue::Integer(number)) => {
                match u64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(count) if count > 0 && count <= *most => self.set(path, Setting::Count(count)),
                    _ => self.wrong_form(key, path, value, format!("{number}")),
                }
            }
            (Kind::Ratio { least, most }, DeValue::Integer(_) | DeValue::Float(_)) => {
                let number = match value.get_ref() {
                    DeValue::Integer(number) => number.as_str().parse::<f64>(),
                    DeValue::Float(number) => number.as_str().parse::<f64>(),
                    _ => return,
                };
                let number = number.map(|number| (number * 1000.0).round()).unwrap_or(f64::NAN);
                if number >= f64::from(*least) && number <= f64::from(*most) {
                    return self.set(path, Setting::Ratio(number as u32));
                }
                let message = format!("{} is out of its range", self.label(path));
                let help = format!("a number from {} to {}", thousandths(*least), thousandths(*most));
                self.problem(Some(value.span()), message, Some(help));
            }
            (
                Kind::Size { .. } | Kind::Time { .. } | Kind::TimeOrNever { .. },
                DeValue::Integer(_) | DeValue::Float(_),
            ) => {
                let help = if matches!(key.kind, Kind::Size { .. }) { SIZE_HELP } else { TIME_HELP };
                self.problem(Some(value.span()), format!("{} has no unit", self.label(path)), Some(help.to_owned()));
            }
            (kind, DeValue::String(text)) if kind.is_text() => {
                if let Some(setting) = self.text(kind, path, &self.label(path), text, value.span()) {
                    self.set(path, setting);
                }
            }
            (_, other) => self.wrong_form(key, path, value, with_article(other)),
        }
    }

    /// The tables of an array of tables; each has its number, from 0, in its keys.
    fn sections<'v, 'i: 'v>(
        &mut self,
        kind: &Kind,
        path: &str,
        tables: impl ExactSizeIterator<Item = Value<'v, 'i>>,
        place: Range<usize>,
    ) {
        let Kind::Sections { keys, least, most } = *kind else { return };
        let count = tables.len();
        if path == STAGE {
            self.stages = count;
        }
        self.counts.insert(path.to_owned(), count);
        if count < least {
            let message = format!("there is no {}", self.label(path));
            return self.problem(Some(place), message, Some(section_example(path, keys)));
        }
        for (index, table) in tables.enumerate() {
            if index == most {
                let message = format!("there are {count} {}, at most {most} are possible", self.label(path));
                let help = match path {
                    STAGE => "run further stages as a pipeline of their own, with a topic between them",
                    "retry.phase" => "longer phases, and fewer of them, do the same",
                    _ => "put some of them into another file or case",
                };
                return self.problem(Some(table.span()), message, Some(help.to_owned()));
            }
            let dotted = join(path, &index.to_string());
            self.spans.insert(dotted.clone(), table.span());
            if let DeValue::Table(inner) = table.get_ref() {
                self.table(Some(inner), keys, &dotted, Some(table.span()));
            }
        }
    }

    /// A list of strings, none of them twice. Only topics must not be empty.
    fn list<'v, 'i: 'v>(
        &mut self,
        key: &'static Key,
        path: &str,
        elements: impl Iterator<Item = Value<'v, 'i>>,
        whole: Value<'_, '_>,
    ) {
        let name = self.label(path);
        let mut texts: Vec<String> = Vec::new();
        let mut seen = 0;
        for element in elements {
            seen += 1;
            let DeValue::String(text) = element.get_ref() else {
                self.wrong_form(key, path, element, format!("an array with {}", with_article(element.get_ref())));
                continue;
            };
            let Some(Setting::Text(text)) = self.text(&key.kind, path, &name, text, element.span()) else { continue };
            if texts.contains(&text) {
                let message = format!("{name}: {text:?} stands there twice");
                self.problem(Some(element.span()), message, Some("remove one of them".to_owned()));
            } else {
                self.spans.insert(join(path, &texts.len().to_string()), element.span());
                texts.push(text);
            }
        }
        if seen == 0 && matches!(key.kind, Kind::Topics) {
            let help = format!("name at least one: {} = {}", key.name, key.example);
            return self.problem(Some(whole.span()), format!("{name} is empty"), Some(help));
        }
        self.set(path, Setting::Texts(texts));
    }

    /// Interpolates and checks one string.
    fn text(&mut self, kind: &Kind, path: &str, name: &str, text: &str, span: Range<usize>) -> Option<Setting> {
        let text = self.interpolated(path, text, span.clone())?;
        match check_text(kind, name, &text, self.references.folder) {
            Ok(setting) => Some(setting),
            Err(complaint) => {
                self.complain(complaint, None, span);
                None
            }
        }
    }

    /// The text with its references replaced, or nothing after reporting what is wrong with them.
    pub(super) fn interpolated(&mut self, path: &str, text: &str, span: Range<usize>) -> Option<String> {
        match interpolate(text, &self.references) {
            Ok(text) => Some(text),
            Err(complaints) => {
                for mut complaint in complaints {
                    complaint.message = format!("{}: {}", self.label(path), complaint.message);
                    self.complain(complaint, Some(text), span.clone());
                }
                None
            }
        }
    }

    /// Adds the place to a complaint: a part of the value where the text in the file is the same as the parsed one.
    pub(super) fn complain(&mut self, complaint: Complaint, parsed: Option<&str>, span: Range<usize>) {
        let written = self.source.text().get(span.clone()).unwrap_or_default();
        let part = complaint.within.and_then(|within| {
            let from = span.start + written.find(parsed?)?;
            Some(from + within.start..from + within.end)
        });
        self.problem(Some(part.unwrap_or(span)), complaint.message, complaint.help);
    }

    pub(super) fn problem(&mut self, span: Option<Range<usize>>, message: String, help: Option<String>) {
        if self.problems.len() < MOST {
            self.problems.push(self.source.problem(span, message, help));
        }
    }

    /// A key as problems name it.
    pub(super) fn label(&self, path: &str) -> String {
        label(path, self.stages > 1)
    }

    pub(super) fn set(&mut self, path: &str, setting: Setting) {
        self.settings.0.insert(path.to_owned(), setting);
    }

    pub(super) fn wrong_form(&mut self, key: &Key, path: &str, value: Value<'_, '_>, found: String) {
        let message = format!("{} must be {}, not {found}", self.label(path), key.kind.shape());
        let help = (!key.example.is_empty()).then(|| format!("for example: {} = {}", key.name, key.example));
        self.problem(Some(value.span()), message, help);
    }

    fn unknown(&mut self, name: &str, span: Range<usize>, value: &DeValue<'_>, keys: &[Key], path: &str) {
        let shown = printable(name);
        let message = match path {
            "" if value.is_table() || value.is_array() => format!("unknown section `[{shown}]`"),
            "" => format!("`{shown}` stands outside of any section"),
            _ => format!("unknown key `{shown}` in {}", self.label(path)),
        };
        let meant = nearest(name, keys.iter().map(|key| key.name));
        let home = home_of(name, ROOT, "", path);
        let known: Vec<_> = keys.iter().filter(|key| key.support == Support::Now).map(|key| key.name).collect();
        let properties = path == "kafka" && (value.is_table() || name.contains('.'));
        let help = match (meant, home) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, Some(home)) => format!("`{name}` is a key of {}", self.label(&home)),
            _ if properties => {
                "librdkafka properties stand in [kafka.client], [kafka.consumer] or [kafka.producer]".to_owned()
            }
            _ => format!("known here: {}", known.join(", ")),
        };
        self.problem(Some(span), message, Some(help));
    }
}

/// The table that has a key of exactly this name, other than the one where it was not found.
fn home_of(name: &str, keys: &'static [Key], path: &str, besides: &str) -> Option<String> {
    if path != besides && !path.is_empty() && keys.iter().any(|key| key.name == name) {
        return Some(path.to_owned());
    }
    keys.iter().find_map(|key| home_of(name, key.kind.keys()?, &join(path, key.name), besides))
}

/// A section with what it must have, to be copied.
fn section_example(path: &str, keys: &[Key]) -> String {
    let required = keys.iter().filter(|key| key.is_typical());
    let lines = required.map(|key| format!("\n{} = {}", key.name, key.example));
    format!("add:\n{}{}", header(path), lines.collect::<String>())
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Keys may hold anything between quotes.
pub(super) fn printable(name: &str) -> String {
    let shown: String = name.escape_debug().take(80).collect();
    if shown.is_empty() { "\"\"".to_owned() } else { shown }
}

pub(super) fn with_article(value: &DeValue<'_>) -> String {
    let article = if value.is_array() || value.is_integer() { "an" } else { "a" };
    let name = if value.is_datetime() { "date" } else { value.type_str() };
    format!("{article} {name}")
}
