//! The ways in which a record's value can be broken.

use crate::payment::{Payment, frame, put_bytes, put_long};

/// One way to break a payment's value. None of them can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Text instead of Avro.
    NotAvro,
    /// Ends in the middle.
    Truncated,
    /// One byte more than the datum.
    TrailingByte,
    /// A string that claims to be 2^40 bytes long.
    HugeLength,
    /// An array block with the lowest of all counts.
    NegativeBlock,
    /// A branch that the union does not have.
    UnionIndex,
    /// A symbol that the enum does not have.
    EnumIndex,
    /// A string that is not UTF-8.
    BadText,
    /// No value at all.
    Null,
    /// A frame with an id that nobody knows; only where values are framed.
    UnknownSchema,
}

impl Flaw {
    /// All of them; those that need no frame come first.
    pub const ALL: [Flaw; 10] = [
        Flaw::NotAvro,
        Flaw::Truncated,
        Flaw::TrailingByte,
        Flaw::HugeLength,
        Flaw::NegativeBlock,
        Flaw::UnionIndex,
        Flaw::EnumIndex,
        Flaw::BadText,
        Flaw::Null,
        Flaw::UnknownSchema,
    ];

    /// The value of the payment of this number, broken this way; `None` is a record without a value.
    pub fn value(self, i: u64, framing: Option<u32>) -> Option<Vec<u8>> {
        let mut payment = Payment::numbered(i);
        let mut out = Vec::new();
        if let Some(id) = framing {
            frame(if self == Flaw::UnknownSchema { 0x7fff_fff0 } else { id }, &mut out);
        }
        let start = out.len();
        match self {
            Flaw::Null => return None,
            Flaw::NotAvro => return Some(b"this is not a payment, it is a sentence".to_vec()),
            Flaw::HugeLength => put_long(&mut out, 1 << 40),
            Flaw::NegativeBlock => {
                payment.encode_up_to_tags(&mut out);
                put_long(&mut out, i64::MIN);
            }
            Flaw::UnionIndex => {
                payment.note = None;
                payment.encode_up_to_tags(&mut out);
                out.pop();
                put_long(&mut out, 7);
                put_bytes(&mut out, b"neither null nor string");
            }
            Flaw::EnumIndex => payment.currency = 9,
            Flaw::BadText => payment.id = vec![b'p', 0xff, 0xfe],
            Flaw::Truncated | Flaw::TrailingByte | Flaw::UnknownSchema => {}
        }
        if !matches!(self, Flaw::HugeLength | Flaw::NegativeBlock | Flaw::UnionIndex) {
            payment.encode(&mut out);
        }
        match self {
            Flaw::Truncated => out.truncate(start + (out.len() - start) / 2),
            Flaw::TrailingByte => out.push(0),
            _ => {}
        }
        Some(out)
    }
}
