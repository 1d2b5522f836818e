//! What to do with a guest's value, worked out once at load: guest memory in, Avro bytes out.

use std::sync::Arc;

use super::generic::GenericPlan;
use crate::decode::Checker;

/// How one guest value is encoded.
#[derive(Debug, Clone)]
pub enum Emit {
    /// bool to boolean.
    Bool,
    /// s32 to int.
    Int,
    /// s64 to long.
    Long,
    /// f32 to float.
    F32,
    /// f64 to double.
    F64,
    /// string to string.
    Text,
    /// list<u8> to bytes.
    Bytes,
    /// list<u8> to fixed, whose length must be this.
    Fixed(usize),
    /// Cases to symbol indexes.
    Enum {
        /// The symbol's index for each case.
        symbols: Box<[u32]>,
        /// Bytes of the discriminant.
        size: u8,
    },
    /// option to a union with null.
    Option {
        /// The null branch's index.
        none: u8,
        /// The other branch's index.
        some: u8,
        /// Where the payload stands from the option's start.
        payload: usize,
        /// Writes the payload.
        inner: Box<Emit>,
    },
    /// variant to union.
    Variant {
        /// The branch's index for each case and what writes the payload, where there is one.
        cases: Box<[(u32, Option<Emit>)]>,
        /// Bytes of the discriminant.
        size: u8,
        /// Where the payload stands from the variant's start.
        payload: usize,
    },
    /// list to array.
    List {
        /// Writes one item.
        item: Box<Emit>,
        /// Bytes from item to item.
        size: usize,
        /// Alignment of an item.
        align: u8,
    },
    /// list of tuples to map.
    Map {
        /// Writes one value.
        value: Box<Emit>,
        /// Where the value stands in the tuple.
        offset: usize,
        /// Bytes from tuple to tuple.
        size: usize,
        /// Alignment of a tuple.
        align: u8,
    },
    /// The output's fields in its schema's order.
    Record(Box<[Part]>),
    /// So many bytes as they are: a scalar between two functions of a guest.
    Raw(u8),
    /// char, as its four bytes.
    Char,
    /// string or list<u8> that is the whole value.
    Rest {
        /// It is a string.
        text: bool,
        /// What the bytes must be.
        check: Option<Arc<Checker>>,
    },
    /// A generic record to anything.
    Generic(Arc<GenericPlan>),
}

/// One field of the output.
#[derive(Debug, Clone)]
pub enum Part {
    /// From the guest: its Avro name for errors, its offset in the guest's record, what writes it.
    Guest(Box<str>, usize, Emit),
    /// Always these Avro bytes: a default, or nothing for a field that carries no data.
    Constant(Box<[u8]>),
    /// From the input: this one of the carried fields.
    Carried(u16),
}
