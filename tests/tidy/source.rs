//! A Rust file as the rules see it: without comments and without the insides of strings, and with tests cut out.
//!
//! This is a small reader of tokens, not a parser. It knows enough to tell code from text.

/// One Rust file.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Without comments and the insides of strings; lines keep their numbers.
    pub code: String,
    /// The code without tests; empty for a file that is all tests.
    pub body: String,
}

impl Source {
    /// Reads a file.
    pub fn new(path: &str, text: &str) -> Self {
        let code = code_only(text);
        let body = if is_test_path(path) { String::new() } else { without_tests(&code) };
        Source { path: path.to_owned(), text: text.to_owned(), code, body }
    }

    /// The same file, all tests if `test` says so.
    pub fn test_if(mut self, test: bool) -> Self {
        if test {
            self.body.clear();
        }
        self
    }
}

/// Lines on which `word` stands as a word of its own, where it begins or ends like one.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let named = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (opens, closes) = (named(word.chars().next()), named(word.chars().next_back()));
    let stands = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
            !(opens && named(before) || closes && named(after))
        })
    };
    code.lines().zip(1..).filter(|(line, _)| stands(line)).map(|(_, number)| number).collect()
}

/// The line of a place in a text.
pub fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The place behind the bracket that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(open + at + c.len_utf8());
        }
    }
    None
}

/// Paths that `#[cfg(test)] mod name;` in this file can mean.
pub fn declared_tests(path: &str, text: &str) -> Vec<String> {
    let code = code_only(text);
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let item = code[at + "#[cfg(test)]".len()..].trim_start();
        let Some((name, _)) = item.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) else { continue };
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        paths.push(format!("{folder}/{name}.rs"));
        paths.push(format!("{folder}/{}/{name}.rs", file.trim_end_matches(".rs")));
    }
    paths
}

fn is_test_path(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// Blanks comments and the insides of strings and characters.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token(&chars, at);
        let (open, shut) = if matches!(chars[at], '"' | '\'') { (1, 1) } else { (0, 0) };
        let hidden = end - at > 1;
        for (index, c) in chars[at..end].iter().enumerate() {
            let edge = index < open || index + shut >= end - at;
            out.push(if !hidden || *c == '\n' || (open > 0 && edge) { *c } else { ' ' });
        }
        at = end;
    }
    out
}

/// The end of what begins at `at`: more than one character for a comment, a string or a character.
fn token(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let named = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    let length = match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => string(rest),
        ['r', ..] if !named || chars[..at].ends_with(&['b']) || chars[..at].ends_with(&['c']) => raw_string(rest),
        ['\'', '\\', ..] => rest.iter().skip(3).position(|c| *c == '\'').map_or(1, |end| end + 4),
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    };
    at + length.max(1)
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`, or 1 where the `r` is only a letter.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 1;
    }
    let mut end = vec!['"'];
    end.extend(vec!['#'; hashes]);
    let inside = &rest[hashes + 2..];
    inside.windows(end.len()).position(|window| window == end).map_or(rest.len(), |at| hashes + 2 + at + end.len())
}

/// Blanks items under `#[cfg(test)]` and `#[test]`.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    for marker in ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test", "#[test]"] {
        while let Some(start) = out.find(marker) {
            let end = item_end(&out, start);
            let blank = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect::<String>();
            out.replace_range(start..end, &blank);
        }
    }
    out
}

/// The end of the item whose first attribute begins at `start`.
fn item_end(code: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(c) = code[at..].chars().next() {
        match c {
            ';' => return at + 1,
            '{' => return closing(code, at).unwrap_or(code.len()),
            '[' | '(' => at = closing(code, at).unwrap_or(code.len()),
            _ => at += c.len_utf8(),
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked() {
        let text = "let a = \"x // \\\" y\"; // panic!\nlet b = r#\"a \" b\"#; /* a /* b */ c\n */ let c = 'x';";
        let code = code_only(text);
        assert_eq!(code.lines().count(), text.lines().count());
        for gone in ["x //", "y", "panic", " b\"#", "a \"", "'x'"] {
            assert!(!code.contains(gone), "{gone} in {code}");
        }
        for kept in ["let a = \"", "let b =", "let c = '"] {
            assert!(code.contains(kept), "{kept} in {code}");
        }
    }

    #[test]
    fn lifetimes_and_odd_characters_are_no_strings() {
        let code = code_only(r#"fn f<'a>(x: &'a str, q: char) -> bool { q == '\'' || q == '"' || q == '\u{1b}' } // "#);
        assert!(code.contains("fn f<'a>(x: &'a str, q: char)"), "{code}");
        assert_eq!(closing(&code, code.find('{').unwrap()), Some(code.trim_end().len()), "{code}");
        assert_eq!(code_only("r#type + br\"}\" + for_r"), "r#type + b     + for_r");
    }

    #[test]
    fn words_stand_alone() {
        let code = "unsafe {\nlet unsafe_code = 1;\nx.unwrap();\ny.unwrap_or(1)";
        assert_eq!(lines_with(code, "unsafe"), [1]);
        assert_eq!(lines_with(code, ".unwrap()"), [3]);
        assert_eq!(line_at(code, code.find("x.").unwrap()), 3);
    }

    #[test]
    fn tests_are_cut_out() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { panic!() }\n}\n#[cfg(test)]\nuse x::y;\nfn c() {}\n";
        let source = Source::new("host/src/a.rs", text);
        assert!(!source.body.contains("panic") && !source.body.contains("x::y"), "{}", source.body);
        assert_eq!(lines_with(&source.body, "fn c"), [8]);
        let outline =
            "#[cfg(test)]\n#[path = \"a;b\"]\nmod tests;\nfn d() {}\n#[test]\nfn e() { x.unwrap() }\nfn f() {}";
        let body = Source::new("host/src/a.rs", outline).body;
        assert!(body.contains("fn d") && body.contains("fn f") && !body.contains("unwrap"), "{body}");
        assert_eq!(Source::new("host/src/a/tests.rs", "fn a() {}").body, "");
        assert!(Source::new("host/src/a.rs", "#[cfg(not(test))]\nfn g() {}").body.contains("fn g"));
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_found() {
        let text = "mod other;\n#[cfg(test)]\nmod oracle;\n";
        assert_eq!(declared_tests("host/src/a/mod.rs", text)[0], "host/src/a/oracle.rs");
        assert_eq!(declared_tests("host/src/a.rs", text)[1], "host/src/a/oracle.rs");
    }
}
