//! What the program writes for people: WIT folders, the JSON Schema, reference pages, and that the committed ones are
//! what it writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use harness::paths;

use crate::case::{Case, Done, run_in};

fn root(arguments: &[&str]) -> Done {
    run_in(&paths::root(), arguments, &[])
}

/// All files under a folder, with their contents.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap_or_else(|why| panic!("{}: {why}", at.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below").display().to_string();
            found.insert(name, std::fs::read_to_string(&path).expect("a text"));
        }
    }
    found
}

/// `millstream wit` on the repository's schemas, with more arguments; what it wrote.
fn wit(arguments: &[&str]) -> BTreeMap<String, String> {
    let folder = paths::scratch("wit").expect("a folder");
    let out = folder.path().join("wit");
    let fixed = [
        "wit",
        "--input",
        "schemas/payment.avsc",
        "--output",
        "schemas/enriched.avsc",
        "--out",
        &out.display().to_string(),
    ];
    let done = root(&[&fixed[..], arguments].concat());
    done.shows(&["world.wit", "types.wit", "deps/millstream-pipeline/types.wit"]);
    files(&out)
}

/// The command that writes a guest's `wit` folder, as its source names it: its arguments.
fn command(source: &str) -> Vec<String> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let command = lines.map(str::trim).skip_while(|line| !line.starts_with("millstream wit "));
    let mut words = Vec::new();
    for line in command {
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        words.extend(part.split_whitespace().map(str::to_owned));
        if !goes_on {
            break;
        }
    }
    words.split_off(1.min(words.len()))
}

#[test]
fn committed_guests_match_their_schemas() {
    let guests = std::fs::read_dir(paths::root().join("guests/rust")).expect("the guests");
    let guests = guests.map(|guest| guest.expect("an entry").path()).filter(|guest| guest.join("wit").is_dir());
    let mut checked = 0;
    for guest in guests {
        let name = guest.file_name().expect("a name").to_string_lossy().into_owned();
        let source = std::fs::read_to_string(guest.join("src/lib.rs")).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut arguments = command(&source);
        let committed = format!("guests/rust/{name}/wit");
        assert_eq!(arguments.pop(), Some(committed.clone()), "{name} does not name the command for its folder `wit`");
        let folder = paths::scratch("wit").expect("a folder");
        let out = folder.path().join("wit");
        arguments.push(out.display().to_string());
        root(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).shows(&["world.wit"]);
        let (written, found) = (files(&out), files(&paths::root().join(&committed)));
        assert_eq!(written, found, "{committed} is stale: run the command in its src/lib.rs again");
        checked += 1;
    }
    assert!(checked > 8, "{checked} guests");
}

#[test]
fn the_shared_package_is_the_committed_one() {
    let written = wit(&["--package", "acme:payments"]);
    let shared = |(name, text): (&String, &String)| {
        Some((name.strip_prefix("deps/millstream-pipeline/")?.to_string(), text.clone()))
    };
    let mut committed = files(&paths::root().join("wit"));
    committed.retain(|name, _| name.ends_with(".wit"));
    assert_eq!(written.iter().filter_map(shared).collect::<BTreeMap<_, _>>(), committed);
}

#[test]
fn a_wit_folder_can_be_written_again() {
    let case = Case::payments();
    for _ in 0..2 {
        let arguments = ["wit", "--input", "payment.avsc", "--output", "enriched.avsc", "--package", "a:b"];
        let done = case.run(&arguments);
        let files = ["types", "generic", "schemas", "envelope", "log", "metrics", "config"];
        let deps = files.map(|file| format!("wit/deps/millstream-pipeline/{file}.wit\n")).concat();
        assert_eq!(done.out, format!("wit/world.wit\nwit/types.wit\n{deps}"), "{}", done.err);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    }
}

/// `millstream wit` in a folder of its own, with this input schema.
fn refused(input: &str, arguments: &[&str]) -> Done {
    let case = Case::payments().with("input.avsc", input);
    let fixed = ["wit", "--input", "input.avsc", "--output", "enriched.avsc"];
    let done = case.run(&[&fixed[..], arguments].concat());
    assert!(!case.path("wit").exists(), "a refusal writes nothing");
    done
}

const SMALL: &str =
    r#"{"type":"record","name":"Small","fields":[{"name":"first","type":"int"},{"name":"second","type":"int"}]}"#;

#[test]
fn a_package_needs_a_proper_name() {
    for name in ["Acme", "acme", "acme:Payments", "acme:pay ments", ""] {
        let done = refused(SMALL, &["--package", name]);
        done.mentions(
            2,
            &[&format!("error: {name:?} is not a package name: write namespace:name"), " --> --package\n"],
        );
    }
    refused(SMALL, &["--package", "millstream:pipeline"]).mentions(2, &["the package of the pipeline itself"]);
}

#[test]
fn an_unknown_field_is_named_with_those_there_are() {
    let text = "error: --input-fields: Small has no field \"third\"; it has first, second\n --> input.avsc\n";
    refused(SMALL, &["--package", "a:b", "--input-fields", "first,third"]).says(2, text);
    refused(SMALL, &["--package", "a:b", "--output-fields", "rsk"])
        .mentions(2, &["--output-fields: ", "no field \"rsk\"", " --> enriched.avsc\n"]);
}

#[test]
fn a_schema_for_wit_must_be_one() {
    refused("{", &["--package", "a:b"]).mentions(2, &["schema input.avsc: line 1, column ", "this is not JSON"]);
    refused("\"strng\"", &["--package", "a:b"]).mentions(2, &["this is not an Avro schema"]);
}

#[test]
fn the_json_schema_is_the_committed_one() {
    let committed = std::fs::read_to_string(paths::root().join("pipeline.schema.json")).expect("pipeline.schema.json");
    let done = root(&["schema"]);
    done.shows(&[]);
    assert_eq!(done.out, committed, "run `millstream schema > pipeline.schema.json`");
}

#[test]
fn the_reference_pages_are_the_committed_ones() {
    for (page, file) in [("pipeline-toml", "docs/pipeline.toml.md"), ("metrics", "docs/metrics.md")] {
        let committed = std::fs::read_to_string(paths::root().join(file)).expect("the page");
        let done = root(&["docs", page]);
        done.shows(&[]);
        assert_eq!(done.out, committed, "run `millstream docs {page} > {file}`");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let program = paths::millstream().expect("the program");
    let script = "\"$0\" docs pipeline-toml | true; \"$0\" schema | head -c 1";
    let done = Command::new("sh").args(["-c", script]).arg(program).output().expect("sh");
    assert_eq!(
        (String::from_utf8_lossy(&done.stdout).as_ref(), String::from_utf8_lossy(&done.stderr).as_ref()),
        ("{", "")
    );
}

#[test]
fn the_version_is_told() {
    root(&["--version"]).shows(&["millstream "]);
}

#[test]
fn the_quickstart_ends_with_its_counts() {
    let done = root(&["quickstart"]);
    done.shows(&["  before {\"id\":", "  after  {\"id\":", "x negative amount -", "and alike; first at payments["]);
    let [consumed, produced, dead, committed] = done.counts();
    assert_eq!((consumed, committed), (produced + dead, consumed));
    assert!(produced > 1000 && dead > 10, "{}", done.out);
    assert_eq!(done.err, "", "the first impression is clean");
}
