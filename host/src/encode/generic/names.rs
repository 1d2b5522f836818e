//! Names of the source's schema and of the sink's, and which of the one stand for which of the other.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::schema::named::{NamedType, NamedTypes};
use crate::schema::{Schema, TypeId};

/// Pairs of named types for which a match is kept once it was made. Beyond, two schemas are so large that records are
/// matched each time anew, rather than fill the memory.
const MAX_KEPT: usize = 1 << 20;

/// The named types of both schemas.
#[derive(Debug)]
pub(super) struct Names {
    source: NamedTypes,
    sink: NamedTypes,
    /// Both have the same text, so that a number means the same in both.
    pub(super) same: bool,
    /// The sink's type of the same full name and shape, by the source's number.
    twins: Box<[Option<u32>]>,
    /// By the sink's number, then by the source's: filled as guests use them.
    kept: Box<[OnceLock<Row>]>,
}

/// A row of matches, by the source's number.
type Row = Box<[OnceLock<Option<Match>>]>;

/// How a named type of the source is read as one of the sink's.
#[derive(Debug, Clone)]
pub(super) enum Match {
    /// For each of the source's symbols the sink's index, if it has the symbol.
    Enum(Box<[Option<u32>]>),
    /// Fields by name.
    Record(FieldMatch),
}

/// The source's field for each of the sink's fields.
#[derive(Debug, Clone)]
pub(super) struct FieldMatch {
    /// By the sink's order.
    pub(super) from: Box<[Option<usize>]>,
    /// They come in the same order in both.
    pub(super) ordered: bool,
    /// How many fields the source's record has.
    pub(super) fields: usize,
}

impl Names {
    pub(super) fn new(source: &Schema, sink: &Schema) -> Names {
        let same = source.source() == sink.source();
        let (source, sink) = (NamedTypes::of(source), NamedTypes::of(sink));
        let (twins, rows) = match same {
            true => (Vec::new(), 0),
            false => (twins(&source, &sink), sink.types().len()),
        };
        let kept = (0..rows).map(|_| OnceLock::new()).collect();
        Names { source, sink, same, twins: twins.into(), kept }
    }

    /// The number of a type of the sink's.
    pub(super) fn of_sink(&self, id: TypeId) -> u32 {
        self.sink.index_of(id).unwrap_or_default()
    }

    /// The types that a value's numbers refer to.
    pub(super) fn types(&self, from_source: bool) -> &[NamedType] {
        if from_source { self.source.types() } else { self.sink.types() }
    }

    /// The sink's type that has the source's full name.
    pub(super) fn twin(&self, source: u32) -> Option<u32> {
        self.twins.get(source as usize).copied().flatten()
    }

    /// Gives `then` how the source's type is read as the sink's: `None` if the one is a record and the other is not, or
    /// the one an enumeration and the other is not.
    pub(super) fn matched<T>(&self, source: u32, sink: u32, then: impl FnOnce(Option<&Match>) -> T) -> T {
        let width = self.source.types().len();
        if width.saturating_mul(self.kept.len()) > MAX_KEPT {
            return then(self.pair(source, sink).as_ref());
        }
        let Some(row) = self.kept.get(sink as usize) else { return then(None) };
        let row = row.get_or_init(|| (0..width).map(|_| OnceLock::new()).collect());
        let cell = row.get(source as usize);
        then(cell.and_then(|cell| cell.get_or_init(|| self.pair(source, sink)).as_ref()))
    }

    fn pair(&self, source: u32, sink: u32) -> Option<Match> {
        let (source, sink) = (self.source.types().get(source as usize)?, self.sink.types().get(sink as usize)?);
        match (source, sink) {
            (NamedType::Record { fields, .. }, NamedType::Record { fields: wanted, .. }) => {
                let places = places(fields);
                let from: Box<[_]> = wanted.iter().map(|name| places.get(name.as_str()).copied()).collect();
                let ordered = from.iter().flatten().is_sorted();
                Some(Match::Record(FieldMatch { from, ordered, fields: fields.len() }))
            }
            (NamedType::Enum { symbols, .. }, NamedType::Enum { symbols: wanted, .. }) => {
                let places = places(wanted);
                let index = |symbol: &String| places.get(symbol.as_str()).map(|index| *index as u32);
                Some(Match::Enum(symbols.iter().map(index).collect()))
            }
            _ => None,
        }
    }
}

fn places(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect()
}

fn twins(source: &NamedTypes, sink: &NamedTypes) -> Vec<Option<u32>> {
    let by_name: HashMap<&str, u32> = sink.types().iter().zip(0..).map(|(ty, number)| (ty.name(), number)).collect();
    let twin = |ty: &NamedType| {
        let number = *by_name.get(ty.name())?;
        let twin = sink.types().get(number as usize)?;
        (std::mem::discriminant(twin) == std::mem::discriminant(ty)).then_some(number)
    };
    source.types().iter().map(twin).collect()
}
