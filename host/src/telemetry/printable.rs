//! Makes text of guests, brokers and records safe to show on one line.
//!
//! Such text is hostile: an escape sequence can repaint a terminal, a line break can forge a log line, and one value
//! can be a gigabyte long.

use std::fmt::Write;

/// How much of a guest's or broker's text goes into a log line or an error.
pub const TEXT_MAX: usize = 4096;

/// Room kept for the note that says how much was cut off.
const NOTE_ROOM: usize = 40;

/// Escapes what could disturb a terminal or forge a line, and cuts the result to `max` bytes (at least 64).
///
/// Control characters and invisible direction marks become `\n`, `\t` or `\u{..}`, bytes that are not UTF-8 become
/// `\x..`. A cut text ends with a note of how many bytes are missing. Printable text comes back as it is, so applying
/// this twice changes nothing.
pub fn printable(text: impl AsRef<[u8]>, max: usize) -> String {
    let bytes = text.as_ref();
    let max = max.max(NOTE_ROOM + 24);
    let mut out = Cut { text: String::with_capacity(bytes.len().min(max)), max, fallback: None };
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if !out.push(at, |text| escape(text, c)) {
                return out.finish(bytes.len());
            }
            at += c.len_utf8();
        }
        for byte in chunk.invalid() {
            if !out.push(at, |text| text.push_str(&format!("\\x{byte:02x}"))) {
                return out.finish(bytes.len());
            }
            at += 1;
        }
    }
    out.text
}

/// Text under a limit that remembers the last place where it can be cut with room for the note.
struct Cut {
    text: String,
    max: usize,
    /// Length of the text and of the input at that place.
    fallback: Option<(usize, usize)>,
}

impl Cut {
    /// Adds what `write` writes for the input at `at`; false when the limit is passed.
    fn push(&mut self, at: usize, write: impl FnOnce(&mut String)) -> bool {
        let before = self.text.len();
        write(&mut self.text);
        if self.fallback.is_none() && self.text.len() > self.max - NOTE_ROOM {
            self.fallback = Some((before, at));
        }
        self.text.len() <= self.max
    }

    fn finish(mut self, input: usize) -> String {
        let (text, read) = self.fallback.unwrap_or((0, 0));
        self.text.truncate(text);
        let _ = write!(self.text, "... ({} bytes more)", input - read);
        self.text
    }
}

fn escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() || reorders(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

/// Characters that change the direction or the lines of the text around them without being seen.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        for text in ["", "plain", "Zürich 東京 🚆", r"C:\path", r#"{"a":"b"}"#] {
            assert_eq!(printable(text, TEXT_MAX), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\nb\r\tc", 100), r"a\nb\r\tc");
        assert_eq!(printable("\x1b[31mred\x07\0", 100), r"\u{1b}[31mred\u{7}\u{0}");
        assert_eq!(printable("\u{9b}31m\u{7f}", 100), r"\u{9b}31m\u{7f}");
        assert_eq!(printable("evil\u{202e}txt\u{2028}", 100), r"evil\u{202e}txt\u{2028}");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown() {
        assert_eq!(printable(b"ok\xff\xfe!\xc3", 100), r"ok\xff\xfe!\xc3");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let cut = printable("x".repeat(10_000), TEXT_MAX);
        assert!(cut.len() <= TEXT_MAX, "{}", cut.len());
        assert!(cut.ends_with("x... (5944 bytes more)"), "{}", &cut[cut.len() - 40..]);
        assert_eq!(printable("x".repeat(TEXT_MAX), TEXT_MAX).len(), TEXT_MAX);
    }

    #[test]
    fn the_cut_never_splits_a_character_or_an_escape() {
        for lead in 0..8 {
            for tail in ["é", "東", "🚆", "\x1b", "\n"] {
                let cut = printable("a".repeat(lead) + &tail.repeat(200), 64);
                assert!(cut.len() <= 64, "{cut}");
                let (kept, note) = cut.split_once("... (").expect("a note");
                assert!(note.ends_with(" bytes more)"));
                let shown = kept.len() - lead;
                assert_eq!(shown % printable(tail, 64).len(), 0, "{cut}");
            }
        }
    }

    #[test]
    fn twice_is_the_same_as_once() {
        for text in ["a\x1bb\n", &"\u{7}é".repeat(5_000)] {
            let once = printable(text, TEXT_MAX);
            assert_eq!(printable(&once, TEXT_MAX), once);
        }
    }

    #[test]
    fn a_huge_text_costs_no_more_than_its_start() {
        let huge = vec![0u8; 1 << 24];
        assert!(printable(huge, TEXT_MAX).contains("bytes more)"));
    }
}
