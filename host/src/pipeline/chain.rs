//! How a record goes from function to function, worked out at load: each function's values are what the next one takes.

use std::sync::Arc;

use crate::config::Format;
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::shape::{Role, Unit};
use crate::contract::types::GuestType;
use crate::decode::intake::{self, Intake, KeySchema, ValuePlan};
use crate::decode::{Writers, relay};
use crate::encode::{EncodePlan, KeyTarget, Target, compile_answer};
use crate::guest::{Function, Guest, LoadError};
use crate::schema::Schema;
use crate::schema::local::LocalTable;

/// One call of the way.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which of the stages' guests.
    pub stage: usize,
    /// Which of its functions.
    pub role: Role,
    /// How its argument is made.
    pub intake: Intake,
    /// How its answer is read.
    pub plan: Arc<EncodePlan>,
}

/// What the first function takes.
#[derive(Debug, Clone)]
pub(super) struct SourceEnd {
    pub(super) format: Format,
    /// The reader's schema, for formats that have one, and what it is called.
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) name: String,
    /// Schemas by id; `None` where values carry no id.
    pub(super) table: Option<Arc<LocalTable>>,
    pub(super) key: Option<KeySchema>,
    /// What stands before a key that a guest sets for the next one.
    pub(super) key_prefix: Vec<u8>,
}

/// What becomes of the last function's values.
#[derive(Debug, Clone)]
pub(super) struct SinkEnd {
    pub(super) format: Format,
    /// The writer's schema, for formats that have one, and what it is called.
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) name: String,
    /// Stands before each value.
    pub(super) prefix: Vec<u8>,
    /// The keys' schema, and what stands before each key.
    pub(super) key: Option<(Arc<Schema>, Vec<u8>)>,
    pub(super) passthrough: bool,
}

/// What does not fit, and at which stage.
pub(super) struct Misfit {
    pub(super) stage: usize,
    pub(super) error: LoadError,
}

/// Compiles the way through all functions of all guests; the error lists all that does not fit.
pub(super) fn compile(guests: &[Guest], source: &SourceEnd, sink: &SinkEnd) -> Result<Vec<Step>, Vec<Misfit>> {
    let calls = guests.iter().enumerate().flat_map(|(stage, guest)| guest.functions().iter().map(move |f| (stage, f)));
    let compiler = Compiler { guests, source, sink, calls: calls.collect(), misfits: Vec::new() };
    compiler.compile()
}

/// How a function's answer is read, and what it gives to the next one.
type Answer = (EncodePlan, Unit);

struct Compiler<'a> {
    guests: &'a [Guest],
    source: &'a SourceEnd,
    sink: &'a SinkEnd,
    calls: Vec<(usize, &'a Function)>,
    misfits: Vec<Misfit>,
}

impl Compiler<'_> {
    fn compile(mut self) -> Result<Vec<Step>, Vec<Misfit>> {
        let answers: Vec<_> = (0..self.calls.len()).map(|at| self.answer(at)).collect();
        let carried: Vec<Box<str>> = match answers.last() {
            Some(Some((plan, _))) => plan.carried().into(),
            _ => Vec::new(),
        };
        let mut intakes = Vec::with_capacity(self.calls.len());
        for at in 0..self.calls.len() {
            let given = match at.checked_sub(1).map(|before| &answers[before]) {
                None => None,
                Some(Some((_, given))) => Some(given),
                // What stands before is wrong already; what it would give is not known.
                Some(None) => continue,
            };
            intakes.extend(self.intake(at, given, &carried));
        }
        if let (Some(first), Some((stage, _)), false) = (intakes.first(), self.calls.last(), carried.is_empty())
            && !first.carries()
        {
            let path = self.guests[*stage].path().to_owned();
            let fields = carried.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.misfits.push(Misfit { stage: *stage, error: LoadError::Passthrough { path, fields } });
        }
        if !self.misfits.is_empty() {
            return Err(self.misfits);
        }
        let made = intakes.into_iter().zip(answers.into_iter().flatten());
        let step = |((stage, function), (intake, (plan, _))): ((usize, &Function), (Intake, Answer))| Step {
            stage,
            role: function.role,
            intake,
            plan: Arc::new(plan),
        };
        Ok(self.calls.into_iter().zip(made).map(step).collect())
    }

    /// How a function's answer is read, and what it gives to the next one.
    fn answer(&mut self, at: usize) -> Option<Answer> {
        let (stage, function) = self.calls[at];
        let is_last = at + 1 == self.calls.len();
        let target = if is_last { self.target() } else { Target::Relay };
        let key = match (&self.source.key, &self.sink.key) {
            (_, Some((schema, prefix))) if stage + 1 == self.guests.len() => Some(KeyTarget { schema, prefix }),
            (Some(key), _) if stage + 1 < self.guests.len() => {
                Some(KeyTarget { schema: &key.schema, prefix: &self.source.key_prefix })
            }
            _ => None,
        };
        match compile_answer(function.role, &function.outcome, target, key) {
            Ok(answer) => Some(answer),
            Err(mismatches) => {
                let path = self.guests[stage].path().to_owned();
                let error = match &self.sink.schema {
                    _ if !is_last => LoadError::Values { path, role: function.role, mismatches },
                    Some(_) => LoadError::Mismatch { path, side: "sink", schema: self.sink.name.clone(), mismatches },
                    None => LoadError::Format { path, side: "sink", format: self.sink.format.as_str(), mismatches },
                };
                self.misfits.push(Misfit { stage, error });
                None
            }
        }
    }

    fn target(&self) -> Target<'_> {
        match (&self.sink.schema, self.sink.format) {
            (Some(schema), Format::Avro | Format::Json) => Target::Avro {
                schema,
                input: self.source.schema.as_deref(),
                passthrough: self.sink.passthrough,
                prefix: &self.sink.prefix,
                // JSON is made of Avro afterwards: bytes of the guest's own would have to be Avro, which nobody expects.
                raw: self.sink.format == Format::Avro,
            },
            (_, Format::String) => Target::Text,
            _ => Target::Bytes,
        }
    }

    /// How a function's argument is made of what is given.
    fn intake(&mut self, at: usize, given: Option<&Unit>, carried: &[Box<str>]) -> Option<Intake> {
        let (stage, function) = self.calls[at];
        let made = match given {
            None => self.first(function, carried),
            Some(given) => next(function, given, self.calls[at - 1].0 == stage, self.source.key.as_ref()),
        };
        match made {
            Ok(intake) => Some(intake),
            Err(mismatches) => {
                let path = self.guests[stage].path().to_owned();
                let error = match at.checked_sub(1).map(|before| self.calls[before]) {
                    Some((before, giver)) => {
                        let giver = match before == stage {
                            true => format!("`{}`", giver.role),
                            false => format!("`{}` of {} before it", giver.role, self.guests[before].path().display()),
                        };
                        LoadError::Neighbours { path, role: function.role, giver, mismatches }
                    }
                    None if self.source.schema.is_some() => {
                        LoadError::Mismatch { path, side: "source", schema: self.source.name.clone(), mismatches }
                    }
                    None => LoadError::Format { path, side: "source", format: self.source.format.as_str(), mismatches },
                };
                self.misfits.push(Misfit { stage, error });
                None
            }
        }
    }

    /// The first function takes what the source has.
    fn first(&self, function: &Function, carried: &[Box<str>]) -> Result<Intake, Vec<Mismatch>> {
        let mut first = None;
        for unit in readings(function, self.source.schema.as_deref()) {
            match self.first_value(&unit.value, carried) {
                Ok(value) => return intake::compile(&unit, value, self.source.key.as_ref()),
                Err(mismatches) => drop(first.get_or_insert(mismatches)),
            }
        }
        Err(first.unwrap_or_default())
    }

    fn first_value(&self, ty: &GuestType, carried: &[Box<str>]) -> Result<ValuePlan, Vec<Mismatch>> {
        let whole = relay::whole(ty);
        match (&self.source.schema, self.source.format) {
            (Some(reader), Format::Avro | Format::Json) => {
                let output = self.sink.schema.as_ref().unwrap_or(reader).clone();
                // JSON may also be had as it stands, as text or as bytes.
                let raw = ty.is_bytes() || self.source.format == Format::Json;
                let writers = Writers::new(reader.clone(), output, ty, carried, self.source.table.clone());
                match (writers, whole) {
                    (Ok(writers), _) => Ok(ValuePlan::Avro(writers)),
                    (Err(_), Some(plan)) if raw && self.source.table.is_some() => Ok(ValuePlan::Framed(plan)),
                    (Err(_), Some(plan)) if raw => Ok(ValuePlan::Plan(plan)),
                    (Err(mismatches), _) => Err(mismatches),
                }
            }
            (_, format) => whole.map(ValuePlan::Plan).ok_or_else(|| {
                let (ty, format) = (ty.describe(), format.as_str());
                refused(&format!("the guest's type is {ty}; with format = \"{format}\" it must be list<u8> or string"))
            }),
        }
    }
}

/// A later function takes what the one before it gives.
fn next(function: &Function, given: &Unit, same_guest: bool, key: Option<&KeySchema>) -> Result<Intake, Vec<Mismatch>> {
    let mut first = None;
    let mut readings = readings(function, None);
    // Nothing but the envelope's own `option` can say that there is no value; a type of the guest's own may just be
    // called like an envelope.
    readings.sort_by_key(|unit| (!unit.is_envelope, unit.tombstone.is_none()));
    if readings.iter().all(|unit| unit.is_envelope) {
        readings.push(Unit::bare(&function.input));
    }
    for unit in readings {
        match next_value(&given.value, &unit.value, same_guest) {
            Ok(value) => return intake::compile(&unit, value, key),
            Err(mismatches) => drop(first.get_or_insert(mismatches)),
        }
    }
    Err(first.unwrap_or_default())
}

fn next_value(given: &GuestType, taken: &GuestType, same_guest: bool) -> Result<ValuePlan, Vec<Mismatch>> {
    use GuestType::{Borrow, Own};
    match (given, taken) {
        (Own(_), _) if !same_guest => {
            Err(refused("a resource is given, and must not leave its guest; let it export `serialize` too"))
        }
        (Own(a), Own(b) | Borrow(b)) if a == b => Ok(ValuePlan::Handle),
        (Own(_), Own(_) | Borrow(_)) => Err(refused("another resource is given than is taken")),
        (given, taken) => relay::relay(given, taken).map(ValuePlan::Plan),
    }
}

/// What a function's argument may be, the likelier first.
fn readings(function: &Function, schema: Option<&Schema>) -> Vec<Unit> {
    if function.role != Role::Transform {
        return vec![Unit::bare(&function.input)];
    }
    let units = Unit::readings(&function.input, schema).into_iter();
    units.flat_map(|unit| [Some(unit.clone()), unit.with_tombstones()]).flatten().collect()
}

fn refused(what: &str) -> Vec<Mismatch> {
    let mut report = Report::default();
    report.unsupported(what);
    report.into_mismatches()
}
