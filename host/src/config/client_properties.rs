//! Which properties of librdkafka a pipeline file may not set, each with the reason, and which ones hold secrets.

use super::problem::Complaint;

/// Properties whose values are never shown: not in logs, not in problems, not by `Debug`.
pub const SECRET_PROPERTIES: &[&str] = &[
    "sasl.password",
    "ssl.key.password",
    "ssl.keystore.password",
    "ssl.key.pem",
    "ssl.certificate.pem",
    "ssl.ca.pem",
    "https.ca.pem",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase",
];

/// Parts of names that make a value secret, so that a misspelt property is masked as well.
const SECRET_PARTS: &[&str] = &["password", "passphrase", "secret", ".pem", "oauthbearer.config"];

/// Properties that the host sets itself.
pub(super) const OWNED: &[Refused] = &[
    refused("bootstrap.servers", "set `brokers` in [kafka] instead"),
    refused("metadata.broker.list", "set `brokers` in [kafka] instead"),
    refused("group.id", "set `group` in [source] instead"),
    refused("auto.offset.reset", "set `start` in [source] instead"),
    refused("enable.auto.commit", COMMITS),
    refused("auto.commit.enable", COMMITS),
    refused("auto.commit.interval.ms", COMMITS),
    refused("enable.auto.offset.store", COMMITS),
    refused("offset.store.method", COMMITS),
    refused("offset.store.path", COMMITS),
    refused("offset.store.sync.interval.ms", COMMITS),
    refused("enable.partition.eof", "the host follows the ends of partitions itself; remove it"),
    refused("isolation.level", "the host reads committed records only; remove it"),
    refused("partition.assignment.strategy", "the host's way of handing over partitions depends on it; remove it"),
    refused(
        "enable.idempotence",
        "the producer is always idempotent, so that nothing is doubled or reordered; remove it",
    ),
    refused("acks", "a record counts as written when all in-sync replicas have it; remove it"),
    refused("request.required.acks", "a record counts as written when all in-sync replicas have it; remove it"),
    refused("transactional.id", "set `transactional-id` in [pipeline] instead, with `delivery = \"exactly-once\"`"),
    refused(
        "delivery.report.only.error",
        "the host needs the report of every record to know what it may commit; remove it",
    ),
    refused("produce.offset.report", "the host decides which delivery reports it reads; remove it"),
    refused("consume.callback.max.messages", CALLBACK),
    refused("enabled_events", CALLBACK),
    refused("opaque", CALLBACK),
    refused("default_topic_conf", CALLBACK),
    refused("interceptors", CALLBACK),
    refused("msg_order_cmp", CALLBACK),
    refused("ssl_engine_callback_data", CALLBACK),
    refused("log.queue", "the host collects the client's log lines itself; remove it"),
    refused("test.mock.num.brokers", "set `brokers = \"embedded\"` in [kafka] instead"),
];

/// Properties that will have a place of their own.
pub(super) const LATER: &[Refused] = &[
    refused(
        "group.instance.id",
        "static members need a name for each process; remove it, members join as dynamic ones",
    ),
    refused("group.protocol", "the host's rebalance handling is written for the classic protocol; remove it"),
    refused("group.protocol.type", "the host's rebalance handling is written for the classic protocol; remove it"),
    refused("group.remote.assignor", "it belongs to the new group protocol; remove it"),
];

const COMMITS: &str =
    "the host commits an offset once its output is acknowledged; set `interval` and `records` in [commit] instead";
const CALLBACK: &str = "it takes a function or a pointer of the program, which a file cannot give; remove it";

/// A property that a file may not set, and what to do instead.
pub(super) struct Refused {
    pub(super) name: &'static str,
    pub(super) instead: &'static str,
}

const fn refused(name: &'static str, instead: &'static str) -> Refused {
    Refused { name, instead }
}

/// Why a property may not stand in a pipeline file, or nothing where it may.
pub(super) fn refusal(label: &str, name: &str) -> Option<Complaint> {
    if let Some(owned) = OWNED.iter().find(|owned| owned.name == name) {
        return Some(Complaint::new(format!("{label} is set by the host"), owned.instead));
    }
    if let Some(later) = LATER.iter().find(|later| later.name == name) {
        return Some(Complaint::new(format!("{label} is not yet supported"), later.instead));
    }
    name.ends_with("_cb").then(|| Complaint::new(format!("{label} is set by the host"), CALLBACK))
}

/// True where the name, or a line of text with it, is about a secret.
pub(super) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let misspelt = |word: &str| {
        [("password", 2), ("passphrase", 2), ("secret", 1)]
            .iter()
            .any(|(secret, typos)| word.len() < 16 && strsim::osa_distance(word, secret) <= *typos)
    };
    SECRET_PARTS.iter().any(|part| name.contains(part)) || name.split(|c: char| !c.is_alphanumeric()).any(misspelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_property_is_masked() {
        for name in SECRET_PROPERTIES {
            assert!(looks_secret(name), "{name}");
        }
        assert!(looks_secret("sasl.pasword.secret") && looks_secret("SASL.PASSWORD"));
        assert!(looks_secret("sasl.pasword") && looks_secret("\"ssl.key.passwrod\"") && looks_secret("client.secert"));
        assert!(!looks_secret("ssl.key.location") && !looks_secret("sasl.username"));
        assert!(!looks_secret("bootstrap.servers") && !looks_secret("server") && !looks_secret("topic"));
    }

    #[test]
    fn what_is_needed_to_connect_is_allowed() {
        for name in ["debug", "client.id", "security.protocol", "sasl.password", "linger.ms", "statistics.interval.ms"]
        {
            assert_eq!(refusal("x", name), None);
        }
    }

    #[test]
    fn owned_properties_say_what_to_use_instead() {
        let text = |name| refusal(&format!("`{name}`"), name).map(|complaint| (complaint.message, complaint.help));
        let expected = ("`group.id` is set by the host".to_owned(), Some("set `group` in [source] instead".to_owned()));
        assert_eq!(text("group.id"), Some(expected));
        assert_eq!(
            text("rebalance_cb").map(|(message, _)| message),
            Some("`rebalance_cb` is set by the host".to_owned())
        );
        let later = text("group.instance.id").map(|(message, _)| message);
        assert_eq!(later, Some("`group.instance.id` is not yet supported".to_owned()));
    }

    #[test]
    fn no_property_is_listed_twice() {
        let mut names: Vec<_> = OWNED.iter().chain(LATER).map(|refused| refused.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
