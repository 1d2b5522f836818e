use super::super::odd_tests::{project, text};
use super::*;

#[test]
fn fields_are_handed_on_and_new_ones_are_empty() {
    let files = project(Language::JavaScript, Shape::Map, false);
    let guest = text(&files, "shop.js");
    assert!(guest.contains("@param {import(\"acme:shop/types\").Payment} record"), "{guest}");
    assert!(guest.contains("      currency: record.currency,\n"), "{guest}");
    assert!(guest.contains("      amountEur: 0.0,\n      risk: 0,\n"), "{guest}");
    let test = text(&files, "shop.test.js");
    assert!(test.contains("from \"./shop.js\""), "{test}");
    assert!(test.contains("currency: \"eur\","), "{test}");
    assert!(text(&files, ".gitignore").contains("/node_modules/\n"));
}

#[test]
fn typescript_has_the_same_with_types() {
    let files = project(Language::TypeScript, Shape::FanOut, false);
    let guest = text(&files, "shop.ts");
    assert!(guest.contains("import type * as types from \"acme:shop/types\";\n"), "{guest}");
    assert!(guest.contains("type Answer = { tag: \"ok\"; val: types.Enriched[] } |"), "{guest}");
    assert!(guest.contains("transform(batch: types.Payment[]): Answer[]"), "{guest}");
    assert!(text(&files, "shop.test.js").contains("from \"./.millstream/js/shop.js\""));
    assert!(text(&files, "tsconfig.json").contains(".millstream/wit.d.ts"));
    let filter = project(Language::TypeScript, Shape::Filter, false);
    assert!(text(&filter, "shop.ts").contains("val: types.Enriched | null }"));
}

#[test]
fn packages_are_those_of_the_examples_under_the_projects_name() {
    for (language, main, tools) in
        [(Language::JavaScript, "shop.js", JAVASCRIPT), (Language::TypeScript, "shop.ts", TYPESCRIPT)]
    {
        let files = project(language, Shape::Map, false);
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (package, lock) = (json(text(&files, "package.json")), json(text(&files, "package-lock.json")));
        assert_eq!(package["main"], main);
        assert_eq!(package["devDependencies"], json(tools.package)["devDependencies"]);
        assert_eq!(lock["packages"][""]["devDependencies"], package["devDependencies"]);
        for place in [&package, &lock, &lock["packages"][""]] {
            assert_eq!((&place["name"], &place["version"]), (&"shop".into(), &"0.1.0".into()));
        }
        assert!(lock["packages"][""]["license"].is_null());
        assert!(!text(&files, "package-lock.json").contains("guests-"));
    }
}

#[test]
fn odd_names_are_properties_and_types_of_their_own() {
    let files = project(Language::TypeScript, Shape::Map, true);
    let guest = text(&files, "shop.ts");
    for part in ["from: record.from,", "constructor: record.constructor,", "x2y3z: record.x2y3z,", "val: types.Err }"] {
        assert!(guest.contains(part), "no {part} in {guest}");
    }
    assert!(guest.contains("u: { tag: \"null\" }"), "{guest}");
    assert!(guest.contains("import type { Fault } from \"millstream:pipeline/types@0.1.0\""), "{guest}");
}

#[test]
fn bytes_are_short() {
    assert_eq!(bytes(&[]), "new Uint8Array()");
    assert_eq!(bytes(&[0, 1]), "Uint8Array.of(0, 1)");
    assert_eq!(bytes(&[0; 20]), "new Uint8Array(20)");
    assert_eq!(bytes(&[&[0; 19][..], &[7]].concat()), "new Uint8Array(20).fill(7, 19)");
}
