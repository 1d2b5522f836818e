//! Everything that can be found wrong before the first record: schemas, the guests, and how they fit.

use std::sync::Arc;
use std::time::Instant;

use super::chain::{self, Misfit, SinkEnd, SourceEnd, Step};
use super::ends;
use super::tap::Tap;
use crate::config::{self, Format, JsonEncoding, Pipeline, Problems, Stage};
use crate::encode::OutputLimits;
use crate::format::json::{Encoding, WriteOptions};
use crate::guest::{Allowance, Engine, Grants, Guest, Instance, LoadError, Schemas};
use crate::schema::Schema;
use crate::telemetry::guest_series::GuestSeries;

/// Bytes of a record that are not its value, generously: key, framing, the batch's own overhead. Larger keys are caught
/// by the producer.
const RECORD_OVERHEAD: usize = 1024;

/// A pipeline that only needs Kafka to run.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The checked file.
    pub config: Pipeline,
    /// The input's schema as the first guest sees it, for formats that have one.
    pub reader: Option<Arc<Schema>>,
    /// The output's schema, for formats that have one.
    pub output: Option<Arc<Schema>>,
    /// The guests, one for each of the file's stages.
    pub stages: Vec<PreparedStage>,
    /// The way through their functions.
    pub steps: Vec<Step>,
    /// JSON has to become Avro before the first of them.
    pub reads_json: bool,
    /// Who is told what becomes of each record when it runs: nobody, unless set.
    pub tap: Option<Tap>,
}

/// A guest that is loaded.
#[derive(Debug, Clone)]
pub struct PreparedStage {
    /// The guest.
    pub guest: Guest,
    /// What its instances get.
    pub allowance: Arc<Allowance>,
    /// Seconds that loading took, compilation included.
    pub load_seconds: f64,
}

impl Prepared {
    /// Loads schemas and guests, matches them, and brings up one instance of each guest to see that it starts.
    pub fn load(config: Pipeline, engine: &Engine) -> Result<Prepared, Problems> {
        let mut problems = Problems::default();
        let source = problems.keep(ends::source(&config));
        let sink = problems.keep(ends::sink(&config));
        let loaded = load_all(&config, engine);
        let guests: Vec<_> = loaded.into_iter().filter_map(|loaded| problems.keep(loaded)).collect();
        let (Some(source), Some(sink), true) = (source, sink, guests.len() == config.stages.len()) else {
            return Err(problems);
        };
        let schemas = Arc::new(Schemas::new(source.schema.clone(), sink.schema.clone()));
        let stages: Vec<PreparedStage> = std::iter::zip(&config.stages, guests)
            .map(|(stage, (guest, load_seconds))| {
                let allowance = Arc::new(allowance(&config, stage, schemas.clone()));
                PreparedStage { guest, allowance, load_seconds }
            })
            .collect();
        let steps = problems.keep(fit(&config, &stages, &source, &sink));
        let Some(steps) = steps else { return Err(problems) };
        for (index, stage) in stages.iter().enumerate() {
            drop(problems.keep(Instance::start(&stage.guest, &stage.allowance).map_err(|e| guest(&config, index, &e))));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let reads_json = source.format == Format::Json && steps.first().is_some_and(|step| step.intake.reads_avro());
        Ok(Prepared { reader: source.schema, output: sink.schema, stages, steps, reads_json, config, tap: None })
    }

    /// How outputs become JSON, where that is the sink's format.
    pub(super) fn json_sink(&self) -> Option<(Arc<Schema>, WriteOptions)> {
        let json = self.config.sink.json;
        let options = WriteOptions {
            encoding: match json.encoding {
                JsonEncoding::Plain => Encoding::Plain,
                JsonEncoding::Avro => Encoding::Avro,
            },
            include_nulls: json.include_nulls,
            pretty: json.pretty,
        };
        let schema = self.output.clone().filter(|_| self.config.sink.format == Format::Json);
        schema.map(|schema| (schema, options))
    }
}

fn guest(config: &Pipeline, stage: usize, error: &LoadError) -> Problems {
    config.problem_at(&format!("stage.{stage}.guest"), error.to_string(), None)
}

/// The guests of all stages, as many at a time as there are cores: to compile one takes long, and much memory.
fn load_all(config: &Pipeline, engine: &Engine) -> Vec<Result<(Guest, f64), Problems>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let stages: Vec<(usize, &Stage)> = config.stages.iter().enumerate().collect();
    let some = stages.chunks(cores).map(|some| {
        std::thread::scope(|scope| {
            let threads = some.iter().map(|&(index, stage)| {
                let work = move || load(config, index, stage, engine);
                // The last one's thread is this one; so is that of all where no other can be had.
                let own = index + 1 == stages.len();
                let thread = (!own).then(|| std::thread::Builder::new().name("load".into()).spawn_scoped(scope, work));
                (work, thread.and_then(Result::ok))
            });
            let threads: Vec<_> = threads.collect();
            let ends = threads.into_iter().map(|(work, thread)| match thread.map(|thread| thread.join()) {
                None => work(),
                Some(Ok(loaded)) => loaded,
                Some(Err(panic)) => std::panic::resume_unwind(panic),
            });
            ends.collect::<Vec<_>>()
        })
    });
    some.flatten().collect()
}

/// The guest, and the seconds that loading it took.
fn load(config: &Pipeline, index: usize, stage: &Stage, engine: &Engine) -> Result<(Guest, f64), Problems> {
    let start = Instant::now();
    let loaded = Guest::load(engine, &stage.guest, &grants(stage)).map_err(|error| guest(config, index, &error))?;
    Ok((loaded, start.elapsed().as_secs_f64()))
}

fn grants(stage: &Stage) -> Grants {
    let config::Grants { clock, random, log, metrics, config } = stage.grants;
    Grants { clock, random, log, metrics, config }
}

fn fit(config: &Pipeline, stages: &[PreparedStage], source: &SourceEnd, sink: &SinkEnd) -> Result<Vec<Step>, Problems> {
    let guests: Vec<Guest> = stages.iter().map(|stage| stage.guest.clone()).collect();
    chain::compile(&guests, source, sink).map_err(|misfits| {
        let mut problems = Problems::default();
        for Misfit { stage, error } in misfits {
            problems.extend(guest(config, stage, &error));
        }
        problems
    })
}

fn allowance(config: &Pipeline, stage: &Stage, schemas: Arc<Schemas>) -> Allowance {
    let record = message_max_bytes(config);
    Allowance {
        pipeline: config.name.clone(),
        stage: stage.name.clone(),
        memory: stage.memory,
        time: stage.time,
        grants: grants(stage),
        outputs: OutputLimits {
            record: record.saturating_sub(RECORD_OVERHEAD),
            // A batch may be all large records, but not all of them at once: eight times the largest is plenty.
            batch: record.saturating_mul(8).max(16 << 20),
            outputs: usize::try_from(stage.outputs).unwrap_or(usize::MAX),
        },
        config: stage.config.clone().into(),
        schemas,
        // Replaced by the pipeline's own when it runs: a guest that is only looked at counts nowhere.
        series: GuestSeries::detached(),
    }
}

/// The largest record that the producer takes: librdkafka's `message.max.bytes`, whose default is 1,000,000.
fn message_max_bytes(config: &Pipeline) -> usize {
    let mut set = config.kafka.producer.iter().rev().chain(config.kafka.client.iter().rev());
    let named = set.find(|(name, _)| name == "message.max.bytes");
    named.and_then(|(_, value)| value.parse().ok()).unwrap_or(1_000_000)
}
