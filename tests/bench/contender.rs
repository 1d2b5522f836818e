//! Who takes part: a name and a command.

use std::path::{Path, PathBuf};

use harness::{Broker, Pipeline, Process, Result, RigError, paths};

/// A contender. In the command, words in braces stand for what differs from run to run: `{brokers}`, `{input}`,
/// `{output}`, `{group}`, `{schemas}` (the folder), `{pipeline}` (a pipeline.toml for Millstream), and the programs
/// `{pipeline-exactly-once}` for the same with transactions of 100 ms, and `{pipeline-100ms}` for the same without;
/// `{millstream}` and `{bin}` (the folder of this build's programs).
#[derive(Debug, Clone)]
pub struct Contender {
    pub name: String,
    pub command: String,
}

/// The topics and the group of one run.
#[derive(Debug, Clone)]
pub struct Run {
    pub input: String,
    pub output: String,
    pub group: String,
    pub folder: PathBuf,
}

const NATIVE: &str = "--brokers {brokers} --input {input} --output {output} --group {group} --schemas {schemas}";

impl Contender {
    /// Those that are there without being asked for. All others are measured against the first.
    pub fn known() -> Vec<Contender> {
        let contender = |name: &str, command: String| Contender { name: name.to_owned(), command };
        vec![
            contender("native-batch", format!("{{bin}}/bench-native-batch {NATIVE}")),
            contender("native-safe", format!("{{bin}}/bench-native-safe {NATIVE}")),
            contender("millstream", "{millstream} run {pipeline}".to_owned()),
            contender("at-least-once", "{millstream} run {pipeline-100ms}".to_owned()),
            contender("exactly-once", "{millstream} run {pipeline-exactly-once}".to_owned()),
        ]
    }

    /// From `name=command`.
    pub fn parse(text: &str) -> Result<Contender> {
        match text.split_once('=') {
            Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => {
                Ok(Contender { name: name.to_owned(), command: command.to_owned() })
            }
            _ => Err(RigError::new(format!("{text:?} is no contender; write name=command"))),
        }
    }

    /// Starts it for one run.
    pub fn start(&self, broker: &Broker, run: &Run) -> Result<Process> {
        let words = self.words(broker, run)?;
        let (program, arguments) = words.split_first().ok_or_else(|| RigError::new("an empty command"))?;
        Process::start(Path::new(program), arguments, &run.folder.join(format!("{}.log", run.group)))
    }

    fn words(&self, broker: &Broker, run: &Run) -> Result<Vec<String>> {
        self.command.split_whitespace().map(|word| self.fill(word, broker, run)).collect()
    }

    fn fill(&self, word: &str, broker: &Broker, run: &Run) -> Result<String> {
        let mut word = word.to_owned();
        let shown = |path: &Path| path.display().to_string();
        let fixed = [("{brokers}", broker.address()), ("{input}", &run.input), ("{output}", &run.output)];
        for (name, value) in fixed.into_iter().chain([("{group}", &*run.group)]) {
            word = word.replace(name, value);
        }
        // These cost something or may be missing, so only where they are asked for.
        if word.contains("{schemas}") {
            word = word.replace("{schemas}", &shown(&paths::root().join("schemas")));
        }
        if word.contains("{bin}") {
            let bin = paths::sibling("bench-native-batch")?;
            word = word.replace("{bin}", &shown(bin.parent().unwrap_or(Path::new("."))));
        }
        if word.contains("{millstream}") {
            word = word.replace("{millstream}", &shown(&paths::millstream()?));
        }
        if word.contains("{pipeline}") {
            let file = Pipeline::new(broker, &run.group, &run.input, &run.output).write(&run.folder)?;
            word = word.replace("{pipeline}", &shown(&file));
        }
        if word.contains("{pipeline-100ms}") {
            let more = "\n[commit]\ninterval = \"100ms\"\nrecords = 1000000000\n".to_owned();
            let pipeline = Pipeline { more, ..Pipeline::new(broker, &run.group, &run.input, &run.output) };
            word = word.replace("{pipeline-100ms}", &shown(&pipeline.write(&run.folder)?));
        }
        if word.contains("{pipeline-exactly-once}") {
            let pipeline = Pipeline::new(broker, &run.group, &run.input, &run.output).exactly_once(&run.group);
            word = word.replace("{pipeline-exactly-once}", &shown(&pipeline.write(&run.folder)?));
        }
        Ok(word)
    }
}
