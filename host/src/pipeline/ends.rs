//! What stands at the two ends of the way: schemas, their ids, and what frames values and keys.

use std::path::Path;
use std::sync::Arc;

use super::chain::{SinkEnd, SourceEnd};
use crate::config::{Framing, Pipeline, Problems};
use crate::decode::framing;
use crate::decode::intake::KeySchema;
use crate::schema::local::LocalTable;
use crate::schema::{self, Schema};

/// Reads what the source's end needs.
pub(super) fn source(config: &Pipeline) -> Result<SourceEnd, Problems> {
    let source = &config.source;
    let mut problems = Problems::default();
    let schema = problems.keep(optional(config, "source.schema", source.schema.as_deref()));
    let framed = |path: Option<&Path>| match (source.framing, path) {
        (Framing::Confluent, Some(path)) => read_table(config, "source.framing", path).map(Some),
        _ => Ok(None),
    };
    let table = problems.keep(framed(source.schema.as_deref()));
    let key = problems.keep(optional(config, "source.key-schema", source.key_schema.as_deref()));
    let key_table = problems.keep(framed(source.key_schema.as_deref()));
    let (Some(schema), Some(table), Some(key), Some(key_table)) = (schema, table, key, key_table) else {
        return Err(problems);
    };
    // A guest that sets the key for the next one writes it as the source has it.
    let key_prefix = match (&key_table, &source.key_schema) {
        (Some(table), Some(path)) => id_prefix(config, "source", "source.key-schema", path, table)?,
        _ => Vec::new(),
    };
    Ok(SourceEnd {
        format: source.format,
        schema,
        name: shown(source.schema.as_deref()),
        table,
        key: key.map(|schema| KeySchema { schema, table: key_table }),
        key_prefix,
    })
}

/// Reads what the sink's end needs.
pub(super) fn sink(config: &Pipeline) -> Result<SinkEnd, Problems> {
    let sink = &config.sink;
    let mut problems = Problems::default();
    let schema = problems.keep(optional(config, "sink.schema", sink.schema.as_deref()));
    let key = problems.keep(optional(config, "sink.key-schema", sink.key_schema.as_deref()));
    let prefix = problems.keep(prefix(config, "sink.schema", sink.schema.as_deref()));
    let key_prefix = problems.keep(prefix_of_key(config));
    let (Some(schema), Some(key), Some(prefix), Some(key_prefix)) = (schema, key, prefix, key_prefix) else {
        return Err(problems);
    };
    Ok(SinkEnd {
        format: sink.format,
        schema,
        name: shown(sink.schema.as_deref()),
        prefix,
        key: key.map(|schema| (schema, key_prefix)),
        passthrough: config.stages.last().is_some_and(|stage| stage.passthrough),
    })
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

fn optional(config: &Pipeline, key: &str, path: Option<&Path>) -> Result<Option<Arc<Schema>>, Problems> {
    let Some(path) = path else { return Ok(None) };
    let schema = schema::load(path).map_err(|error| config.problem_at(key, error.to_string(), None))?;
    Ok(Some(Arc::new(schema)))
}

fn read_table(config: &Pipeline, key: &str, schema: &Path) -> Result<Arc<LocalTable>, Problems> {
    let folder = schema.parent().unwrap_or(Path::new("."));
    let table = LocalTable::load(folder).map_err(|error| config.problem_at(key, error.to_string(), None))?;
    Ok(Arc::new(table))
}

fn prefix_of_key(config: &Pipeline) -> Result<Vec<u8>, Problems> {
    prefix(config, "sink.key-schema", config.sink.key_schema.as_deref())
}

/// What stands before the Avro bytes of a record that is made for the source.
pub(super) fn source_prefix(config: &Pipeline, key: &str, schema: Option<&Path>) -> Result<Vec<u8>, Problems> {
    match (config.source.framing, schema) {
        (Framing::Confluent, Some(schema)) => {
            let table = read_table(config, "source.framing", schema)?;
            id_prefix(config, "source", key, schema, &table)
        }
        _ => Ok(Vec::new()),
    }
}

/// What stands before each output's Avro bytes.
fn prefix(config: &Pipeline, key: &str, schema: Option<&Path>) -> Result<Vec<u8>, Problems> {
    match (config.sink.framing, schema) {
        (Framing::Confluent, Some(schema)) => {
            let table = read_table(config, "sink.framing", schema)?;
            id_prefix(config, "sink", key, schema, &table)
        }
        _ => Ok(Vec::new()),
    }
}

fn id_prefix(
    config: &Pipeline,
    section: &str,
    key: &str,
    schema: &Path,
    table: &LocalTable,
) -> Result<Vec<u8>, Problems> {
    match table.id_of(schema) {
        Some(id) => Ok(framing::prefix(id).to_vec()),
        None => {
            let message = format!("{} has no schema id; {}", schema.display(), table.describe());
            let help = format!("give it one in the `ids.toml` beside it, or set `framing = \"none\"` in [{section}]");
            Err(config.problem_at(key, message, Some(help)))
        }
    }
}
