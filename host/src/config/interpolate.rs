//! `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` inside parsed string values. Raw text is never touched, so a
//! variable cannot add keys, and what was put in is not read again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::problem::Complaint;

/// Enough for any chain of certificates; keeps a device file from filling the memory.
const LARGEST_FILE: u64 = 1 << 20;

/// Where references are looked up.
pub(super) struct References<'a> {
    /// The environment.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
}

/// Replaces every reference of one value, or says what is wrong with each of them.
pub(super) fn interpolate(value: &str, references: &References<'_>) -> Result<String, Vec<Complaint>> {
    let mut out = String::with_capacity(value.len());
    let mut complaints = Vec::new();
    let mut rest = value;
    while let Some(dollar) = rest.find('$') {
        let at = value.len() - rest.len() + dollar;
        out.push_str(rest.get(..dollar).unwrap_or_default());
        rest = rest.get(dollar..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix("$${") {
            out.push_str("${");
            rest = after;
        } else if let Some(body) = rest.strip_prefix("${") {
            let Some((reference, after)) = body.split_once('}') else {
                let help = "close it with `}`; `$${` stands for a plain `${`";
                complaints.push(Complaint::new("`${` is not closed", help).at(at..value.len()));
                return Err(complaints);
            };
            match resolve(reference, references) {
                Ok(text) => out.push_str(&text),
                Err(complaint) => complaints.push(complaint.at(at..at + reference.len() + 3)),
            }
            rest = after;
        } else {
            out.push('$');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    if complaints.is_empty() { Ok(out) } else { Err(complaints) }
}

fn resolve(reference: &str, references: &References<'_>) -> Result<String, Complaint> {
    if reference.contains("${") {
        let help = "write the inner value out, or put it into a variable of its own";
        return Err(Complaint::new("a reference cannot stand inside another one", help));
    }
    match reference.split_once(':') {
        Some(("env", name)) => variable(name, references),
        Some(("file", path)) => file(path, references),
        _ => Err(Complaint::new(
            format!("`${{{reference}}}` is not a reference that is known"),
            "known are `${env:NAME}`, `${env:NAME:-default}` and `${file:path}`; `$${` stands for a plain `${`",
        )),
    }
}

/// As in a shell, the default of `:-` also stands in for a variable that is set but empty.
fn variable(reference: &str, references: &References<'_>) -> Result<String, Complaint> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    let legal =
        name.starts_with(letter) && name.chars().all(|character| letter(character) || character.is_ascii_digit());
    if !legal {
        let help =
            "letters, digits and `_`, not starting with a digit; a default follows `:-`, as in `${env:NAME:-default}`";
        return Err(Complaint::new(format!("{name:?} is not a name of an environment variable"), help));
    }
    match ((references.env)(name), default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Complaint::new(
            format!("the environment variable {name} is not set"),
            format!("set {name}, or give a default: `${{env:{name}:-default}}`"),
        )),
    }
}

fn file(path: &str, references: &References<'_>) -> Result<String, Complaint> {
    if path.is_empty() {
        return Err(Complaint::new(
            "`${file:}` names no file",
            "write `${file:path}`; the path starts at this file's folder",
        ));
    }
    let full = references.folder.join(path);
    let refused = |why: &str| {
        let message = format!("the file {:?} cannot be read: {why}", full.display().to_string());
        Complaint::new(message, "the path is relative to the folder of this file")
    };
    let bytes = read(&full).map_err(|error| refused(&error.to_string()))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(refused("it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: &str) -> Result<String, Vec<String>> {
        let env = |name: &str| match name {
            "A" => Some("one".to_owned()),
            "LOOP" => Some("${env:A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let references = References { env: &env, folder: Path::new(env!("CARGO_MANIFEST_DIR")) };
        interpolate(value, &references).map_err(|all| all.into_iter().map(|complaint| complaint.message).collect())
    }

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(run("a${env:A}b${env:A}"), Ok("aonebone".into()));
        assert_eq!(run("${env:LOOP}"), Ok("${env:A}".into()));
        assert_eq!(run("${env:B:-x:-y}${env:B:-}"), Ok("x:-y".into()));
        assert_eq!(run("${env:EMPTY:-x}${env:EMPTY}"), Ok("x".into()));
        assert_eq!(run("$${env:A} $1 $$ $"), Ok("${env:A} $1 $$ $".into()));
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_newline() {
        let folder = std::env::temp_dir().join(format!("millstream-interpolate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("secret"), "s3cret\r\n").unwrap();
        std::fs::write(folder.join("binary"), [0xff, 0xfe]).unwrap();
        std::fs::write(folder.join("large"), vec![b'a'; 2 << 20]).unwrap();
        let references = References { env: &|_| None, folder: &folder };
        assert_eq!(interpolate("<${file:secret}>", &references), Ok("<s3cret>".into()));
        let message = |value| interpolate(value, &references).unwrap_err().remove(0).message;
        assert!(message("${file:binary}").ends_with("it is not UTF-8 text"), "{}", message("${file:binary}"));
        assert!(message("${file:large}").ends_with("it is larger than 1 MiB"), "{}", message("${file:large}"));
        assert!(message("${file:none}").contains("none\" cannot be read: "), "{}", message("${file:none}"));
        assert_eq!(message("${file:}"), "`${file:}` names no file");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn bad_references_are_all_reported() {
        assert_eq!(
            run("${env:B} ${var:x} ${env:1a} ${A} ${env:A"),
            Err(vec![
                "the environment variable B is not set".into(),
                "`${var:x}` is not a reference that is known".into(),
                "\"1a\" is not a name of an environment variable".into(),
                "`${A}` is not a reference that is known".into(),
                "`${` is not closed".into(),
            ])
        );
        assert_eq!(run("${env:B:-${env:A}}"), Err(vec!["a reference cannot stand inside another one".into()]));
    }
}
