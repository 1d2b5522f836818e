//! Guests in languages that throw, and that can answer with other types than their world's: what is said of it in the
//! dead letters. `guests/<language>/throwing` goes wrong in the way that the id of a payment names.

use harness::paths;

use crate::example::{Example, Ground};
use crate::language::{Language, languages};
use crate::payment::{payment, record};

/// The id of a payment, and words of its dead letter.
type Wrong = (&'static str, &'static [&'static str]);

const PYTHON: [Wrong; 13] = [
    ("throws", &["KeyError: 'no rate for XYZ'", "at answer (app.py:", "at WitWorld.transform (app.py:"]),
    ("throws-a-fault", &["no such account"]),
    ("text-for-integer", &["transform gave a wrong type: risk: expected int, found str 'high'"]),
    ("none-for-text", &["account: expected str, found None"]),
    ("text-for-enum", &["currency: expected Currency, found str 'EUR'"]),
    ("tuple-for-list", &["tags: expected list, found tuple ('a', 'b')"]),
    ("integer-in-list", &["tags[1]: expected str, found int 7"]),
    ("beyond-64-bits", &["amount: expected int of at most 64 bits, found int 9223372036854775808"]),
    ("beyond-32-bits", &["OverflowError"]),
    ("half-a-character", &["note: expected str without lone surrogates"]),
    ("another-record", &["expected Enriched, found Payment(", "which has no attribute amount_eur"]),
    ("without-ok", &["expected Ok(...) or Err(...), found Enriched("]),
    ("too-few", &["transform gave 0 results for 1 record"]),
];

const JAVASCRIPT: [Wrong; 19] = [
    ("throws", &["RangeError: no rate for XYZ", "at answer (", "throwing.js:", "at transform ("]),
    ("throws-a-text", &["no such account"]),
    ("text-for-integer", &["transform gave a wrong type: risk: expected an integer of 32 bits, found string"]),
    ("half-an-integer", &["risk: expected an integer of 32 bits, found number 1.5"]),
    ("beyond-32-bits", &["risk: expected an integer of 32 bits, found number 2147483648"]),
    ("text-for-long", &["amount: expected an integer up to 2^53, found string"]),
    ("beyond-53-bits", &["amount: expected an integer up to 2^53, found number 9007199254740992"]),
    ("none-for-text", &["account: expected a string, found null"]),
    ("unknown-symbol", &["currency: expected \"eur\" or \"usd\" or \"gbp\", found string \"chf\""]),
    ("text-for-list", &["tags: expected an array, found string"]),
    ("integer-in-list", &["tags[1]: expected a string, found number 7"]),
    ("text-for-number", &["rate: expected a number, found string"]),
    ("half-a-character", &["note: expected whole characters"]),
    ("another-record", &["amountEur: expected a number, found undefined", "`amount_eur` is not its name"]),
    ("without-ok", &["expected { tag: \"ok\", val } or { tag: \"err\", val }, found an object with id, account"]),
    ("without-value", &["expected an object, found undefined"]),
    ("fault-without-tag", &["expected { tag: \"reject\", val }", "found string"]),
    ("nothing", &["found undefined"]),
    ("too-few", &["transform gave 0 results for 1 record"]),
];

const TYPESCRIPT: [Wrong; 2] =
    [("throws", &["RangeError: no rate for XYZ", "at answer ("]), ("text-for-integer", &["risk: expected an integer"])];

fn wrongs(language: Language) -> &'static [Wrong] {
    match language.name {
        "python" => &PYTHON,
        "javascript" => &JAVASCRIPT,
        _ => &TYPESCRIPT,
    }
}

/// Runs the guest over payments of these ids; the ids and messages of the dead letters, and the ids of the outputs.
fn run(language: Language, records: u32, ids: &[&str]) -> (Vec<(String, String)>, Vec<String>) {
    let folder = paths::scratch("throwing").expect("folder");
    let guest = paths::root().join(format!("guests/{}/throwing/throwing.wasm", language.name));
    let file = folder.path().join("pipeline.toml");
    let (payments, enriched) = (paths::schema("payment"), paths::schema("enriched"));
    let text = format!(
        "[pipeline]\nname = \"throwing\"\n\n[kafka]\nbrokers = \"embedded\"\n\n\
         [source]\ntopics = [\"throwing.in\"]\nstart = \"earliest\"\nschema = {payments:?}\n\n\
         [[stage]]\nguest = {guest:?}\nlimits = {{ records = {records} }}\n\n\
         [sink]\ntopic = \"throwing.out\"\nschema = {enriched:?}\n\n\
         [errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"throwing.dlq\"\n"
    );
    std::fs::write(&file, text).expect("the file");
    let mut example = Example::start_file(Ground::Embedded(language), "throwing", &file, &["throwing.dlq"]);
    example.feed(&ids.iter().map(|id| record(&payment(id, 5, "DE", &[]))).collect::<Vec<_>>());
    let key = |key: &Option<Vec<u8>>| String::from_utf8(key.clone().expect("a key")).expect("a text");
    let letters = example.records("throwing.dlq").into_iter().map(|letter| {
        let message = letter.header_text("__dlq.errors.message").expect("a message");
        (key(&letter.key), message)
    });
    let letters = letters.collect();
    let outputs = example.outputs().iter().map(|output| key(&output.key)).collect();
    example.stop();
    (letters, outputs)
}

#[test]
fn what_goes_wrong_is_said_with_its_place() {
    for language in languages("throwing") {
        let wrongs = wrongs(language);
        let ids: Vec<&str> = ["fine"].into_iter().chain(wrongs.iter().map(|(id, _)| *id)).chain(["fine too"]).collect();
        let (letters, outputs) = run(language, 1, &ids);
        assert_eq!(outputs, ["fine", "fine too"], "{}", language.name);
        assert_eq!(letters.len(), wrongs.len(), "{}: {letters:?}", language.name);
        for (id, words) in wrongs {
            let message = letters.iter().find(|(key, _)| key == id).map_or("no letter", |(_, message)| message);
            for wanted in *words {
                assert!(message.contains(wanted), "{}, {id}: {message}", language.name);
            }
        }
    }
}

#[test]
fn of_a_batch_only_the_record_is_rejected_that_the_guest_throws_for() {
    for language in languages("throwing") {
        let (letters, outputs) = run(language, 100, &["a", "throws", "b"]);
        assert_eq!(outputs, ["a", "b"], "{}", language.name);
        let [(key, message)] = &letters[..] else { panic!("one letter, not {letters:?}") };
        assert_eq!(key, "throws", "{}", language.name);
        assert!(message.contains("no rate for XYZ"), "{message}");
    }
}
