//! Runs a plan over a guest's nodes. Counts, numbers and kinds are all hostile until checked.

use super::super::error::{Breach, Stop};
use super::super::run::{Run, list, pair, put_long, read, text};
use super::plan::{GenericPlan, RecordPlan, UnionPlan, Want};
use crate::contract::generic::{MAX_DEPTH, NODE_ALIGN, NODE_PAYLOAD, NODE_SIZE, NodeKind, SINK_SCHEMA, SOURCE_SCHEMA};

pub(super) type Node = [u8; NODE_SIZE];

/// Nodes that may be looked at for each byte that a record may have. Most nodes are a byte of output at least; records
/// and what is passed over are none.
const LOOKS: usize = 4;

/// Writes the generic record at `at`.
pub(in crate::encode) fn emit(run: &Run<'_>, plan: &GenericPlan, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
    let part = |offset: usize| at.get(offset..).ok_or(Breach::Outside);
    let schema = u32::from_le_bytes(read(part(plan.layout.schema)?)?);
    let (pointer, count) = pair(part(plan.layout.nodes)?)?;
    let (nodes, _) = list(run.memory, pointer, count, NODE_SIZE, NODE_ALIGN)?.as_chunks();
    let by_name = match schema {
        SINK_SCHEMA => false,
        SOURCE_SCHEMA => !plan.names.same,
        other => {
            let what = format!("the generic record is of schema {other}; there are 0, the source's, and 1, the sink's");
            return Err(Stop::invalid(what));
        }
    };
    let looks = run.limit.saturating_mul(LOOKS);
    let mut walk = Nodes { run, plan, nodes, next: 0, by_name, looks, starts: Vec::new() };
    let done = walk.value(&plan.root, out, 0);
    run.spend(looks - walk.looks)?;
    done?;
    match nodes.len() - walk.next {
        0 => Ok(()),
        more => Err(Stop::invalid(format!("the value ends before node {}, but {more} more follow", walk.next))),
    }
}

/// A walk over the nodes of one value.
pub(super) struct Nodes<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) plan: &'a GenericPlan,
    pub(super) nodes: &'a [Node],
    /// The node that comes next.
    pub(super) next: usize,
    /// Named types are numbered by the source's schema, which is another than the sink's.
    pub(super) by_name: bool,
    /// How many nodes may still be looked at.
    pub(super) looks: usize,
    /// Where the fields of the open records begin, of those that are given in another order.
    pub(super) starts: Vec<usize>,
}

impl<'a> Nodes<'a> {
    /// The next node and its kind.
    #[inline]
    pub(super) fn take(&mut self, wanted: &dyn Fn() -> String) -> Result<(NodeKind, &'a Node), Stop> {
        let Some(node) = self.nodes.get(self.next) else {
            let what = format!("the nodes end before node {}, where the schema wants {}", self.next, wanted());
            return Err(Stop::invalid(what));
        };
        self.looks = self.looks.checked_sub(1).ok_or_else(|| self.too_many())?;
        self.next += 1;
        let kind = self.plan.layout.kind(node[0]).ok_or(Breach::Discriminant(node[0].into(), NodeKind::ALL.len()))?;
        Ok((kind, node))
    }

    pub(super) fn value(&mut self, want: &'a Want, out: &mut Vec<u8>, depth: usize) -> Result<(), Stop> {
        let plan = self.plan;
        let (kind, node) = self.take(&|| plan.describe(want))?;
        self.read(want, (kind, node), out, depth)
    }

    fn read(
        &mut self,
        want: &'a Want,
        (kind, node): (NodeKind, &'a Node),
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Stop> {
        match (want, kind) {
            (Want::Text, NodeKind::String) => self.text(node, out)?,
            (Want::Long, NodeKind::Long) => put_long(out, long(node)),
            (Want::Int, NodeKind::Int) => put_long(out, int(node).into()),
            (Want::Union(union), _) => {
                let branch = self.branch(union, kind, node)?;
                put_long(out, i64::from(branch));
                let branch = union.branches.get(branch as usize).unwrap_or(want);
                self.read(branch, (kind, node), out, depth)?;
            }
            (Want::Null, NodeKind::Null) => {}
            (Want::Record(number), NodeKind::Record) => match self.plan.records.get(*number as usize) {
                Some(record) => self.record(record, node, out, depth)?,
                None => return Err(self.wrong(want, kind)),
            },
            (Want::Enum { name, symbols }, NodeKind::Enum) => {
                let symbol = self.symbol(*name, *symbols, node)?;
                put_long(out, symbol.into());
            }
            (Want::Array(inner), NodeKind::Array) => self.collection(inner, kind, node, out, depth)?,
            (Want::Map(inner), NodeKind::Map) => self.collection(inner, kind, node, out, depth)?,
            (Want::Boolean, NodeKind::Boolean) => out.push((node[NODE_PAYLOAD] != 0).into()),
            (Want::Double, NodeKind::Double) => out.extend_from_slice(&node[NODE_PAYLOAD..]),
            (Want::Float, NodeKind::Float) => out.extend_from_slice(&node[NODE_PAYLOAD..NODE_PAYLOAD + 4]),
            (Want::Bytes, NodeKind::Bytes) => self.run.put(self.bytes(node)?, out)?,
            (Want::Fixed(size), NodeKind::Fixed) => {
                let bytes = self.bytes(node)?;
                if bytes.len() != *size {
                    let what = format!("{} bytes for a fixed of {size}", bytes.len());
                    return Err(self.invalid(&what));
                }
                self.run.room(bytes.len(), out)?;
                out.extend_from_slice(bytes);
            }
            // The numeric promotions of the specification's schema resolution.
            (Want::Long, NodeKind::Int) => put_long(out, int(node).into()),
            (Want::Float, NodeKind::Int) => out.extend_from_slice(&(int(node) as f32).to_le_bytes()),
            (Want::Float, NodeKind::Long) => out.extend_from_slice(&(long(node) as f32).to_le_bytes()),
            (Want::Double, NodeKind::Int) => out.extend_from_slice(&f64::from(int(node)).to_le_bytes()),
            (Want::Double, NodeKind::Long) => out.extend_from_slice(&(long(node) as f64).to_le_bytes()),
            (Want::Double, NodeKind::Float) => {
                let value = f32::from_bits(first(node));
                out.extend_from_slice(&f64::from(value).to_le_bytes());
            }
            _ => return Err(self.wrong(want, kind)),
        }
        Ok(())
    }

    fn text(&self, node: &Node, out: &mut Vec<u8>) -> Result<(), Stop> {
        // Its size first: a text that has no room is not worth looking through.
        self.run.room(second(node) as usize, out)?;
        self.run.put(text(self.run.memory, &node[NODE_PAYLOAD..])?, out)
    }

    fn bytes(&self, node: &Node) -> Result<&'a [u8], Breach> {
        list(self.run.memory, first(node), second(node), 1, 1)
    }

    /// An array, or a map with its keys.
    fn collection(
        &mut self,
        inner: &'a Want,
        kind: NodeKind,
        node: &Node,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Stop> {
        self.deeper(depth)?;
        let count = first(node);
        let (each, what) = if kind == NodeKind::Map { (2, "entries") } else { (1, "items") };
        let left = self.nodes.len() - self.next;
        if (count as usize).saturating_mul(each) > left {
            return Err(self.invalid(&format!("{} of {count} {what}, but only {left} nodes follow", kind.word())));
        }
        self.run.block(count, out)?;
        for _ in 0..count {
            if kind == NodeKind::Map {
                match self.take(&|| "a map's key".into())? {
                    (NodeKind::String, node) => self.text(node, out)?,
                    (other, _) => {
                        let what = format!("a map's key is a string, the guest gave {}", other.word());
                        return Err(self.invalid(&what));
                    }
                }
            }
            self.value(inner, out, depth + 1)?;
            self.run.room(0, out)?;
        }
        self.run.end_block(out)
    }

    fn record(&mut self, record: &'a RecordPlan, node: &Node, out: &mut Vec<u8>, depth: usize) -> Result<(), Stop> {
        self.deeper(depth)?;
        if self.by_name {
            return self.record_of_source(record, node, out, depth);
        }
        self.check_name(record.name, first(node))?;
        self.check_fields(record.name, false, record.fields.len(), second(node))?;
        for field in &record.fields {
            self.value(&field.want, out, depth + 1).map_err(|stop| stop.within(&field.name))?;
        }
        self.run.room(0, out)
    }

    /// The index that the output has for an enumeration's node.
    fn symbol(&self, name: u32, symbols: u32, node: &Node) -> Result<u32, Stop> {
        if self.by_name {
            return self.symbol_of_source(name, node);
        }
        self.check_name(name, first(node))?;
        match second(node) {
            symbol if symbol < symbols => Ok(symbol),
            symbol => Err(self.no_symbol(&self.named(name, false), symbols as usize, symbol)),
        }
    }

    /// The branch that a node takes: by its kind, and where several have it, by name, or for fixed by the length.
    fn branch(&self, union: &UnionPlan, kind: NodeKind, node: &Node) -> Result<u32, Stop> {
        if let Some(branch) = union.by_kind[kind as usize] {
            return Ok(branch);
        }
        let found = match kind {
            NodeKind::Fixed => {
                let len = second(node) as usize;
                union.branches.iter().position(|want| matches!(want, Want::Fixed(size) if *size == len))
            }
            NodeKind::Enum | NodeKind::Record => self.named_branch(union, kind, first(node))?,
            _ => None,
        };
        found.map(|index| index as u32).ok_or_else(|| self.no_branch(union, kind, node))
    }

    pub(super) fn deeper(&self, depth: usize) -> Result<(), Stop> {
        if depth < MAX_DEPTH {
            Ok(())
        } else {
            Err(self.invalid(&format!("value nests deeper than {MAX_DEPTH} levels")))
        }
    }

    /// What is wrong with the node that was just read.
    #[cold]
    pub(super) fn invalid(&self, what: &str) -> Stop {
        Stop::invalid(format!("node {}: {what}", self.next.saturating_sub(1)))
    }

    #[cold]
    fn wrong(&self, want: &Want, kind: NodeKind) -> Stop {
        self.invalid(&format!("the schema wants {}, the guest gave {}", self.plan.describe(want), kind.word()))
    }

    #[cold]
    fn too_many(&self) -> Stop {
        Stop::invalid(format!("the value has more nodes than a record of {} bytes needs", self.run.limit))
    }
}

impl GenericPlan {
    /// How an error names what the schema wants.
    pub(super) fn describe(&self, want: &Want) -> String {
        let named = |number: u32| {
            self.names.types(false).get(number as usize).map_or(want.word().into(), |named| named.describe())
        };
        match want {
            Want::Enum { name, .. } => named(*name),
            Want::Record(number) => self.records.get(*number as usize).map_or(String::new(), |r| named(r.name)),
            Want::Fixed(size) => format!("fixed of {size} bytes"),
            Want::Union(union) => union.text.to_string(),
            plain => plain.word().into(),
        }
    }
}

/// The payload's first number.
#[inline]
pub(super) fn first(node: &Node) -> u32 {
    let [.., a, b, c, d, _, _, _, _] = *node;
    u32::from_le_bytes([a, b, c, d])
}

/// The payload's second number.
#[inline]
pub(super) fn second(node: &Node) -> u32 {
    let [.., a, b, c, d] = *node;
    u32::from_le_bytes([a, b, c, d])
}

fn int(node: &Node) -> i32 {
    first(node) as i32
}

fn long(node: &Node) -> i64 {
    let [.., a, b, c, d, e, f, g, h] = *node;
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}
