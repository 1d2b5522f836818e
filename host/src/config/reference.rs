//! The reference page of pipeline.toml in Markdown, made from the table of keys.

use std::fmt::{self, Write};

use super::client_properties::{LATER, OWNED, Refused};
use super::json_schema::quoted;
use super::key::{Choice, Given, Key, Kind, Support};
use super::label::{header, label};
use super::reader::join;
use super::spec::ROOT;
use super::units::{show_duration, show_size, thousandths};

const HEAD: &str = "\
# pipeline.toml

<!-- Made by `make docs` from the table of keys in host/src/config/spec.rs; do not edit. -->

One file describes one pipeline. Check it with `millstream check --offline`: all problems are reported at once, each with
its line. Start the file with `#:schema ./pipeline.schema.json` and editors know the keys.

- Unknown keys are errors.
- Paths are relative to the folder of the file.
- Sizes are written with a unit: `B`, `KB`, `MB`, `GB` (powers of 1000), `KiB`, `MiB`, `GiB` (powers of 1024).
  Durations too: `ms`, `s`, `m`, `h`.
- Every string value, also inside arrays and property tables, may hold references. They are replaced after the file was
  parsed, and what they give is not read again. The records of `[[tests]]` stand as they are written:

| Written | Gives |
|---|---|
| `${env:NAME}` | the environment variable; an error where it is not set |
| `${env:NAME:-default}` | the default where it is not set or empty |
| `${file:path}` | the text of a file without newlines at its end |
| `$${` | a plain `${` |
";

const PROPERTIES: &str = "
## Client properties

`[kafka.client]`, `[kafka.consumer]` and `[kafka.producer]` take any property of librdkafka, as a string, an integer or a
boolean. `\"linger.ms\" = 5` and `linger.ms = 5` are the same. These properties belong to the host and are refused:

| Property | Instead |
|---|---|
";

/// The page as text; `make docs` writes it to docs/pipeline.toml.md.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    // Writing to a string does not fail.
    let _ = sections(&mut page).and_then(|()| properties(&mut page)).and_then(|()| not_yet(&mut page));
    page
}

fn sections(page: &mut String) -> fmt::Result {
    for section in ROOT.iter().filter(|section| section.support == Support::Now) {
        writeln!(page, "\n## {}\n\n{}\n", header(section.name), section.doc)?;
        writeln!(page, "| Key | Takes | Default | Meaning |\n|---|---|---|---|")?;
        rows(page, section.kind.keys().unwrap_or_default(), "")?;
    }
    Ok(())
}

fn rows(page: &mut String, keys: &[Key], path: &str) -> fmt::Result {
    for key in keys.iter().filter(|key| key.support == Support::Now) {
        let name = join(path, key.name);
        if let Kind::Section(inner) = key.kind {
            rows(page, inner, &name)?;
            continue;
        }
        let default = match key.given {
            Given::Required => "**required**".to_owned(),
            Given::RequiredWith(other, values) => format!("**required** with `{other}` {}", quoted(values)),
            Given::Default(text) => format!("`{text}`"),
            Given::Otherwise("") => "none".to_owned(),
            Given::Otherwise(otherwise) => otherwise.to_owned(),
        };
        writeln!(page, "| `{name}` | {} | {default} | {} |", takes(&key.kind), key.doc)?;
        rows(page, key.kind.keys().unwrap_or_default(), &name)?;
    }
    Ok(())
}

fn takes(kind: &Kind) -> String {
    match kind {
        Kind::OneOf(choices) => values(choices),
        Kind::SomeOf(choices) => format!("array of {}", values(choices)),
        Kind::Size { least, most } => format!("size from `{}` to `{}`", show_size(*least), show_size(*most)),
        Kind::Time { least, most } => {
            format!("duration from `{}` to `{}`", show_duration(*least), show_duration(*most))
        }
        Kind::TimeOrNever { least, most } => {
            format!("duration from `{}` to `{}`, or `never`", show_duration(*least), show_duration(*most))
        }
        Kind::Ratio { least, most } => format!("number from {} to {}", thousandths(*least), thousandths(*most)),
        Kind::Name => "name".to_owned(),
        Kind::Topic => "topic name".to_owned(),
        Kind::Topics => "array of topic names".to_owned(),
        Kind::TopicRules => "array of topic names and patterns".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Address => "`address:port`".to_owned(),
        Kind::Properties => "table of properties".to_owned(),
        Kind::Values => "table of texts, numbers and booleans".to_owned(),
        Kind::Sections { .. } => "array of tables".to_owned(),
        other => other.shape().trim_start_matches("a ").to_owned(),
    }
}

fn values(choices: &[Choice]) -> String {
    let supported = choices.iter().filter(|choice| choice.support == Support::Now);
    supported.map(|choice| format!("`\"{}\"`: {}", choice.value, choice.doc)).collect::<Vec<_>>().join("; ")
}

fn properties(page: &mut String) -> fmt::Result {
    page.push_str(PROPERTIES);
    refused(page, OWNED)?;
    writeln!(page, "| names that end in `_cb` | they take a function of the program; remove them |")
}

fn refused(page: &mut String, properties: &[Refused]) -> fmt::Result {
    properties.iter().try_for_each(|property| writeln!(page, "| `{}` | {} |", property.name, property.instead))
}

fn not_yet(page: &mut String) -> fmt::Result {
    writeln!(page, "\n## Not yet supported\n\nRefused by name until they work:\n")?;
    writeln!(page, "| What | Until then |\n|---|---|")?;
    not_yet_keys(page, ROOT, "")?;
    refused(page, LATER)
}

fn not_yet_keys(page: &mut String, keys: &[Key], path: &str) -> fmt::Result {
    for key in keys {
        let name = join(path, key.name);
        let shown = label(&name, false);
        if let Support::NotYet(instead) = key.support {
            writeln!(page, "| {shown} | {instead} |")?;
        }
        if let Kind::OneOf(choices) | Kind::SomeOf(choices) = key.kind {
            for choice in choices {
                if let Support::NotYet(instead) = choice.support {
                    writeln!(page, "| `{} = \"{}\"` | {instead} |", shown.trim_matches('`'), choice.value)?;
                }
            }
        }
        not_yet_keys(page, key.kind.keys().unwrap_or_default(), &name)?;
    }
    Ok(())
}
