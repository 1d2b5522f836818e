//! Generic records as the tests see them: a guest that takes and answers them, their nodes in both directions, and an
//! own folding of values to compare with.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::LazyLock;

use millstream::decode::{From, Image};
use millstream::encode::{self, EncodePlan, OutputLimits, Outputs, Returned, Rows, Verdict};
use millstream::guest::{Grants, Guest};
use millstream::schema::Schema;

use super::dice::Dice;
use super::echo::{ENGINE, IDLE, Lane, OUTPUT_LIMITS, Setup, copying, transform_of, wrap};
use super::shape::{Field, Name, Ty};
use super::value::V;

/// The package with the generic record, as guests depend on it.
pub fn package() -> String {
    let mut text = include_str!("../../wit/types.wit").to_owned();
    for file in [include_str!("../../wit/generic.wit"), include_str!("../../wit/schemas.wit")] {
        // The package is named once.
        let (line, rest) = file.split_once('\n').expect("a package line");
        assert_eq!(line, "package millstream:pipeline@0.1.0;");
        text.push_str(rest);
    }
    text
}

/// A guest of these types around a core module.
pub fn guest_of(types: &str, input: &str, output: &str, module: &str) -> Vec<u8> {
    let world = format!(
        "package test:generic;
        interface types {{ use millstream:pipeline/generic@0.1.0.{{generic-record}}; {types} }}
        world transform {{
            use types.{{{names}}};
            use millstream:pipeline/types@0.1.0.{{fault}};
            export transform: func(batch: list<{input}>) -> list<result<{output}, fault>>;
        }}",
        names = if input == output { input.to_owned() } else { format!("{input}, {output}") },
    );
    wrap(&[&package(), &world], module)
}

/// A guest that answers every generic record with itself.
pub static ECHO: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let idle = Guest::compile(
        &ENGINE,
        Path::new("idle.wasm"),
        &guest_of("", "generic-record", "generic-record", IDLE),
        &Grants::default(),
    );
    let idle = idle.unwrap_or_else(|error| panic!("{error}"));
    let size = transform_of(&idle).input.layout().size;
    let module = copying(&transform_of(&idle).input, &transform_of(&idle).outcome, &[(0, 0, size)]);
    guest_of("", "generic-record", "generic-record", &module)
});

/// The types of that guest.
pub static GUEST: LazyLock<Guest> = LazyLock::new(|| {
    Guest::compile(&ENGINE, Path::new("echo.wasm"), &ECHO, &Grants::default()).unwrap_or_else(|error| panic!("{error}"))
});

/// The lane of the echo guest for these writers' schemas, the reader's and the sink's.
pub fn lane(writers: Vec<&Schema>, reader: &Schema, output: &Schema) -> Result<Lane, String> {
    Lane::start(&Setup { writers, reader, output, passthrough: false, component: &ECHO, allowance: None })
}

/// A value with named types by their numbers. Maps are sorted by key where they are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(u32),
    Double(u64),
    Bytes(Vec<u8>),
    String(String),
    Fixed(Vec<u8>),
    Enum(u32, u32),
    Array(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    Record(u32, Vec<Tree>),
}

/// The full names of a type's named types, in the order of their first appearance.
pub fn names(ty: &Ty) -> Vec<String> {
    fn visit(ty: &Ty, names: &mut Vec<String>) {
        match ty.plain() {
            Ty::Fixed(name, _) | Ty::Enum(name, ..) => add(name, names),
            // Of a type within itself only the outermost defines anything.
            Ty::Record(name, fields) if !names.contains(&name.name) => {
                add(name, names);
                fields.iter().for_each(|field| visit(&field.ty, names));
            }
            Ty::Array(inner) | Ty::Map(inner) => visit(inner, names),
            Ty::Union(branches) => branches.iter().for_each(|branch| visit(branch, names)),
            _ => {}
        }
    }
    fn add(name: &Name, names: &mut Vec<String>) {
        if !names.contains(&name.name) {
            names.push(name.name.clone());
        }
    }
    let mut found = Vec::new();
    visit(ty, &mut found);
    found
}

/// Whether a union has several fixed branches of one length: their nodes are alike, and the first is taken.
pub fn has_twins(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Array(inner) | Ty::Map(inner) => has_twins(inner),
        Ty::Record(_, fields) => fields.iter().any(|field| has_twins(&field.ty)),
        Ty::Union(branches) => {
            let size = |ty: &Ty| if let Ty::Fixed(_, size) = ty.plain() { Some(*size) } else { None };
            let sizes: Vec<_> = branches.iter().filter_map(size).collect();
            let twice = |at: usize| sizes[..at].contains(&sizes[at]);
            (0..sizes.len()).any(twice) || branches.iter().any(has_twins)
        }
        _ => false,
    }
}

/// The value as a tree, maps sorted.
pub fn fold(value: &V, ty: &Ty, names: &[String]) -> Tree {
    let number = |name: &Name| names.iter().position(|known| *known == name.name).expect("a known name") as u32;
    match (value, ty.plain()) {
        (V::Null, _) => Tree::Null,
        (V::Boolean(value), _) => Tree::Boolean(*value),
        (V::Int(value), _) => Tree::Int(*value),
        (V::Long(value), _) => Tree::Long(*value),
        (V::Float(bits), _) => Tree::Float(*bits),
        (V::Double(bits), _) => Tree::Double(*bits),
        (V::Bytes(bytes), _) => Tree::Bytes(bytes.clone()),
        (V::String(text), _) => Tree::String(text.clone()),
        (V::Fixed(bytes), _) => Tree::Fixed(bytes.clone()),
        (V::Enum(index), Ty::Enum(name, ..)) => Tree::Enum(number(name), *index as u32),
        (V::Array(items), Ty::Array(ty)) => Tree::Array(items.iter().map(|item| fold(item, ty, names)).collect()),
        (V::Map(entries), Ty::Map(ty)) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| (key.clone(), fold(value, ty, names))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Tree::Map(entries)
        }
        (V::Union(index, value), Ty::Union(branches)) => fold(value, &branches[*index], names),
        (V::Record(values), Ty::Record(name, fields)) => {
            let values = values.iter().zip(fields).map(|(value, field)| fold(value, &field.ty, names)).collect();
            Tree::Record(number(name), values)
        }
        (value, ty) => unreachable!("{value:?} is no {ty:?}"),
    }
}

/// Reads the trees out of an image whose records are generic records and nothing else.
pub fn trees(image: &Image, source: &[u8]) -> Vec<Tree> {
    let fixups: HashMap<usize, _> = image.fixups().iter().map(|fixup| (fixup.slot as usize, fixup)).collect();
    let stride = transform_of(&GUEST).input.layout().size;
    let tree = |record: usize| {
        let at = record * stride;
        assert_eq!(word(image, at), 0, "the number of the source's schema");
        let nodes = fixups[&(at + 4)];
        assert_eq!(nodes.from, From::Image(8));
        assert_eq!(nodes.len, 16 * word(image, at + 8));
        let mut reading = Reading { image, source, fixups: &fixups, at: nodes.start as usize };
        let tree = reading.tree();
        assert_eq!(reading.at, (nodes.start + nodes.len) as usize, "all nodes are of the value");
        tree
    };
    (0..image.count()).map(tree).collect()
}

fn word(image: &Image, at: usize) -> u32 {
    u32::from_le_bytes(image.slice(at, 4).try_into().expect("four bytes"))
}

struct Reading<'a> {
    image: &'a Image,
    source: &'a [u8],
    fixups: &'a HashMap<usize, &'a millstream::decode::Fixup>,
    at: usize,
}

impl Reading<'_> {
    fn tree(&mut self) -> Tree {
        let at = self.at;
        self.at += 16;
        let (first, second) = (word(self.image, at + 8), word(self.image, at + 12));
        let whole = u64::from(second) << 32 | u64::from(first);
        match self.image.slice(at, 1)[0] {
            0 => Tree::Null,
            1 => Tree::Boolean(first != 0),
            2 => Tree::Int(first as i32),
            3 => Tree::Long(whole as i64),
            4 => Tree::Float(first),
            5 => Tree::Double(whole),
            6 => Tree::Bytes(self.bytes(at, second)),
            7 => Tree::String(String::from_utf8(self.bytes(at, second)).expect("UTF-8")),
            8 => Tree::Fixed(self.bytes(at, second)),
            9 => Tree::Enum(first, second),
            10 => Tree::Array((0..first).map(|_| self.tree()).collect()),
            11 => {
                let entry = |_| match self.tree() {
                    Tree::String(key) => (key, self.tree()),
                    other => panic!("{other:?} is no key"),
                };
                // Of a key that comes twice the last value counts, as in the Avro library's map.
                let entries: BTreeMap<_, _> = (0..first).map(entry).collect();
                Tree::Map(entries.into_iter().collect())
            }
            12 => Tree::Record(first, (0..second).map(|_| self.tree()).collect()),
            case => panic!("no node has case {case}"),
        }
    }

    fn bytes(&self, at: usize, len: u32) -> Vec<u8> {
        let Some(fixup) = self.fixups.get(&(at + 8)) else {
            assert_eq!(len, 0, "bytes have a place");
            return Vec::new();
        };
        assert_eq!(fixup.len, len);
        let (start, len) = (fixup.start as usize, len as usize);
        match fixup.from {
            From::Source => self.source[start..start + len].to_vec(),
            From::Image(_) => self.image.slice(start, len).to_vec(),
        }
    }
}

/// A node as a guest writes it, right or wrong.
#[derive(Debug, Clone)]
pub enum N {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    String(&'static str),
    Fixed(Vec<u8>),
    Enum(u32, u32),
    Array(u32),
    Map(u32),
    Record(u32, u32),
    /// Any sixteen bytes.
    Raw([u8; 16]),
}

/// Where a guest's one result stands in the memory of [`answer`].
pub const RESULT: u32 = 16;

/// The memory of a guest that answers one record with these nodes of this schema.
pub fn answer(schema: u32, nodes: &[N]) -> Vec<u8> {
    let start = 64;
    let mut memory = vec![0; start + 16 * nodes.len()];
    let mut put = |at: usize, bytes: &[u8]| memory[at..at + bytes.len()].copy_from_slice(bytes);
    put(20, &schema.to_le_bytes());
    put(24, &(start as u32).to_le_bytes());
    put(28, &(nodes.len() as u32).to_le_bytes());
    for (index, node) in nodes.iter().enumerate() {
        let cell = start + 16 * index;
        let pair = |memory: &mut Vec<u8>, case: u8, first: u32, second: u32| {
            memory[cell] = case;
            memory[cell + 8..cell + 12].copy_from_slice(&first.to_le_bytes());
            memory[cell + 12..cell + 16].copy_from_slice(&second.to_le_bytes());
        };
        let list = |memory: &mut Vec<u8>, case: u8, bytes: &[u8]| {
            let at = memory.len() as u32;
            memory.extend(bytes);
            pair(memory, case, at, bytes.len() as u32);
        };
        let whole = |memory: &mut Vec<u8>, case: u8, value: u64| {
            memory[cell] = case;
            memory[cell + 8..cell + 16].copy_from_slice(&value.to_le_bytes());
        };
        match node {
            N::Null => whole(&mut memory, 0, 0),
            N::Boolean(value) => whole(&mut memory, 1, (*value).into()),
            N::Int(value) => whole(&mut memory, 2, *value as u32 as u64),
            N::Long(value) => whole(&mut memory, 3, *value as u64),
            N::Float(value) => whole(&mut memory, 4, value.to_bits().into()),
            N::Double(value) => whole(&mut memory, 5, value.to_bits()),
            N::Bytes(bytes) => list(&mut memory, 6, bytes),
            N::String(text) => list(&mut memory, 7, text.as_bytes()),
            N::Fixed(bytes) => list(&mut memory, 8, bytes),
            N::Enum(name, symbol) => pair(&mut memory, 9, *name, *symbol),
            N::Array(count) => whole(&mut memory, 10, (*count).into()),
            N::Map(count) => whole(&mut memory, 11, (*count).into()),
            N::Record(name, fields) => pair(&mut memory, 12, *name, *fields),
            N::Raw(bytes) => memory[cell..cell + 16].copy_from_slice(bytes),
        }
    }
    memory
}

/// The plan for the echo guest's answers.
pub fn encoding(source: &Schema, sink: &Schema) -> EncodePlan {
    encode::compile(&transform_of(&GUEST).outcome, sink, source, false, &[]).unwrap_or_else(|error| panic!("{error:?}"))
}

/// What becomes of a guest's memory with one result: the output's bytes, or why there is none.
pub fn encoded(plan: &EncodePlan, memory: &[u8], limits: OutputLimits) -> Result<Vec<u8>, String> {
    let mut outputs = Outputs::default();
    let returned = Returned { memory, pointer: RESULT, count: 1 };
    plan.encode(
        returned,
        1,
        Rows { carried: &millstream::decode::Carried::default(), rows: &[] },
        limits,
        &mut outputs,
    )
    .map_err(|broken| format!("broken: {broken}"))?;
    match &outputs.verdicts[..] {
        [Verdict::Outputs(1)] => Ok(outputs.value(0).expect("bytes").to_vec()),
        [Verdict::Invalid(why)] => Err(why.clone()),
        other => panic!("{other:?}"),
    }
}

/// As [`encoded`], of a guest that answers these nodes.
pub fn encoded_nodes(plan: &EncodePlan, schema: u32, nodes: &[N]) -> Result<Vec<u8>, String> {
    encoded(plan, &answer(schema, nodes), OUTPUT_LIMITS)
}

/// What a record holds of itself.
#[derive(Debug, Clone, Copy)]
pub enum Again {
    One,
    Array,
    Map,
}

impl Again {
    pub fn any(dice: &mut Dice<'_>) -> Again {
        *dice.pick(&[Again::One, Again::Array, Again::Map])
    }
}

/// The record with a field of itself. As schemas go it is recursive; as a tree of types it ends after `depth` more, from
/// where on values hold null.
pub fn tie(record: &Ty, at: usize, again: Again, depth: usize) -> Ty {
    let Ty::Record(name, fields) = record else { panic!("{record:?} is no record") };
    let mut branches = vec![Ty::Null];
    if depth > 0 {
        let inner = Box::new(tie(record, at, again, depth - 1));
        branches.push(match again {
            Again::One => *inner,
            Again::Array => Ty::Array(inner),
            Again::Map => Ty::Map(inner),
        });
    }
    let mut fields = fields.clone();
    let field = Field { default: Some(serde_json::Value::Null), ..Field::new("again", Ty::Union(branches)) };
    fields.insert(at.min(fields.len()), field);
    Ty::Record(name.clone(), fields)
}
