//! What to do with a guest's record, worked out once at load: guest memory in, Avro bytes out.

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

/// The plan for what a guest answers: `list<result<record, fault>>`.
#[derive(Debug, Clone)]
pub struct EncodePlan {
    pub(super) record: Emit,
    pub(super) fault: FaultPlan,
    /// Bytes from result to result, and where their payloads start.
    pub(super) stride: usize,
    pub(super) payload: usize,
    pub(super) align: usize,
    /// Stands before each value: the framing, or nothing.
    pub(super) prefix: Box<[u8]>,
    /// Names of the output's fields that come from the input, in the order of [`Part::Carried`].
    pub(super) carried: Box<[Box<str>]>,
}

/// How the guest says no.
#[derive(Debug, Clone)]
pub(super) enum FaultPlan {
    /// A plain string: reject.
    Text,
    /// The variant of `millstream:pipeline/types`: what each case means, and where its text stands.
    Variant { cases: Box<[FaultKind]>, size: u8, payload: usize },
}

/// What a guest wants to become of a record that it has no output for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// This record can never succeed.
    Reject,
    /// Try again later.
    Retry,
    /// Stop the pipeline.
    Halt,
}

impl EncodePlan {
    /// Names of the fields that must be carried from the input past the guest.
    pub fn carried(&self) -> &[Box<str>] {
        &self.carried
    }
}
