//! What `millstream wit` refuses as too much is what tools and engine refuse, and nothing less.

use std::path::Path;

use millstream::contract::wit;
use millstream::guest::Guest;

use super::echo::{ENGINE, Fields, IDLE, component, parse};

/// Records in records, each with as many fields.
fn tower(leaf: &str, levels: usize, width: usize) -> String {
    (0..levels).fold(format!("\"{leaf}\""), |inner, level| {
        let fields: String = (1..width).map(|i| format!(r#", {{"name": "f{i}", "type": "int"}}"#)).collect();
        format!(r#"{{"type": "record", "name": "L{level}", "fields": [{{"name": "f", "type": {inner}}}{fields}]}}"#)
    })
}

/// Maps in maps.
fn maps(levels: usize) -> String {
    format!("{}\"int\"{}", r#"{"type": "map", "values": "#.repeat(levels), "}".repeat(levels))
}

/// Whether a guest of these schemas can be built and loaded, and what `millstream wit` says.
fn taken(input: &str, output: &str) -> Result<(), String> {
    let (input, output) = (parse(input), parse(output));
    let options = wit::Options { package: "test:limits".into(), ..wit::Options::default() };
    wit::package(&input, &output, &options).map_err(|refusal| refusal.to_string())?;
    let guest = component(&input, &output, &Fields::default(), IDLE);
    Guest::compile(&ENGINE, Path::new("idle.wasm"), &guest, &millstream::guest::Grants::default())
        .map(|_| ())
        .map_err(|error| error.to_string())
}

#[test]
fn as_deep_as_engines_take() {
    // Around the output: a result and the batch's list.
    assert_eq!(taken(&maps(49), &maps(48)), Ok(()));
    let refusal = taken(&maps(48), &maps(49)).unwrap_err();
    assert!(refusal.contains("nests 101 levels deep in WIT") && refusal.starts_with("output schema: "), "{refusal}");
}

#[test]
fn as_large_as_engines_take() {
    assert_eq!(taken(&tower("int", 14, 3740), &tower("long", 14, 3740)), Ok(()));
    let refusal = taken(&tower("int", 20, 2000), &tower("long", 20, 2000)).unwrap_err();
    let text =
        "the guest's types, each written out with all it holds, have 1000060 parts; a component has at most 1000000. ";
    assert!(refusal.starts_with(text), "{refusal}");
}
