//! The files that projects have in every language.

use std::path::Path;

use super::{About, File, Model, Shape};

/// The names of the two schemas' files within the project; the same name where it is one file.
pub(super) fn schema_files(input: &Path, output: &Path) -> (String, String) {
    let plain = |path: &Path, other: &str| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let legal = legal && name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if legal { name.to_string() } else { other.to_string() }
    };
    let same =
        input == output || input.canonicalize().is_ok_and(|input| output.canonicalize().is_ok_and(|o| o == input));
    let first = plain(input, "input.avsc");
    if same {
        return (first.clone(), first);
    }
    let second = plain(output, "output.avsc");
    // Where case does not tell files apart, it must not tell these.
    if second.eq_ignore_ascii_case(&first) { (first, format!("output-{second}")) } else { (first, second) }
}

/// All of them.
pub(super) fn files(model: &Model, about: &About) -> Vec<File> {
    let mut files = vec![
        File::new("README.md", readme(model, about)),
        File::new("pipeline.toml", pipeline(model)),
        File::new("tests.toml", tests(model)),
        File::new("samples.jsonl", model.samples.iter().map(|line| format!("{line}\n")).collect::<String>()),
        File::new(".gitignore", ignored(model, about)),
        File::new("schemas/ids.toml", ids(model)),
        File::new(format!("schemas/{}", model.input.file), ended(model.input.schema.source())),
    ];
    if !model.one_schema() {
        files.push(File::new(format!("schemas/{}", model.output.file), ended(model.output.schema.source())));
    }
    files.extend(model.wit.files.iter().map(|(path, text)| File::new(format!("wit/{path}"), text.as_str())));
    files
}

/// The ids that stand in front of values, as a schema registry would give them.
fn ids(model: &Model) -> String {
    let second = if model.one_schema() { String::new() } else { format!("2 = \"{}\"\n", model.output.file) };
    include_str!("frame/ids.toml").replace("@INPUT@", &model.input.file).replace("@SECOND@", &second)
}

fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn ignored(model: &Model, about: &About) -> String {
    let own = [format!("/{}.wasm", model.name.kebab()), "/.millstream/".to_string()];
    own.iter().chain(&about.ignored).map(|line| format!("{line}\n")).collect()
}

fn pipeline(model: &Model) -> String {
    include_str!("frame/pipeline.toml")
        .replace("@NAME@", model.name.kebab())
        .replace("@WHAT@", what(model.shape))
        .replace("@INPUT@", &model.input.file)
        .replace("@OUTPUT@", &model.output.file)
        .replace("@GRANTS@", "")
}

/// What the guest does with a record, in a sentence without its full stop.
fn what(shape: Shape) -> &'static str {
    match shape {
        Shape::Map => "each record becomes one other",
        Shape::Filter => "each record goes on or is dropped",
        Shape::FanOut => "each record becomes any number of others",
        Shape::Generic => "records of any schema go through",
        Shape::UserFunctions => "records go through the guest's own `deserialize`, `transform` and `serialize`",
    }
}

fn tests(model: &Model) -> String {
    // Between ''' nothing has a meaning but ''' itself; and a value of pipeline files may refer to variables.
    let literal = |json: &str| json.replace('\'', "\\u0027").replace("${", "\\u0024{");
    include_str!("frame/tests.toml")
        .replace("@INPUT@", &literal(&model.sample))
        .replace("@EXPECT@", &literal(&model.expected))
}

fn readme(model: &Model, about: &About) -> String {
    let rows = about.files.iter().map(|(path, what)| format!("| `{path}` | {what} |\n")).collect::<String>();
    let notes = about.notes.iter().map(|note| format!("- {note}\n")).collect::<String>();
    let schemas = match model.one_schema() {
        true => format!("`schemas/{}`", model.input.file),
        false => format!("`schemas/{}` and `schemas/{}`", model.input.file, model.output.file),
    };
    include_str!("frame/README.md")
        .replace("@NAME@", model.name.kebab())
        .replace("@WHAT@", what(model.shape))
        .replace("@INPUT_TYPE@", &model.input.describe())
        .replace("@OUTPUT_TYPE@", &model.output.describe())
        .replace("@NEEDS@", &about.needs)
        .replace("@BEGIN@", &about.begin)
        .replace("@TEST@", &format!("{:<25} # runs the guest's own tests", about.test))
        .replace("@SCHEMAS@", &schemas)
        .replace("@WIT@", &model.wit_command)
        .replace("@FILES@", &rows)
        .replace("@NOTES@", &notes)
}
