//! The settings both ends start with, those the host owns, and the check of one user-given property.
//!
//! Later ones win: the defaults here, then the user's (`[kafka.client]`, then the end's own table), then what the host
//! owns. The tables say why each value stands there.

use std::time::Duration;

use super::native::{Client, Conf, Refused, Role};

/// Name and value pairs in the order in which they are set.
pub type Properties = Vec<(String, String)>;

/// Which table of the configuration a property stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// `[kafka.client]`: goes to both ends.
    Client,
    /// `[kafka.consumer]`.
    Consumer,
    /// `[kafka.producer]`.
    Producer,
}

/// A value the host starts with, and why; the user may override it.
struct Default {
    name: &'static str,
    value: &'static str,
    #[expect(dead_code, reason = "read by people; a default without a reason should not compile")]
    why: &'static str,
}

/// A property that only the host may set.
struct Owned {
    name: &'static str,
    /// What to use instead, or why it is not for users.
    why: &'static str,
}

const CLIENT: &[Default] = &[
    Default { name: "reconnect.backoff.max.ms", value: "5000", why: "10 s is long to wait once a broker is back" },
    Default {
        name: "log.connection.close",
        value: "false",
        why: "brokers close idle connections all day; real failures are logged anyway",
    },
];

const CONSUMER: &[Default] = &[
    Default { name: "check.crcs", value: "true", why: "off by default; a flipped bit must not become a record" },
    Default { name: "isolation.level", value: "read_committed", why: "records of aborted transactions never happened" },
    Default {
        name: "queued.min.messages",
        value: "20000",
        why: "some 40 ms of work ahead per partition; the default of 100,000 only costs memory",
    },
    Default {
        name: "queued.max.messages.kbytes",
        value: "16384",
        why: "bounds what is prefetched for the whole consumer; the default is 64 MiB",
    },
    Default {
        name: "fetch.max.bytes",
        value: "16777216",
        why: "one answer at most as large as the queue; the default of 50 MiB would pass it by far",
    },
    Default {
        name: "fetch.queue.backoff.ms",
        value: "5",
        why: "how long to look away when the queue is full; with the default of 1 s a fast pipeline idles most of it",
    },
    Default {
        name: "fetch.wait.max.ms",
        value: "100",
        why: "an idle partition holds its broker connection's answers back for this long, the default 500 ms",
    },
];

/// Not with transactions, which have a limit of their own.
const PATIENT: &[Default] = &[Default {
    name: "message.timeout.ms",
    value: "0",
    why: "an outage of more than the default of five minutes must hold the pipeline up, not end it",
}];

const PRODUCER: &[Default] = &[
    Default {
        name: "linger.ms",
        value: "10",
        why: "about as long as a broker takes to answer: an idempotent producer has one request under way for each \
              partition, and waits for the answer in a busy loop once the next batch is ready",
    },
    Default {
        name: "queue.buffering.max.kbytes",
        value: "32768",
        why: "bounds the values waiting for the broker; the default is 1 GiB",
    },
    Default {
        name: "queue.buffering.max.messages",
        value: "16000",
        why: "more only stand ready while a request is under way, for which librdkafka then waits in a busy loop: a \
              fifth of all CPU (docs/performance.md); raise it for brokers that are far away",
    },
    Default {
        name: "partitioner",
        value: "murmur2_random",
        why: "the same key goes to the same partition as from Java clients",
    },
];

/// The same for a producer with transactions: `message.timeout.ms` is left to librdkafka, which takes the transaction's.
const TRANSACTIONAL: &[Default] = &[
    Default {
        name: "transaction.timeout.ms",
        value: "10000",
        why: "as long as a dead instance holds up whoever reads only what is committed; the default is a minute",
    },
    Default {
        name: "queue.buffering.max.messages",
        value: "64000",
        why: "the first records of a transaction wait some 20 ms until the broker has finished the one before",
    },
];

/// How long a transaction may be open where the user says nothing, in milliseconds: see [`TRANSACTIONAL`].
const TRANSACTION_TIMEOUT_MS: u64 = 10_000;

const OWNED_BY_BOTH: &[Owned] = &[
    Owned { name: "bootstrap.servers", why: "set `brokers` in [kafka]" },
    Owned { name: "metadata.broker.list", why: "set `brokers` in [kafka]" },
    Owned { name: "enabled_events", why: "the host decides how the client reports to it" },
    Owned { name: "plugin.library.paths", why: "no foreign code is loaded into the host" },
    Owned { name: "log.queue", why: "log lines go to Millstream's own log" },
    Owned { name: "test.mock.num.brokers", why: "set `brokers = \"embedded\"` in [kafka]" },
];

const OWNED_BY_CONSUMER: &[Owned] = &[
    Owned { name: "group.id", why: "set `group` in [source]" },
    Owned { name: "auto.offset.reset", why: "set `start` in [source]" },
    Owned { name: "enable.auto.commit", why: "only what was acknowledged may be committed; set [commit] instead" },
    Owned { name: "auto.commit.enable", why: "only what was acknowledged may be committed; set [commit] instead" },
    Owned { name: "auto.commit.interval.ms", why: "set `interval` in [commit]" },
    Owned { name: "enable.auto.offset.store", why: "only what was acknowledged may be committed" },
    Owned { name: "offset.store.method", why: "offsets are kept by the broker" },
    Owned { name: "enable.partition.eof", why: "the end of a partition is not an event here" },
    Owned {
        name: "partition.assignment.strategy",
        why: "the hand-over of partitions relies on cooperative-sticky rebalances",
    },
    Owned { name: "group.protocol", why: "this client library handles only the classic protocol without known faults" },
    Owned { name: "allow.auto.create.topics", why: "a mistyped topic must be an error, not a new topic" },
];

const OWNED_BY_PRODUCER: &[Owned] = &[
    Owned { name: "enable.idempotence", why: "retries must neither repeat nor reorder records" },
    Owned { name: "acks", why: "an offset is committed only once all replicas have the output" },
    Owned { name: "request.required.acks", why: "an offset is committed only once all replicas have the output" },
    Owned { name: "enable.gapless.guarantee", why: "the commit rule already covers records that failed" },
    Owned { name: "delivery.report.only.error", why: "every acknowledgement is counted" },
    Owned { name: "produce.offset.report", why: "every acknowledgement is counted" },
    Owned { name: "transactional.id", why: "set `transactional-id` in [pipeline]" },
];

/// Names that librdkafka's own list leaves out: other names of a property, and those without a value at first.
const UNLISTED: &[&str] = &[
    "bootstrap.servers",
    "group.id",
    "group.instance.id",
    "transactional.id",
    "topic.blacklist",
    "acks",
    "compression.type",
    "delivery.timeout.ms",
    "linger.ms",
    "max.in.flight",
    "max.partition.fetch.bytes",
    "retries",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "https.ca.location",
    "https.ca.pem",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.cipher.suites",
    "ssl.curves.list",
    "ssl.sigalgs.list",
    "ssl.crl.location",
    "ssl.providers",
];

/// Why a user may not set this property, or `None` if they may.
pub fn owned_reason(name: &str) -> Option<&'static str> {
    let all = OWNED_BY_BOTH.iter().chain(OWNED_BY_CONSUMER).chain(OWNED_BY_PRODUCER);
    all.into_iter().find(|owned| owned.name == name).map(|owned| owned.why)
}

/// Checks one property without a network: owned by the host, unknown, or a value that is refused.
///
/// The text names the property and, where one is near, the name that was probably meant.
pub fn check_property(_kind: PropertyKind, name: &str, value: &str) -> Result<(), String> {
    if let Some(why) = owned_reason(name) {
        return Err(format!("`{name}` is set by Millstream itself: {why}"));
    }
    if name.contains('\0') || value.contains('\0') {
        return Err(format!("`{}` holds a zero byte", name.escape_default()));
    }
    match Conf::new().set(name, value) {
        Ok(()) => Ok(()),
        Err(Refused::Unknown) => Err(unknown(name)),
        Err(Refused::Invalid(text)) => Err(invalid(name, &text)),
    }
}

/// Checks all properties of one end together, still without a network: values that are fine alone but not beside
/// each other (a linger time longer than the message's timeout, say).
/// `transactional` says whether the producer has transactions, which asks more of its time limits.
pub fn check_together(kind: PropertyKind, user: &[(String, String)], transactional: bool) -> Result<(), String> {
    let check = |role| {
        let mut conf = match role {
            Role::Consumer => consumer_conf("check", "", "check", "earliest", user)?,
            Role::Producer => producer_conf("check", "", user, transactional.then_some("check"))?,
        };
        // Without a broker's address the client starts, checks its settings and has nothing to connect to.
        conf.set("log_level", "0").map_err(|refused| explain("log_level", refused))?;
        Client::start(conf, role, None).map(drop).map_err(|text| plain_words(&text))
    };
    match kind {
        PropertyKind::Consumer => check(Role::Consumer),
        PropertyKind::Producer => check(Role::Producer),
        PropertyKind::Client => check(Role::Consumer).and_then(|()| check(Role::Producer)),
    }
}

fn unknown(name: &str) -> String {
    let name_shown = name.escape_default();
    match nearest(name, &known_names()) {
        Some(near) => format!("librdkafka has no property `{name_shown}`; did you mean `{near}`?"),
        None => format!("librdkafka has no property `{name_shown}`"),
    }
}

fn invalid(name: &str, text: &str) -> String {
    format!("`{name}`: {}", plain_words(text))
}

fn explain(name: &str, refused: Refused) -> String {
    match refused {
        Refused::Unknown => unknown(name),
        Refused::Invalid(text) => invalid(name, &text),
    }
}

/// librdkafka's text as the second half of a sentence.
fn plain_words(text: &str) -> String {
    let mut text = text.trim().trim_end_matches('.').to_owned();
    if let Some(first) = text.get(..1).map(str::to_ascii_lowercase) {
        text.replace_range(..1, &first);
    }
    text
}

/// What a user may have meant: all names but those of callbacks, which no text can set.
fn known_names() -> Vec<String> {
    let mut names = Conf::known_names();
    names.extend(UNLISTED.iter().copied().map(str::to_owned));
    names.retain(|name| !name.ends_with("_cb"));
    names
}

/// The known name with the fewest edits, if few enough to be a slip.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let limit = (name.len() / 4).max(2);
    let distances = known.iter().map(|candidate| (edits(name.as_bytes(), candidate.as_bytes()), candidate.as_str()));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements between two texts.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (right, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = replaced.min(before + 1).min(diagonal + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn build(
    pipeline: &str,
    brokers: &str,
    defaults: &[&[Default]],
    user: &[(String, String)],
    owned: &[(&str, &str)],
) -> Result<Conf, String> {
    let mut conf = Conf::new();
    let mut set = |name: &str, value: &str| conf.set(name, value).map_err(|refused| explain(name, refused));
    set("client.id", &format!("millstream-{pipeline}"))?;
    for default in defaults.iter().copied().flatten() {
        set(default.name, default.value)?;
    }
    for (name, value) in user {
        if owned_reason(name).is_none() {
            set(name, value)?;
        }
    }
    if !brokers.is_empty() {
        set("bootstrap.servers", brokers)?;
    }
    for (name, value) in owned {
        set(name, value)?;
    }
    Ok(conf)
}

/// All settings of a consumer. What the host owns is skipped in `user`: `check_property` has refused it by name.
pub(crate) fn consumer_conf(
    pipeline: &str,
    brokers: &str,
    group: &str,
    reset: &str,
    user: &[(String, String)],
) -> Result<Conf, String> {
    let owned = [
        ("group.id", group),
        ("auto.offset.reset", reset),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "false"),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("allow.auto.create.topics", "false"),
    ];
    build(pipeline, brokers, &[CLIENT, CONSUMER], user, &owned)
}

/// All settings of a producer, with transactions where it has an id for them; `user` as in [`consumer_conf`].
pub(crate) fn producer_conf(
    pipeline: &str,
    brokers: &str,
    user: &[(String, String)],
    transactional_id: Option<&str>,
) -> Result<Conf, String> {
    let mut owned = vec![("enable.idempotence", "true"), ("acks", "all")];
    let Some(id) = transactional_id else {
        return build(pipeline, brokers, &[CLIENT, PRODUCER, PATIENT], user, &owned);
    };
    owned.push(("transactional.id", id));
    build(pipeline, brokers, &[CLIENT, PRODUCER, TRANSACTIONAL], user, &owned)
}

/// How long a transaction may be open with these properties.
pub fn transaction_timeout(user: &[(String, String)]) -> Duration {
    let given = user.iter().rev().find(|(name, _)| name == "transaction.timeout.ms");
    let given = given.and_then(|(_, value)| value.trim().parse().ok());
    Duration::from_millis(given.unwrap_or(TRANSACTION_TIMEOUT_MS))
}

/// Settings of a short-lived client that only asks questions: quiet, and quick to try again.
pub(crate) fn probe_conf(brokers: &str, user: &[(String, String)], timeout: Duration) -> Result<Conf, String> {
    let timeout = timeout.as_millis().clamp(1_000, 60_000).to_string();
    let owned = [
        ("allow.auto.create.topics", "false"),
        ("reconnect.backoff.max.ms", "500"),
        ("socket.connection.setup.timeout.ms", timeout.as_str()),
        // Its failures are one error text, not a stream of log lines.
        ("log_level", "0"),
    ];
    build("probe", brokers, &[CLIENT], user, &owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn refusal(name: &str, value: &str) -> String {
        check_property(PropertyKind::Producer, name, value).expect_err("should be refused")
    }

    #[test]
    fn an_unknown_property_names_the_nearest_one() {
        assert_eq!(refusal("lingr.ms", "5"), "librdkafka has no property `lingr.ms`; did you mean `linger.ms`?");
        assert_eq!(
            refusal("sasl.pasword", "x"),
            "librdkafka has no property `sasl.pasword`; did you mean `sasl.password`?"
        );
        assert_eq!(refusal("something.else", "5"), "librdkafka has no property `something.else`");
        assert_eq!(refusal("a\0b", "5"), "`a\\u{0}b` holds a zero byte");
    }

    #[test]
    fn every_name_that_may_be_suggested_exists() {
        for name in known_names() {
            assert_ne!(Conf::new().set(&name, "?"), Err(Refused::Unknown), "{name}");
        }
    }

    #[test]
    fn a_bad_value_is_explained() {
        let text = refusal("linger.ms", "soon");
        assert!(text.starts_with("`linger.ms`: invalid value") && !text.ends_with('.'), "{text}");
        let text = refusal("compression.type", "zip");
        assert!(text.contains("compression.type"), "{text}");
    }

    #[test]
    fn what_the_host_owns_is_refused_with_the_way_out() {
        assert_eq!(refusal("group.id", "x"), "`group.id` is set by Millstream itself: set `group` in [source]");
        for owned in OWNED_BY_BOTH.iter().chain(OWNED_BY_CONSUMER).chain(OWNED_BY_PRODUCER) {
            assert!(refusal(owned.name, "1").contains(owned.why), "{}", owned.name);
        }
    }

    #[test]
    fn known_properties_pass() {
        for (name, value) in [("compression.type", "zstd"), ("session.timeout.ms", "6000"), ("linger.ms", "0.5")] {
            assert_eq!(check_property(PropertyKind::Client, name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn users_override_defaults_but_not_what_the_host_owns() {
        let user = pairs(&[("linger.ms", "20"), ("acks", "1"), ("enable.idempotence", "false")]);
        let conf = producer_conf("p", "localhost:1", &user, None).expect("a configuration");
        let value = |name| conf.get(name).expect("a value");
        assert_eq!([value("linger.ms"), value("acks"), value("enable.idempotence")], ["20", "-1", "true"]);
        assert_eq!(value("client.id"), "millstream-p");
    }

    #[test]
    fn a_transactions_limit_is_the_users_or_ours() {
        let conf = producer_conf("p", "localhost:1", &[], Some("id")).expect("a configuration");
        assert_eq!(conf.get("transactional.id").as_deref(), Some("id"));
        let limit = transaction_timeout(&[]);
        assert_eq!(conf.get("transaction.timeout.ms"), Some(limit.as_millis().to_string()));
        let user = pairs(&[("transaction.timeout.ms", "20000"), ("transaction.timeout.ms", "30000")]);
        assert_eq!(transaction_timeout(&user), Duration::from_secs(30));
    }

    #[test]
    fn settings_that_do_not_fit_together_are_found_without_a_broker() {
        let user = pairs(&[("max.poll.interval.ms", "6000"), ("session.timeout.ms", "45000")]);
        let text =
            check_together(PropertyKind::Consumer, &user, false).expect_err("a poll interval below the session's");
        assert!(text.contains("max.poll.interval.ms"), "{text}");
        assert_eq!(check_together(PropertyKind::Client, &[], false), Ok(()));
        assert_eq!(check_together(PropertyKind::Producer, &[], true), Ok(()));
        let user = pairs(&[("message.timeout.ms", "20000")]);
        let text = check_together(PropertyKind::Producer, &user, true).expect_err("above the transaction's");
        assert_eq!(text, "`message.timeout.ms` must be set <= `transaction.timeout.ms`");
    }

    #[test]
    fn edits_are_counted() {
        for (a, b, count) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ab", "ba", 2)] {
            assert_eq!(edits(a.as_bytes(), b.as_bytes()), count, "{a} {b}");
        }
    }
}
