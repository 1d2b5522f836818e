//! One run of one case: its topics, its checker, its hosts, and what the case does to them.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use harness::{Broker, Ended, Process, Result, RigError, paths};
use tempfile::TempDir;

use crate::checker::{Checker, Report, Subject};
use crate::dice::Dice;
use crate::proxy::Proxy;
use crate::{broker, guest};

/// How long anything may take that has to happen.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);

/// What is promised after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is lost; what was not committed may come again.
    AtLeastOnce,
    /// Readers of committed records find each once.
    ExactlyOnce,
}

impl Mode {
    /// Each, in the order of the table.
    pub const ALL: [Mode; 2] = [Mode::AtLeastOnce, Mode::ExactlyOnce];

    /// As pipeline.toml and the table name it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::AtLeastOnce => "at-least-once",
            Mode::ExactlyOnce => "exactly-once",
        }
    }
}

/// How a case differs from the plain run.
#[derive(Debug, Clone)]
pub struct Setup {
    pub records: u64,
    /// Records a second.
    pub rate: u64,
    /// Every so many records one has the next of `verbs`.
    pub odd_every: u64,
    pub verbs: &'static str,
    /// Settings of the dead letter topic, where there is one.
    pub letters: Option<&'static [(&'static str, &'static str)]>,
    /// Lines added to `[kafka.consumer]`.
    pub consumer: String,
    /// Lines added to `[kafka.producer]`.
    pub producer: String,
    /// How long the group waits for a member that is gone.
    pub session_ms: u32,
}

impl Default for Setup {
    fn default() -> Self {
        let (letters, consumer, producer) = (None, String::new(), String::new());
        Setup { records: 20_000, rate: 5_000, odd_every: 0, verbs: ".", letters, consumer, producer, session_ms: 2_000 }
    }
}

/// A broker of its own behind a proxy, for cases that do something to either.
pub struct Fronted {
    pub broker: Broker,
    pub proxy: Proxy,
}

/// The one broker behind a proxy, for one case at a time.
pub fn fronted() -> Result<MutexGuard<'static, Fronted>> {
    static FRONTED: OnceLock<Mutex<Fronted>> = OnceLock::new();
    if FRONTED.get().is_none() {
        let proxy = Proxy::start()?;
        let broker = Broker::start_behind(384, proxy.port())?;
        proxy.lead_to(broker.back());
        drop(FRONTED.set(Mutex::new(Fronted { broker, proxy })));
    }
    let fronted = FRONTED.get().ok_or_else(|| RigError::new("no broker behind a proxy"))?;
    let fronted = fronted.lock().unwrap_or_else(PoisonError::into_inner);
    fronted.proxy.reset();
    Ok(fronted)
}

/// A run under way.
pub struct Scene {
    pub dice: Dice,
    pub setup: Setup,
    pub checker: Checker,
    pub mode: Mode,
    subject: Subject,
    fronted: Option<MutexGuard<'static, Fronted>>,
    folder: TempDir,
    guest: PathBuf,
    hosts: Vec<Host>,
    started: usize,
    begun: Instant,
    /// How often something was done to the pipeline.
    pub faults: u32,
}

/// What is left of a run.
pub struct Closed {
    pub report: Report,
    /// From the first record on.
    pub took: Duration,
    /// What the hosts that were there at the end noted and logged.
    pub notes: String,
    pub logs: String,
}

/// A host, and what it noted of its fault points.
pub struct Host {
    pub process: Process,
    notes: PathBuf,
    armed: PathBuf,
}

impl Host {
    /// What it noted: points reached, and the one that fired.
    pub fn notes(&self) -> String {
        std::fs::read_to_string(&self.notes).unwrap_or_default()
    }

    /// From now on its fault point counts.
    pub fn arm(&self) -> Result<()> {
        std::fs::write(&self.armed, "").map_err(RigError::doing("arming a fault"))
    }

    /// Waits until its log has this text.
    pub fn wait_log(&mut self, text: &str) -> Result<()> {
        wait(&format!("a host's log to say `{text}`"), || self.process.log().contains(text))
            .map_err(|why| RigError::new(format!("{why}; it wrote:\n{}", self.process.log())))
    }

    /// Asks it to stop, which has to end well.
    pub fn leave(&mut self) -> Result<()> {
        self.ends_with(0, true)
    }

    /// Waits for this exit code; asks for the end first, where wanted.
    pub fn ends_with(&mut self, code: i32, ask: bool) -> Result<()> {
        let ended = if ask { self.process.terminate(LIMIT)? } else { self.process.wait(LIMIT)? };
        match ended == Ended::Code(code) {
            true => Ok(()),
            false => Err(RigError::new(format!("a host ended with {ended:?}, not {code}:\n{}", self.process.log()))),
        }
    }
}

impl Scene {
    /// Makes topics and starts the checker.
    pub fn open(name: &str, mode: Mode, seed: u64, setup: Setup, behind_proxy: bool) -> Result<Scene> {
        let fronted = behind_proxy.then(fronted).transpose()?;
        let at = match &fronted {
            Some(fronted) => &fronted.broker,
            None => broker(),
        };
        let name = format!("{name}.{}.{seed}", mode.name());
        let folder = paths::scratch("chaos")?;
        let subject = Subject {
            input: format!("{name}.in"),
            output: format!("{name}.out"),
            letters: setup.letters.map(|_| format!("{name}.dlq")),
            group: name.clone(),
            partitions: 4,
            records: setup.records,
            rate: setup.rate,
            seed,
            odd_every: setup.odd_every,
            verbs: setup.verbs,
            origins: true,
        };
        at.create_topic(&subject.input, 4, &[])?;
        at.create_topic(&subject.output, 4, &[])?;
        if let (Some(letters), Some(settings)) = (&subject.letters, setup.letters) {
            at.create_topic(letters, 1, settings)?;
        }
        let checker = Checker::start(at, &subject, folder.path())?;
        let guest = guest::write(folder.path())?;
        let (dice, hosts, begun) = (Dice::new(seed), Vec::new(), Instant::now());
        Ok(Scene { dice, setup, checker, subject, mode, fronted, folder, guest, hosts, started: 0, begun, faults: 0 })
    }

    fn pipeline(&self, instance: &str) -> String {
        let Subject { input, output, group, letters, .. } = &self.subject;
        let brokers = match &self.fronted {
            Some(fronted) => format!("127.0.0.1:{}", fronted.proxy.port()),
            None => broker().address().to_owned(),
        };
        let errors = letters.as_ref().map_or_else(String::new, |topic| {
            format!("[errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"{topic}\"\n\n")
        });
        let mut producer = self.setup.producer.clone();
        let promise = match self.mode {
            Mode::AtLeastOnce => String::new(),
            Mode::ExactlyOnce => {
                producer.push_str("\"transaction.timeout.ms\" = 6000\n");
                format!("transactional-id = \"{group}.{instance}\"\n")
            }
        };
        format!(
            "[pipeline]\nname = \"{group}\"\ndelivery = \"{}\"\n{promise}\n[kafka]\nbrokers = \"{brokers}\"\n\n\
             [kafka.client]\n\"reconnect.backoff.ms\" = 50\n\"reconnect.backoff.max.ms\" = 500\n\n\
             [source]\ntopics = [\"{input}\"]\nformat = \"bytes\"\n\n\
             [[stage]]\nguest = \"{}\"\ngrants = [\"clock\"]\nlimits = {{ time = \"30s\" }}\n\n\
             [sink]\ntopic = \"{output}\"\nformat = \"bytes\"\norigin-headers = true\n\n{errors}\
             [commit]\ninterval = \"200ms\"\nrecords = 1000000\n\n\
             [kafka.consumer]\n\"session.timeout.ms\" = {}\n\"heartbeat.interval.ms\" = 300\n{}\n\
             [kafka.producer]\n{producer}",
            self.mode.name(),
            self.guest.display(),
            self.setup.session_ms,
            self.setup.consumer,
        )
    }

    /// Starts a host, with a plan for one of its fault points. Once the first has its partitions, records begin to come.
    pub fn host(&mut self, plan: Option<&str>) -> Result<Host> {
        self.instance(plan, "first")
    }

    /// Starts a host beside others.
    pub fn another(&mut self) -> Result<Host> {
        let name = format!("other-{}", self.started);
        self.instance(None, &name)
    }

    fn instance(&mut self, plan: Option<&str>, name: &str) -> Result<Host> {
        self.started += 1;
        let file = |what: &str| self.folder.path().join(format!("{}.{what}", self.started));
        let (pipeline, notes) = (file("toml"), file("notes"));
        std::fs::write(&pipeline, self.pipeline(name)).map_err(RigError::doing("writing pipeline.toml"))?;
        let program = paths::sibling("millstream-chaos")?;
        let notes_text = notes.display().to_string();
        let armed = file("armed");
        let armed_text = armed.display().to_string();
        let environment = [
            ("MILLSTREAM_FAULT", plan),
            ("MILLSTREAM_FAULT_ARMED", Some(armed_text.as_str())),
            ("MILLSTREAM_FAULT_NOTES", Some(&notes_text)),
        ];
        let arguments = ["run".as_ref(), pipeline.as_os_str()];
        let process = Process::start_with(&program, &arguments, &environment, &file("log"))?;
        let mut host = Host { process, notes, armed };
        if self.started == 1 {
            host.wait_log("partitions assigned")?;
            self.checker.say("feed")?;
            self.begun = Instant::now();
        }
        Ok(host)
    }

    /// Lets a host run to the end of the case.
    pub fn keep(&mut self, host: Host) {
        self.hosts.push(host);
    }

    /// Starts a host that runs to the end of the case.
    pub fn start(&mut self) -> Result<()> {
        let host = self.host(None)?;
        self.keep(host);
        Ok(())
    }

    /// Something is done to the pipeline now: what is not committed may come again.
    pub fn mark(&mut self) -> Result<()> {
        self.faults += 1;
        self.checker.say("mark").map(drop)
    }

    /// What was done is over: from here on it is measured how long it takes to go on.
    pub fn healed(&mut self) -> Result<()> {
        self.checker.say("healed").map(drop)
    }

    /// Waits until so many different records have come out.
    pub fn wait_fresh(&mut self, count: u64) -> Result<()> {
        self.checker.say(&format!("fresh {count} {}", LIMIT.as_secs())).map(drop).map_err(|why| self.with_logs(why))
    }

    /// Waits for so many more.
    pub fn wait_more(&mut self, count: u64) -> Result<()> {
        let fresh = self.checker.fresh()?;
        self.wait_fresh(fresh + count)
    }

    /// The broker behind the proxy, and the proxy.
    pub fn fronted(&mut self) -> Result<&mut Fronted> {
        self.fronted.as_deref_mut().ok_or_else(|| RigError::new("this case has no proxy"))
    }

    /// From here on the dead letter topic takes every letter. It is not made anew: transactions may be open on it.
    pub fn heal_letters(&mut self) -> Result<()> {
        let letters = self.subject.letters.as_ref().ok_or_else(|| RigError::new("no dead letter topic"))?;
        broker().set_topic(letters, "max.message.bytes", "1000000")
    }

    /// Waits until all is committed, stops the hosts and judges.
    pub fn close(mut self, bound: Duration) -> Result<Closed> {
        let settled = self.checker.say(&format!("settle {}", bound.as_secs())).map(drop);
        settled.map_err(|why| self.with_logs(why))?;
        let took = self.begun.elapsed();
        let (mut notes, mut logs) = (String::new(), Vec::new());
        for host in &mut self.hosts {
            host.leave()?;
            notes.push_str(&host.notes());
            logs.push(host.process.log());
        }
        let report = self.checker.judge()?;
        Ok(Closed { report, took, notes, logs: logs.join("\n---\n") })
    }

    fn with_logs(&self, why: RigError) -> RigError {
        let logs = self.hosts.iter().map(|host| host.process.log()).collect::<Vec<_>>();
        RigError::new(format!("{why}\nthe hosts wrote:\n{}", logs.join("\n---\n")))
    }
}

/// Waits for something that has to happen.
pub fn wait(what: &str, mut happened: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !happened() {
        if Instant::now() > deadline {
            return Err(RigError::new(format!("waited {} s in vain for {what}", LIMIT.as_secs())));
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
