//! For `millstream conformance`: a record with a field of each type comes in and goes out as it is. What its `id` says is
//! done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as Rust fails,
//! "broken text" would answer a text that is no Unicode.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input tests/conformance/cases/types/everything.avsc \
//!         --output tests/conformance/cases/types/everything.avsc \
//!         --package acme:types --out guests/rust/types/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Types;

fn answer(record: Everything) -> Result<Everything, Fault> {
    match record.id.split_once(": ") {
        Some(("reject", why)) => Err(Fault::Reject(why.to_owned())),
        Some(("retry", why)) => Err(Fault::Retry(why.to_owned())),
        Some(("halt", why)) => Err(Fault::Halt(why.to_owned())),
        _ if record.id == "throw" => panic!("thrown on purpose"),
        _ if record.id == "broken text" => Err(Fault::Reject("Rust has no such text".to_owned())),
        _ => Ok(record),
    }
}

impl Guest for Types {
    fn transform(batch: Vec<Everything>) -> Vec<Result<Everything, Fault>> {
        batch.into_iter().map(answer).collect()
    }
}

export!(Types);
