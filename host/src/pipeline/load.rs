//! Everything that can be found wrong before the first record: schemas, the guest, and how they fit.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Framing, Pipeline, Problems};
use crate::decode::{Writers, framing};
use crate::encode::{EncodePlan, OutputLimits};
use crate::guest::{Allowance, Engine, Grants, Guest, Instance, LoadError};
use crate::schema::local::LocalTable;
use crate::schema::{self, Schema};

/// Bytes of a record that are not its value, generously: key, framing, the batch's own overhead. Larger keys are caught
/// by the producer.
const RECORD_OVERHEAD: usize = 1024;

/// A pipeline that only needs Kafka to run.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The checked file.
    pub config: Pipeline,
    /// The input's schema as the guest sees it.
    pub reader: Arc<Schema>,
    /// The output's schema.
    pub output: Arc<Schema>,
    /// The guest.
    pub guest: Guest,
    /// What its instances get.
    pub allowance: Arc<Allowance>,
    /// How its answers are encoded.
    pub encode: Arc<EncodePlan>,
    /// How values are decoded for it.
    pub writers: Writers,
    /// Seconds that loading the guest took, compilation included.
    pub load_seconds: f64,
}

impl Prepared {
    /// Loads schemas and guest, matches them, and brings up one instance to see that it starts.
    pub fn load(config: Pipeline, engine: &Engine) -> Result<Prepared, Problems> {
        let mut problems = Problems::default();
        let reader = problems.keep(read_schema(&config, "source.schema", &config.source.schema));
        let output = problems.keep(read_schema(&config, "sink.schema", &config.sink.schema));
        let table = problems.keep(match config.source.framing {
            Framing::Confluent => read_table(&config, "source.framing", &config.source.schema).map(Some),
            Framing::None => Ok(None),
        });
        let prefix = problems.keep(prefix(&config));
        let guest_problem = |error: LoadError| config.problem_at("stage.guest", error.to_string(), None);
        let start = Instant::now();
        let guest = problems.keep(Guest::load(engine, &config.stage.guest).map_err(guest_problem));
        let load_seconds = start.elapsed().as_secs_f64();
        let (Some(reader), Some(output), Some(table), Some(prefix), Some(guest)) =
            (reader, output, table, prefix, guest)
        else {
            return Err(problems);
        };
        let mismatch = |side, schema: &Path, mismatches| {
            let (path, schema) = (guest.path().to_owned(), schema.display().to_string());
            config.problem_at("stage.guest", LoadError::Mismatch { path, side, schema, mismatches }.to_string(), None)
        };
        let passthrough = config.stage.passthrough;
        let encode = crate::encode::compile(guest.outcome(), &output, &reader, passthrough, &prefix);
        let carried = encode.as_ref().map_or(&[][..], EncodePlan::carried);
        let writers = Writers::new(reader.clone(), output.clone(), guest.input(), carried, table)
            .map_err(|mismatches| mismatch("source", &config.source.schema, mismatches));
        let writers = problems.keep(writers);
        let encode = encode.map_err(|mismatches| mismatch("sink", &config.sink.schema, mismatches));
        let (Some(writers), Some(encode)) = (writers, problems.keep(encode)) else { return Err(problems) };
        let allowance = Arc::new(allowance(&config));
        Instance::start(&guest, &allowance).map_err(guest_problem)?;
        Ok(Prepared { reader, output, guest, allowance, encode: Arc::new(encode), writers, load_seconds, config })
    }
}

fn allowance(config: &Pipeline) -> Allowance {
    let record = message_max_bytes(config);
    Allowance {
        pipeline: config.name.clone(),
        memory: config.stage.memory,
        time: config.stage.time,
        grants: Grants { clock: config.stage.grants.clock, random: config.stage.grants.random },
        outputs: OutputLimits {
            record: record.saturating_sub(RECORD_OVERHEAD),
            // A batch may be all large records, but not all of them at once: eight times the largest is plenty.
            batch: record.saturating_mul(8).max(16 << 20),
        },
    }
}

/// The largest record that the producer takes: librdkafka's `message.max.bytes`, whose default is 1,000,000.
fn message_max_bytes(config: &Pipeline) -> usize {
    let mut set = config.kafka.producer.iter().rev().chain(config.kafka.client.iter().rev());
    let named = set.find(|(name, _)| name == "message.max.bytes");
    named.and_then(|(_, value)| value.parse().ok()).unwrap_or(1_000_000)
}

fn read_schema(config: &Pipeline, key: &str, path: &Path) -> Result<Arc<Schema>, Problems> {
    let schema = schema::load(path).map_err(|error| config.problem_at(key, error.to_string(), None))?;
    if let Some(name) = schema.recursive() {
        let message =
            format!("{}: record {} contains itself; recursive schemas are not yet supported", path.display(), name.0);
        return Err(config.problem_at(key, message, None));
    }
    Ok(Arc::new(schema))
}

fn read_table(config: &Pipeline, key: &str, schema: &Path) -> Result<Arc<LocalTable>, Problems> {
    let folder = schema.parent().unwrap_or(Path::new("."));
    let table = LocalTable::load(folder).map_err(|error| config.problem_at(key, error.to_string(), None))?;
    Ok(Arc::new(table))
}

/// What stands before each output's Avro bytes.
fn prefix(config: &Pipeline) -> Result<Vec<u8>, Problems> {
    if config.sink.framing == Framing::None {
        return Ok(Vec::new());
    }
    let table = read_table(config, "sink.framing", &config.sink.schema)?;
    match table.id_of(&config.sink.schema) {
        Some(id) => Ok(framing::prefix(id).to_vec()),
        None => {
            let message = format!("{} has no schema id; {}", config.sink.schema.display(), table.describe());
            let help = "give it one in the `ids.toml` beside it, or set `framing = \"none\"` in [sink]".to_owned();
            Err(config.problem_at("sink.schema", message, Some(help)))
        }
    }
}
