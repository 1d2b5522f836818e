//! The loop of `millstream dev`: look, and if something has changed, build, load, test, swap.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Options;
use super::files::{Files, Scope};
use super::projects;
use super::running::{Running, differs};
use super::screen::{Screen, View};
use super::watch::Watch;
use crate::build::build;
use crate::cli::{Fault, open, quickstart, samples, test};
use crate::config::{self, Pipeline, Problems, Start};
use crate::guest::Engine;
use crate::kafka::EmbeddedBroker;
use crate::pipeline::tap::Tap;
use crate::pipeline::{Control, Failure, Prepared};

/// How often files are looked at. A change is acted on after two looks.
const TICK: Duration = Duration::from_millis(150);

/// What makes `dev` go.
pub(super) struct Session {
    options: Options,
    screen: Arc<Screen>,
    engine: Engine,
    broker: EmbeddedBroker,
    /// The topics that the broker has.
    topics: Vec<String>,
    samples: PathBuf,
    projects: Vec<PathBuf>,
    scope: Scope,
    files: Files,
    running: Option<Running>,
    /// The pipeline ran and stopped by itself.
    fell: bool,
    /// A change was refused, so what runs is not what the files say.
    behind: bool,
}

/// Why a change is not taken: what there is to read, and the reason in a few words.
struct Refused {
    text: String,
    why: String,
}

impl Refused {
    fn new(text: impl ToString, why: impl ToString) -> Refused {
        Refused { text: text.to_string(), why: why.to_string() }
    }
}

impl Session {
    /// Reads the pipeline's file and starts the broker.
    pub(super) fn open(options: Options, screen: Screen) -> Result<Session, Fault> {
        let config = config::load(&options.pipeline)?;
        let beside = || projects::beside(&options.pipeline, "samples.jsonl");
        let samples = options.samples.clone().unwrap_or_else(beside);
        let samples = samples.strip_prefix(".").map(Path::to_owned).unwrap_or(samples);
        if options.samples.is_some() && !samples.is_file() {
            let help = Some("name a file with one record a line".to_owned());
            return Err(Problems::of_file(&samples, "there is no such file".to_owned(), help).into());
        }
        let engine = open::engine()?;
        let broker = open::embedded(&config)?;
        let mut session = Session {
            screen: Arc::new(screen),
            engine,
            topics: open::topics(&config),
            broker,
            samples,
            projects: Vec::new(),
            scope: Scope::default(),
            files: Files::new(),
            running: None,
            fell: false,
            behind: false,
            options,
        };
        session.rescope(&config);
        session.greet(&config);
        Ok(session)
    }

    fn greet(&self, config: &Pipeline) {
        let brokers = self.broker.bootstrap_servers();
        let mut watched = vec![config.file.display().to_string()];
        watched.extend(self.scope.folders.iter().map(|folder| format!("{}/", folder.display())));
        let taken = config.stages.iter().map(|stage| &stage.guest).filter(|guest| self.scope.files.contains(guest));
        watched.extend(taken.map(|guest| guest.display().to_string()));
        self.screen.show(&format!(
            "embedded broker at {brokers} (in this process; not a Kafka to build on)\n\
             records go from `{}` to `{}`; watching {}\n",
            config.source.topics.join("`, `"),
            open::outputs(config).join("`, `"),
            watched.join(", "),
        ));
    }

    /// Goes on until told to stop.
    pub(super) fn run(mut self, stop: &Control) -> Result<(), Fault> {
        let mut watch = Watch::new(self.files.look(&self.scope));
        self.attempt(None);
        while !stop.wait(TICK) {
            self.attend();
            let changed = watch.changed(self.files.look(&self.scope));
            if changed.is_empty() {
                continue;
            }
            self.screen.show(&format!("\n{} changed\n", named(&changed)));
            if self.attempt(Some(&changed)) {
                watch.rescope(self.files.look(&self.scope));
            }
        }
        if let Some(Err(failure)) = self.running.take().map(Running::stop) {
            self.screen.bad(&format!("error: {failure}"));
        }
        self.screen.show("stopped\n");
        Ok(())
    }

    /// Looks after the pipeline: what went through it, and whether it still runs.
    fn attend(&mut self) {
        let Some(running) = &mut self.running else { return };
        running.sum_up(&self.screen, false);
        if !running.has_ended() {
            return;
        }
        if let Some(mut running) = self.running.take() {
            running.sum_up(&self.screen, true);
            let why = match running.stop() {
                Ok(()) => "it ended by itself".to_owned(),
                Err(failure) => failure.to_string(),
            };
            self.fell = true;
            self.screen.bad(&format!("the pipeline stopped: {why}"));
            self.screen.show("it starts again, with this record, when something changes\n");
        }
    }

    /// Takes a change (`None`: the start). Answers whether other files are to be watched from now on.
    fn attempt(&mut self, changed: Option<&[PathBuf]>) -> bool {
        if changed.is_some_and(|changed| changed == [self.samples.clone()]) {
            self.feed_running();
            return false;
        }
        let config = match config::load(&self.options.pipeline) {
            Ok(config) => config,
            Err(problems) => {
                self.refuse(&Refused::new(problems, "its file has problems"));
                return false;
            }
        };
        let rescoped = self.rescope(&config);
        if let Err(refused) = self.take(config, changed) {
            self.refuse(&refused);
        }
        rescoped
    }

    /// What the change comes to where nothing is wrong with it.
    fn take(&mut self, config: Pipeline, changed: Option<&[PathBuf]>) -> Result<(), Refused> {
        let start = Instant::now();
        self.build_all(&config, changed)?;
        let built = start.elapsed();
        let unfit = |problems: Problems| Refused::new(problems, "it cannot be loaded");
        let mut prepared = open::prepare_on(&self.engine, for_dev(config)).map_err(unfit)?;
        let cases = self.check(&prepared)?;
        let is_test = |path: &PathBuf| path.ends_with(test::FILE);
        let same = changed.is_some_and(|changed| changed.iter().all(is_test)) && !self.behind;
        if same && self.running.is_some() {
            self.screen.good(&format!("{cases}; the guest is the same"));
            return Ok(());
        }
        let view = View::of(&prepared, &self.screen).map_err(unfit)?;
        prepared.tap = Some(Tap::new(Arc::new(view)));
        let what = self.install(prepared)?;
        self.behind = false;
        let took =
            if self.projects.is_empty() { String::new() } else { format!("; built in {:.1} s", built.as_secs_f64()) };
        self.screen.good(&format!("{what}{took}; {cases}"));
        // What it fell over comes again by itself, and what stands behind it.
        if !std::mem::take(&mut self.fell) {
            self.feed_running();
        }
        Ok(())
    }

    /// Builds the projects that the change concerns.
    fn build_all(&self, config: &Pipeline, changed: Option<&[PathBuf]>) -> Result<(), Refused> {
        for project in &self.projects {
            if changed.is_some_and(|changed| !projects::concerns(project, changed)) {
                continue;
            }
            let mut say = |line: &str| self.screen.show(&format!("{line}\n"));
            let built = build(project, &mut say).map_err(|why| Refused::new(why, "build failed"))?;
            let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let guests: Vec<&Path> = config.stages.iter().map(|stage| stage.guest.as_path()).collect();
            let guests = guests.into_iter().filter(|guest| projects::folder_of(guest) == *project);
            if let Some(other) = guests.into_iter().find(|guest| real(guest) != real(&built.wasm)) {
                let text =
                    format!("the build writes {}, but the pipeline runs {}", built.wasm.display(), other.display());
                return Err(Refused::new(text, "the build is of another guest"));
            }
        }
        Ok(())
    }

    /// Runs the pipeline's cases; what they came to, in a few words.
    fn check(&self, prepared: &Prepared) -> Result<String, Refused> {
        let (count, failed) = match test::all(prepared) {
            Ok(done) => done,
            Err(Fault::Configuration(problems)) => return Err(Refused::new(problems, "its tests have problems")),
            Err(Fault::Pipeline(failure)) => return Err(Refused::new(failure, "the tests cannot be run")),
            Err(Fault::Told | Fault::Build(_)) => return Err(Refused::new("", "the tests cannot be run")),
        };
        let tests = if count == 1 { "test" } else { "tests" };
        match failed.len() {
            0 if count == 0 => Ok("it has no tests".to_owned()),
            0 => Ok(format!("{count} {tests} passed")),
            many => Err(Refused::new(failed.concat(), format!("{many} of {count} {tests} failed"))),
        }
    }

    /// Gives the pipeline that runs its new guests, or starts it anew; what was done, in a few words.
    fn install(&mut self, prepared: Prepared) -> Result<String, Refused> {
        for topic in open::topics(&prepared.config) {
            if !self.topics.contains(&topic) {
                let made = self.broker.create_topic(&topic, open::EMBEDDED_PARTITIONS);
                made.map_err(|error| Refused::new(error, "the broker refuses a topic"))?;
                self.topics.push(topic);
            }
        }
        let difference = self.running.as_ref().map(|running| differs(&running.config, &prepared.config));
        let what = match (difference, self.running.take()) {
            (Some(None), Some(mut running)) => {
                let swapped = running.swap(&prepared);
                self.running = Some(running);
                swapped.map_err(|failure| Refused::new(failure, "it does not start"))?;
                return Ok("swapped the guest".to_owned());
            }
            (Some(Some(section)), Some(running)) => {
                if let Err(failure) = running.stop() {
                    self.screen.bad(&format!("error: {failure}"));
                }
                format!("restarted the pipeline, as {section} changed")
            }
            _ => "the pipeline runs".to_owned(),
        };
        let running = Running::start(prepared, &self.broker.bootstrap_servers());
        self.running = Some(running.map_err(|failure| Refused::new(failure, "the pipeline does not start"))?);
        Ok(what)
    }

    /// Puts the samples on the source's first topic.
    fn feed_running(&mut self) {
        let Some(running) = &self.running else { return };
        if !self.samples.is_file() {
            let (path, broker) = (self.samples.display(), self.broker.bootstrap_servers());
            return self
                .screen
                .show(&format!("there is no {path}; produce records to {broker}, or write some there\n"));
        }
        let prepared = &running.prepared;
        let fed = samples::read(&self.samples, &quickstart::source_form(prepared)).and_then(|samples| {
            let loaded = quickstart::load(prepared, &self.broker.bootstrap_servers(), &samples);
            loaded.map_err(|failure: Failure| failure.to_string())
        });
        if let Err(why) = fed {
            self.screen.bad(&format!("no samples: {why}"));
        }
    }

    /// Says what is wrong, and that all stays as it was.
    fn refuse(&mut self, refused: &Refused) {
        self.behind = true;
        let text = refused.text.trim_end();
        if !text.is_empty() {
            self.screen.show(&format!("{text}\n"));
        }
        let kept = match (&self.running, self.fell) {
            (Some(_), _) => "kept the old guest",
            (None, true) => "the pipeline is still stopped",
            (None, false) => "no guest runs yet",
        };
        self.screen.bad(&format!("{kept}: {}", refused.why));
    }

    /// Finds out what is to be watched; whether that is something else than before.
    fn rescope(&mut self, config: &Pipeline) -> bool {
        let guests = config.stages.iter().map(|stage| stage.guest.as_path());
        self.projects = match self.options.no_build {
            true => Vec::new(),
            false => guests.filter_map(projects::project_of).collect(),
        };
        self.projects.dedup();
        let scope = projects::scope(config, &self.samples, &self.projects);
        let other = scope != self.scope;
        self.scope = scope;
        other
    }
}

/// The broker is new, so nobody has read its topics before: all of it is to be seen. And it is librdkafka's imitation,
/// which gives partitions of a member that left to the next one a second before the session of the first would have
/// ended: a restart would take the 44 s of the default.
fn for_dev(mut config: Pipeline) -> Pipeline {
    const SESSION: [(&str, &str); 2] = [("session.timeout.ms", "3000"), ("heartbeat.interval.ms", "500")];
    config.source.start = Start::Earliest;
    let mut given = config.kafka.client.iter().chain(&config.kafka.consumer);
    if !given.any(|(name, _)| SESSION.iter().any(|(own, _)| name == own)) {
        config.kafka.consumer.extend(SESSION.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    config
}

/// The files that changed, the first of them by name.
fn named(changed: &[PathBuf]) -> String {
    let first = changed.first().map_or(String::new(), |path| path.display().to_string());
    match changed.len() {
        0 | 1 => first,
        many => format!("{first} and {} more", many - 1),
    }
}
