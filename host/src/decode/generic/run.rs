//! Runs a plan over one value: nodes grow at the image's end, text stays where it is until the guest has memory for it.

use super::super::cursor::{Base, Cursor};
use super::super::error::{Failure, Fault};
use super::super::image::{Fixup, From, Image};
use super::super::skip::skip;
use super::plan::{Action, GenericPlan, Make, RecordPlan, Step};
use crate::contract::generic::{MAX_DEPTH, NODE_ALIGN, NODE_PAYLOAD, NODE_SIZE, NodeKind, SOURCE_SCHEMA};

impl GenericPlan {
    /// Makes the generic record at `at` of the image out of the value that the cursor stands at.
    pub(in crate::decode) fn run(&self, cursor: &mut Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
        let first = image.fixups.len();
        let start = image.bytes.len().next_multiple_of(NODE_ALIGN);
        image.bytes.resize(start, 0);
        image.scratch.fields.clear();
        let mut run = Run { plan: self, image, base: 0, constants: false };
        run.make(&self.root, cursor, 0)?;
        let constants = run.constants;
        let len = image.bytes.len() - start;
        if constants {
            // Text of defaults is in no batch. It goes behind the nodes, where it does not keep them from growing.
            let base = match cursor.place_of(0) {
                Base::Source(_) | Base::Image(_) => image.constants(self.key, &self.constants, cursor)?,
                // The whole value is a default.
                Base::Nowhere => image.append(cursor.between(0, cursor.position()), cursor)?,
            };
            for fixup in image.fixups[first..].iter_mut().filter(|fixup| fixup.from == CONSTANT) {
                fixup.start += base;
                fixup.from = From::Image(1);
            }
        }
        image.put(at + self.layout.schema, SOURCE_SCHEMA.to_le_bytes());
        let count = (len / NODE_SIZE) as u32;
        image.put_later(at + self.layout.nodes, count, start as u32, len as u32, From::Image(NODE_ALIGN as u8));
        Ok(())
    }
}

/// Stands for bytes of the plan's constants until their place in the image is known.
const CONSTANT: From = From::Image(0);

struct Run<'p, 'i> {
    plan: &'p GenericPlan,
    image: &'i mut Image,
    /// Where in the plan's constants the present default begins.
    base: usize,
    /// A fixup points into constants.
    constants: bool,
}

impl<'p> Run<'p, '_> {
    fn make(&mut self, make: &'p Make, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Failure> {
        match make {
            Make::Text => {
                let text = cursor.string()?;
                self.bytes(NodeKind::String, text, cursor)
            }
            Make::Long { narrow: false } => {
                let value = cursor.long()?;
                self.scalar(NodeKind::Long, value.to_le_bytes(), cursor)
            }
            Make::Int => {
                let value = cursor.int()?;
                self.scalar(NodeKind::Int, value.to_le_bytes(), cursor)
            }
            Make::Branches(branches) => {
                let index = cursor.index(branches.len(), Fault::UnionIndex)?;
                let branch = &branches[index];
                match &branch.make {
                    Some(make) => self.make(make, cursor, depth),
                    None => {
                        let (writer, reader) = (branch.writer.clone(), (&*branch.reader).into());
                        Err(cursor.fail(Fault::Branch { writer, reader }))
                    }
                }
            }
            Make::Null => self.scalar(NodeKind::Null, [], cursor),
            Make::Record(number) => match self.plan.records.get(*number as usize) {
                Some(record) => self.record(record, cursor, depth),
                None => Ok(()),
            },
            Make::Enum(nodes) => {
                let index = cursor.index(nodes.len(), Fault::EnumIndex)?;
                match &nodes[index] {
                    Ok(node) => self.image.push_node(*node, cursor),
                    Err(symbol) => Err(cursor.fail(Fault::Symbol(symbol.clone()))),
                }
            }
            Make::Array { item, least } => self.collection(NodeKind::Array, item, *least, cursor, depth),
            // A map's key takes a byte at least.
            Make::Map { value, least } => self.collection(NodeKind::Map, value, least.saturating_add(1), cursor, depth),
            Make::Bytes => {
                let bytes = cursor.bytes()?;
                self.bytes(NodeKind::Bytes, bytes, cursor)
            }
            Make::Fixed(size) => {
                let bytes = cursor.take(*size)?;
                self.bytes(NodeKind::Fixed, bytes, cursor)
            }
            plain => self.number(plain, cursor),
        }
    }

    /// The rest of the scalars.
    fn number(&mut self, make: &Make, cursor: &mut Cursor<'_>) -> Result<(), Failure> {
        let integer = |cursor: &mut Cursor<'_>, narrow: bool| match narrow {
            true => cursor.int().map(i64::from),
            false => cursor.long(),
        };
        match make {
            Make::Boolean => {
                let value = cursor.boolean()?;
                self.scalar(NodeKind::Boolean, [value.into()], cursor)
            }
            Make::Double => {
                let value = cursor.array::<8>()?;
                self.scalar(NodeKind::Double, value, cursor)
            }
            Make::Float => {
                let value = cursor.array::<4>()?;
                self.scalar(NodeKind::Float, value, cursor)
            }
            Make::FloatToDouble => {
                let value = f64::from(f32::from_le_bytes(cursor.array()?));
                self.scalar(NodeKind::Double, value.to_le_bytes(), cursor)
            }
            Make::Long { narrow } => {
                let value = integer(cursor, *narrow)?;
                self.scalar(NodeKind::Long, value.to_le_bytes(), cursor)
            }
            Make::IntegerToFloat { narrow } => {
                let value = integer(cursor, *narrow)? as f32;
                self.scalar(NodeKind::Float, value.to_le_bytes(), cursor)
            }
            Make::IntegerToDouble { narrow } => {
                let value = integer(cursor, *narrow)? as f64;
                self.scalar(NodeKind::Double, value.to_le_bytes(), cursor)
            }
            // The compiler lets no plan go with another one.
            _ => Ok(()),
        }
    }

    #[inline]
    fn scalar<const N: usize>(&mut self, kind: NodeKind, value: [u8; N], cursor: &Cursor<'_>) -> Result<(), Failure> {
        let mut node = self.plan.layout.cell(kind);
        node[NODE_PAYLOAD..NODE_PAYLOAD + N].copy_from_slice(&value);
        self.image.push_node(node, cursor)
    }

    /// A node of bytes just read.
    #[inline]
    fn bytes(&mut self, kind: NodeKind, bytes: &[u8], cursor: &Cursor<'_>) -> Result<(), Failure> {
        let len = bytes.len() as u32;
        if len == 0 {
            // An empty list: any aligned pointer will do, and no memory is asked for.
            return self.image.push_node(self.plan.layout.pair(kind, 1, 0), cursor);
        }
        let slot = (self.image.bytes.len() + NODE_PAYLOAD) as u32;
        self.image.push_node(self.plan.layout.pair(kind, 0, len), cursor)?;
        let (start, from) = match cursor.place_of(bytes.len()) {
            Base::Source(start) => (start, From::Source),
            Base::Image(start) => (start, From::Image(1)),
            Base::Nowhere => {
                self.constants = true;
                ((self.base + cursor.position() - bytes.len()) as u32, CONSTANT)
            }
        };
        self.image.fixups.push(Fixup { slot, start, len, from });
        Ok(())
    }

    /// An array, or a map with its keys.
    fn collection(
        &mut self,
        kind: NodeKind,
        inner: &'p Make,
        least: usize,
        cursor: &mut Cursor<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        if depth == MAX_DEPTH {
            return Err(cursor.fail(Fault::TooDeep(MAX_DEPTH)));
        }
        let at = self.image.bytes.len();
        self.image.push_node(self.plan.layout.cell(kind), cursor)?;
        let mut total = 0u32;
        loop {
            let (count, bytes) = cursor.block()?;
            if count == 0 {
                break;
            }
            let start = cursor.position();
            // Items may take no byte of input; then the image's limit bounds their number.
            cursor.room_for(count, least)?;
            for _ in 0..count {
                if kind == NodeKind::Map {
                    let key = cursor.string()?;
                    self.bytes(NodeKind::String, key, cursor)?;
                }
                self.make(inner, cursor, depth + 1)?;
            }
            // As many nodes as items are in the image, whose places are numbers of 32 bits.
            total = total.wrapping_add(count as u32);
            cursor.check_block(start, bytes)?;
        }
        self.image.put(at + NODE_PAYLOAD, total.to_le_bytes());
        Ok(())
    }

    fn record(&mut self, record: &'p RecordPlan, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Failure> {
        if depth == MAX_DEPTH {
            return Err(cursor.fail(Fault::TooDeep(MAX_DEPTH)));
        }
        self.image.push_node(record.start, cursor)?;
        let Some(order) = &record.order else {
            return record.steps.iter().try_for_each(|step| self.step(step, cursor, depth + 1));
        };
        let first = self.image.scratch.fields.len();
        for step in &record.steps {
            if !matches!(step.action, Action::Skip(_)) {
                let place = (self.image.bytes.len(), self.image.fixups.len());
                self.image.scratch.fields.push(place);
            }
            self.step(step, cursor, depth + 1)?;
        }
        self.image.reorder(first, order);
        Ok(())
    }

    #[inline]
    fn step(&mut self, step: &'p Step, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Failure> {
        let start = cursor.position();
        let done = match &step.action {
            Action::Put(make) => self.make(make, cursor, depth),
            Action::Skip(inner) => skip(inner, cursor),
            Action::Default(range, make) => {
                let before = std::mem::replace(&mut self.base, range.start);
                let done = self.make(make, &mut Cursor::of_constant(&self.plan.constants[range.clone()]), depth);
                self.base = before;
                done
            }
        };
        if let Err(mut failure) = done {
            failure.path.push(step.name.clone());
            return Err(failure);
        }
        if let Some(field) = step.carry {
            match &step.action {
                Action::Default(range, _) => self.image.carry(field, &self.plan.constants[range.clone()]),
                Action::Put(_) | Action::Skip(_) => {
                    self.image.carry(field, cursor.between(start, cursor.position()));
                }
            }
        }
        Ok(())
    }
}
