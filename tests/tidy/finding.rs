//! What a rule reports.

use std::fmt;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The rule that is broken.
    pub rule: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.rule, self.advice)
    }
}

/// A finding with its parts in order.
pub fn finding(path: &str, line: usize, rule: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { path: path.to_owned(), line, rule: rule.into(), advice: advice.into() }
}

/// Fails with a list of all findings.
pub fn none(findings: Vec<Finding>) {
    let lines: Vec<String> = findings.iter().map(|finding| format!("  {finding}")).collect();
    assert!(lines.is_empty(), "{} broken:\n{}\n", lines.len(), lines.join("\n"));
}

#[test]
fn a_finding_names_file_line_rule_and_advice() {
    let finding = finding("a.rs", 3, "no tabs", "use spaces");
    assert_eq!(finding.to_string(), "a.rs:3: no tabs; use spaces");
    assert!(std::panic::catch_unwind(|| none(vec![finding])).is_err());
}
