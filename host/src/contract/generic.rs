//! The generic record of `millstream:pipeline/generic`, recognised by its structure, and where its bytes stand.

use super::types::GuestType;

/// How many records, arrays and maps may stand within each other in a value.
pub const MAX_DEPTH: usize = 128;
/// The number of the source's schema in a generic record.
pub const SOURCE_SCHEMA: u32 = 0;
/// The number of the sink's schema in a generic record.
pub const SINK_SCHEMA: u32 = 1;
/// Bytes of a node: a discriminant, and a payload of up to eight bytes that may hold a `s64`.
pub const NODE_SIZE: usize = 16;
/// Alignment of a node.
pub const NODE_ALIGN: usize = 8;
/// Where a node's payload stands.
pub const NODE_PAYLOAD: usize = 8;

/// The kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NodeKind {
    /// Without payload.
    Null,
    /// `bool`
    Boolean,
    /// `s32`
    Int,
    /// `s64`
    Long,
    /// `f32`
    Float,
    /// `f64`
    Double,
    /// `list<u8>`
    Bytes,
    /// `string`
    String,
    /// `list<u8>`
    Fixed,
    /// `enum-symbol`
    Enum,
    /// `u32`: items
    Array,
    /// `u32`: entries
    Map,
    /// `record-start`
    Record,
}

impl NodeKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [NodeKind; 13] = [
        Self::Null,
        Self::Boolean,
        Self::Int,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Bytes,
        Self::String,
        Self::Fixed,
        Self::Enum,
        Self::Array,
        Self::Map,
        Self::Record,
    ];

    /// The name of the case, which is Avro's word for the shape.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed => "fixed",
            Self::Enum => "enum",
            Self::Array => "array",
            Self::Map => "map",
            Self::Record => "record",
        }
    }

    fn payload_fits(self, payload: Option<&GuestType>) -> bool {
        let numbers = |names: [&str; 2]| match payload {
            Some(GuestType::Record(fields)) => {
                fields.iter().map(|(name, ty)| (name.as_str(), ty)).eq(names.map(|name| (name, &GuestType::U32)))
            }
            _ => false,
        };
        let is = |ty: GuestType| payload == Some(&ty);
        match self {
            Self::Null => payload.is_none(),
            Self::Boolean => is(GuestType::Bool),
            Self::Int => is(GuestType::S32),
            Self::Long => is(GuestType::S64),
            Self::Float => is(GuestType::F32),
            Self::Double => is(GuestType::F64),
            Self::Bytes | Self::Fixed => is(GuestType::List(Box::new(GuestType::U8))),
            Self::String => is(GuestType::String),
            Self::Array | Self::Map => is(GuestType::U32),
            Self::Enum => numbers(["name", "symbol"]),
            Self::Record => numbers(["name", "fields"]),
        }
    }
}

/// Where a guest's generic record has its parts. Nodes are always [`NODE_SIZE`] bytes, but a guest may list its cases
/// in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeLayout {
    /// Offset of the field `schema`, in bytes.
    pub schema: usize,
    /// Offset of the field `nodes`, in bytes.
    pub nodes: usize,
    /// Discriminants by kind.
    cases: [u8; 13],
    /// Kinds by discriminant.
    kinds: [NodeKind; 13],
}

impl NodeLayout {
    /// The discriminant of a kind.
    #[inline]
    pub fn case(&self, kind: NodeKind) -> u8 {
        self.cases[kind as usize]
    }

    /// The kind of a discriminant; `None` if there are not as many cases.
    #[inline]
    pub fn kind(&self, case: u8) -> Option<NodeKind> {
        self.kinds.get(usize::from(case)).copied()
    }

    /// A node's bytes, its payload zero.
    #[inline]
    pub fn cell(&self, kind: NodeKind) -> [u8; NODE_SIZE] {
        let mut cell = [0; NODE_SIZE];
        cell[0] = self.case(kind);
        cell
    }

    /// A node's bytes with a payload of two numbers.
    #[inline]
    pub fn pair(&self, kind: NodeKind, first: u32, second: u32) -> [u8; NODE_SIZE] {
        let mut cell = self.cell(kind);
        cell[NODE_PAYLOAD..NODE_PAYLOAD + 4].copy_from_slice(&first.to_le_bytes());
        cell[NODE_PAYLOAD + 4..].copy_from_slice(&second.to_le_bytes());
        cell
    }
}

/// Whether the type is the generic record.
pub fn is_generic_record(ty: &GuestType) -> bool {
    node_layout(ty).is_some()
}

/// The parts of a generic record; `None` for every other type.
///
/// It is a record of exactly `schema: u32` and `nodes: list<node>`, in any order, and `node` a variant of exactly the
/// thirteen cases with their payloads, in any order.
pub fn node_layout(ty: &GuestType) -> Option<NodeLayout> {
    let GuestType::Record(fields) = ty else { return None };
    let [_, _] = fields.as_slice() else { return None };
    let position = |name: &str| fields.iter().position(|(field, _)| field == name);
    let (schema, nodes) = (position("schema")?, position("nodes")?);
    let (GuestType::U32, GuestType::List(node)) = (&fields[schema].1, &fields[nodes].1) else { return None };
    let GuestType::Variant(cases) = &**node else { return None };
    if cases.len() != NodeKind::ALL.len() {
        return None;
    }
    let mut layout = NodeLayout {
        schema: ty.offsets()[schema],
        nodes: ty.offsets()[nodes],
        cases: [0; 13],
        kinds: [NodeKind::Null; 13],
    };
    for kind in NodeKind::ALL {
        let case = cases.iter().position(|(name, _)| name == kind.word())?;
        if !kind.payload_fits(cases[case].1.as_ref()) {
            return None;
        }
        layout.cases[kind as usize] = case as u8;
        layout.kinds[case] = kind;
    }
    Some(layout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(first: &str, second: &str) -> GuestType {
        GuestType::Record(vec![(first.into(), GuestType::U32), (second.into(), GuestType::U32)])
    }

    fn cases() -> Vec<(String, Option<GuestType>)> {
        let bytes = GuestType::List(Box::new(GuestType::U8));
        let payload = |kind| match kind {
            NodeKind::Null => None,
            NodeKind::Boolean => Some(GuestType::Bool),
            NodeKind::Int => Some(GuestType::S32),
            NodeKind::Long => Some(GuestType::S64),
            NodeKind::Float => Some(GuestType::F32),
            NodeKind::Double => Some(GuestType::F64),
            NodeKind::Bytes | NodeKind::Fixed => Some(bytes.clone()),
            NodeKind::String => Some(GuestType::String),
            NodeKind::Enum => Some(numbers("name", "symbol")),
            NodeKind::Array | NodeKind::Map => Some(GuestType::U32),
            NodeKind::Record => Some(numbers("name", "fields")),
        };
        NodeKind::ALL.map(|kind| (kind.word().to_owned(), payload(kind))).to_vec()
    }

    fn generic(cases: Vec<(String, Option<GuestType>)>) -> GuestType {
        let nodes = GuestType::List(Box::new(GuestType::Variant(cases)));
        GuestType::Record(vec![("schema".into(), GuestType::U32), ("nodes".into(), nodes)])
    }

    #[test]
    fn it_is_known_by_its_structure() {
        let layout = node_layout(&generic(cases())).unwrap();
        assert_eq!((layout.schema, layout.nodes), (0, 4));
        assert!(NodeKind::ALL.iter().all(|kind| layout.case(*kind) == *kind as u8));
        assert_eq!(layout.kind(12), Some(NodeKind::Record));
        assert_eq!(layout.kind(13), None);
        let GuestType::Record(fields) = generic(cases()) else { panic!("a record") };
        let GuestType::List(node) = &fields[1].1 else { panic!("a list") };
        assert_eq!((node.layout().size, node.layout().align), (NODE_SIZE, NODE_ALIGN));
        assert_eq!(node.payload_offset(), NODE_PAYLOAD);
    }

    #[test]
    fn the_order_of_cases_and_fields_is_free() {
        let mut turned = cases();
        turned.reverse();
        let GuestType::Record(mut fields) = generic(turned) else { panic!("a record") };
        fields.reverse();
        let layout = node_layout(&GuestType::Record(fields)).unwrap();
        assert_eq!((layout.schema, layout.nodes), (8, 0));
        assert_eq!(layout.case(NodeKind::Record), 0);
        assert_eq!(layout.kind(0), Some(NodeKind::Record));
        assert_eq!(layout.pair(NodeKind::Null, 1, 2), [12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    }

    #[test]
    fn anything_else_is_another_type() {
        assert!(!is_generic_record(&GuestType::U32));
        assert!(!is_generic_record(&generic(cases()[1..].to_vec())));
        for at in 0..NodeKind::ALL.len() {
            let mut other = cases();
            other[at].1 = Some(GuestType::U8);
            assert!(!is_generic_record(&generic(other)));
            let mut other = cases();
            other[at].0 = "other".into();
            assert!(!is_generic_record(&generic(other)));
        }
        let GuestType::Record(mut fields) = generic(cases()) else { panic!("a record") };
        fields.push(("more".into(), GuestType::U32));
        assert!(!is_generic_record(&GuestType::Record(fields)));
    }
}
