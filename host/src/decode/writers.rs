//! From a value's framing to the plan of its writer's schema, one plan for each schema, kept.

use std::collections::HashMap;
use std::sync::Arc;

use super::compile::{Carry, compile};
use super::framing::{self, FramingError};
use super::plan::DecodePlan;
use crate::contract::mismatch::Mismatch;
use crate::contract::types::GuestType;
use crate::schema::local::LocalTable;
use crate::schema::{Kind, Schema};

/// Finds the plan for each value.
#[derive(Debug, Clone)]
pub struct Writers {
    reader: Arc<Schema>,
    output: Arc<Schema>,
    guest: GuestType,
    carried: Box<[Box<str>]>,
    /// Schemas by id; `None` where values carry no id and are written with the reader's schema.
    table: Option<Arc<LocalTable>>,
    own: Arc<DecodePlan>,
    plans: HashMap<u32, Result<Arc<DecodePlan>, Arc<str>>>,
    /// The plan of the value before, since most topics have one schema.
    last: Option<(u32, Arc<DecodePlan>)>,
}

/// Why there is no plan for a value.
#[derive(Debug, Clone, PartialEq)]
pub enum NoPlan {
    /// The value has no schema id.
    Framing(FramingError),
    /// The schema of its id is unknown, or cannot be read as the reader's.
    Schema(Arc<str>),
}

impl std::fmt::Display for NoPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Framing(error) => write!(f, "{error}"),
            Self::Schema(why) => f.write_str(why),
        }
    }
}

impl Writers {
    /// Matches the guest with the reader's schema; the error lists all that does not fit.
    pub fn new(
        reader: Arc<Schema>,
        output: Arc<Schema>,
        guest: &GuestType,
        carried: &[Box<str>],
        table: Option<Arc<LocalTable>>,
    ) -> Result<Writers, Vec<Mismatch>> {
        let own = compile(&reader, &reader, guest, &carries(&output, carried))?;
        let (guest, carried) = (guest.clone(), carried.into());
        Ok(Writers { reader, output, guest, carried, table, own: Arc::new(own), plans: HashMap::new(), last: None })
    }

    /// The plan for a value, and how many bytes of framing stand before its Avro bytes.
    pub fn plan(&mut self, value: &[u8]) -> Result<(Arc<DecodePlan>, usize), NoPlan> {
        let Some(table) = &self.table else { return Ok((self.own.clone(), 0)) };
        let (id, _) = framing::split(value).map_err(NoPlan::Framing)?;
        if let Some((last, plan)) = &self.last
            && *last == id
        {
            return Ok((plan.clone(), framing::PREFIX));
        }
        if let Some(plan) = self.plans.get(&id) {
            self.last = plan.as_ref().ok().map(|plan| (id, plan.clone()));
            return plan.clone().map(|plan| (plan, framing::PREFIX)).map_err(NoPlan::Schema);
        }
        let Some(writer) = table.schema_by_id(id) else {
            // Not kept: a stream of made-up ids must not fill the memory.
            return Err(NoPlan::Schema(format!("unknown schema id {id}; {}", table.describe()).into()));
        };
        let carries = carries(&self.output, &self.carried);
        let plan = compile(&writer, &self.reader, &self.guest, &carries).map(Arc::new).map_err(|mismatches| {
            let all: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
            format!("schema id {id} cannot be read with the reader's schema: {}", all.join("; ")).into()
        });
        self.plans.insert(id, plan.clone());
        plan.map(|plan| (plan, framing::PREFIX)).map_err(NoPlan::Schema)
    }

    /// Bytes from record to record in the guest's list, and their alignment.
    pub fn layout(&self) -> (usize, usize) {
        (self.own.stride(), self.guest.layout().align)
    }

    /// How many fields of each record go past the guest.
    pub fn carried(&self) -> usize {
        self.carried.len()
    }
}

fn carries<'a>(output: &'a Schema, names: &'a [Box<str>]) -> Vec<Carry<'a>> {
    let Kind::Record(record) = output.kind(output.root()) else { return Vec::new() };
    let carry = |name: &'a str| {
        let field = record.fields.iter().find(|field| field.name == name)?;
        Some(Carry { name, schema: output, ty: field.ty })
    };
    names.iter().filter_map(|name| carry(name)).collect()
}
