//! What to do with a writer's bytes to get nodes of the reader's schema.

use std::ops::Range;
use std::sync::Arc;

use super::super::plan::Skip;
use crate::contract::generic::{NODE_SIZE, NodeLayout};

/// Makes nodes of one writer's type.
#[derive(Debug, Clone)]
pub struct GenericPlan {
    pub(super) root: Make,
    /// Pairs of a writer's and a reader's record, by the numbers of [`Make::Record`].
    pub(super) records: Box<[RecordPlan]>,
    /// Avro bytes of all defaults.
    pub(super) constants: Box<[u8]>,
    /// Tells the constants of one plan from those of another in an image.
    pub(super) key: u64,
    pub(super) layout: NodeLayout,
}

/// How one value becomes nodes.
#[derive(Debug, Clone)]
pub(super) enum Make {
    Null,
    Boolean,
    Int,
    /// int or long to long; of an int the range is checked.
    Long {
        narrow: bool,
    },
    /// int or long to float.
    IntegerToFloat {
        narrow: bool,
    },
    /// int or long to double.
    IntegerToDouble {
        narrow: bool,
    },
    Float,
    Double,
    FloatToDouble,
    /// bytes or string to string.
    Text,
    /// bytes or string to bytes.
    Bytes,
    Fixed(usize),
    /// For each of the writer's symbols the node, or the symbol which the reader does not know.
    Enum(Arc<[Result<[u8; NODE_SIZE], Box<str>>]>),
    /// A writer's union: by its index, how that branch becomes nodes.
    Branches(Box<[Branch]>),
    /// Items that take at least so many bytes each.
    Array {
        item: Box<Make>,
        least: usize,
    },
    /// Entries whose values take at least so many bytes each.
    Map {
        value: Box<Make>,
        least: usize,
    },
    /// The pair of this number.
    Record(u32),
    /// No way, which only the compiler ever sees: it refuses the plan or the branch.
    Nothing(Why),
}

/// One branch of a writer's union.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// How it becomes nodes; `None` if the reader has no place for it.
    pub(super) make: Option<Make>,
    /// The writer's branch, for the error of a value that takes it all the same.
    pub(super) writer: Box<str>,
    /// What it would have to become; one text for all branches.
    pub(super) reader: Arc<str>,
}

/// Why a writer's type cannot become a reader's.
#[derive(Debug, Clone)]
pub(super) enum Why {
    /// They are not to be resolved: the writer's and the reader's type.
    Types(Box<str>, Box<str>),
    /// The writer lacks this field, and the reader has no default for it.
    NoDefault(Box<str>),
    /// The default of this field is not of its type.
    BadDefault(Box<str>, Box<str>),
    /// A field's bytes cannot go to the output; it is reported already.
    Reported,
}

/// How a writer's record becomes a reader's.
#[derive(Debug, Clone)]
pub(super) struct RecordPlan {
    /// The node of the record itself.
    pub(super) start: [u8; NODE_SIZE],
    /// In the order of the writer's fields, as far as they are written; defaults where they belong, or last where the
    /// order must change.
    pub(super) steps: Box<[Step]>,
    /// Where the writer's order is another than the reader's: which of the steps that make nodes comes first, second,
    /// and so on.
    pub(super) order: Option<Box<[usize]>>,
}

/// One step through a record.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The field's Avro name, for errors.
    pub(super) name: Box<str>,
    /// The field's bytes are kept for the output, as this one of its carried fields.
    pub(super) carry: Option<u16>,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    /// Make nodes.
    Put(Make),
    /// Pass over.
    Skip(Skip),
    /// The writer lacks the field: make nodes of these of the plan's constants.
    Default(Range<usize>, Make),
}
