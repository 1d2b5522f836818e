//! What to do with a writer's bytes, worked out once for each writer schema, reader schema and guest type.
//!
//! An operation consumes the encoding of one writer's type and writes one guest value at an offset of the image.

use std::sync::Arc;

use super::generic::GenericPlan;

/// How one value is decoded.
#[derive(Debug, Clone)]
pub enum Op {
    /// boolean to bool.
    Bool,
    /// int to s32.
    Int,
    /// int or long to s64.
    Long {
        /// The writer's type is int: check its range.
        narrow: bool,
    },
    /// int or long to f32.
    IntegerToF32 {
        /// The writer's type is int: check its range.
        narrow: bool,
    },
    /// int or long to f64.
    IntegerToF64 {
        /// The writer's type is int: check its range.
        narrow: bool,
    },
    /// float to f32.
    F32,
    /// double to f64.
    F64,
    /// float to f64.
    F32ToF64,
    /// bytes or string to string.
    Text,
    /// bytes or string to list<u8>.
    Bytes,
    /// fixed to list<u8>.
    Fixed(usize),
    /// enum: the guest's case for each of the writer's symbols.
    Enum {
        /// A case, or the writer's symbol which has none.
        cases: Box<[Result<u32, Box<str>>]>,
        /// Bytes of the discriminant.
        size: u8,
    },
    /// A writer's union: by its index, how that branch becomes the target.
    Branches(Box<[Branch]>),
    /// Nothing is read; the guest's option is none.
    None,
    /// The guest's option is some.
    Some {
        /// Where the payload stands from the option's start.
        payload: usize,
        /// Reads the payload.
        inner: Box<Op>,
    },
    /// A case of the guest's variant.
    Case {
        /// Which case.
        case: u32,
        /// Bytes of the discriminant.
        size: u8,
        /// Where the payload stands from the variant's start.
        payload: usize,
        /// Reads the payload; for a case without one, skips what the writer has.
        inner: Payload,
    },
    /// array to list.
    List {
        /// Reads one item.
        item: Box<Op>,
        /// Bytes that the writer's item takes at least.
        least: usize,
        /// Bytes from item to item.
        size: usize,
        /// Alignment of an item.
        align: u8,
    },
    /// map to list of tuples of key and value.
    Map {
        /// Reads one value.
        value: Box<Op>,
        /// Bytes that the writer's value takes at least.
        least: usize,
        /// Where the value stands in the tuple.
        offset: usize,
        /// Bytes from tuple to tuple.
        size: usize,
        /// Alignment of a tuple.
        align: u8,
    },
    /// Fields in the writer's order, then defaults.
    Record(Box<[Step]>),
    /// So many bytes as they are: a scalar between two functions of a guest.
    Raw(u8),
    /// All that is left, as list<u8> or, checked to be UTF-8, as string.
    Rest {
        /// It is a string.
        text: bool,
    },
    /// Anything to a generic record.
    Generic(Arc<GenericPlan>),
}

/// One branch of a writer's union.
pub type Branch = Result<Op, NoPlace>;

/// A branch that the reader has no place for, in the words of the error.
#[derive(Debug, Clone)]
pub struct NoPlace {
    /// The writer's branch.
    pub writer: Box<str>,
    /// What it would have to become.
    pub reader: Box<str>,
}

/// What a variant's case carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A value for the guest.
    Value(Box<Op>),
    /// Nothing for the guest; the writer may still have bytes to pass over.
    Skip(Skip),
}

/// One step through a record.
#[derive(Debug, Clone)]
pub struct Step {
    /// The field's Avro name, for errors.
    pub name: Box<str>,
    /// The field's bytes are kept for the output, as this one of its carried fields.
    pub carry: Option<u16>,
    /// What to do with it.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Decode to an offset from the record's start.
    Put(usize, Op),
    /// Pass over.
    Skip(Skip),
    /// The writer lacks the field: decode its default's Avro bytes.
    Default(usize, Box<[u8]>, Op),
    /// The writer lacks the field, and only the output wants it: its default's Avro bytes.
    CarryDefault(Box<[u8]>),
}

/// How to pass over a value without decoding it.
#[derive(Debug, Clone)]
pub enum Skip {
    /// So many bytes, perhaps 0.
    Bytes(usize),
    /// A varint.
    Varint,
    /// A length and as many bytes.
    Length,
    /// A value that must be right, since its bytes go to the output as they are.
    Exactly(Exact),
    /// An index, then that branch.
    Union(Box<[Skip]>),
    /// Blocks of items.
    Array(Box<Skip>),
    /// Blocks of keys and values.
    Map(Box<Skip>),
    /// One after the other.
    Sequence(Box<[Skip]>),
    /// Of a recursive schema: this, with the schema's records by their numbers.
    Within(Arc<[Skip]>, Box<Skip>),
    /// The record of this number.
    Record(u32),
}

/// What is checked while it is passed over.
#[derive(Debug, Clone)]
pub enum Exact {
    /// A varint of 32 bits.
    Int,
    /// 0 or 1.
    Boolean,
    /// A length and as many bytes of UTF-8.
    Text,
    /// An index below this.
    Enum(usize),
    /// Blocks of items that have the size they say.
    Array(Box<Skip>),
    /// Blocks of keys and values that have the size they say.
    Map(Box<Skip>),
}

/// A whole decoding plan: for one writer schema.
#[derive(Debug, Clone)]
pub struct DecodePlan {
    /// Decodes the whole value.
    pub(super) root: Op,
    /// Bytes from record to record in the guest's list.
    pub(super) stride: usize,
}

impl DecodePlan {
    /// Bytes from record to record in the guest's list.
    pub fn stride(&self) -> usize {
        self.stride
    }
}
