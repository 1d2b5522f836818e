//! What a schema's graph of types amounts to: how deep, how large when written out, whether it contains itself.
//!
//! References make small texts describe huge trees; everything after parsing may walk types recursively because of
//! the bounds kept here.

use super::model::{FullName, Kind, Type, TypeId};
use super::parse::{MAX_NESTING, MAX_TYPES, ParseError};

/// What [`measure`] found.
pub(super) struct Measured {
    /// A record that contains itself.
    pub recursive: Option<FullName>,
    /// By type: whether it carries no data.
    pub empty: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Mark {
    New,
    Open,
    Done { depth: usize, types: usize, empty: bool },
}

struct Walk<'a> {
    types: &'a [Type],
    marks: Vec<Mark>,
    recursive: Option<FullName>,
}

/// Bounds the schema and finds out what later steps ask about it.
pub(super) fn measure(types: &[Type], root: TypeId) -> Result<Measured, ParseError> {
    let mut walk = Walk { types, marks: vec![Mark::New; types.len()], recursive: None };
    walk.visit(root, 1)?;
    let empty = walk.marks.iter().map(|mark| matches!(mark, Mark::Done { empty: true, .. })).collect();
    Ok(Measured { recursive: walk.recursive, empty })
}

impl Walk<'_> {
    /// Depth, number of types and emptiness of a type that stands `level` deep.
    fn visit(&mut self, id: TypeId, level: usize) -> Result<(usize, usize, bool), ParseError> {
        let index = id.0 as usize;
        let ty = &self.types[index];
        match self.marks[index] {
            Mark::Done { depth, types, empty } => return bounded(level, depth, types, empty, ty),
            Mark::Open => {
                if let (None, Kind::Record(record)) = (&self.recursive, &ty.kind) {
                    self.recursive = Some(record.name.clone());
                }
                return Ok((1, 1, false));
            }
            Mark::New => self.marks[index] = Mark::Open,
        }
        bounded(level, 1, 1, false, ty)?;
        let (mut depth, mut types) = (0, 1usize);
        let mut empty = matches!(ty.kind, Kind::Null | Kind::Record(_));
        for child in children(&ty.kind) {
            let (below, count, child_empty) = self.visit(child, level + 1)?;
            depth = depth.max(below);
            types = types.saturating_add(count);
            empty &= child_empty;
        }
        self.marks[index] = Mark::Done { depth: depth + 1, types, empty };
        bounded(level, depth + 1, types, empty, ty)
    }
}

fn bounded(
    level: usize,
    depth: usize,
    types: usize,
    empty: bool,
    ty: &Type,
) -> Result<(usize, usize, bool), ParseError> {
    if level + depth - 1 > MAX_NESTING {
        let name = if let Kind::Record(record) = &ty.kind { record.name.0.clone() } else { String::new() };
        return Err(ParseError::TooDeep(name));
    }
    if types > MAX_TYPES {
        return Err(ParseError::TooMany);
    }
    Ok((depth, types, empty))
}

fn children(kind: &Kind) -> Vec<TypeId> {
    match kind {
        Kind::Array(item) | Kind::Map(item) => vec![*item],
        Kind::Union(branches) => branches.clone(),
        Kind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        _ => Vec::new(),
    }
}
