//! One line of a pipeline file as it is shown under a problem: secrets masked, odd characters replaced, long lines cut.
//! Each character of the file stays one character, so that the caret stands under the right one.

use std::ops::Range;

use super::client_properties::looks_secret;
use super::problem::Location;

/// Characters shown of a line, and how many of them before the caret.
const WIDEST: usize = 140;
const BEFORE: usize = 60;

/// A source line and where its underline goes, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) line: String,
    pub(super) lead: usize,
    pub(super) width: usize,
}

/// The place of a byte range and the picture of its first line. Any range is fine, also one outside the text.
pub(super) fn snippet(text: &str, span: &Range<usize>) -> (Location, Snippet) {
    let start = text.floor_char_boundary(before_final_newline(text, span.start.min(text.len())));
    let (before, after) = text.split_at(start);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let head = before.get(line_start..).unwrap_or_default();
    // A byte order mark takes no room on the screen.
    let head = if line_start == 0 { head.trim_start_matches('\u{feff}') } else { head };
    let tail = after.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let line = before.matches('\n').count() + 1;
    let lead = head.chars().count();
    let reach = text.floor_char_boundary(span.end.min(text.len())).saturating_sub(start);
    let width = tail.get(..reach).unwrap_or(tail).chars().count().max(1);
    let shown: Vec<char> = masked(&format!("{head}{tail}")).chars().map(printable).collect();
    (Location { line, column: lead + 1 }, cut(&shown, lead, width))
}

/// A problem at the very end is shown at the end of the last line, not on the empty line after it.
fn before_final_newline(text: &str, at: usize) -> usize {
    if at < text.len() {
        return at;
    }
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line).len()
}

fn cut(line: &[char], lead: usize, width: usize) -> Snippet {
    let from = if line.len() > WIDEST { lead.saturating_sub(BEFORE) } else { 0 };
    let to = line.len().min(from + WIDEST);
    let mut shown = String::new();
    if from > 0 {
        shown.push_str("...");
    }
    let lead = lead - from + shown.len();
    shown.extend(line.get(from..to).unwrap_or_default());
    let width = width.min((WIDEST + 3).saturating_sub(lead)).max(1);
    if to < line.len() {
        shown.push_str("...");
    }
    Snippet { line: shown, lead, width }
}

/// Tabs become one space; what would move the cursor or turn the reading order becomes a question mark.
pub(super) fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '?',
        other if other.is_control() => '?',
        other => other,
    }
}

/// Stars for everything after the equals sign of a key that holds a secret; references to variables and files stay.
fn masked(line: &str) -> String {
    let equals = line.match_indices('=').map(|(at, _)| at).find(|at| looks_secret(line.get(..*at).unwrap_or_default()));
    let Some((key, value)) = equals.and_then(|at| line.split_at_checked(at + 1)) else { return line.to_owned() };
    let mut shown = key.to_owned();
    let mut rest = value;
    while let Some(character) = rest.chars().next() {
        let kept = reference_length(rest).unwrap_or(0);
        if let (true, Some((reference, after))) = (kept > 0, rest.split_at_checked(kept)) {
            shown.push_str(reference);
            rest = after;
            continue;
        }
        shown.push(if character.is_whitespace() || "\"'{}".contains(character) { character } else { '*' });
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    shown
}

/// How much of the text names a variable or a file, without the default that may follow.
fn reference_length(text: &str) -> Option<usize> {
    let (body, kind) = ["${env:", "${file:"].iter().find_map(|kind| Some((text.strip_prefix(kind)?, kind.len())))?;
    let end = body.find(['}', '"', '\''])?;
    let name = body.get(..end)?;
    Some(kind + name.find(":-").map_or(end, |default| default + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_outside_the_text_are_shown_at_its_end() {
        for text in ["", "\n", "a = 1\r\n", "a = \u{e9}"] {
            for start in 0..12 {
                for end in 0..12 {
                    let (location, snippet) = snippet(text, &(start..end));
                    assert!(location.line >= 1 && location.column >= 1 && snippet.width >= 1);
                    assert!(!snippet.line.contains(['\r', '\n']));
                }
            }
        }
        assert_eq!(snippet("a = 1\n", &(99..100)).0, Location { line: 1, column: 6 });
    }

    #[test]
    fn columns_count_characters_and_tabs_take_one() {
        let (location, shown) = snippet("x = 1\n\t\u{e9}\u{e9} = \"\u{1b}[31m\"\n", &(14..15));
        assert_eq!(location, Location { line: 2, column: 7 });
        assert_eq!(shown, Snippet { line: " \u{e9}\u{e9} = \"?[31m\"".into(), lead: 6, width: 1 });
    }

    #[test]
    fn secrets_are_masked_and_references_stay() {
        assert_eq!(masked("\"sasl.password\" = \"hunter2\""), "\"sasl.password\" = \"*******\"");
        assert_eq!(masked("\"ssl.key.password\" = \"${env:P:-ab}\""), "\"ssl.key.password\" = \"${env:P:-**}\"");
        assert_eq!(
            masked("client = { \"sasl.password\" = \"x\", a = 1 }"),
            "client = { \"sasl.password\" = \"*\"* * * * }"
        );
        assert_eq!(masked("guest = \"secret.wasm\""), "guest = \"secret.wasm\"");
        assert_eq!(masked("\"sasl.password\" = \"\u{e9}${file:"), "\"sasl.password\" = \"**{*****");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("key = \"{}!{}\"", "a".repeat(5000), "b".repeat(5000));
        let at = text.find('!').unwrap();
        let (_, shown) = snippet(&text, &(at..at + 1));
        assert!(shown.line.len() < 160, "{}", shown.line);
        assert_eq!(shown.line.chars().nth(shown.lead), Some('!'));
    }
}
