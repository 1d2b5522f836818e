//! What is refused, and with which words.

use super::*;

/// Every problem of a file as `line:column message (help)`.
pub(super) fn refused(text: &str) -> Vec<String> {
    let Err(problems) = read(text) else { return Vec::new() };
    let shown = problems.iter().map(|problem| {
        let help = problem.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
        format!("{}:{} {}{help}", problem.line, problem.column, problem.message)
    });
    shown.collect()
}

/// The only problem of the least file with a line in a section, without its place.
pub(super) fn one(section: &str, line: &str) -> String {
    let name = line.split(['=', ' ']).next().unwrap();
    let text: String =
        LEAST.lines().filter(|other| !is_replaced(section, name, other)).map(|line| format!("{line}\n")).collect();
    let text = if text.contains(section) {
        text.replace(&format!("{section}\n"), &format!("{section}\n{line}\n"))
    } else {
        format!("{text}{section}\n{line}\n")
    };
    match refused(&text).as_slice() {
        [only] => only.split_once(' ').unwrap().1.to_owned(),
        other => panic!("{text}\n{other:#?}"),
    }
}

/// `schema` stands in two sections: told apart by their values.
fn is_replaced(section: &str, name: &str, line: &str) -> bool {
    let of_sink = line.contains("out");
    line.starts_with(&format!("{name} =")) && (section == "[sink]") == of_sink
}

#[test]
fn a_problem_is_shown_with_its_place() {
    let problems = read(&least_with("[source]", "gruop = \"g\"")).unwrap_err();
    let expected = "error: unknown key `gruop` in `[source]`
 --> conf/pipeline.toml:4:1
  |
4 | gruop = \"g\"
  | ^^^^^
  = help: did you mean `group`?
";
    assert_eq!(problems.to_string(), expected);
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let text =
        "[pipeline]\nnmae = 1\n[kafka]\nbrokers = 3\n[source]\ntopics = []\nschema = \"\"\n[[stage]]\nguest = \"g\"\n";
    let expected = [
        "1:1 `[pipeline] name` is missing (add: name = \"payments\")",
        "2:1 unknown key `nmae` in `[pipeline]` (did you mean `name`?)",
        "4:11 `[kafka] brokers` must be a string, not an integer (for example: brokers = \"broker-1:9092,broker-2:9092\")",
        "6:10 `[source] topics` is empty (name at least one: topics = [\"payments\"])",
        "7:10 `[source] schema` is empty (give it a value, or remove the key)",
        "0:0 the section `[sink]` is missing (add:\n[sink]\ntopic = \"payments.enriched\"\nschema = \"schemas/enriched.avsc\")",
    ];
    assert_eq!(refused(text), expected);
    assert!(read(text).unwrap_err().to_string().ends_with("\nconf/pipeline.toml: 6 problems\n"));
}

#[test]
fn unknown_names() {
    assert_eq!(one("[comit]", "x = 1"), "unknown section `[comit]` (did you mean `commit`?)");
    assert_eq!(
        one("[sink]", "reject = \"skip\""),
        "unknown key `reject` in `[sink]` (`reject` is a key of `[errors]`)"
    );
    assert_eq!(
        one("[errors]", "dead_letter_topic = \"x\""),
        "unknown key `dead_letter_topic` in `[errors]` (did you mean `dead-letter-topic`?)"
    );
    assert_eq!(one("[admin]", "xyz = 1"), "unknown key `xyz` in `[admin]` (known here: listen)");
    assert_eq!(
        one("[kafka]", "\"linger.ms\" = 5"),
        "unknown key `linger.ms` in `[kafka]` (librdkafka properties stand in [kafka.client], [kafka.consumer] or [kafka.producer])"
    );
    assert_eq!(
        refused(&format!("tenant = \"x\"\n{LEAST}")),
        ["1:1 `tenant` stands outside of any section (`tenant` is a key of `[pipeline]`)"]
    );
}

#[test]
fn what_cannot_be_exactly_once_is_refused_with_the_reason() {
    let with = |more: &str| {
        let text = LEAST.replace("[pipeline]\n", "[pipeline]\ndelivery = \"exactly-once\"\n");
        refused(&format!("{text}{more}"))
    };
    assert_eq!(with(""), Vec::<String>::new());
    assert_eq!(
        with("[kafka]\nbrokers = \"embedded\"\n"),
        ["2:12 `[pipeline] delivery = \"exactly-once\"` is not possible with the embedded broker, which knows no \
          transactions (name real brokers in [kafka], or set delivery = \"at-least-once\")"]
    );
    let slow = "[commit]\ninterval = \"6s\"\n";
    let [only] = &with(slow)[..] else { panic!("one problem: {:?}", with(slow)) };
    assert!(
        only.ends_with(
            "`[pipeline] delivery = \"exactly-once\"`: a transaction of `[commit] interval` = 6s would take more than \
             half of \"transaction.timeout.ms\" = 10000, after which the broker aborts it (commit more often, or raise \
             \"transaction.timeout.ms\" in [kafka.producer])"
        ),
        "{only}"
    );
    let raised = format!("{slow}[kafka.producer]\n\"transaction.timeout.ms\" = 12000\n");
    assert_eq!(with(&raised), Vec::<String>::new());
    assert_eq!(
        one("[pipeline]", "transactional-id = \"x\""),
        "`[pipeline] transactional-id` means nothing with delivery = \"at-least-once\" (remove it, or set delivery = \
         \"exactly-once\")"
    );
}

#[test]
fn what_comes_later_is_refused_by_name() {
    for section in ["source", "sink"] {
        let help = "(use \"bytes\", and let the guest read and write them)";
        assert_eq!(
            one(&format!("[{section}]"), "format = \"protobuf\""),
            format!("`[{section}] format = \"protobuf\"` is not yet supported {help}")
        );
    }
    for grant in ["state", "http"] {
        assert_eq!(
            one("[[stage]]", &format!("grants = [\"clock\", \"{grant}\"]")),
            format!("`[[stage]] grants`: \"{grant}\" is not yet supported (remove it from the list)")
        );
    }
    let retry = one("[retry]", "initial = \"100ms\"");
    assert!(retry.starts_with("`[retry]` is not yet supported (remove the section; "), "{retry}");
    assert_eq!(
        one("[source]", "topics = [\"^pay.*\"]"),
        "`[source] topics`: the pattern \"^pay.*\" is not yet supported (list the topics by their full names)"
    );
}

#[test]
fn wrong_forms() {
    let cases = [
        (
            "[source]",
            "topics = \"a\"",
            "`[source] topics` must be an array of strings, not a string (for example: topics = [\"payments\"])",
        ),
        (
            "[source]",
            "topics = [\"a\", 1]",
            "`[source] topics` must be an array of strings, not an array with an integer (for example: topics = [\"payments\"])",
        ),
        (
            "[source]",
            "group = true",
            "`[source] group` must be a string, not a boolean (for example: group = \"payments-enricher\")",
        ),
        (
            "[[stage]]",
            "passthrough = \"yes\"",
            "`[[stage]] passthrough` must be true or false, not a string (for example: passthrough = true)",
        ),
        ("[[stage]]", "limits = 1", "`[[stage]] limits` must be a table, not an integer"),
        (
            "[commit]",
            "records = \"5\"",
            "`[commit] records` must be a whole number from 1, not a string (for example: records = 10000)",
        ),
        (
            "[commit]",
            "records = -5",
            "`[commit] records` must be a whole number from 1, not -5 (for example: records = 10000)",
        ),
        (
            "[commit]",
            "records = 99999999999999999999",
            "`[commit] records` must be a whole number from 1, not 99999999999999999999 (for example: records = 10000)",
        ),
        (
            "[commit]",
            "interval = 1979-05-27",
            "`[commit] interval` must be a duration in a string, with its unit, not a date (for example: interval = \"1s\")",
        ),
    ];
    for (section, line, expected) in cases {
        assert_eq!(one(section, line), expected);
    }
}

#[test]
fn wrong_values() {
    let size = "write a whole number and one of B, KB, MB, GB, KiB, MiB, GiB, e.g. \"64MiB\"";
    let time = "write a whole number and one of ms, s, m, h, e.g. \"100ms\" or \"5s\"";
    let cases = [
        ("[pipeline]", "name = \"Pay\"", "`[pipeline] name = \"Pay\"` is not a legal name (small letters, digits, `.`, `_` and `-`, starting with a letter or a digit, e.g. \"payments\")".to_owned()),
        ("[source]", "start = \"earlest\"", "`[source] start`: \"earlest\" is not one of the allowed values (allowed: \"earliest\", \"latest\"; did you mean \"earliest\"?)".to_owned()),
        ("[source]", "framing = \"xml\"", "`[source] framing`: \"xml\" is not one of the allowed values (allowed: \"confluent\", \"none\")".to_owned()),
        ("[source]", "topics = [\"a\", \"a\"]", "`[source] topics`: \"a\" stands there twice (remove one of them)".to_owned()),
        ("[source]", "topics = [\"a b\"]", "`[source] topics`: \"a b\" is not a legal topic name (Kafka allows letters, digits, `.`, `_` and `-`)".to_owned()),
        ("[source]", "topics = [\"..\"]", "`[source] topics`: \"..\" is not a legal topic name (Kafka does not allow \".\" and \"..\")".to_owned()),
        ("[source]", "topics = [\"\"]", "`[source] topics`: \"\" is not a legal topic name (it is empty)".to_owned()),
        ("[source]", "group = \"a\\u0000b\"", "`[source] group` has the control character \"\\0\" (remove it)".to_owned()),
        ("[[stage]]", "limits.memory = 64", format!("`[[stage]] limits.memory` has no unit ({size})")),
        ("[[stage]]", "limits.memory = \"64\"", format!("`[[stage]] limits.memory = \"64\"` has no unit ({size})")),
        ("[[stage]]", "limits.memory = \"2GiB\"", "`[[stage]] limits.memory = \"2GiB\"` is too large (from 1MiB to 1GiB)".to_owned()),
        ("[[stage]]", "limits.memory = \"1KiB\"", "`[[stage]] limits.memory = \"1KiB\"` is too small (from 1MiB to 1GiB)".to_owned()),
        ("[[stage]]", "limits.time = \"9ms\"", "`[[stage]] limits.time = \"9ms\"` is too small (from 10ms to 1m)".to_owned()),
        ("[[stage]]", "limits.time = \"61s\"", "`[[stage]] limits.time = \"61s\"` is too large (from 10ms to 1m)".to_owned()),
        ("[commit]", "interval = 5", format!("`[commit] interval` has no unit ({time})")),
        ("[commit]", "interval = \"0s\"", "`[commit] interval = \"0s\"` is too small (from 1ms to 1h)".to_owned()),
        ("[admin]", "listen = \"0.0.0.0:9000\"", "`[admin] listen = \"0.0.0.0:9000\"` is not yet supported (only loopback until the endpoint can be secured: \"127.0.0.1:9000\")".to_owned()),
        ("[admin]", "listen = \"localhost:9000\"", "`[admin] listen = \"localhost:9000\"` is not an address (write the address as numbers: \"127.0.0.1:9000\")".to_owned()),
        ("[admin]", "listen = \"9000\"", "`[admin] listen = \"9000\"` is not an address (write an IP address and a port, e.g. \"127.0.0.1:9000\")".to_owned()),
    ];
    for (section, line, expected) in cases {
        assert_eq!(one(section, line), expected);
    }
    let long = one("[sink]", &format!("topic = \"{}\"", "outx".repeat(63)));
    assert!(long.ends_with("is not a legal topic name (Kafka allows 249 characters at most)"), "{long}");
}

#[test]
fn broker_addresses() {
    let cases = [
        ("host", "\"host\" is not a broker address (the port is missing: \"host:9092\")"),
        (
            "a:1,,b:2",
            "\"\" is not a broker address (write \"host:port\", several with commas between them, or \"embedded\")",
        ),
        ("a:0", "\"a:0\" is not a broker address (the port is a number from 1 to 65535)"),
        ("a:99999", "\"a:99999\" is not a broker address (the port is a number from 1 to 65535)"),
        ("::1:9092", "\"::1:9092\" is not a broker address (write an IPv6 address in square brackets: \"[::1]:9092\")"),
        (
            "SSL://a:1",
            "\"SSL://a:1\" is not a broker address (leave out the protocol; set `\"security.protocol\"` in [kafka.client] instead)",
        ),
        (":9092", "\":9092\" is not a broker address (write \"host:port\", e.g. \"localhost:9092\")"),
    ];
    for (brokers, expected) in cases {
        assert_eq!(one("[kafka]", &format!("brokers = \"{brokers}\"")), format!("`[kafka] brokers`: {expected}"));
    }
}

#[test]
fn client_properties_of_the_host() {
    let cases = [
        (
            "client",
            "bootstrap.servers = \"x\"",
            "bootstrap.servers` is set by the host (set `brokers` in [kafka] instead)",
        ),
        ("consumer", "\"group.id\" = \"x\"", "group.id` is set by the host (set `group` in [source] instead)"),
        (
            "consumer",
            "auto.offset.reset = \"x\"",
            "auto.offset.reset` is set by the host (set `start` in [source] instead)",
        ),
        (
            "consumer",
            "enable.partition.eof = true",
            "enable.partition.eof` is set by the host (the host follows the ends of partitions itself; remove it)",
        ),
        (
            "consumer",
            "isolation.level = \"x\"",
            "isolation.level` is set by the host (the host reads committed records only; remove it)",
        ),
        (
            "producer",
            "acks = 1",
            "acks` is set by the host (a record counts as written when all in-sync replicas have it; remove it)",
        ),
        (
            "producer",
            "transactional.id = \"x\"",
            "transactional.id` is set by the host (set `transactional-id` in [pipeline] instead, with `delivery = \"exactly-once\"`)",
        ),
        (
            "producer",
            "dr_msg_cb = \"x\"",
            "dr_msg_cb` is set by the host (it takes a function or a pointer of the program, which a file cannot give; remove it)",
        ),
        (
            "consumer",
            "group.instance.id = \"x\"",
            "group.instance.id` is not yet supported (static members need a name for each process; remove it, members join as dynamic ones)",
        ),
    ];
    for (table, line, expected) in cases {
        assert_eq!(one(&format!("[kafka.{table}]"), line), format!("`[kafka.{table}] {expected}"));
    }
}

#[test]
fn client_properties_without_a_usable_value() {
    let cases = [
        (
            "client",
            "acl = [1]",
            "acl` must be a string, an integer or a boolean, not an array (librdkafka reads all values as text: write it between quotes)",
        ),
        (
            "client",
            "x = 1.5",
            "x` must be a string, an integer or a boolean, not a float (librdkafka reads all values as text: write it between quotes)",
        ),
        ("client", "x = \"a\\u0000\"", "x` has a zero character (remove it)"),
        (
            "client",
            "\"sasl.password\" = \"${env:EMPTY}\"",
            "sasl.password` is empty (set the variable or fill the file it comes from, or remove the key)",
        ),
    ];
    for (table, line, expected) in cases {
        assert_eq!(one(&format!("[kafka.{table}]"), line), format!("`[kafka.{table}] {expected}"));
    }
    let commits = one("[kafka.client]", "enable.auto.commit = true");
    assert!(
        commits.contains("(the host commits an offset once its output is acknowledged; set `interval` and `records`"),
        "{commits}"
    );
    assert_eq!(
        one("[kafka.client]", "\" \" = 1"),
        "a property of `[kafka.client]` has no name (write the property's name, e.g. \"linger.ms\")"
    );
}

#[test]
fn a_property_given_in_both_forms() {
    let text = format!("{LEAST}[kafka.client]\n  security.protocol = \"a\"\n\"security.protocol\" = \"b\"\n");
    let help = "(it also stands in line 12: quoted or as a nested table, it is the same property)";
    assert_eq!(refused(&text), [format!("13:1 `[kafka.client] security.protocol` is given twice {help}")]);
    let text = format!("{LEAST}[kafka.client]\napi.version.request = true\napi.version.request.timeout.ms = 1\n");
    let help = "(one name is both a value and the start of a longer one: put the whole names in quotes, as in \"group.protocol\")";
    assert_eq!(refused(&text), [format!("13:13 TOML: cannot extend value of type boolean with a dotted key {help}")]);
    let quoted =
        format!("{LEAST}[kafka.client]\n\"api.version.request\" = true\n\"api.version.request.timeout.ms\" = 1\n");
    assert_eq!(refused(&quoted), Vec::<String>::new());
}

#[test]
fn the_caret_covers_a_dotted_name() {
    let text = least_with("[kafka.client]", "  group.id = \"x\"");
    let shown = read(&text).unwrap_err().to_string();
    assert!(shown.contains("12 |   group.id = \"x\"\n   |   ^^^^^^^^\n"), "{shown}");
}

#[test]
fn references_are_refused_at_their_place() {
    let text = least_with("[errors]", "dead-letter-topic = \"${env:NO}.${TOPIC}\"");
    let known = "known are `${env:NAME}`, `${env:NAME:-default}` and `${file:path}`; `$${` stands for a plain `${`";
    let expected = [
        "12:22 `[errors] dead-letter-topic`: the environment variable NO is not set (set NO, or give a default: `${env:NO:-default}`)".to_owned(),
        format!("12:32 `[errors] dead-letter-topic`: `${{TOPIC}}` is not a reference that is known ({known})"),
    ];
    assert_eq!(refused(&text), expected);
    assert_eq!(
        one("[source]", "topics = [\"${env:TOPIC\"]"),
        "`[source] topics`: `${` is not closed (close it with `}`; `$${` stands for a plain `${`)"
    );
    let file = one("[kafka.client]", "\"sasl.password\" = \"${file:none/such}\"");
    assert!(file.starts_with("`[kafka.client] sasl.password`: the file \"conf/none/such\" cannot be read: "), "{file}");
    // What a reference gives is checked like any other value.
    assert_eq!(
        one("[sink]", "topic = \"${env:DOLLAR}\"").split(" (").next(),
        Some("`[sink] topic`: \"${env:TOPIC}\" is not a legal topic name")
    );
}

#[test]
fn loops_and_missing_dead_letters() {
    assert_eq!(
        one("[sink]", "topic = \"in\"").as_str(),
        "`[sink] topic = \"in\"` is one of the source topics (the pipeline would read its own output for ever; write to another topic)"
    );
    let cases = [
        (
            "reject = \"dead-letter\"",
            "`[errors] reject = \"dead-letter\"` needs a `dead-letter-topic` (add: dead-letter-topic = \"payments.dlq\")",
        ),
        (
            "dead-letter-topic = \"in\"",
            "`[errors] dead-letter-topic = \"in\"` is one of the source topics (the pipeline would read its own dead letters for ever; use a topic of their own)",
        ),
        (
            "dead-letter-topic = \"out\"",
            "`[errors] dead-letter-topic = \"out\"` is the sink topic (readers of the output would find records in another form; use a topic of their own)",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(one("[errors]", line), expected);
    }
}

#[test]
fn broken_syntax() {
    let broken = "[pipeline]\nname =\ntenant = acme\n[source\ntopcs = 1\n";
    let expected = [
        "2:7 TOML: the value is missing (write a value after the equals sign, or remove the line)",
        "3:10 TOML: a string must be quoted (write it between double quotes: key = \"value\")",
        "4:8 TOML: unclosed table, expected `]`",
    ];
    assert_eq!(refused(broken), expected);
    let twice = LEAST.replace("name = \"p\"\n", "name = \"p\"\nname = \"q\"\nx = 1\n");
    assert_eq!(
        refused(&twice),
        [
            "3:1 TOML: duplicate key (it stands further up already; keep one of them)",
            "4:1 unknown key `x` in `[pipeline]` (known here: name, tenant, delivery)"
        ]
    );
    let open = "[source]\ntopics = [\"a\",\n[sink]\ntopic = \"x\"\n[errors]\nreject = \"skip\"\n";
    let never = "TOML: this array is never closed (write `]` where it ends)";
    assert_eq!(refused(open), [format!("2:10 {never}")]);
    let table =
        "[pipeline]\nnme = 1\n[[stage]]\nlimits = { memory = 1, time = 2\ngrants = [\"a\"]\n[sink]\ntopic = 1\n";
    let unknown = "2:1 unknown key `nme` in `[pipeline]` (did you mean `name`?)";
    assert_eq!(refused(table), [unknown, "4:10 TOML: this table is never closed (write `}` where it ends)"]);
    let path = least_with("[source]", "group = \"C:\\path\"");
    assert!(
        refused(&path)[0].ends_with("(write a backslash as `\\\\`, or use single quotes: 'C:\\path')"),
        "{:?}",
        refused(&path)
    );
}

#[test]
fn files_that_cannot_be_read() {
    let problems = load(Path::new("no/such/pipeline.toml")).unwrap_err().to_string();
    assert!(problems.starts_with("error: the pipeline file cannot be read: "), "{problems}");
    assert!(problems.contains("--> no/such/pipeline.toml\n"), "{problems}");
    let file = std::env::temp_dir().join(format!("millstream-config-{}.toml", std::process::id()));
    std::fs::write(&file, b"[pipeline]\nname = \"\xff\"\n").unwrap();
    let problems = load(&file).unwrap_err().to_string();
    std::fs::remove_file(&file).unwrap();
    assert!(
        problems.starts_with("error: the pipeline file is not UTF-8 text: the first wrong byte is in line 2\n"),
        "{problems}"
    );
}
