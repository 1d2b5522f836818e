//! Results in the XML that build servers read.

use std::fmt::Write;
use std::time::Duration;

/// One case, run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The file that it stands in.
    pub file: String,
    /// Its line there.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What differs; nothing where it passed.
    pub failures: Vec<String>,
    /// What the guests logged.
    pub logs: Vec<String>,
    /// Time for its records.
    pub took: Duration,
}

/// All cases as JUnit's XML, a suite for each file.
pub fn junit(pipeline: &str, reports: &[Report]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let head = |reports: &[&Report]| {
        let failures = reports.iter().filter(|report| !report.failures.is_empty()).count();
        let seconds: f64 = reports.iter().map(|report| report.took.as_secs_f64()).sum();
        format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.3}\"", reports.len())
    };
    let all: Vec<&Report> = reports.iter().collect();
    // Writing to a string does not fail.
    let _ = writeln!(out, "<testsuites name=\"{}\" {}>", escaped(pipeline), head(&all));
    let mut rest = all.as_slice();
    while let Some(first) = rest.first() {
        let here = rest.iter().take_while(|report| report.file == first.file).count();
        let (suite, after) = rest.split_at(here);
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(&first.file), head(suite));
        suite.iter().for_each(|report| case(pipeline, report, &mut out));
        out.push_str("  </testsuite>\n");
        rest = after;
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(pipeline: &str, report: &Report, out: &mut String) {
    let Report { file, line, name, failures, logs, took } = report;
    let (pipeline, name, file, seconds) = (escaped(pipeline), escaped(name), escaped(file), took.as_secs_f64());
    let end = if failures.is_empty() { "/>" } else { ">" };
    let _ = writeln!(
        out,
        "    <testcase classname=\"{pipeline}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" time=\"{seconds:.3}\"{end}"
    );
    let Some(first) = failures.first() else { return };
    let (message, text) = (escaped(first), escaped(&failures.join("\n")));
    let _ = writeln!(out, "      <failure message=\"{message}\">{text}</failure>");
    if !logs.is_empty() {
        let _ = writeln!(out, "      <system-out>{}</system-out>", escaped(&logs.join("\n")));
    }
    out.push_str("    </testcase>\n");
}

/// XML has no form at all for most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_suite_and_text_is_escaped() {
        let report = |file: &str, name: &str, failures: &[&str]| Report {
            file: file.to_owned(),
            line: 7,
            name: name.to_owned(),
            failures: failures.iter().map(|text| (*text).to_owned()).collect(),
            logs: vec!["said \u{1b}[31m<this>".to_owned()],
            took: Duration::from_millis(2),
        };
        let text = junit("p", &[report("a.toml", "x & y", &[]), report("b.toml", "z", &["expected \"1\"", "more"])]);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="p" tests="2" failures="1" errors="0" time="0.004">
  <testsuite name="a.toml" tests="1" failures="0" errors="0" time="0.002">
    <testcase classname="p" name="x &amp; y" file="a.toml" line="7" time="0.002"/>
  </testsuite>
  <testsuite name="b.toml" tests="1" failures="1" errors="0" time="0.002">
    <testcase classname="p" name="z" file="b.toml" line="7" time="0.002">
      <failure message="expected &quot;1&quot;">expected &quot;1&quot;
more</failure>
      <system-out>said �[31m&lt;this&gt;</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(text, expected);
    }
}
