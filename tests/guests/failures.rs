//! What a guest says when it fails, in the words of its language, and where its record came from, stand in the dead letter.

use harness::{Record, paths};

use crate::example::{Example, Ground, timeless};
use crate::language::languages;

/// What each language says of a failure that its guest is told to have.
fn failures(language: &str) -> &'static [(&'static str, &'static str)] {
    match language {
        "rust" => &[
            ("panic", "told to"),
            ("index", "index out of bounds: the len is 0 but the index is 5"),
            ("divide", "attempt to divide by zero"),
        ],
        "go" => &[
            ("panic", "panic: told to"),
            ("index", "index out of range [5] with length 0"),
            ("divide", "integer divide by zero"),
            ("nil map", "assignment to entry in nil map"),
        ],
        "c" => &[
            ("panic", "told to"),
            ("silence", "the guest trapped: wasm `unreachable` instruction executed"),
            ("divide", "integer divide by zero"),
        ],
        other => panic!("no failures are known of {other}"),
    }
}

#[test]
fn the_words_and_the_origin_reach_the_dead_letter() {
    for language in languages("talk") {
        let failures = failures(language.name);
        let mut texts = vec!["before"];
        texts.extend(failures.iter().map(|(text, _)| *text));
        texts.push("after");
        let records: Vec<Record> = texts.iter().map(|text| Record::new(text, *text).header("trace", "1")).collect();
        let mut example = Example::start(Ground::Embedded(language), "talk", &["talk.dlq"]);
        example.feed(&records);

        // The others go their way, by a fresh instance.
        let outputs = timeless(example.outputs());
        let good = |record: &&Record| record.key == Some(b"after".to_vec()) || record.key == Some(b"before".to_vec());
        let mut wanted: Vec<Record> = records.iter().filter(good).cloned().collect();
        wanted.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(outputs, wanted, "{}", language.name);

        let letters = example.records("talk.dlq");
        assert_eq!(letters.len(), failures.len(), "{letters:?}");
        for (offset, (text, words)) in (1..).zip(failures) {
            let letter = letters.iter().find(|letter| letter.value.as_deref() == Some(text.as_bytes()));
            let letter = letter.unwrap_or_else(|| panic!("no dead letter of `{text}` in {}", language.name));
            let header = |name: &str| letter.header_text(name).unwrap_or_default();
            let message = header("__dlq.errors.message");
            assert!(message.contains(words), "{} on `{text}`: {message}", language.name);
            let origin = ["topic", "partition", "offset"].map(|name| header(&format!("__dlq.errors.{name}")));
            assert_eq!(origin, ["talk.in".to_owned(), "0".to_owned(), offset.to_string()], "{}", language.name);
            assert_eq!((header("millstream.error.kind").as_str(), header("trace").as_str()), ("trap", "1"));
        }
        example.stop();
    }
}

/// A record of `types` in Avro: the id, the text, and every other field as small as it can be.
fn everything(id: &str, text: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&[bytes.len() as u8 * 2], bytes].concat();
    // Between the two stand a boolean, two numbers and two floats; behind them all else, of which each byte is 0.
    [sized(id.as_bytes()), vec![0; 1 + 1 + 1 + 4 + 8], sized(text), vec![0; 1 + 4 + 1 + 1 + 3 + 2 + 1 + 7 + 8]].concat()
}

#[test]
fn text_that_is_not_utf_8_stops_at_either_end() {
    for language in languages("types") {
        let name = language.name;
        let records = [
            Record::new("a", everything("good", b"abc")),
            Record::new("b", everything("into the guest", b"ab\xff")),
            Record::new("c", everything("broken text", b"abc")),
            Record::new("d", everything("good", "später".as_bytes())),
        ];
        let mut example = Example::start(Ground::Embedded(language), "types", &["types.dlq"]);
        // A broken answer ends the instance, and the call with it: so it has a call of its own.
        for records in [&records[..2], &records[2..3], &records[3..]] {
            example.feed(records);
        }

        let keys =
            |records: &[Record]| -> Vec<Vec<u8>> { records.iter().filter_map(|record| record.key.clone()).collect() };
        let letters = example.records("types.dlq");
        let message = |at: usize| letters[at].header_text("__dlq.errors.message").expect("a message");
        assert_eq!(keys(&letters)[0], b"b", "{name}");
        assert!(message(0).contains("text") && message(0).contains("UTF-8"), "{name}: {}", message(0));
        let outputs = example.outputs();
        for output in &outputs {
            assert!(std::str::from_utf8(&output.value.clone().expect("a value")).is_ok(), "{name}");
        }
        if ["c", "go"].contains(&name) {
            // These languages have texts that are not UTF-8, and write them.
            assert_eq!((keys(&outputs), keys(&letters).len()), (vec![b"a".to_vec(), b"d".to_vec()], 2), "{name}");
            let told = "the guest returned a string that is not valid UTF-8, field `text`";
            assert_eq!(message(1), told, "{name}");
            assert_eq!(letters[1].header_text("millstream.error.kind").as_deref(), Some("bad-result"), "{name}");
        }
        example.stop();
    }
}

#[test]
fn a_broken_text_among_strings_is_rejected_too() {
    let chosen = languages("talk");
    for language in chosen.into_iter().filter(|language| ["c", "go"].contains(&language.name)) {
        let mut example = Example::start(Ground::Embedded(language), "talk", &["talk.dlq"]);
        example.feed(&[Record::new("a", "broken text"), Record::new("b", "fine")]);
        let letters = example.records("talk.dlq");
        let [letter] = &letters[..] else { panic!("one dead letter, not {letters:?}") };
        let message = letter.header_text("__dlq.errors.message").expect("a message");
        assert!(message.contains("UTF-8"), "{}: {message}", language.name);
        assert_eq!(example.outputs().len(), 1, "{}", language.name);
        example.stop();
    }
    assert!(paths::root().join("guests/c/talk/talk.c").is_file(), "the guest that this is about");
}
