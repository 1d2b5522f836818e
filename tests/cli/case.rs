//! A folder with a pipeline file and what it names, the program run in it, and what it said.

use std::path::Path;
use std::process::Command;

use harness::{Process, paths};
use tempfile::TempDir;

use crate::component;

/// The smallest file for the repository's payments; the tests change a line of it.
const PAYMENTS: &str = r#"[pipeline]
name = "payments"

[kafka]
brokers = "embedded"

[source]
topics = ["payments"]
schema = "payment.avsc"

[[stage]]
guest = "guest.wasm"

[sink]
topic = "payments.enriched"
schema = "enriched.avsc"
"#;

/// The smallest file for records of one number, which guests in WAT can work on.
const NUMBERS: &str = r#"[pipeline]
name = "numbers"

[kafka]
brokers = "embedded"

[source]
topics = ["numbers"]
schema = "number.avsc"

[[stage]]
guest = "guest.wasm"

[sink]
topic = "numbers.out"
schema = "answer.avsc"

[errors]
reject = "dead-letter"
dead-letter-topic = "numbers.dlq"

[commit]
interval = "100ms"
"#;

/// Longest run of the program, in seconds, before it is killed.
const LIMIT: &str = "60";

/// A folder for one test.
pub struct Case {
    folder: TempDir,
    file: String,
}

/// How the program ended.
pub struct Done {
    /// Its exit code; 137 when it was killed for taking too long.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Case {
    /// The repository's payments with the guest `enrich`.
    pub fn payments() -> Case {
        let case = Case::of(PAYMENTS);
        for (from, to) in [
            (paths::schema("payment"), "payment.avsc"),
            (paths::schema("enriched"), "enriched.avsc"),
            (paths::guest("enrich"), "guest.wasm"),
        ] {
            std::fs::copy(&from, case.path(to)).unwrap_or_else(|why| panic!("copying {}: {why}", from.display()));
        }
        // The repository's table names more schemas than are copied.
        case.with("ids.toml", "[ids]\n1 = \"payment.avsc\"\n2 = \"enriched.avsc\"\n")
    }

    /// Records of one number, and a guest in WAT; see [`component::numbers`].
    pub fn numbers(when_unlucky: &str) -> Case {
        Case::of(NUMBERS)
            .with("number.avsc", r#"{"type":"record","name":"Number","fields":[{"name":"n","type":"int"}]}"#)
            .with("answer.avsc", r#"{"type":"record","name":"Answer","fields":[{"name":"n","type":"int"}]}"#)
            .with("ids.toml", "[ids]\n1 = \"number.avsc\"\n2 = \"answer.avsc\"\n")
            .with("guest.wasm", component::numbers(when_unlucky))
    }

    /// Any other file.
    pub fn of(file: &str) -> Case {
        Case { folder: paths::scratch("cli").expect("a folder"), file: file.to_owned() }
    }

    /// With something in the pipeline file replaced, which must be there once.
    pub fn edit(mut self, old: &str, new: &str) -> Case {
        assert_eq!(self.file.matches(old).count(), 1, "`{old}` in:\n{}", self.file);
        self.file = self.file.replacen(old, new, 1);
        self
    }

    /// With lines at the end of the pipeline file.
    pub fn add(mut self, lines: &str) -> Case {
        self.file.push_str(lines);
        self
    }

    /// With a file of its own.
    pub fn with(self, name: &str, content: impl AsRef<[u8]>) -> Case {
        std::fs::write(self.path(name), content).unwrap_or_else(|why| panic!("writing {name}: {why}"));
        self
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// `millstream check --offline`.
    pub fn check(&self) -> Done {
        self.run(&["check", "--offline"])
    }

    /// `millstream quickstart` on these samples, one a line, with the log lines that say what was rejected.
    pub fn quickstart(&self, samples: &[String]) -> Done {
        std::fs::write(self.path("samples.jsonl"), samples.join("\n")).expect("samples");
        self.run(&["--log", "warn", "quickstart", "--samples", "samples.jsonl"])
    }

    /// The program in this folder, to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, &[])
    }

    /// As [`Case::run`], with variables.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
        self.write();
        run_in(self.folder.path(), arguments, variables)
    }

    /// `millstream run`, left running.
    pub fn start(&self) -> Process {
        self.write();
        let program = paths::millstream().expect("the program");
        let file = self.path("pipeline.toml");
        Process::start(&program, &["run".as_ref(), file.as_os_str()], &self.path("log")).expect("start")
    }

    /// `millstream dev` in this folder, left running.
    pub fn dev(&self) -> Process {
        self.write();
        let program = paths::millstream().expect("the program");
        let all = ["-c".as_ref(), r#"cd "$0" && exec "$1" dev"#.as_ref(), self.folder.path(), program.as_path()];
        let cache = paths::root().join("target/rig/cache");
        // What the example guests were built with is built already, and nothing is downloaded.
        let built = paths::root().join("target/guests");
        let environment = [
            ("XDG_CACHE_HOME", cache.to_str()),
            ("CARGO_TARGET_DIR", built.to_str()),
            ("CARGO_NET_OFFLINE", Some("true")),
            ("MILLSTREAM_LOG", None),
        ];
        Process::start_with(Path::new("sh"), &all, &environment, &self.path("log")).expect("start")
    }

    /// Writes the pipeline file as it is now.
    pub fn write(&self) {
        std::fs::write(self.path("pipeline.toml"), &self.file).expect("pipeline.toml");
    }
}

/// The program in a folder, to its end.
pub fn run_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let output = Command::new("timeout")
        .args(["--signal=KILL", LIMIT])
        .arg(paths::millstream().expect("the program"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("MILLSTREAM_LOG")
        // Compiled guests are shared by all runs, and leave the person's own cache alone.
        .env("XDG_CACHE_HOME", paths::root().join("target/rig/cache"))
        .envs(variables.iter().copied())
        .output()
        .expect("timeout runs the program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

impl Done {
    /// It ended with this code and nothing else but this text.
    #[track_caller]
    pub fn says(&self, code: i32, text: &str) {
        assert_eq!(self.err, text, "\nstandard output:\n{}", self.out);
        assert_eq!(self.code, Some(code));
    }

    /// It ended with this code, and its error text has all these parts.
    #[track_caller]
    pub fn mentions(&self, code: i32, parts: &[&str]) {
        for part in parts {
            assert!(self.err.contains(part), "no `{part}` in:\n{}", self.err);
        }
        assert_eq!(self.code, Some(code), "it wrote:\n{}\n{}", self.out, self.err);
        self.keeps_its_countenance();
    }

    /// It ended well, and its output has all these parts.
    #[track_caller]
    pub fn shows(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "no `{part}` in:\n{}\n{}", self.out, self.err);
        }
        assert_eq!(self.code, Some(0), "it wrote:\n{}\n{}", self.out, self.err);
        self.keeps_its_countenance();
    }

    #[track_caller]
    fn keeps_its_countenance(&self) {
        let panicked = self.err.lines().any(|line| line.starts_with("thread '") && line.contains("panicked at"));
        assert!(!panicked, "the host panicked:\n{}", self.err);
    }

    /// The counts of quickstart's last line: consumed, produced, dead-lettered, committed.
    #[track_caller]
    pub fn counts(&self) -> [u64; 4] {
        let last = self.out.lines().last().unwrap_or_default();
        let numbers: Vec<u64> = last.split(' ').filter_map(|pair| pair.split_once('=')?.1.parse().ok()).collect();
        numbers.try_into().unwrap_or_else(|_| panic!("no counts in `{last}`; it wrote:\n{}\n{}", self.out, self.err))
    }
}
