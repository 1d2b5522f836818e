//! Makes a [`GenericPlan`] for a writer's and a reader's type.
//!
//! Records are resolved pair by pair, from a list of those still to do: however the two schemas refer to themselves,
//! there are at most as many pairs as they have records, and the compiler's own stack stays flat.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::compile::{Carry, carry};
use super::super::resolve::{self, Passes};
use super::plan::{Action, Branch, GenericPlan, Make, RecordPlan, Step, Why};
use crate::contract::generic::{NodeKind, NodeLayout};
use crate::contract::mismatch::Report;
use crate::schema::json::encode_default;
use crate::schema::named::NamedTypes;
use crate::schema::{Enum, Field, Kind, Record, Schema, TypeId};

/// Fields of all pairs of records beyond which a plan would be larger than any two sensible schemas need.
const MAX_STEPS: usize = 1 << 20;
/// The same for the bytes of their defaults.
const MAX_CONSTANTS: usize = 1 << 20;
/// Numbers plans.
static KEYS: AtomicU64 = AtomicU64::new(0);

/// A type and the schema it is of.
type Place<'s> = (&'s Schema, TypeId);

/// Compiles a plan for a value of `writer` read as `reader`; `None` after reporting all that does not fit.
///
/// `carried` are fields of the outermost record whose bytes go past the guest too.
pub fn compile(
    (writer, w): Place<'_>,
    (reader, r): Place<'_>,
    layout: NodeLayout,
    carried: &[Carry<'_>],
    report: &mut Report,
) -> Option<GenericPlan> {
    let mut compiler = Compiler {
        sides: [writer, reader],
        named: NamedTypes::of(reader),
        passes: Passes::new(writer),
        layout,
        pairs: HashMap::new(),
        queue: Vec::new(),
        records: Vec::new(),
        enums: HashMap::new(),
        constants: Vec::new(),
        stuck: false,
    };
    let mut root = compiler.make(From::Written, w, r);
    // Carried fields are those of the pair that a value begins with, not of the same pair further down.
    let outermost = match (&root, writer.kind(w)) {
        (Make::Record(_), Kind::Record(_)) if !carried.is_empty() => {
            compiler.pairs.clear();
            true
        }
        _ => false,
    };
    let (mut next, mut steps) = (0, 0usize);
    while let Some((from, wr, rr)) = compiler.queue.get(next).copied() {
        let carried = if outermost && next == 0 { carried } else { &[] };
        let plan = compiler.record(from, (wr, rr), carried, report);
        steps += plan.steps.len() + 1;
        if steps > MAX_STEPS || compiler.constants.len() > MAX_CONSTANTS {
            let what = "the records of the writer's and of the reader's schema meet in too many ways, or with too long \
                        defaults, for a generic record";
            report.unsupported(what);
            return None;
        }
        compiler.records.push(plan);
        next += 1;
    }
    let Compiler { mut records, constants, stuck, .. } = compiler;
    if stuck {
        super::stuck::prune(&mut root, &mut records, report)?;
    }
    Some(GenericPlan {
        root,
        records: records.into(),
        constants: constants.into(),
        key: KEYS.fetch_add(1, Ordering::Relaxed),
        layout,
    })
}

/// Which schema bytes are written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum From {
    /// The writer's.
    Written,
    /// The reader's own: a default.
    Default,
}

struct Compiler<'s> {
    /// The writer's schema and the reader's.
    sides: [&'s Schema; 2],
    named: NamedTypes,
    passes: Passes<'s>,
    layout: NodeLayout,
    /// The numbers of the pairs of records known so far.
    pairs: HashMap<(From, TypeId, TypeId), u32>,
    /// The pairs in the order of their numbers.
    queue: Vec<(From, TypeId, TypeId)>,
    records: Vec<RecordPlan>,
    enums: HashMap<(From, TypeId, TypeId), Make>,
    constants: Vec<u8>,
    /// Something does not fit.
    stuck: bool,
}

impl<'s> Compiler<'s> {
    fn writer(&self, from: From) -> &'s Schema {
        match from {
            From::Written => self.sides[0],
            From::Default => self.sides[1],
        }
    }

    fn reader(&self) -> &'s Schema {
        self.sides[1]
    }

    fn make(&mut self, from: From, w: TypeId, r: TypeId) -> Make {
        let (writer, reader) = (self.writer(from), self.reader());
        let (wk, rk) = (writer.kind(w), reader.kind(r));
        match (wk, rk) {
            (Kind::Union(branches), _) => {
                let text: Arc<str> = reader.describe(r).into();
                let branch = |branch: &TypeId| {
                    let make = Some(self.make(from, *branch, r)).filter(|make| !matches!(make, Make::Nothing(_)));
                    Branch { make, writer: writer.describe(*branch).into(), reader: text.clone() }
                };
                let branches: Box<[_]> = branches.iter().map(branch).collect();
                match branches.iter().all(|branch| branch.make.is_none()) {
                    true => self.nothing(writer, w, r),
                    false => Make::Branches(branches),
                }
            }
            (_, Kind::Union(branches)) => match resolve::branch(writer, w, reader, branches) {
                Some(chosen) => self.make(from, w, branches[chosen]),
                None => self.nothing(writer, w, r),
            },
            (Kind::Record(_), Kind::Record(_)) if resolve::names_match(wk, rk) => {
                let number = self.queue.len() as u32;
                let known = *self.pairs.entry((from, w, r)).or_insert(number);
                if known == number {
                    self.queue.push((from, w, r));
                }
                Make::Record(known)
            }
            (Kind::Enum(we), Kind::Enum(re)) if resolve::names_match(wk, rk) => {
                if let Some(known) = self.enums.get(&(from, w, r)) {
                    return known.clone();
                }
                let make = self.enumeration(we, re, r);
                self.enums.insert((from, w, r), make.clone());
                make
            }
            (Kind::Fixed(wf), Kind::Fixed(rf)) if resolve::names_match(wk, rk) && wf.size == rf.size => {
                Make::Fixed(wf.size)
            }
            (Kind::Array(wi), Kind::Array(ri)) => {
                Make::Array { item: Box::new(self.make(from, *wi, *ri)), least: resolve::least(writer, *wi) }
            }
            (Kind::Map(wv), Kind::Map(rv)) => {
                Make::Map { value: Box::new(self.make(from, *wv, *rv)), least: resolve::least(writer, *wv) }
            }
            _ => primitive(wk, rk).unwrap_or_else(|| self.nothing(writer, w, r)),
        }
    }

    fn nothing(&mut self, writer: &Schema, w: TypeId, r: TypeId) -> Make {
        self.stuck = true;
        Make::Nothing(Why::Types(writer.describe(w).into(), self.reader().describe(r).into()))
    }

    fn enumeration(&self, w: &Enum, r: &Enum, id: TypeId) -> Make {
        let name = self.named.index_of(id).unwrap_or_default();
        let position = |symbol: &str| r.symbols.iter().position(|known| known == symbol);
        let default = r.default.as_deref().and_then(position);
        let node = |symbol: &String| match position(symbol).or(default) {
            Some(index) => Ok(self.layout.pair(NodeKind::Enum, name, index as u32)),
            None => Err(symbol.as_str().into()),
        };
        Make::Enum(w.symbols.iter().map(node).collect::<Arc<[_]>>())
    }

    fn record(
        &mut self,
        from: From,
        (w, r): (TypeId, TypeId),
        carried: &[Carry<'_>],
        report: &mut Report,
    ) -> RecordPlan {
        let (writer, reader) = (self.writer(from), self.reader());
        let (Kind::Record(wr), Kind::Record(rr)) = (writer.kind(w), reader.kind(r)) else {
            return RecordPlan { start: self.layout.cell(NodeKind::Record), steps: Box::new([]), order: None };
        };
        let name = self.named.index_of(r).unwrap_or_default();
        let start = self.layout.pair(NodeKind::Record, name, rr.fields.len() as u32);
        let matches = matches(wr, rr);
        let written: Vec<usize> = matches.iter().flatten().copied().collect();
        let ordered = written.is_sorted();
        let mut missing = vec![true; rr.fields.len()];
        written.iter().for_each(|index| missing[*index] = false);
        let mut missing = (0..rr.fields.len()).filter(|index| missing[*index]).peekable();
        let mut steps: Vec<Step> = Vec::with_capacity(wr.fields.len());
        let mut places = Vec::new();
        for (wf, matched) in wr.fields.iter().zip(&matches) {
            let Some(index) = matched else {
                // Only the writer's own records lack a field of the reader's; of defaults nothing is passed over.
                let action = Action::Skip(self.passes.skip(wf.ty));
                steps.push(Step { name: wf.name.as_str().into(), carry: None, action });
                continue;
            };
            while let Some(before) = missing.next_if(|before| ordered && before < index) {
                steps.push(self.absent(&rr.fields[before], carried, report));
                places.push(before);
            }
            let rf = &rr.fields[*index];
            let mark = report.mark();
            let carry = carry(carried, rf, (writer, wf.ty), report);
            let mut make = self.make(from, wf.ty, rf.ty);
            if report.mark() > mark {
                self.stuck = true;
                make = Make::Nothing(Why::Reported);
            }
            steps.push(Step { name: wf.name.as_str().into(), carry, action: Action::Put(make) });
            places.push(*index);
        }
        for index in missing {
            steps.push(self.absent(&rr.fields[index], carried, report));
            places.push(index);
        }
        RecordPlan { start, steps: steps.into(), order: order(&places) }
    }

    /// A reader's field which the writer does not have.
    fn absent(&mut self, field: &Field, carried: &[Carry<'_>], report: &mut Report) -> Step {
        let reader = self.reader();
        let name: Box<str> = field.name.as_str().into();
        let mark = report.mark();
        let carry = carry(carried, field, (reader, field.ty), report);
        let bytes = match &field.default {
            Some(_) if report.mark() > mark => Err(Why::Reported),
            Some(default) => encode_default(reader, field.ty, default)
                .map_err(|error| Why::BadDefault(name.clone(), error.to_string().into())),
            None => Err(Why::NoDefault(name.clone())),
        };
        let action = match bytes {
            Ok(bytes) => {
                let start = self.constants.len();
                self.constants.extend_from_slice(&bytes);
                Action::Default(start..self.constants.len(), self.make(From::Default, field.ty, field.ty))
            }
            Err(why) => {
                self.stuck = true;
                Action::Put(Make::Nothing(why))
            }
        };
        Step { name, carry, action }
    }
}

/// The reader's field for each of the writer's. A field is filled once: by its own name before its aliases.
fn matches(w: &Record, r: &Record) -> Vec<Option<usize>> {
    let by_name: HashMap<&str, usize> = r.fields.iter().enumerate().map(|(at, f)| (f.name.as_str(), at)).collect();
    let mut matches: Vec<_> = w.fields.iter().map(|wf| by_name.get(wf.name.as_str()).copied()).collect();
    let mut taken = vec![false; r.fields.len()];
    matches.iter().flatten().for_each(|index| taken[*index] = true);
    for (wf, matched) in w.fields.iter().zip(&mut matches).filter(|(_, matched)| matched.is_none()) {
        let free = |(at, rf): &(usize, &Field)| !taken[*at] && rf.aliases.contains(&wf.name);
        *matched = r.fields.iter().enumerate().find(free).map(|(at, _)| at);
        matched.iter().for_each(|at| taken[*at] = true);
    }
    matches
}

/// The order in which steps that fill these fields are to be laid out; `None` if it is their own.
fn order(places: &[usize]) -> Option<Box<[usize]>> {
    if places.is_sorted() {
        return None;
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|step| places[*step]);
    Some(order.into())
}

/// A pair of primitives, promotions included.
fn primitive(w: &Kind, r: &Kind) -> Option<Make> {
    let narrow = matches!(w, Kind::Int);
    Some(match (w, r) {
        (Kind::Null, Kind::Null) => Make::Null,
        (Kind::Boolean, Kind::Boolean) => Make::Boolean,
        (Kind::Int, Kind::Int) => Make::Int,
        (Kind::Int | Kind::Long, Kind::Long) => Make::Long { narrow },
        (Kind::Int | Kind::Long, Kind::Float) => Make::IntegerToFloat { narrow },
        (Kind::Int | Kind::Long, Kind::Double) => Make::IntegerToDouble { narrow },
        (Kind::Float, Kind::Float) => Make::Float,
        (Kind::Float, Kind::Double) => Make::FloatToDouble,
        (Kind::Double, Kind::Double) => Make::Double,
        (Kind::String | Kind::Bytes, Kind::String) => Make::Text,
        (Kind::Bytes | Kind::String, Kind::Bytes) => Make::Bytes,
        _ => return None,
    })
}
