//! The line that names the guest's package.

use super::Refusal;
use crate::contract::names::escape;

/// `package acme:payments;`, or what is wrong with the name.
pub(super) fn package_line(package: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::Package(package.to_string());
    let (path, version) = match package.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (package, None),
    };
    let (namespace, name) = path.split_once(':').ok_or_else(refusal)?;
    if !is_kebab(namespace) || !is_kebab(name) || version.is_some_and(|version| !is_version(version)) {
        return Err(refusal());
    }
    if path == "millstream:pipeline" {
        return Err(Refusal::Reserved);
    }
    let version = version.map(|version| format!("@{version}")).unwrap_or_default();
    Ok(format!(
        "// Written by `millstream wit` from the guest's Avro schemas; run it again when they change.\n\
         package {}:{}{version};\n",
        escape(namespace),
        escape(name)
    ))
}

/// Lower-case words joined by dashes.
pub(super) fn is_kebab(name: &str) -> bool {
    name.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// `1.2.3`, with or without a pre-release behind it.
fn is_version(version: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty()
            && part.len() < 10
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let (core, pre) = match version.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (version, None),
    };
    let identifier = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && (!part.bytes().all(|b| b.is_ascii_digit()) || number(part))
    };
    core.split('.').count() == 3 && core.split('.').all(number) && pre.is_none_or(|pre| pre.split('.').all(identifier))
}
