//! A pipeline from its start to its end, on a broker in this process: what went in, what came out, what was said.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Cluster, Ended, Process, Record};
use millstream::kafka::EmbeddedBroker;

use crate::case::{Case, Done};

/// Text from `in` to `out`; the tests change a line of it.
const FILE: &str = r#"[pipeline]
name = "story"

[kafka]
brokers = "embedded"

[source]
topics = ["in"]
format = "string"

[[stage]]
guest = "guest.wasm"

[sink]
topic = "out"
format = "string"

[errors]
reject = "dead-letter"
dead-letter-topic = "dlq"

[commit]
interval = "50ms"

[admin]
listen = "127.0.0.1:0"
"#;

const LIMIT: Duration = Duration::from_secs(30);

/// The smallest file with a guest.
pub fn case(guest: impl AsRef<[u8]>) -> Case {
    Case::of(FILE).with("guest.wasm", guest)
}

/// A broker with records on `in`.
pub struct Story {
    _broker: EmbeddedBroker,
    address: String,
    cluster: Cluster,
}

/// What a run came to. Everything that went in is committed.
pub struct Told {
    /// Of `out`, by key.
    pub out: Vec<Record>,
    /// Of `dlq`, by key.
    pub dead: Vec<Record>,
    /// The log.
    pub log: String,
    /// What `/metrics` said at the end.
    pub metrics: String,
}

impl Story {
    /// `in` and `dlq` have a partition each, `out` and these others have two.
    pub fn with(records: &[Record], others: &[&str]) -> Story {
        let mut topics = vec![("in".to_owned(), 1), ("dlq".to_owned(), 1), ("out".to_owned(), 2)];
        topics.extend(others.iter().map(|topic| ((*topic).to_owned(), 2)));
        let broker = EmbeddedBroker::start(&topics).expect("an embedded broker");
        let address = broker.bootstrap_servers();
        let cluster = Cluster::at(&address).expect("a client");
        let story = Story { _broker: broker, address, cluster };
        story.feed(records);
        story
    }

    /// Puts more on `in`.
    pub fn feed(&self, records: &[Record]) {
        self.cluster.send("in", records).unwrap_or_else(|why| panic!("{why}"));
    }

    /// All records of a topic, by key.
    pub fn read(&self, topic: &str) -> Vec<Record> {
        self.cluster.read(topic).unwrap_or_else(|why| panic!("{why}"))
    }

    /// How many records each partition of a topic has.
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        self.cluster.ends(topic).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Where the pipeline would go on.
    pub fn committed(&self) -> i64 {
        self.cluster.committed("story", "in", 1).unwrap_or_else(|why| panic!("{why}"))[0]
    }

    fn here(&self, case: Case) -> Case {
        case.edit("\"embedded\"", &format!("\"{}\"", self.address))
    }

    /// The pipeline while it runs.
    pub fn start(&self, case: Case) -> Running {
        let case = self.here(case);
        let process = case.start();
        Running { _case: case, process }
    }

    /// Runs the pipeline until all is committed, and then to its end.
    #[track_caller]
    pub fn tell(&self, case: Case) -> Told {
        let mut running = self.start(case);
        let done = self.cluster.wait_committed("story", "in", LIMIT);
        done.unwrap_or_else(|why| panic!("{why}; it wrote:\n{}", running.process.log()));
        let metrics = running.metrics();
        let log = running.stop();
        Told { out: self.read("out"), dead: self.read("dlq"), log, metrics }
    }

    /// Runs the pipeline, which ends by itself.
    pub fn fails(&self, case: Case) -> Done {
        self.here(case).run(&["--log", "error", "run"])
    }
}

/// A pipeline that runs.
pub struct Running {
    _case: Case,
    process: Process,
}

impl Running {
    /// What `/metrics` says.
    pub fn metrics(&mut self) -> String {
        self.get("/metrics")
    }

    /// The sum of the series that begin so.
    pub fn metric(&mut self, series: &str) -> Option<f64> {
        metric(&self.metrics(), series)
    }

    /// What the admin endpoint says there.
    pub fn get(&mut self, path: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        let address = loop {
            let log = self.process.log();
            let line = log.lines().find(|line| line.contains("admin endpoint listens"));
            let word = line.and_then(|line| line.split_whitespace().find_map(|word| word.strip_prefix("address=")));
            if let Some(address) = word {
                break address.to_owned();
            }
            assert!(self.process.running() && Instant::now() < deadline, "it wrote:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut stream = TcpStream::connect(&address).expect("the admin endpoint");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("asked");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    /// Waits until a metric of the pipeline has this value.
    #[track_caller]
    pub fn until(&mut self, series: &str, value: f64) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let metrics = self.metrics();
            if metric(&metrics, series) == Some(value) {
                return;
            }
            assert!(Instant::now() < deadline, "{series} is not {value}:\n{metrics}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop, which it has to do in order; its log.
    #[track_caller]
    pub fn stop(mut self) -> String {
        let ended = self.process.terminate(LIMIT).expect("stop");
        let log = self.process.log();
        assert_eq!(ended, Ended::Code(0), "it wrote:\n{log}");
        log
    }
}

/// The sum of all series that begin so and have all these labels, `name{label="value"`.
pub fn metric(metrics: &str, series: &str) -> Option<f64> {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let wanted: Vec<&str> = labels.split(',').filter(|label| !label.is_empty()).collect();
    let mut found = None;
    for line in metrics.lines() {
        let Some((head, value)) = line.rsplit_once(' ') else { continue };
        let (known, inside) = head.split_once('{').unwrap_or((head, ""));
        if known == name && wanted.iter().all(|label| inside.contains(label)) {
            *found.get_or_insert(0.0) += value.parse::<f64>().unwrap_or(f64::NAN);
        }
    }
    found
}

impl Told {
    /// The values that came out, as text, by key.
    pub fn values(&self) -> Vec<String> {
        self.out.iter().map(text).collect()
    }

    /// A metric's value.
    #[track_caller]
    pub fn metric(&self, series: &str) -> f64 {
        metric(&self.metrics, series).unwrap_or_else(|| panic!("no {series} in:\n{}", self.metrics))
    }

    /// The one dead letter stands for this record, with these headers: function, stage, kind, and a part of the message.
    #[track_caller]
    pub fn one_dead(&self, record: &Record, offset: i64, why: [&str; 4]) {
        let [letter] = &self.dead[..] else { panic!("one dead letter, not {:?}", self.dead) };
        dead(letter, record, offset, why);
        let [stage, _, kind, _] = why;
        let errors = format!("millstream_errors_total{{stage=\"{stage}\",kind=\"{kind}\"");
        assert_eq!(self.metric(&errors), 1.0, "{}", self.metrics);
        assert_eq!(self.metric("millstream_records_dead_lettered_total"), 1.0);
    }
}

/// This dead letter stands for this record: function, stage, kind, and a part of the message.
#[track_caller]
pub fn dead(letter: &Record, record: &Record, offset: i64, [stage, guest, kind, why]: [&str; 4]) {
    assert_eq!((&letter.key, &letter.value), (&record.key, &record.value));
    let header = |name: &str| letter.header_text(name);
    assert_eq!(header("__dlq.errors.topic").as_deref(), Some("in"));
    assert_eq!(header("__dlq.errors.partition").as_deref(), Some("0"));
    assert_eq!(header("__dlq.errors.offset"), Some(offset.to_string()));
    let message = header("__dlq.errors.message").unwrap_or_default();
    assert!(message.contains(why), "`{why}` is not in: {message}");
    let found = (header("millstream.error.stage"), header("millstream.error.guest"), header("millstream.error.kind"));
    let wanted = Some(guest).filter(|guest| !guest.is_empty()).map(str::to_owned);
    assert_eq!(found, (Some(stage.to_owned()), wanted, Some(kind.to_owned())), "{message}");
}

/// A record's value as text.
pub fn text(record: &Record) -> String {
    record.value.as_ref().map_or("(none)".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
}

/// Records of these keys and values.
pub fn records(pairs: &[(&str, &str)]) -> Vec<Record> {
    pairs.iter().map(|(key, value)| Record::new(key, *value)).collect()
}
