//! Replaces the letters of some string fields by stars, in any schema and at any depth: it works on generic records and
//! knows no record type of its own. Which fields is said in its `config`: `fields = "account, note"`.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input generic --output generic --init --import config,schemas \
//!         --package acme:mask --out guests/rust/mask/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use millstream::pipeline::generic::Node;
use millstream::pipeline::schemas::NamedType;
use millstream::pipeline::{config, schemas};

/// For each named type of a schema: for each of its fields, whether to mask it.
type Masked = Vec<Vec<bool>>;

#[derive(Default)]
struct State {
    fields: HashSet<String>,
    /// By schema. Asked for once: names are compared for each schema, not for each record.
    schemas: HashMap<u32, Masked>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn masked(types: &[NamedType], fields: &HashSet<String>) -> Masked {
    let of = |named: &NamedType| match named {
        NamedType::Record(record) => record.fields.iter().map(|field| fields.contains(field)).collect(),
        NamedType::Enum(_) | NamedType::Fixed(_) => Vec::new(),
    };
    types.iter().map(of).collect()
}

/// Masks the value that begins at a node, if it is to be `hidden`, and all fields below it that are; answers where the
/// next value begins.
fn mask(nodes: &mut [Node], at: usize, hidden: bool, types: &Masked) -> usize {
    let mut next = at + 1;
    match &mut nodes[at] {
        Node::String(text) if hidden => *text = "*".repeat(text.chars().count()),
        &mut Node::Array(items) => {
            for _ in 0..items {
                next = mask(nodes, next, hidden, types);
            }
        }
        &mut Node::Map(pairs) => {
            for _ in 0..pairs {
                // The pair's first node is its key, which stays.
                next = mask(nodes, next + 1, hidden, types);
            }
        }
        &mut Node::Record(record) => {
            for &hidden in &types[record.name as usize] {
                next = mask(nodes, next, hidden, types);
            }
        }
        _ => {}
    }
    next
}

/// The field names of the setting, each of which some record has.
fn fields(setting: Option<&str>, types: &[NamedType]) -> Result<HashSet<String>, String> {
    let setting = setting.ok_or("`fields` is missing in `config`; it names the fields to mask, with commas between")?;
    let names: HashSet<String> = setting.split(',').map(|name| name.trim().to_owned()).collect();
    let known = |name: &String| types.iter().any(|ty| matches!(ty, NamedType::Record(r) if r.fields.contains(name)));
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(format!("`fields` in `config`: no record of the schema has a field `{name}`")),
        None => Ok(names),
    }
}

struct Mask;

impl Guest for Mask {
    fn init() -> Result<(), String> {
        if schemas::text(schemas::input()) != schemas::text(schemas::output()) {
            return Err("source and sink need the same schema: masking does not change a record's type".to_owned());
        }
        let types = schemas::named_types(schemas::input());
        let fields = fields(config::get("fields").as_deref(), &types)?;
        STATE.set(State { fields, schemas: HashMap::new() });
        Ok(())
    }

    fn transform(batch: Vec<GenericRecord>) -> Vec<Result<GenericRecord, Fault>> {
        let output = schemas::output();
        STATE.with_borrow_mut(|State { fields, schemas }| {
            let mut one = |mut record: GenericRecord| {
                let types = schemas
                    .entry(record.schema)
                    .or_insert_with_key(|schema| masked(&schemas::named_types(*schema), fields));
                mask(&mut record.nodes, 0, false, types);
                Ok(GenericRecord { schema: output, nodes: record.nodes })
            };
            batch.into_iter().map(&mut one).collect()
        })
    }
}

export!(Mask);

#[cfg(test)]
mod tests {
    use super::*;
    use millstream::pipeline::generic::RecordStart;
    use millstream::pipeline::schemas::{FixedType, RecordType};

    /// Letter { to: Person, text: map of string, copies: array of Person }, Person { name, code: fixed }
    fn types() -> Vec<NamedType> {
        let record = |name: &str, fields: &[&str]| {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            NamedType::Record(RecordType { name: name.to_owned(), fields })
        };
        let code = NamedType::Fixed(FixedType { name: "Code".to_owned(), size: 1 });
        vec![record("Letter", &["to", "text", "copies"]), record("Person", &["name", "code"]), code]
    }

    #[test]
    fn named_fields_are_masked_at_any_depth_and_nothing_else() {
        let text = |text: &str| Node::String(text.to_owned());
        let person = |name: &str| [Node::Record(RecordStart { name: 1, fields: 2 }), text(name), Node::Fixed(vec![7])];
        let letter = |names: [&str; 2], note: &str| {
            let mut nodes = vec![Node::Record(RecordStart { name: 0, fields: 3 })];
            nodes.extend(person(names[0]));
            nodes.extend([Node::Map(1), text("en"), text(note), Node::Array(1)]);
            nodes.extend(person(names[1]));
            nodes
        };
        for (setting, wanted) in [
            ("name", letter(["***", "****"], "hi")),
            (" text ,name", letter(["***", "****"], "**")),
            ("to", letter(["Ann", "Jürg"], "hi")),
        ] {
            let mut nodes = letter(["Ann", "Jürg"], "hi");
            let masked = masked(&types(), &fields(Some(setting), &types()).unwrap());
            assert_eq!(mask(&mut nodes, 0, false, &masked), nodes.len());
            assert_eq!(format!("{nodes:?}"), format!("{wanted:?}"), "{setting}");
        }
    }

    #[test]
    fn a_setting_that_masks_nothing_is_refused() {
        let wrong = |setting| fields(setting, &types()).unwrap_err();
        assert!(wrong(None).starts_with("`fields` is missing"));
        assert_eq!(wrong(Some("name, nam")), "`fields` in `config`: no record of the schema has a field `nam`");
        assert_eq!(wrong(Some("")), "`fields` in `config`: no record of the schema has a field ``");
    }
}
