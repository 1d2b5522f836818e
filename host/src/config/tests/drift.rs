//! Committed files that are made from the table of keys.

use super::*;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_json_schema_is_up_to_date() {
    let committed = std::fs::read_to_string(format!("{PROJECT}/pipeline.schema.json")).unwrap_or_default();
    let made = serde_json::to_string_pretty(&json_schema()).unwrap();
    let same = committed.trim_end() == made;
    assert!(same, "pipeline.schema.json is out of date: run `millstream schema > pipeline.schema.json`");
}

#[test]
fn the_reference_page_is_up_to_date() {
    let committed = std::fs::read_to_string(format!("{PROJECT}/docs/pipeline.toml.md")).unwrap_or_default();
    assert!(committed == reference(), "docs/pipeline.toml.md is out of date: run `make docs`");
}

#[test]
fn the_schema_has_what_works_and_nothing_else() {
    let schema = json_schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["required"], serde_json::json!(["pipeline", "source", "stage", "sink"]));
    let properties = &schema["properties"];
    assert!(properties["retry"]["properties"].get("order").is_none());
    let retry = |key: &str| &properties["retry"]["properties"][key];
    assert_eq!((&retry("jitter")["minimum"], &retry("jitter")["maximum"]), (&0.0.into(), &1.0.into()));
    assert_eq!(retry("give-up-after")["anyOf"][1], serde_json::json!({ "const": "never" }));
    let stage = &properties["stage"]["items"];
    assert_eq!(stage["additionalProperties"], false);
    assert_eq!(
        stage["properties"]["grants"]["items"]["anyOf"][0]["enum"],
        serde_json::json!(["clock", "random", "log", "metrics", "config"])
    );
    assert_eq!(stage["properties"]["limits"]["properties"]["memory"]["default"], "64MiB");
    assert_eq!(stage["properties"]["limits"]["properties"]["records"]["default"], 256);
    let format = &properties["source"]["properties"]["format"];
    assert_eq!(format["anyOf"][0]["enum"], serde_json::json!(["avro", "json", "string", "bytes"]));
    assert_eq!((&properties["stage"]["minItems"], &properties["stage"]["maxItems"]), (&1.into(), &16.into()));
    assert_eq!(stage["properties"]["limits"]["properties"]["records"]["maximum"], 10_000);
    let values = serde_json::json!(["string", "number", "boolean", "object"]);
    assert_eq!(stage["properties"]["config"]["additionalProperties"]["type"], values);
    let pattern = &properties["sink"]["properties"]["topics"]["items"]["anyOf"][1];
    assert_eq!(pattern, &serde_json::json!({ "pattern": "^\\^" }));
}

#[test]
fn the_schema_asks_for_a_schema_file_where_the_format_needs_one() {
    for section in ["source", "sink"] {
        let rules = &json_schema()["properties"][section]["allOf"];
        let expected = serde_json::json!([{
            "if": { "properties": { "format": { "enum": ["avro", "json"] } } },
            "then": { "required": ["schema"] },
        }]);
        assert_eq!(rules, &expected);
        // The condition holds without the key, too: so the default has to be one of the values.
        assert_eq!(json_schema()["properties"][section]["properties"]["format"]["default"], "avro");
    }
}

#[test]
fn every_key_has_a_description_and_a_row() {
    fn walk(keys: &[Key], path: &str, schema: &serde_json::Value, page: &str) {
        for key in keys.iter().filter(|key| key.support == Support::Now) {
            let name = reader::join(path, key.name);
            let own = &schema["properties"][key.name];
            assert!(own["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no description");
            match key.kind.keys() {
                Some(keys) => {
                    let inner = if matches!(key.kind, Kind::Sections { .. }) { &own["items"] } else { own };
                    walk(keys, &name, inner, page);
                }
                None => {
                    let row = name.split_once('.').map_or("", |(_, row)| row);
                    assert!(page.contains(&format!("| `{row}` |")), "{name} has no row in the reference");
                }
            }
        }
    }
    walk(ROOT, "", &json_schema(), &reference());
}
