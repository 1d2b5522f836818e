//! Nothing in the repository may depend on the machine or the network that it was written on.

use crate::allowed::HOSTS;
use crate::finding::{Finding, finding};

/// Beginnings of absolute paths. Put together here, so that this file does not break its own rule.
const PATHS: [&str; 5] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
    concat!("C:\\", "Users"),
];

/// Absolute paths of one machine.
pub fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~$})*".contains(c));
        if let Some(start) = PATHS.iter().find(|start| line.match_indices(**start).any(|(at, _)| begins(at))) {
            let advice = "make it relative to the repository or take it from the environment";
            findings.push(finding(path, number, format!("`{start}` is a path of one machine"), advice));
        }
    }
    findings
}

/// Hosts that not every reader can reach: all but the listed ones in files for tools, private ones anywhere.
pub fn unknown_hosts(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for host in hosts(line) {
            let listed = HOSTS.contains(&host);
            if is_private(host) && !listed || is_for_tools(path) && !listed && host.contains('.') {
                let advice = "leave sources to each machine's own settings, or add a public host to HOSTS";
                findings.push(finding(
                    path,
                    number,
                    format!("host `{host}` is not listed in tests/tidy/allowed.rs"),
                    advice,
                ));
            }
        }
    }
    findings
}

/// Hosts of the addresses in a line, without ports and user names.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    ["http://", "https://"].iter().flat_map(move |scheme| line.split(scheme).skip(1)).map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || ".-_[]:@".contains(c))).unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next().unwrap_or_default();
        match host.find(']') {
            Some(close) => &host[..=close],
            None => host.split(':').next().unwrap_or_default(),
        }
    })
}

fn is_private(host: &str) -> bool {
    let named = [".local", ".internal", ".lan", ".corp", ".intranet"].iter().any(|end| host.ends_with(end));
    let mut parts = host.split('.');
    let numbers = host.contains('.') && parts.all(|part| part.parse::<u8>().is_ok());
    named || numbers
}

/// Files that a program reads to find others.
fn is_for_tools(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = [".toml", ".lock", ".xml", ".sh", ".mod", ".sum", ".cfg", ".ini", ".npmrc", ".conf", ".sha256"];
    path.starts_with(".ci/")
        || ["Makefile", "Dockerfile", "package.json", "package-lock.json"].contains(&name)
        || name.starts_with("requirements") && name.ends_with(".txt")
        || ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_machine_are_found() {
        let text = format!("a = \"{}me/x\"\n# see https://a.b{}x\nb = '{}target'", PATHS[2], PATHS[0], PATHS[0]);
        let lines: Vec<usize> = machine_paths("a.toml", &text).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 3]);
        assert!(machine_paths("a.md", "target/ and guests/home/x and $HOME/x").is_empty());
    }

    #[test]
    fn hosts_of_one_network_are_found() {
        let lines = |path, text: &str| -> Vec<usize> {
            // Written with a stand-in, so that this file does not break its own rule.
            let text = text.replace("web:", "http:");
            unknown_hosts(path, &text).iter().map(|finding| finding.line).collect()
        };
        let text =
            "u = 'web://mirror.example.org/x'\nv = 'https://github.com/x'\nw = 'web://127.0.0.1:80'\nweb://10.0.0.7/";
        assert_eq!(lines("Cargo.toml", text), [1, 4]);
        assert_eq!(lines("README.md", text), [4], "a page may point to any public host");
        assert_eq!(lines("docs/a.md", "web://a.internal:8080/x\nweb://user@box.lan/\nweb://[::1]:80/"), [1, 2]);
    }
}
