//! Sizes and names.

use crate::finding::{Finding, finding};
use crate::source::{Source, closing, line_at};

const FILE_WANTED: usize = 400;
const FILE_MAX: usize = 600;
const FUNCTION_MAX: usize = 70;
const MAIN_MAX: usize = 100;
const LIB_MAX: usize = 80;
/// Names that fit anything, and so say nothing.
const EMPTY_NAMES: [&str; 5] = ["util", "utils", "common", "helpers", "misc"];

/// A warning for a file that is longer than wanted.
pub fn long_file(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (is_code(path) && lines > FILE_WANTED).then(|| format!("{path}: {lines} lines, {FILE_WANTED} are wanted"))
}

/// Files that have to be split.
pub fn too_long_file(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    if !is_code(path) || lines <= FILE_MAX {
        return Vec::new();
    }
    vec![finding(path, FILE_MAX + 1, format!("{lines} lines, at most {FILE_MAX}"), "split it by what it does")]
}

/// `main.rs` and `lib.rs` of the host, which only connect.
pub fn thick_entry_point(path: &str, text: &str) -> Vec<Finding> {
    let max = match path {
        "host/src/main.rs" => MAIN_MAX,
        "host/src/lib.rs" => LIB_MAX,
        _ => return Vec::new(),
    };
    let lines = text.lines().count();
    if lines <= max {
        return Vec::new();
    }
    vec![finding(path, max + 1, format!("{lines} lines, at most {max}"), "move the work into a module")]
}

/// Files and folders with a name that fits anything.
pub fn empty_name(path: &str, _text: &str) -> Vec<Finding> {
    let named = |part: &str| EMPTY_NAMES.contains(&part.split('.').next().unwrap_or(part));
    match path.split('/').find(|part| named(part)) {
        Some(part) => vec![finding(path, 1, format!("`{part}` says nothing"), "name it after what it does")],
        None => Vec::new(),
    }
}

/// Functions that do too much.
pub fn long_functions(source: &Source) -> Vec<Finding> {
    let body = &source.body;
    let mut findings = Vec::new();
    for (at, _) in body.match_indices("fn ") {
        let inside_word = body[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let Some(open) = function_body(body, at).filter(|_| !inside_word) else { continue };
        let Some(end) = closing(body, open) else { continue };
        let (first, last) = (line_at(body, at), line_at(body, end));
        let lines = last - first + 1;
        if lines > FUNCTION_MAX {
            let name = body[at + 3..open].split(['(', '<']).next().unwrap_or_default().trim();
            let rule = format!("function `{name}` has {lines} lines, at most {FUNCTION_MAX}");
            findings.push(finding(&source.path, first, rule, "give its steps names of their own"));
        }
    }
    findings
}

/// Where the body of the function at `at` opens; `None` for one without a body.
fn function_body(code: &str, at: usize) -> Option<usize> {
    let mut at = at;
    while let Some(c) = code[at..].chars().next() {
        match c {
            ';' => return None,
            '{' => return Some(at),
            '(' | '[' => at = closing(code, at)?,
            _ => at += c.len_utf8(),
        }
    }
    None
}

fn is_code(path: &str) -> bool {
    [".rs", ".py", ".java", ".sh", ".go", ".js", ".ts", ".c"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        "x\n".repeat(count)
    }

    #[test]
    fn long_files_are_found() {
        assert!(long_file("a.rs", &lines(400)).is_none());
        assert_eq!(long_file("a.py", &lines(401)).unwrap(), "a.py: 401 lines, 400 are wanted");
        assert!(too_long_file("a.rs", &lines(600)).is_empty());
        assert_eq!(
            too_long_file("a.java", &lines(601))[0].to_string(),
            "a.java:601: 601 lines, at most 600; split it by what it does"
        );
        assert!(too_long_file("Cargo.lock", &lines(9_000)).is_empty());
    }

    #[test]
    fn thick_entry_points_are_found() {
        assert!(thick_entry_point("host/src/main.rs", &lines(100)).is_empty());
        assert_eq!(thick_entry_point("host/src/main.rs", &lines(101)).len(), 1);
        assert_eq!(thick_entry_point("host/src/lib.rs", &lines(81)).len(), 1);
        assert!(thick_entry_point("host/src/other.rs", &lines(500)).is_empty());
    }

    #[test]
    fn empty_names_are_found() {
        for path in ["host/src/utils.rs", "tests/common/mod.rs", "guests/python/helpers.py"] {
            assert_eq!(empty_name(path, "").len(), 1, "{path}");
        }
        assert!(empty_name("host/src/utilisation.rs", "").is_empty());
    }

    #[test]
    fn long_functions_are_found() {
        let function =
            |lines: usize| format!("fn short() {{}}\n\npub fn long<T>(a: [u8; 3]) {{\n{}}}\n", "\n".repeat(lines));
        assert!(long_functions(&Source::new("host/src/a.rs", &function(68))).is_empty());
        let found = long_functions(&Source::new("host/src/a.rs", &function(69)));
        assert_eq!(
            found[0].to_string(),
            "host/src/a.rs:3: function `long` has 71 lines, at most 70; give its steps names of their own"
        );
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(200));
        assert!(long_functions(&Source::new("host/src/a.rs", &tests)).is_empty());
        let trait_only = "trait T { fn a(&self) -> u8; }\n".to_owned() + &"\n".repeat(90) + "fn b() {}";
        assert!(long_functions(&Source::new("host/src/a.rs", &trait_only)).is_empty());
    }
}
