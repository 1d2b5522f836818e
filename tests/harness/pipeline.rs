//! Writes a pipeline.toml for a test and runs the program under test with it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::{Broker, Process, Result, RigError, paths};

/// A payments pipeline over given topics. Start from [`Pipeline::new`] and change what matters.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Name, and consumer group.
    pub name: String,
    /// `host:port` of the brokers.
    pub brokers: String,
    /// The topic to read.
    pub input: String,
    /// The topic to write.
    pub output: String,
    /// Where rejected records go; none: the pipeline stops at the first.
    pub dead_letters: Option<String>,
    /// The guest component.
    pub guest: PathBuf,
    /// Whether fields that the guest does not answer are carried over from the input.
    pub passthrough: bool,
    /// Lines of `[pipeline]` beside the name.
    pub promise: String,
    /// Lines added at the end, for whatever a test is about.
    pub more: String,
}

impl Pipeline {
    /// From `input` to `output` through the guest `enrich`.
    pub fn new(broker: &Broker, name: &str, input: &str, output: &str) -> Self {
        Pipeline {
            name: name.to_owned(),
            brokers: broker.address().to_owned(),
            input: input.to_owned(),
            output: output.to_owned(),
            dead_letters: None,
            guest: paths::guest("enrich"),
            passthrough: false,
            promise: String::new(),
            more: String::new(),
        }
    }

    /// With exactly-once delivery, under this transactional id.
    pub fn exactly_once(mut self, id: &str) -> Self {
        self.promise = format!("delivery = \"exactly-once\"\ntransactional-id = \"{id}\"\n");
        self
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let Pipeline { name, brokers, input, output, promise, .. } = self;
        let (guest, payment, enriched) = (self.guest.display(), paths::schema("payment"), paths::schema("enriched"));
        let (payment, enriched) = (payment.display(), enriched.display());
        let mut text = format!(
            "[pipeline]\nname = \"{name}\"\n{promise}\n\
             [kafka]\nbrokers = \"{brokers}\"\n\n\
             [source]\ntopics = [\"{input}\"]\ngroup = \"{name}\"\nstart = \"earliest\"\n\
             format = \"avro\"\nframing = \"confluent\"\nschema = \"{payment}\"\n\n\
             [[stage]]\nguest = \"{guest}\"\n"
        );
        if self.passthrough {
            text.push_str("passthrough = true\n");
        }
        let _ = write!(
            text,
            "\n[sink]\ntopic = \"{output}\"\nformat = \"avro\"\nframing = \"confluent\"\nschema = \"{enriched}\"\n"
        );
        if let Some(topic) = &self.dead_letters {
            let _ = write!(text, "\n[errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"{topic}\"\n");
        }
        text.push_str(&self.more);
        text
    }

    /// Writes the file into a folder.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let file = folder.join("pipeline.toml");
        std::fs::write(&file, self.text()).map_err(RigError::doing(format!("writing {}", file.display())))?;
        Ok(file)
    }

    /// Starts `millstream run` on it, with file and log in the folder.
    pub fn run(&self, folder: &Path) -> Result<Process> {
        let file = self.write(folder)?;
        Process::start(&paths::millstream()?, &["run".as_ref(), file.as_os_str()], &folder.join("millstream.log"))
    }
}
