//! One node of a real Apache Kafka, started from its jars on free loopback ports.
//!
//! The node is owned by `tests/kafka/node.sh`, which runs it for as long as a pipe from this process stays open: a
//! panic, a SIGKILL or a `static` that is never dropped all end it, and its folder goes with it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::{Result, RigError, paths};

/// A running node. Dropping it stops the node and removes its data.
pub struct Broker {
    guardian: Child,
    folder: PathBuf,
    address: String,
    back: u16,
    pub(crate) probe: BaseConsumer,
    pub(crate) admin: AdminClient<DefaultClientContext>,
}

/// A door of the node's beside the plain one.
pub(crate) struct Listener<'a> {
    /// The protocol, or a name that the settings give one.
    pub(crate) name: &'a str,
    /// `host:port` to listen at.
    pub(crate) address: String,
    /// `host:port` that clients are told to come to.
    pub(crate) told: String,
}

const START: Duration = Duration::from_secs(60);

impl Broker {
    /// Starts a node with this much heap and waits until it answers.
    pub fn start(heap_mib: u32) -> Result<Broker> {
        Broker::start_with(heap_mib, &[], "")
    }

    /// The same with a second listener that tells its clients to come to `front`, a port on which somebody else listens and
    /// hands on what comes to [`Broker::back`].
    pub fn start_behind(heap_mib: u32, front: u16) -> Result<Broker> {
        let [back, _] = free_ports()?;
        let (address, told) = (format!("127.0.0.1:{back}"), format!("127.0.0.1:{front}"));
        let map = "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FRONTED:PLAINTEXT\n";
        let mut broker = Broker::start_with(heap_mib, &[Listener { name: "FRONTED", address, told }], map)?;
        broker.back = back;
        Ok(broker)
    }

    /// The same with further listeners and settings.
    pub(crate) fn start_with(heap_mib: u32, listeners: &[Listener<'_>], settings: &str) -> Result<Broker> {
        let jars = jars()?;
        // A port that was free a moment ago may be taken by now: try again with others.
        let mut last = RigError::new("not tried");
        for _ in 0..3 {
            match Broker::launch(&jars, heap_mib, listeners, settings).and_then(Broker::ready) {
                Ok(broker) => return Ok(broker),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// `host:port` for clients.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The second listener's own port, of a broker that was started behind somebody.
    pub fn back(&self) -> u16 {
        self.back
    }

    /// Kills the node (SIGKILL) and comes back when it is gone. Its data stays.
    pub fn kill(&mut self) -> Result<()> {
        self.tell("kill")?;
        let deadline = Instant::now() + START;
        while std::fs::read_to_string(self.folder.join("pid")).is_ok_and(|pid| !pid.trim().is_empty()) {
            if Instant::now() > deadline {
                return Err(RigError::new("Kafka was killed and is still there"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Starts a killed node again on its data and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        self.tell("start")?;
        self.wait_ready()
    }

    fn tell(&mut self, word: &str) -> Result<()> {
        let told = match &mut self.guardian.stdin {
            Some(pipe) => writeln!(pipe, "{word}").and_then(|()| pipe.flush()),
            None => Ok(()),
        };
        told.map_err(RigError::doing("telling tests/kafka/node.sh what to do"))
    }

    fn launch(jars: &Path, heap_mib: u32, listeners: &[Listener<'_>], settings: &str) -> Result<Broker> {
        let [clients, controller] = free_ports()?;
        let address = format!("127.0.0.1:{clients}");
        // From here on the guardian owns the folder.
        let folder = paths::scratch("kafka")?.keep();
        let properties = folder.join("server.properties");
        let text = server_properties(&address, controller, &folder, listeners) + settings;
        std::fs::write(&properties, text).map_err(RigError::doing(format!("writing {}", properties.display())))?;
        let guardian = Command::new(paths::root().join("tests/kafka/node.sh"))
            .arg(jars)
            .arg(&folder)
            .args([format!("-Xms{heap_mib}m"), format!("-Xmx{heap_mib}m")])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(RigError::doing("starting tests/kafka/node.sh"))?;
        // The end of a partition is that of all that was written, and not of what is committed.
        let mut asking = client(&address);
        asking.set("isolation.level", "read_uncommitted");
        let probe = asking.create().map_err(RigError::doing("creating a Kafka client"))?;
        let admin = client(&address).create().map_err(RigError::doing("creating a Kafka admin client"))?;
        Ok(Broker { guardian, folder, address, back: 0, probe, admin })
    }

    fn ready(self) -> Result<Broker> {
        self.wait_ready()?;
        Ok(self)
    }

    fn wait_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let metadata = self.probe.fetch_metadata(None, Duration::from_millis(500));
            if metadata.is_ok_and(|m| !m.brokers().is_empty()) {
                return Ok(());
            }
            if self.ended() || Instant::now() > deadline {
                return Err(RigError::new(format!("Kafka did not start; its log ends with:\n{}", self.log_tail())));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether the node was started and is gone again.
    fn ended(&self) -> bool {
        std::fs::read_to_string(self.folder.join("pid"))
            .is_ok_and(|pid| !pid.trim().is_empty() && !gone_or_running(pid.trim()))
    }

    /// The last lines of the node's log, for messages.
    pub fn log_tail(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.join("log")) {
            let _ = file.read_to_string(&mut text);
        }
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// A process that exited stays a zombie until its shell waits for it, so `/proc` has to be asked for more than presence.
fn gone_or_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

/// Settings for the rig's own clients: quiet, and quick to find the node once it is up.
pub(crate) fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address)
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "200")
        .set("log_level", "0");
    config
}

/// Fetches the jars where they are missing; quick otherwise.
pub fn jars() -> Result<PathBuf> {
    let fetch = Command::new(paths::root().join("tests/kafka/fetch.sh"))
        .output()
        .map_err(RigError::doing("running tests/kafka/fetch.sh"))?;
    if fetch.status.success() {
        Ok(paths::root().join("target/kafka"))
    } else {
        Err(RigError::new(String::from_utf8_lossy(&fetch.stderr)))
    }
}

pub(crate) fn free_ports() -> Result<[u16; 2]> {
    let bind = || TcpListener::bind("127.0.0.1:0").map_err(RigError::doing("finding a free port"));
    let (first, second) = (bind()?, bind()?);
    let port = |l: &TcpListener| l.local_addr().map(|a| a.port()).map_err(RigError::doing("finding a free port"));
    Ok([port(&first)?, port(&second)?])
}

/// A program of the JDK.
pub(crate) fn jdk(name: &str) -> PathBuf {
    std::env::var_os("JAVA_HOME").map_or_else(|| name.into(), |home| Path::new(&home).join("bin").join(name))
}

/// Java with Kafka's jars, quiet and quick to start.
pub(crate) fn java() -> Result<Command> {
    let jars = jars()?;
    let mut command = Command::new(jdk("java"));
    command
        .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"])
        .arg(format!("{}/*", jars.display()));
    Ok(command)
}

fn server_properties(address: &str, controller: u16, folder: &Path, listeners: &[Listener<'_>]) -> String {
    let more = |address: fn(&Listener<'_>) -> String| {
        listeners.iter().map(|listener| format!(",{}://{}", listener.name, address(listener))).collect::<String>()
    };
    let (more, told) = (more(|listener| listener.address.clone()), more(|listener| listener.told.clone()));
    let data = folder.join("data");
    let data = data.display();
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://{address},CONTROLLER://127.0.0.1:{controller}{more}\n\
         advertised.listeners=PLAINTEXT://{address}{told}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         group.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=1000\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n\
         log.segment.delete.delay.ms=1000\n\
         log.cleaner.dedupe.buffer.size=4194304\n\
         log.retention.hours=-1\n"
    )
}
