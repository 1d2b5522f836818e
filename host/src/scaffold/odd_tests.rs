//! Projects for the tests of the languages' writers.

use std::path::Path;

use super::*;

/// The files of a project called `shop`, over the example's payments or over schemas whose names mean something else
/// in many languages.
pub(super) fn project(language: Language, shape: Shape, odd: bool) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (input, output) = match odd {
        true => ("src/scaffold/odd/class.avsc", "src/scaffold/odd/err.avsc"),
        false => ("../schemas/payment.avsc", "../schemas/enriched.avsc"),
    };
    let request = Request {
        name: "shop".to_string(),
        language,
        input: root.join(input),
        output: Some(root.join(output)),
        shape,
        folder: "unused".into(),
    };
    files(&Model::new(&request).unwrap())
}

/// The text of one of the files.
pub(super) fn text<'f>(files: &'f [File], path: &str) -> &'f str {
    files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}
