use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Everything that a value can be: what carries nothing, unions that values tell apart and such that they do not.
const ALL: &str = r#"{"type": "record", "name": "All", "namespace": "acme", "fields": [
    {"name": "none", "type": "null"},
    {"name": "flags", "type": {"type": "array", "items": "boolean"}},
    {"name": "by_key", "type": {"type": "map", "values": {"type": "record", "name": "Point", "fields": [
        {"name": "x", "type": "float"}, {"name": "unit", "type": {"type": "record", "name": "Unit", "fields": []}}]}}},
    {"name": "number", "type": ["int", "long", "string"]},
    {"name": "fraction", "type": ["double", "int"]},
    {"name": "code", "type": {"type": "fixed", "name": "Code", "size": 9}},
    {"name": "raw", "type": "bytes"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
    {"name": "class", "type": ["null", "Kind"]},
    {"name": "__proto__", "type": "double"},
    {"name": "next", "type": ["null", "All"]}]}"#;

/// Its `flags`, `kind` and `__proto__` are those of the other; the rest is not.
const OTHER: &str = r#"{"type": "record", "name": "Other", "namespace": "acme", "fields": [
    {"name": "flags", "type": {"type": "array", "items": "boolean"}},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
    {"name": "number", "type": ["long", "int"]},
    {"name": "unit", "type": {"type": "record", "name": "Unit", "fields": []}},
    {"name": "code", "type": {"type": "fixed", "name": "Code", "size": 3}},
    {"name": "__proto__", "type": "double"},
    {"name": "added", "type": "float"}]}"#;

/// The project's files, by path.
fn project(language: Language, shape: Shape, schemas: (&str, &str)) -> Vec<(String, String)> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("millstream-generic-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let input = put("input.avsc", schemas.0);
    let output = (schemas.1 != schemas.0).then(|| put("output.avsc", schemas.1));
    let request = Request { name: "my-stream".into(), language, input, output, shape, folder: PathBuf::from(".") };
    let model = Model::new(&request).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    crate::scaffold::files(&model).into_iter().map(|file| (file.path, file.text)).collect()
}

fn file(files: &[(String, String)], path: &str) -> String {
    let found = files.iter().find(|(known, _)| known == path);
    found.unwrap_or_else(|| panic!("{path} in {:?}", files.iter().map(|(path, _)| path).collect::<Vec<_>>())).1.clone()
}

#[test]
fn fields_are_handed_on_or_empty_in_every_language() {
    for (language, path, wanted) in [
        (Language::Rust, "src/lib.rs", [r#"("flags", input.take("flags")?)"#, r#"("added", Value::Float(0.0))"#]),
        (
            Language::Go,
            "export_wit_world/change.go",
            [r#"{"flags", input.Get("flags")}"#, r#"{"added", float32(0.0)}"#],
        ),
        (Language::Python, "change.py", [r#""flags": value["flags"]"#, r#""added": 0.0"#]),
        (Language::JavaScript, "change.js", ["flags: value.flags", "added: 0"]),
        (Language::TypeScript, "change.ts", [r#"["__proto__"]: value.__proto__"#, "added: 0"]),
        (Language::C, "my-stream.c", [r#"generic_field(in, 0, "flags");"#, "generic_put_float(out, 0.0F);"]),
    ] {
        let text = file(&project(language, Shape::Generic, (ALL, OTHER)), path);
        for wanted in wanted {
            assert!(text.contains(wanted), "{wanted} in\n{text}");
        }
        let left = text.split('@').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
        assert!(!left, "a placeholder is left in\n{text}");
    }
}

#[test]
fn unions_are_told_apart_where_the_language_does_not() {
    let number = |language, path: &str| {
        let text = file(&project(language, Shape::UserFunctions, (ALL, ALL)), path);
        let line = text.lines().find(|line| line.contains("number")).unwrap_or_default().trim().to_string();
        let fraction = text.lines().find(|line| line.contains("fraction")).unwrap_or_default().trim().to_string();
        (line, fraction)
    };
    let told = |a: &str, b: &str| (a.to_string(), b.to_string());
    assert_eq!(number(Language::Python, "test_app.py"), told(r#""number": Branch("int", 1),"#, r#""fraction": 1.5,"#));
    assert_eq!(
        number(Language::JavaScript, "my-stream.test.js"),
        told(r#"number: new Branch("int", 1),"#, r#"fraction: new Branch("double", 1.5),"#)
    );
    assert_eq!(
        number(Language::Rust, "src/lib.rs"),
        told(r#"("number", Value::Int(1)),"#, r#"("fraction", Value::Double(1.5)),"#)
    );
}

#[test]
fn the_wit_command_writes_the_wit_folder() {
    let command = |language, shape| {
        let readme = file(&project(language, shape, (ALL, OTHER)), "README.md");
        readme.lines().find_map(|line| line.trim().strip_prefix("millstream wit")).unwrap_or_default().to_string()
    };
    let generic = " --input generic --output generic --import schemas --package acme:my-stream --out wit";
    assert_eq!(command(Language::Go, Shape::Generic), generic);
    let item = " --resource item --deserialize generic --serialize generic --import schemas --package acme:my-stream \
                --out wit";
    assert_eq!(command(Language::C, Shape::UserFunctions), item);
    assert_eq!(command(Language::JavaScript, Shape::UserFunctions), item);
}

#[test]
fn the_output_of_the_input_s_schema_is_the_input() {
    let text = file(&project(Language::Rust, Shape::Generic, (ALL, ALL)), "src/lib.rs");
    assert!(text.contains("    Ok(value)\n"), "{text}");
    // A schema that is no record.
    let text = file(
        &project(Language::Python, Shape::Generic, ("\"string\"", r#"{"type": "array", "items": "int"}"#)),
        "change.py",
    );
    assert!(text.contains("    return []\n"), "{text}");
}

/// The examples have the very files that projects get: there is one owner.
#[test]
fn the_examples_fold_by_the_same_files() {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests");
    let read = |path: &str| std::fs::read_to_string(guests.join(path)).unwrap();
    let package = "export_acme_account_balances_guest";
    let go = include_str!("../go/generic.go")
        .replace("package PACKAGE", &format!("package {package}"))
        .replace("MODULE", "example.com/guests/account-balances");
    for (path, wanted) in [
        ("rust/account-balances/src/generic.rs", include_str!("../rust/generic.rs.tmpl")),
        ("python/account-balances/generic.py", include_str!("../python/generic.py")),
        ("javascript/account-balances/generic.js", include_str!("../javascript/generic.js")),
        ("typescript/account-balances/generic.ts", include_str!("../typescript/generic.ts")),
        ("c/account-balances/generic.h", include_str!("../c/generic.h")),
        ("c/account-balances/generic.c", include_str!("../c/generic.c")),
        (&format!("go/account-balances/{package}/generic.go"), &go),
    ] {
        assert_eq!(read(path), wanted, "guests/{path} is not what host/src/scaffold has; copy it");
    }
}
