//! From one function's value to the next one's, where no schema stands between: a guest's own types, or the neighbours
//! of a chain. [`crate::encode::relay`] writes what the plans made here read.
//!
//! The bytes follow the shape of Avro's (counts, indexes and lengths as varints), but scalars keep their memory form.
//! Records are matched by the names of their fields, and the taker may name a subset; cases are matched by name.

use super::plan::{Action, DecodePlan, Op, Payload, Skip, Step};
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::types::{GuestType, discriminant_size};

/// The plan for values of type `given` that are taken as `taken`; the error lists everything that does not fit.
pub fn relay(given: &GuestType, taken: &GuestType) -> Result<DecodePlan, Vec<Mismatch>> {
    let mut relay = Relay { report: Report::default() };
    match relay.op(given, taken) {
        Some(root) if relay.report.is_empty() => Ok(DecodePlan { root, stride: taken.layout().size }),
        _ => Err(relay.report.into_mismatches()),
    }
}

/// The plan for values that are their bytes, taken as `list<u8>` or as `string`.
pub fn whole(taken: &GuestType) -> Option<DecodePlan> {
    let text = match taken {
        GuestType::String => true,
        GuestType::List(item) if **item == GuestType::U8 => false,
        _ => return None,
    };
    Some(DecodePlan { root: Op::Rest { text }, stride: taken.layout().size })
}

struct Relay {
    report: Report,
}

impl Relay {
    fn op(&mut self, given: &GuestType, taken: &GuestType) -> Option<Op> {
        use GuestType as T;
        match (given, taken) {
            (T::Record(from), T::Record(_)) => self.record(from, taken),
            (T::Tuple(from), T::Tuple(to)) if from.len() == to.len() => self.tuple(from, taken, to),
            (T::List(from), T::List(to)) => self.list(from, to),
            (T::Option(from), T::Option(to)) => {
                let inner = Box::new(self.op(from, to)?);
                Some(Op::Branches(Box::new([Ok(Op::None), Ok(Op::Some { payload: taken.payload_offset(), inner })])))
            }
            (T::Variant(from), T::Variant(to)) => self.variant(from, taken, to),
            (T::Result(ok, err), T::Result(to_ok, to_err)) => {
                let cases = |ok: &Option<Box<T>>, err: &Option<Box<T>>| {
                    [("ok".to_owned(), ok.as_deref().cloned()), ("err".to_owned(), err.as_deref().cloned())]
                };
                self.variant(&cases(ok, err), taken, &cases(to_ok, to_err))
            }
            (T::Enum(from), T::Enum(to)) => {
                let case = |name: &String| match to.iter().position(|case| case == name) {
                    Some(case) => Ok(case as u32),
                    None => Err(name.as_str().into()),
                };
                let cases: Box<[Result<u32, Box<str>>]> = from.iter().map(case).collect();
                match cases.iter().find_map(|case| case.as_ref().err()) {
                    Some(name) => self.lacks("case", name),
                    None => Some(Op::Enum { cases, size: discriminant_size(to.len()) as u8 }),
                }
            }
            (given, taken) if given == taken => self.scalar(given),
            _ => self.differ(given, taken),
        }
    }

    fn scalar(&mut self, ty: &GuestType) -> Option<Op> {
        use GuestType as T;
        Some(match ty {
            T::Bool => Op::Bool,
            T::S8 | T::U8 => Op::Raw(1),
            T::S16 | T::U16 => Op::Raw(2),
            T::S32 | T::U32 | T::F32 | T::Char => Op::Raw(4),
            T::S64 | T::U64 | T::F64 => Op::Raw(8),
            T::String => Op::Text,
            _ => {
                self.report.unsupported(&format!("{} cannot be handed on within a value", ty.describe()));
                return None;
            }
        })
    }

    fn differ(&mut self, given: &GuestType, taken: &GuestType) -> Option<Op> {
        self.report.unsupported(&format!("{} is given, {} is taken", given.describe(), taken.describe()));
        None
    }

    fn lacks(&mut self, what: &str, name: &str) -> Option<Op> {
        self.report.unsupported(&format!("the taker lacks the {what} `{name}` that is given"));
        None
    }

    fn nested(&mut self, name: &str, given: &GuestType, taken: &GuestType) -> Option<Op> {
        self.report.enter(name);
        let op = self.op(given, taken);
        self.report.leave();
        op
    }

    fn record(&mut self, from: &[(String, GuestType)], taken: &GuestType) -> Option<Op> {
        let GuestType::Record(to) = taken else { return None };
        let mut fits = true;
        for (name, _) in to.iter().filter(|(name, _)| from.iter().all(|(given, _)| given != name)) {
            let known: Vec<&str> = from.iter().map(|(name, _)| name.as_str()).collect();
            let known = known.join(", ");
            self.report.unsupported(&format!("a field `{name}` is taken that is not given; given are {known}"));
            fits = false;
        }
        let offsets = taken.offsets();
        let mut steps = Vec::with_capacity(from.len());
        for (name, given) in from {
            let action = match to.iter().position(|(taken, _)| taken == name) {
                Some(at) => self.nested(name, given, &to[at].1).map(|op| Action::Put(offsets[at], op)),
                None => Some(Action::Skip(skip(given))),
            };
            fits &= action.is_some();
            steps.extend(action.map(|action| Step { name: name.as_str().into(), carry: None, action }));
        }
        fits.then(|| Op::Record(steps.into()))
    }

    fn tuple(&mut self, from: &[GuestType], taken: &GuestType, to: &[GuestType]) -> Option<Op> {
        let mut steps = Vec::with_capacity(from.len());
        for (index, (offset, (from, to))) in taken.offsets().into_iter().zip(from.iter().zip(to)).enumerate() {
            let name = index.to_string();
            let op = self.nested(&name, from, to)?;
            steps.push(Step { name: name.into(), carry: None, action: Action::Put(offset, op) });
        }
        Some(Op::Record(steps.into()))
    }

    fn list(&mut self, from: &GuestType, to: &GuestType) -> Option<Op> {
        if (from, to) == (&GuestType::U8, &GuestType::U8) {
            return Some(Op::Bytes);
        }
        let layout = to.layout();
        let item = Box::new(self.nested("[]", from, to)?);
        Some(Op::List { item, least: least(from), size: layout.size, align: layout.align as u8 })
    }

    fn variant(
        &mut self,
        from: &[(String, Option<GuestType>)],
        taken: &GuestType,
        to: &[(String, Option<GuestType>)],
    ) -> Option<Op> {
        let (size, payload) = (discriminant_size(to.len()) as u8, taken.payload_offset());
        let mut branches = Vec::with_capacity(from.len());
        for (name, given) in from {
            let Some(case) = to.iter().position(|(case, _)| case == name) else { return self.lacks("case", name) };
            let inner = match (given, &to[case].1) {
                (Some(given), Some(taken)) => Payload::Value(Box::new(self.nested(name, given, taken)?)),
                (None, None) => Payload::Skip(Skip::Bytes(0)),
                (Some(given), None) => Payload::Skip(skip(given)),
                (None, Some(taken)) => {
                    let what = format!("case `{name}` is given without a payload, {} is taken", taken.describe());
                    self.report.unsupported(&what);
                    return None;
                }
            };
            branches.push(Ok(Op::Case { case: case as u32, size, payload, inner }));
        }
        Some(Op::Branches(branches.into()))
    }
}

/// How to pass over a value that the taker does not name.
fn skip(ty: &GuestType) -> Skip {
    use GuestType as T;
    let payload = |ty: Option<&T>| ty.map_or(Skip::Bytes(0), skip);
    match ty {
        T::String => Skip::Length,
        T::List(item) if **item == T::U8 => Skip::Length,
        T::List(item) => Skip::Array(Box::new(skip(item))),
        T::Record(fields) => Skip::Sequence(fields.iter().map(|(_, ty)| skip(ty)).collect()),
        T::Tuple(items) => Skip::Sequence(items.iter().map(skip).collect()),
        T::Variant(cases) => Skip::Union(cases.iter().map(|(_, ty)| payload(ty.as_ref())).collect()),
        T::Enum(_) => Skip::Varint,
        T::Option(inner) => Skip::Union(Box::new([Skip::Bytes(0), skip(inner)])),
        T::Result(ok, err) => Skip::Union(Box::new([payload(ok.as_deref()), payload(err.as_deref())])),
        scalar => Skip::Bytes(scalar.layout().size),
    }
}

/// Bytes that a value takes at least.
fn least(ty: &GuestType) -> usize {
    use GuestType as T;
    match ty {
        T::Record(fields) => fields.iter().map(|(_, ty)| least(ty)).sum(),
        T::Tuple(items) => items.iter().map(least).sum(),
        T::String | T::List(_) | T::Variant(_) | T::Enum(_) | T::Option(_) | T::Result(..) => 1,
        scalar => scalar.layout().size,
    }
}
