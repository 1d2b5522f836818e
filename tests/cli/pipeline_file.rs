//! What can be wrong in pipeline.toml: each problem is shown where it stands, with a way out.

use crate::case::Case;

#[test]
fn a_good_file_is_summed_up() {
    let done = Case::payments().check();
    done.shows(&[
        "pipeline   payments (tenant default)",
        "avro, framing confluent, record acme.payments.Payment",
        "kafka      not asked (--offline)\nok\n",
    ]);
    assert_eq!(done.err, "");
}

#[test]
fn wrong_toml_points_at_the_place() {
    let text = "\
error: TOML: this array is never closed
 --> pipeline.toml:8:10
  |
8 | topics = [\"payments\"
  |          ^
  = help: write `]` where it ends
";
    Case::payments().edit("[\"payments\"]", "[\"payments\"").check().says(2, text);
}

#[test]
fn an_unknown_key_gets_the_nearest_name() {
    let text = "\
error: unknown key `shema` in `[source]`
  --> pipeline.toml:10:1
   |
10 | shema = \"other.avsc\"
   | ^^^^^
   = help: did you mean `schema`?
";
    Case::payments().edit("\"payment.avsc\"", "\"payment.avsc\"\nshema = \"other.avsc\"").check().says(2, text);
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "\
error: `[pipeline] transactional-id` means nothing with delivery = \"at-least-once\"
 --> pipeline.toml:3:20
  |
3 | transactional-id = \"one\"
  |                    ^^^^^
  = help: remove it, or set delivery = \"exactly-once\"

error: unknown key `topic` in `[source]`
  --> pipeline.toml:10:1
   |
10 | topic = \"other\"
   | ^^^^^
   = help: did you mean `topics`?

error: `[sink] topic = \"payments\"` is one of the source topics
  --> pipeline.toml:17:9
   |
17 | topic = \"payments\"
   |         ^^^^^^^^^^
   = help: the pipeline would read its own output for ever; write to another topic

pipeline.toml: 3 problems
";
    let case = Case::payments().edit("name = \"payments\"", "name = \"payments\"\ntransactional-id = \"one\"");
    let case = case.edit("topics = [\"payments\"]", "topics = [\"payments\"]\ntopic = \"other\"");
    case.edit("\"payments.enriched\"", "\"payments\"").check().says(2, text);
}

#[test]
fn a_missing_variable_is_named() {
    let text = "\
error: `[kafka] brokers`: the environment variable MILLSTREAM_TEST_UNSET is not set
 --> pipeline.toml:5:12
  |
5 | brokers = \"${env:MILLSTREAM_TEST_UNSET}\"
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: set MILLSTREAM_TEST_UNSET, or give a default: `${env:MILLSTREAM_TEST_UNSET:-default}`
";
    let case = Case::payments().edit("\"embedded\"", "\"${env:MILLSTREAM_TEST_UNSET}\"");
    case.check().says(2, text);
    case.run_with(&["check", "--offline"], &[("MILLSTREAM_TEST_UNSET", "embedded")]).shows(&["\nok\n"]);
}

#[test]
fn what_does_not_work_yet_is_refused_by_name() {
    let stage = "guest = \"guest.wasm\"\ngrants = [\"http\"]";
    let case = Case::payments().edit("guest = \"guest.wasm\"", stage).add("\n[retry]\ninitial = \"1s\"\n");
    case.check().mentions(
        2,
        &[
            "error: `[[stage]] grants`: \"http\" is not yet supported\n",
            "error: `[retry]` is not yet supported\n",
            "= help: remove the section; until then the producer retries by itself",
            "pipeline.toml: 2 problems\n",
        ],
    );
}

#[test]
fn protobuf_is_not_yet_supported() {
    let case = Case::payments().edit("topics = [\"payments\"]", "topics = [\"payments\"]\nformat = \"protobuf\"");
    case.check().mentions(2, &["`[source] format = \"protobuf\"` is not yet supported", "use \"bytes\""]);
}

#[test]
fn a_format_without_a_schema_refuses_one() {
    let text = "\
error: `[source] schema` means nothing with format = \"string\"
  --> pipeline.toml:10:10
   |
10 | schema = \"payment.avsc\"
   |          ^^^^^^^^^^^^^^
   = help: remove it, or set format to \"avro\" or \"json\"
";
    let case = Case::payments().edit("topics = [\"payments\"]", "topics = [\"payments\"]\nformat = \"string\"");
    case.check().says(2, text);
}

#[test]
fn a_property_that_the_host_owns_is_refused() {
    let text = "\
error: `[kafka.client] group.id` is set by the host
  --> pipeline.toml:19:1
   |
19 | \"group.id\" = \"mine\"
   | ^^^^^^^^^^
   = help: set `group` in [source] instead
";
    Case::payments().add("\n[kafka.client]\n\"group.id\" = \"mine\"\n").check().says(2, text);
}

#[test]
fn a_property_that_librdkafka_does_not_know_gets_the_nearest_name() {
    let case = Case::payments().add("\n[kafka.producer]\n\"linger.sm\" = 5\n");
    case.check().mentions(
        2,
        &[
            "librdkafka has no property `linger.sm`; did you mean `linger.ms`?",
            "--> pipeline.toml:19:",
            "19 | \"linger.sm\" = 5",
        ],
    );
}

#[test]
fn a_property_with_a_wrong_value_is_refused() {
    let case = Case::payments().add("\n[kafka.client]\n\"security.protocol\" = \"plain\"\n");
    case.check().mentions(2, &["`security.protocol`: invalid value \"plain\"", "--> pipeline.toml:19:"]);
}

#[test]
fn a_secret_is_never_shown() {
    let done = Case::payments().add("\n[kafka.client]\n\"sasl.pasword\" = \"hunter2\"\n").check();
    done.mentions(2, &["did you mean `sasl.password`?", "\"sasl.pasword\" = \"*******\""]);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}

#[test]
fn a_missing_file_is_named() {
    let text = "\
error: the pipeline file cannot be read: No such file or directory (os error 2)
 --> none.toml
  = help: name a pipeline file, e.g. `millstream check pipeline.toml`
";
    Case::payments().run(&["check", "none.toml"]).says(2, text);
}

#[test]
fn run_and_quickstart_refuse_what_check_refuses() {
    let case = Case::payments().edit("topics =", "topcis =");
    for command in [&["run"][..], &["quickstart"], &["check"]] {
        case.run(command).mentions(2, &["unknown key `topcis`", "did you mean `topics`?"]);
    }
}

#[test]
fn a_wrong_command_line_is_a_wrong_configuration() {
    let case = Case::payments();
    case.run(&["chek"]).mentions(2, &["unrecognized subcommand 'chek'", "'check'"]);
    case.run(&["--log", "loud", "check"]).mentions(2, &["log filter `loud`", "write a level"]);
}
