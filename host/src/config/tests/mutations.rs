//! Damaged files: whatever is in them, reading ends with a plan or with problems that can be shown.

use super::*;

/// A small generator (xorshift), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// Pieces that matter to TOML, to interpolation or to the pictures under problems.
const PIECES: &[&str] = &[
    "\"",
    "'''",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "#",
    "\\",
    "\\u0000",
    "\0",
    "${",
    "$${",
    "${env:",
    "${env:A:-",
    "${file:}",
    "}",
    "\u{feff}",
    "\u{e9}",
    "\u{1f600}",
    "\u{202e}",
    "-1",
    "1e400",
    "nan",
    "0x",
    "99999999999999999999",
    "1979-05-27",
    "true",
    "[stage]",
    "[[stage]]",
    "[kafka.client]",
    "a.b = 1",
    "stage = 1",
    "[source.topics]",
    "topics = []",
    "limits = 1",
    "[sink.json]",
    "[stage.config]",
    "config = { a = [1], \"a.b\" = 1e400, a.b = 2 }",
    "format = \"bytes\"",
    "topics = [\"^(?:a{9}){9}|\", \"^(\"]",
    "\"sasl.password\" = \"x",
    "= = =",
    "memory = 18446744073709551615",
];

fn damaged(dice: &mut Dice) -> String {
    let mut text: Vec<char> = EXAMPLE.chars().collect();
    for _ in 0..=dice.below(6) {
        let at = dice.below(text.len());
        let end = (at + dice.below(24)).min(text.len());
        match dice.below(5) {
            0 => drop(text.drain(at..end)),
            1 => text.truncate(at),
            2 => {
                let copy = text[at..end].to_vec();
                let to = dice.below(text.len());
                text.splice(to..to, copy);
            }
            _ => {
                let piece = PIECES[dice.below(PIECES.len())].chars();
                text.splice(at..at, piece);
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn no_damage_makes_reading_panic() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut fine, mut refused) = (0, 0);
    for _ in 0..4000 {
        let text = damaged(&mut dice);
        match read(&text) {
            Ok(pipeline) => {
                fine += 1;
                assert!(!format!("{pipeline:?}").is_empty());
            }
            Err(problems) => {
                refused += 1;
                assert!(!problems.is_empty());
                let lines = text.split('\n').count();
                for problem in &problems {
                    assert!(problem.line <= lines && !problem.message.is_empty(), "{text}\n{problem}");
                }
                let shown = problems.to_string();
                assert!(!shown.contains(['\0', '\u{202e}', '\r']), "{text}\n{shown}");
            }
        }
    }
    assert!(fine > 100 && refused > 1000, "the damage is too small or too large: {fine} fine, {refused} refused");
}

#[test]
fn damage_to_a_secret_does_not_show_it() {
    let secret = "correct-horse-battery";
    let line = format!("\"sasl.password\" = \"{secret}\"");
    // Damage inside the name makes another property of it, whose value is no secret.
    for at in line.find('=').unwrap() + 1..line.len() {
        for piece in ["\"", "\\", "\n[", "x", "'''", "${", "${env:NO}"] {
            let broken = format!("{}{piece}{}", &line[..at], &line[at..]);
            let Err(problems) = read(&least_with("[kafka.client]", &broken)) else { continue };
            let shown = problems.to_string();
            assert!(!shown.contains("battery") || broken.contains('\n'), "{broken}\n{shown}");
        }
    }
}

#[test]
fn a_file_of_another_kind_ends_soon() {
    let text = "not a pipeline\n".repeat(50_000);
    let problems = read(&text).unwrap_err();
    assert!(problems.len() <= 2000, "{}", problems.len());
    assert!(problems.to_string().lines().count() < 500);
    let nested = format!("[kafka.client]\na = {}1{}", "{a=".repeat(5000), "}".repeat(5000));
    assert!(read(&nested).is_err());
    let dotted = format!("[kafka.client]\n{}a = 1", "a.".repeat(5000));
    assert!(read(&least_with("[sink]", &dotted)).is_err());
}
