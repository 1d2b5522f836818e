//! Passes over a value without decoding it.

use super::cursor::Cursor;
use super::error::{Failure, Fault};
use super::plan::{Exact, Skip};
use super::resolve::Passes;
use crate::contract::generic::MAX_DEPTH;
use crate::schema::Schema;

/// Checks that bytes are a value of a schema, without decoding it.
#[derive(Debug, Clone)]
pub struct Checker {
    skip: Skip,
}

impl Checker {
    /// For values of the schema's outermost type.
    pub fn new(schema: &Schema) -> Checker {
        Checker { skip: Passes::new(schema).check(schema.root()) }
    }

    /// Fails unless the bytes are just one value.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut cursor = Cursor::of_constant(bytes);
        skip(&self.skip, &mut cursor)?;
        match cursor.left() {
            0 => Ok(()),
            left => Err(cursor.fail(Fault::Trailing(left))),
        }
    }
}

/// Passes over one value.
pub(super) fn skip(what: &Skip, cursor: &mut Cursor<'_>) -> Result<(), Failure> {
    Pass { records: &[], depth: 0 }.over(what, cursor)
}

/// Where a walk over a value is: among which records, and within how many of them.
#[derive(Clone, Copy)]
struct Pass<'p> {
    records: &'p [Skip],
    depth: usize,
}

impl<'p> Pass<'p> {
    fn over(self, what: &'p Skip, cursor: &mut Cursor<'_>) -> Result<(), Failure> {
        match what {
            Skip::Bytes(count) => cursor.take(*count).map(drop),
            Skip::Varint => cursor.long().map(drop),
            Skip::Length => cursor.bytes().map(drop),
            Skip::Sequence(parts) => parts.iter().try_for_each(|part| self.over(part, cursor)),
            Skip::Union(branches) => {
                let index = cursor.index(branches.len(), Fault::UnionIndex)?;
                self.over(&branches[index], cursor)
            }
            Skip::Array(item) => blocks(cursor, false, |cursor| self.over(item, cursor)),
            Skip::Map(value) => blocks(cursor, false, |cursor| {
                cursor.bytes()?;
                self.over(value, cursor)
            }),
            Skip::Exactly(exact) => self.exactly(exact, cursor),
            Skip::Within(records, inner) => Pass { records, depth: self.depth }.over(inner, cursor),
            Skip::Record(_) if self.depth == MAX_DEPTH => Err(cursor.fail(Fault::TooDeep(MAX_DEPTH))),
            Skip::Record(number) => match self.records.get(*number as usize) {
                Some(record) => Pass { depth: self.depth + 1, ..self }.over(record, cursor),
                None => Ok(()),
            },
        }
    }

    fn exactly(self, what: &'p Exact, cursor: &mut Cursor<'_>) -> Result<(), Failure> {
        match what {
            Exact::Int => cursor.int().map(drop),
            Exact::Boolean => cursor.boolean().map(drop),
            Exact::Text => cursor.string().map(drop),
            Exact::Enum(symbols) => cursor.index(*symbols, Fault::EnumIndex).map(drop),
            Exact::Array(item) => blocks(cursor, true, |cursor| self.over(item, cursor)),
            Exact::Map(value) => blocks(cursor, true, |cursor| {
                cursor.string()?;
                self.over(value, cursor)
            }),
        }
    }
}

/// Passes over blocks, by the size they say where it may be trusted and else item by item.
fn blocks(
    cursor: &mut Cursor<'_>,
    exact: bool,
    mut one: impl FnMut(&mut Cursor<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let (count, bytes) = cursor.block()?;
        let start = cursor.position();
        match (count, bytes) {
            (0, _) => return Ok(()),
            (_, Some(size)) if !exact => drop(cursor.take(size)?),
            (count, _) => {
                for _ in 0..count {
                    let before = cursor.position();
                    one(cursor)?;
                    if cursor.position() == before {
                        // Items of no bytes are all alike: a hostile count of them must not keep us here.
                        break;
                    }
                }
                cursor.check_block(start, bytes)?;
            }
        }
    }
}
