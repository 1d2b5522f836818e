//! An example pipeline as it runs: started as it stands in the repository, fed, and looked at.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use harness::{Broker, Cluster, Ended, Process, Record, paths};
use tempfile::TempDir;

use crate::language::{Language, RUST};

/// Long enough for two busy cores; a test that needs it all has failed.
const LIMIT: Duration = Duration::from_secs(120);

/// The kind of broker, and what the guest is written in.
#[derive(Debug, Clone, Copy)]
pub enum Ground {
    /// The broker in the program itself, which the examples use unless told otherwise; a guest in any language.
    Embedded(Language),
    /// A node of Apache Kafka; the guest in Rust, as the broker makes no difference to a language.
    Kafka,
}

impl Ground {
    fn language(self) -> Language {
        match self {
            Ground::Embedded(language) => language,
            Ground::Kafka => RUST,
        }
    }

    /// The largest integer that the guest's language holds exactly, in its own negative too.
    pub fn largest(self) -> i64 {
        self.language().largest
    }
}

/// The node that all tests share.
pub fn node() -> &'static Broker {
    static NODE: OnceLock<Broker> = OnceLock::new();
    // A failure here fails every test with the reason, since the cell stays empty.
    NODE.get_or_init(|| Broker::start(256).unwrap_or_else(|why| panic!("{why}")))
}

/// A running `guests/<language>/<case>/pipeline.toml`. Its topics are `<case>.in` and `<case>.out`, its group is `<case>`.
pub struct Example {
    case: String,
    process: Process,
    cluster: Cluster,
    _folder: TempDir,
}

impl Example {
    /// Starts it on a broker with its topics and these further ones.
    pub fn start(ground: Ground, case: &str, further: &[&str]) -> Example {
        let file = paths::root().join(format!("guests/{}/{case}/pipeline.toml", ground.language().name));
        Example::start_file(ground, case, &file, further)
    }

    /// Starts a file whose topics and group are those of this case.
    pub fn start_file(ground: Ground, case: &str, file: &Path, further: &[&str]) -> Example {
        let folder = paths::scratch(case).expect("folder");
        let address = match ground {
            Ground::Embedded(_) => None,
            Ground::Kafka => {
                let own = [format!("{case}.in"), format!("{case}.out")];
                for topic in own.iter().map(String::as_str).chain(further.iter().copied()) {
                    node().create_topic(topic, 4, &[]).unwrap_or_else(|why| panic!("{why}"));
                }
                Some(node().address())
            }
        };
        let process = Process::start_with(
            &paths::millstream().expect("the program"),
            &["run".as_ref(), file.as_os_str()],
            &[("KAFKA_BROKERS", address)],
            &folder.path().join("millstream.log"),
        );
        let mut process = process.expect("start");
        let address = address.map_or_else(|| embedded_address(&mut process), str::to_owned);
        let cluster = Cluster::at(&address).expect("a client");
        Example { case: case.to_owned(), process, cluster, _folder: folder }
    }

    /// Puts records on the first partition of its input and waits until it is through with them.
    pub fn feed(&mut self, records: &[Record]) {
        let topic = format!("{}.in", self.case);
        self.cluster.send(&topic, records).unwrap_or_else(|why| panic!("{why}"));
        let done = self.cluster.wait_committed(&self.case, &topic, LIMIT);
        done.unwrap_or_else(|why| {
            panic!("{why}; running: {}; it wrote:\n{}", self.process.running(), self.process.log())
        });
    }

    /// All records of its output, by key.
    pub fn outputs(&self) -> Vec<Record> {
        self.records(&format!("{}.out", self.case))
    }

    /// All records of any topic, by key.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        self.cluster.read(topic).unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", self.process.log()))
    }

    /// Asks it to stop, which it has to do in order.
    pub fn stop(mut self) {
        let ended = self.process.terminate(LIMIT).expect("stop");
        assert_eq!(ended, Ended::Code(0), "it wrote:\n{}", self.process.log());
    }
}

/// Where a process says that its embedded broker listens.
pub fn embedded_address(process: &mut Process) -> String {
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = process.log();
        let line = log.lines().find(|line| line.contains("embedded broker started"));
        let words = line.into_iter().flat_map(str::split_whitespace);
        if let Some(address) = words.filter_map(|word| word.strip_prefix("brokers=")).next() {
            return address.to_owned();
        }
        assert!(process.running() && Instant::now() < deadline, "no embedded broker; it wrote:\n{log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Records without their timestamps, for stories in which those are just now.
pub fn timeless(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        assert!(record.timestamp.take().is_some_and(|at| at > 0), "a record without a timestamp");
    }
    records
}
