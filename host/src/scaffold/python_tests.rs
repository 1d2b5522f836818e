use super::super::odd_tests::{project, text};
use super::*;
use crate::build::Language;

#[test]
fn fields_are_handed_on_and_new_ones_are_empty() {
    let files = project(Language::Python, Shape::Map, false);
    let app = text(&files, "app.py");
    assert!(app.contains("from wit_world.imports import acme_shop_types as types\n"), "{app}");
    assert!(app.contains("def answer(record: types.Payment) -> Result[types.Enriched, Fault]:\n"), "{app}");
    assert!(app.contains("        currency=record.currency,\n"), "{app}");
    assert!(app.contains("        amount_eur=0.0,\n        risk=0,\n"), "{app}");
    assert!(!app.contains('@'), "{app}");
    let test = text(&files, "test_app.py");
    assert!(test.contains("record = types.Payment("), "{test}");
    assert!(test.contains("currency=types.Currency.EUR,"), "{test}");
    assert!(!test.contains('@'), "{test}");
    assert!(text(&files, "requirements.txt").contains("componentize-py==0.25.1"));
    assert!(text(&files, "pyproject.toml").contains("name = \"shop\""));
    assert!(text(&files, ".gitignore").contains("/.venv/\n"));
}

#[test]
fn a_filter_answers_an_optional_and_a_fan_out_a_list() {
    let filter = project(Language::Python, Shape::Filter, false);
    assert!(text(&filter, "app.py").contains("-> Result[types.Enriched | None, Fault]:"));
    let fan_out = project(Language::Python, Shape::FanOut, false);
    assert!(text(&fan_out, "app.py").contains("-> Result[list[types.Enriched], Fault]:"));
    assert!(text(&fan_out, "app.py").contains("return Ok([types.Enriched("));
}

#[test]
fn names_that_python_keeps_have_an_underscore() {
    let files = project(Language::Python, Shape::Map, true);
    let app = text(&files, "app.py");
    for part in
        ["from_=record.from_,", "in_=record.in_,", "class_=record.class_,", "none=record.none,", "self=record.self,"]
    {
        assert!(app.contains(part), "no {part} in {app}");
    }
    let all = format!("{app}{}", text(&files, "test_app.py"));
    for part in ["types.FaultReject.CLASS", "types.ErrU_Null()", "types.FaultU3_String(\"\")", "kind=types.XList.A"] {
        assert!(all.contains(part), "no {part} in {all}");
    }
}

#[test]
fn bytes_are_short() {
    assert_eq!(bytes(&[0, 1, 255]), "b\"\\x00\\x01\\xff\"");
    assert_eq!(bytes(&[0; 9]), "bytes(9)");
    assert_eq!(bytes(&[&[0; 99][..], &[7]].concat()), "bytes(99) + b\"\\x07\"");
}
