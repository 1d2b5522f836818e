//! What a project's guest does with a record.

use std::fmt;
use std::str::FromStr;

use super::generic;
use crate::contract::wit::{Answers, Import, Options, Raw};

/// What a guest does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// One record in, one out.
    #[default]
    Map,
    /// One record in, one or none out.
    Filter,
    /// One record in, any number out.
    FanOut,
    /// Records of any schema.
    Generic,
    /// The guest's own `deserialize` and `serialize`.
    UserFunctions,
}

impl Shape {
    /// All of them, as flags spell them.
    pub const ALL: [(Shape, &'static str); 5] = [
        (Shape::Map, "map"),
        (Shape::Filter, "filter"),
        (Shape::FanOut, "fan-out"),
        (Shape::Generic, "generic"),
        (Shape::UserFunctions, "user-functions"),
    ];

    /// Whether the guest's functions take and give records made from the schemas.
    pub fn is_typed(self) -> bool {
        !matches!(self, Shape::Generic | Shape::UserFunctions)
    }

    /// What `millstream wit` is told beside `--input`, `--output` and `--package`: the choices, and the same as flags.
    pub(super) fn choices(self) -> (Options, &'static str) {
        let options = Options::default();
        match self {
            Shape::Map => (options, ""),
            Shape::Filter => (Options { answers: Answers::Filter, ..options }, "--filter"),
            Shape::FanOut => (Options { answers: Answers::FanOut, ..options }, "--fan-out"),
            Shape::Generic => (Options { imports: [Import::Schemas].into(), ..options }, "--import schemas"),
            Shape::UserFunctions => {
                let raw = Some(Raw::Generic);
                let resource = Some(generic::RESOURCE.to_string());
                let imports = [Import::Schemas].into();
                let options = Options { deserialize: raw, serialize: raw, imports, resource, ..options };
                (options, "--resource item --deserialize generic --serialize generic --import schemas")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(shape, _)| shape == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(shape, _)| *shape);
        found.ok_or_else(|| format!("no shape `{text}`; there are {}", Self::ALL.map(|(_, name)| name).join(", ")))
    }
}
