//! Named types in a guest's nodes: that they are the sink's, or how those of the source become the sink's.

use super::super::error::Stop;
use super::names::Match;
use super::plan::{RecordPlan, UnionPlan, Want};
use super::run::{Node, Nodes, first, second};
use crate::contract::generic::NodeKind;
use crate::schema::named::NamedType;

impl<'a> Nodes<'a> {
    /// Fails unless the guest's number is that of the sink's type.
    #[inline]
    pub(super) fn check_name(&self, wanted: u32, given: u32) -> Result<(), Stop> {
        if wanted == given { Ok(()) } else { Err(self.other_name(wanted, given)) }
    }

    #[cold]
    fn other_name(&self, wanted: u32, given: u32) -> Stop {
        match self.known(given) {
            Ok(given) => {
                let what =
                    format!("the schema wants {}, the guest gave {}", self.named(wanted, false), given.describe());
                self.invalid(&what)
            }
            Err(stop) => stop,
        }
    }

    /// The type that the guest means by a number.
    fn known(&self, number: u32) -> Result<&'a NamedType, Stop> {
        let types = self.plan.names.types(self.by_name);
        types.get(number as usize).ok_or_else(|| {
            let whose = if self.by_name { "source" } else { "sink" };
            let what = format!("the {whose}'s schema has {} named types, the guest gave number {number}", types.len());
            self.invalid(&what)
        })
    }

    /// How an error names a named type.
    #[cold]
    pub(super) fn named(&self, number: u32, from_source: bool) -> String {
        let named = self.plan.names.types(from_source).get(number as usize);
        named.map_or(String::new(), NamedType::describe)
    }

    #[inline]
    pub(super) fn check_fields(&self, name: u32, from_source: bool, wanted: usize, given: u32) -> Result<(), Stop> {
        if wanted == given as usize {
            return Ok(());
        }
        let name = self.named(name, from_source);
        Err(self.invalid(&format!("{name} has {wanted} fields, the guest gave {given}")))
    }

    #[cold]
    pub(super) fn no_symbol(&self, name: &str, symbols: usize, given: u32) -> Stop {
        self.invalid(&format!("{name} has {symbols} symbols, the guest gave number {given}"))
    }

    #[cold]
    pub(super) fn no_branch(&self, union: &UnionPlan, kind: NodeKind, node: &Node) -> Stop {
        let given = match kind {
            NodeKind::Enum | NodeKind::Record => self.named(first(node), self.by_name),
            NodeKind::Fixed => format!("fixed of {} bytes", second(node)),
            plain => plain.word().into(),
        };
        self.invalid(&format!("the schema wants one of {}, the guest gave {given}", union.text))
    }

    /// The branch of a named type: the type itself, or for one of the source's the one of the same full name, else of
    /// the same short name.
    pub(super) fn named_branch(&self, union: &UnionPlan, kind: NodeKind, name: u32) -> Result<Option<usize>, Stop> {
        let given = self.known(name)?;
        let number = |want: &Want| match (want, kind) {
            (Want::Enum { name, .. }, NodeKind::Enum) => Some(*name),
            (Want::Record(number), NodeKind::Record) => self.plan.records.get(*number as usize).map(|r| r.name),
            _ => None,
        };
        let wanted = if self.by_name { self.plan.names.twin(name) } else { Some(name) };
        let same = wanted.and_then(|wanted| union.branches.iter().position(|want| number(want) == Some(wanted)));
        if same.is_some() || !self.by_name {
            return Ok(same);
        }
        let sink = self.plan.names.types(false);
        let alike = |want: &Want| {
            let named = number(want).and_then(|number| sink.get(number as usize));
            named.is_some_and(|named| short(named.name()) == short(given.name()))
        };
        Ok(union.branches.iter().position(alike))
    }

    pub(super) fn symbol_of_source(&self, name: u32, node: &Node) -> Result<u32, Stop> {
        let (source, symbol) = (first(node), second(node));
        let given = self.known(source)?;
        self.plan.names.matched(source, name, |matched| match matched {
            Some(Match::Enum(symbols)) => match symbols.get(symbol as usize) {
                Some(Some(index)) => Ok(*index),
                Some(None) => {
                    let text = match given {
                        NamedType::Enum { symbols, .. } => symbols.get(symbol as usize).map_or("", String::as_str),
                        _ => "",
                    };
                    let wanted = self.named(name, false);
                    Err(self.invalid(&format!(
                        "the sink's {wanted} has no symbol `{text}` of the source's {}",
                        given.describe()
                    )))
                }
                None => Err(self.no_symbol(&given.describe(), symbols.len(), symbol)),
            },
            _ => Err(self.not_that(given, name)),
        })
    }

    /// Writes the sink's record out of one of the source's, field by field as their names say.
    pub(super) fn record_of_source(
        &mut self,
        record: &'a RecordPlan,
        node: &Node,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Stop> {
        let source = first(node);
        let given = self.known(source)?;
        let names = &self.plan.names;
        names.matched(source, record.name, |matched| {
            let Some(Match::Record(fields)) = matched else { return Err(self.not_that(given, record.name)) };
            self.check_fields(source, true, fields.fields, second(node))?;
            let (at, first_start) = (self.next - 1, self.starts.len());
            if !fields.ordered {
                for _ in 0..fields.fields {
                    self.starts.push(self.next);
                    self.pass()?;
                }
            }
            let (end, mut passed) = (self.next, 0);
            for (field, from) in record.fields.iter().zip(&fields.from) {
                match from {
                    None => self.absent((field.absent.as_deref(), &field.name), (given, at), out)?,
                    Some(from) => {
                        if fields.ordered {
                            (passed..*from).try_for_each(|_| self.pass())?;
                            passed = from + 1;
                        } else {
                            self.next = self.starts.get(first_start + from).copied().unwrap_or(end);
                        }
                        self.value(&field.want, out, depth + 1).map_err(|stop| stop.within(&field.name))?;
                    }
                }
            }
            if fields.ordered {
                (passed..fields.fields).try_for_each(|_| self.pass())?;
            } else {
                self.next = end;
                self.starts.truncate(first_start);
            }
            self.run.room(0, out)
        })
    }

    /// A field that the source's record, which began with node `at`, does not have.
    fn absent(
        &self,
        (bytes, field): (Option<&[u8]>, &str),
        (given, at): (&NamedType, usize),
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let Some(bytes) = bytes else {
            let given = given.describe();
            let why = "which lacks this field, and the sink's schema has no default for it";
            return Err(Stop::invalid(format!("node {at}: the guest gave {given}, {why}")).within(field));
        };
        self.run.room(bytes.len(), out)?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    #[cold]
    fn not_that(&self, given: &NamedType, wanted: u32) -> Stop {
        let wanted = self.named(wanted, false);
        self.invalid(&format!("the schema wants {wanted}, the guest gave {}", given.describe()))
    }

    /// Passes over a value, whatever it is.
    fn pass(&mut self) -> Result<(), Stop> {
        let mut open = 1u64;
        while open > 0 {
            let (kind, node) = self.take(&|| "the rest of a value".into())?;
            open -= 1;
            open = open.saturating_add(match kind {
                NodeKind::Array => first(node).into(),
                NodeKind::Map => 2 * u64::from(first(node)),
                NodeKind::Record => second(node).into(),
                _ => 0,
            });
        }
        Ok(())
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
