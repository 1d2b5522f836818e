//! Guests that work on generic records: the shapes `generic` and `user-functions`.
//!
//! Each has the file that folds generic records into its language's values (`generic.*` in the language's folder), and a
//! function `change` that makes the output's value of the input's, where the author begins. `natural.rs` knows these
//! values; a module for each language writes them as code.

mod c;
mod go;
mod natural;
mod python;
mod rust;
mod script;

pub use natural::{Filling, Natural, Plan};

use super::{About, File, Language, Model, Request, Shape};
use crate::contract::wit;

/// The name of the resource that stands for the guest's own values.
pub(super) const RESOURCE: &str = "item";

/// What the guest's functions take and give, and the word for it; none where that is made from the schemas.
pub(super) fn values(request: &Request) -> Option<(wit::Value<'static>, &'static str)> {
    match request.shape {
        Shape::Generic => Some((wit::Value::Generic, "generic")),
        // With a resource nobody looks at it.
        Shape::UserFunctions => Some((wit::Value::Text, "string")),
        Shape::Map | Shape::Filter | Shape::FanOut => None,
    }
}

/// Puts the guest's own files among those of its language, and what the README says of them.
pub(super) fn add(model: &Model, files: &mut Vec<File>, about: &mut About) {
    let Some(plan) = &model.plan else { return };
    let own = match model.language {
        Language::Rust => rust::files(model, plan),
        Language::Go => go::files(model, plan),
        Language::Python => python::files(model, plan),
        Language::JavaScript | Language::TypeScript => script::files(model, plan),
        Language::C => c::files(model, plan),
    };
    files.retain(|file| own.files.iter().all(|mine| mine.path != file.path));
    about.begin = own.begin;
    // What the language says of files that this guest has not.
    let there = |path: &str| path.contains(['`', ',']) || files.iter().any(|file| file.path.starts_with(path));
    about.files.retain(|(path, _)| there(path));
    about.files.extend(own.about.into_iter().map(|(path, what)| (path, what.to_string())));
    files.extend(own.files);
}

/// What a language writes.
struct Own {
    files: Vec<File>,
    /// The file in which the author begins.
    begin: String,
    /// Rows of the README's table.
    about: Vec<(String, &'static str)>,
}

/// Puts the project's names into a template.
fn named(model: &Model, template: &str) -> String {
    template
        .replace("@NAME@", model.name.kebab())
        .replace("@INPUT_TYPE@", &model.input.describe())
        .replace("@OUTPUT_TYPE@", &model.output.describe())
}

/// Whether the guest's own values stay in it as a resource.
fn has_functions(model: &Model) -> bool {
    model.shape == Shape::UserFunctions
}

#[cfg(test)]
mod tests;
