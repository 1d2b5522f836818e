//! Walking generic values: a reader folds nodes from front to back into whatever it likes, a writer appends them.
//!
//! Nodes are depth-first, so code that reads a record field by field in the order of its schema, and calls itself for
//! what is nested, always stands at the right node. Nothing here knows accounts.

use crate::millstream::pipeline::generic::{EnumSymbol, Node, RecordStart};
use crate::millstream::pipeline::schemas::{self, EnumType, FixedType, NamedType, RecordType};

/// The named types of a schema, by the indexes that nodes use.
pub struct Names(Vec<NamedType>);

impl Names {
    /// Asks the pipeline.
    pub fn of(schema: u32) -> Names {
        Names(schemas::named_types(schema))
    }

    #[cfg(test)]
    pub fn from(types: Vec<NamedType>) -> Names {
        Names(types)
    }

    fn name(&self, index: u32) -> &str {
        match &self.0[index as usize] {
            NamedType::Record(RecordType { name, .. })
            | NamedType::Enum(EnumType { name, .. })
            | NamedType::Fixed(FixedType { name, .. }) => name,
        }
    }

    fn index(&self, name: &str) -> Result<u32, String> {
        let mut all = 0..self.0.len() as u32;
        all.find(|index| self.name(*index) == name).ok_or_else(|| format!("the schema has no type {name}"))
    }
}

/// Stands at a node and hands out what begins there.
pub struct Reader<'a> {
    nodes: Vec<Node>,
    at: usize,
    names: &'a Names,
}

/// A function for each kind of node: the value, or an error that says what stands there instead.
macro_rules! leaf {
    ($($read:ident: $node:ident -> $value:ty),*) => {
        $(pub fn $read(&mut self) -> Result<$value, String> {
            match self.next() {
                Node::$node(value) => Ok(value),
                other => Err(unexpected(stringify!($read), &other)),
            }
        })*
    };
}

impl<'a> Reader<'a> {
    pub fn new(nodes: Vec<Node>, names: &'a Names) -> Self {
        Reader { nodes, at: 0, names }
    }

    /// Takes a node and goes on to the one behind it. Beyond the last one all is null.
    pub fn next(&mut self) -> Node {
        let node = self.nodes.get_mut(self.at).map_or(Node::Null, |node| std::mem::replace(node, Node::Null));
        self.at += 1;
        node
    }

    leaf!(int: Int -> i32, long: Long -> i64, double: Double -> f64, string: String -> String, fixed: Fixed -> Vec<u8>);

    /// The full name of the record that begins here. Its fields follow; a union of records is told apart by it.
    pub fn record(&mut self) -> Result<&'a str, String> {
        match self.next() {
            Node::Record(RecordStart { name, .. }) => Ok(self.names.name(name)),
            other => Err(unexpected("record", &other)),
        }
    }

    /// An enum's symbol.
    pub fn symbol(&mut self) -> Result<&'a str, String> {
        match self.next() {
            Node::Enum(EnumSymbol { name, symbol }) => match &self.names.0[name as usize] {
                NamedType::Enum(named) => Ok(&named.symbols[symbol as usize]),
                _ => Err(format!("{} is no enum", self.names.name(name))),
            },
            other => Err(unexpected("enum", &other)),
        }
    }

    /// As many items as there are, each read by `item`.
    pub fn array<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        match self.next() {
            Node::Array(count) => (0..count).map(|_| item(self)).collect(),
            other => Err(unexpected("array", &other)),
        }
    }

    /// As many pairs as there are, each value read by `value`.
    pub fn map<C, T>(&mut self, mut value: impl FnMut(&mut Self) -> Result<T, String>) -> Result<C, String>
    where
        C: FromIterator<(String, T)>,
    {
        match self.next() {
            Node::Map(count) => (0..count).map(|_| Ok((self.string()?, value(self)?))).collect(),
            other => Err(unexpected("map", &other)),
        }
    }
}

pub fn unexpected(wanted: &str, found: &Node) -> String {
    format!("expected {wanted}, found {found:?}")
}

/// Appends what it is told, and knows the indexes of names.
pub struct Writer<'a> {
    nodes: Vec<Node>,
    names: &'a Names,
}

impl<'a> Writer<'a> {
    pub fn new(names: &'a Names) -> Self {
        Writer { nodes: Vec::new(), names }
    }

    /// All that was written.
    pub fn finish(self) -> Vec<Node> {
        self.nodes
    }

    /// A node that needs no name.
    pub fn put(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Begins a record of this full name; so many fields have to follow.
    pub fn record(&mut self, name: &str, fields: u32) -> Result<(), String> {
        self.put(Node::Record(RecordStart { name: self.names.index(name)?, fields }));
        Ok(())
    }

    /// An enum's symbol.
    pub fn symbol(&mut self, name: &str, symbol: &str) -> Result<(), String> {
        let index = self.names.index(name)?;
        let symbols = match &self.names.0[index as usize] {
            NamedType::Enum(named) => &named.symbols[..],
            _ => &[],
        };
        let found = symbols.iter().position(|known| known == symbol);
        let symbol = found.ok_or_else(|| format!("{name} has no symbol {symbol}"))? as u32;
        self.put(Node::Enum(EnumSymbol { name: index, symbol }));
        Ok(())
    }
}
