//! The local table of schema ids: what a registry would answer, from a file beside the schemas.
//!
//! `ids.toml` has one table, `[ids]`, in which each id names a schema file relative to its folder. All of them are
//! loaded at once, so that a mistake shows before the first record does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::model::Schema;
use super::parse::{SchemaError, load};

/// The table's file name.
pub const FILE: &str = "ids.toml";

/// Schemas by id.
#[derive(Debug, Clone)]
pub struct LocalTable {
    path: PathBuf,
    missing: bool,
    entries: BTreeMap<u32, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// As the table spells it.
    name: String,
    /// Without links and dots, for comparing.
    file: PathBuf,
    schema: Arc<Schema>,
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The file is there, but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The table's file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("{}, line {line}: {message}", path.display())]
    Line {
        /// The table's file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong there, and what would be right.
        message: String,
    },
    /// A schema it names cannot be used.
    #[error("{}, line {line}: id {id}: {source}", path.display())]
    Schema {
        /// The table's file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The id.
        id: u32,
        /// What is wrong with the schema.
        source: SchemaError,
    },
}

impl LocalTable {
    /// Loads the table of a folder and every schema in it. A folder without one has an empty table.
    pub fn load(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(FILE);
        let mut table = Self { path, missing: false, entries: BTreeMap::new() };
        match std::fs::read_to_string(&table.path) {
            Ok(text) => table.read(&text, folder)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => table.missing = true,
            Err(source) => return Err(LocalError::Read { path: table.path, source }),
        }
        Ok(table)
    }

    /// The schema with this id.
    pub fn schema_by_id(&self, id: u32) -> Option<Arc<Schema>> {
        self.entries.get(&id).map(|entry| Arc::clone(&entry.schema))
    }

    /// The id whose schema file this is, however its path is spelled.
    pub fn id_of(&self, path: &Path) -> Option<u32> {
        let file = canonical(path);
        self.entries.iter().find(|(_, entry)| entry.file == file).map(|(id, _)| *id)
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.entries.keys().copied()
    }

    /// The table's file, whether it exists or not.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the table knows, for errors about what it does not: `schemas/ids.toml has 1 = payment.avsc`.
    pub fn describe(&self) -> String {
        let path = self.path.display();
        if self.missing {
            return format!("{path} does not exist; it would map ids to schema files: [ids], then 1 = \"name.avsc\"");
        }
        if self.entries.is_empty() {
            return format!("{path} has no ids");
        }
        let mut shown: Vec<String> =
            self.entries.iter().take(10).map(|(id, entry)| format!("{id} = {}", entry.name)).collect();
        if self.entries.len() > shown.len() {
            shown.push(format!("{} more", self.entries.len() - shown.len()));
        }
        format!("{path} has {}", shown.join(", "))
    }

    fn read(&mut self, text: &str, folder: &Path) -> Result<(), LocalError> {
        let line_of = |start: usize| text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        let wrong = |path: &Path, start: usize, message: String| LocalError::Line {
            path: path.to_path_buf(),
            line: line_of(start),
            message,
        };
        let table = DeTable::parse(text).map_err(|error| {
            wrong(&self.path, error.span().map_or(0, |span| span.start), error.message().to_string())
        })?;
        for (key, value) in table.get_ref() {
            let start = key.span().start;
            let ("ids", DeValue::Table(ids)) = (key.get_ref().as_ref(), value.get_ref()) else {
                let message = format!("{:?} does not belong here; the file has one table, [ids]", key.get_ref());
                return Err(wrong(&self.path, start, message));
            };
            for (key, value) in ids {
                let (start, key) = (key.span().start, key.get_ref().as_ref());
                let Ok(id) = key.parse::<u32>() else {
                    let message = format!("{key:?} is no schema id; ids are whole numbers from 0 to {}", u32::MAX);
                    return Err(wrong(&self.path, start, message));
                };
                let DeValue::String(name) = value.get_ref() else {
                    let message = format!("id {id} needs the name of a schema file in quotes");
                    return Err(wrong(&self.path, start, message));
                };
                self.add(id, name, folder, line_of(start))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, id: u32, name: &str, folder: &Path, line: usize) -> Result<(), LocalError> {
        let path = self.path.clone();
        let file = folder.join(name);
        if let Some(other) = self.id_of(&file) {
            let message = format!("{name} has two ids, {other} and {id}; which one to write would be a guess");
            return Err(LocalError::Line { path, line, message });
        }
        let schema = load(&file).map_err(|source| LocalError::Schema { path: path.clone(), line, id, source })?;
        let entry = Entry { name: name.to_string(), file: canonical(&file), schema: Arc::new(schema) };
        match self.entries.insert(id, entry) {
            None => Ok(()),
            Some(other) => {
                let message = format!("id {id} stands here twice, for {} and for {name}", other.name);
                Err(LocalError::Line { path, line, message })
            }
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
