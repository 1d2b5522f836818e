//! The rules for single values: from the text of a value to its meaning, or to what is wrong with it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::key::{Choice, Kind, Support};
use super::label::assigned;
use super::nearest::nearest;
use super::plan::Brokers;
use super::problem::Complaint;
use super::settings::Setting;
use super::topics;
use super::units;

/// What stands for a duration without an end.
pub(super) const NEVER: &str = "never";

/// Reads the text of a value, after interpolation. `label` names the key in messages.
pub(super) fn check_text(kind: &Kind, label: &str, text: &str, folder: &Path) -> Result<Setting, Complaint> {
    no_control_characters(label, text)?;
    match kind {
        Kind::Name => name(label, text).map(Setting::Text),
        Kind::Topic | Kind::Topics => topics::name(label, text).map(Setting::Text),
        Kind::TopicRules => topics::rule(label, text).map(Setting::Text),
        Kind::Text => not_empty(label, text).map(|text| Setting::Text(text.to_owned())),
        Kind::Path => not_empty(label, text).map(|text| Setting::Path(folder.join(text))),
        Kind::OneOf(choices) => one_of(label, text, choices, false).map(Setting::Text),
        Kind::SomeOf(choices) => one_of(label, text, choices, true).map(Setting::Text),
        Kind::Size { least, most } => {
            let size = units::size(label, text)?;
            let help = || format!("from {} to {}", units::show_size(*least), units::show_size(*most));
            within(label, text, size, *least, *most, help).map(Setting::Size)
        }
        Kind::Time { least, most } => {
            let time = units::duration(label, text)?;
            let help = || format!("from {} to {}", units::show_duration(*least), units::show_duration(*most));
            within::<Duration>(label, text, time, *least, *most, help).map(Setting::Time)
        }
        Kind::TimeOrNever { .. } if text == NEVER => Ok(Setting::Text(NEVER.to_owned())),
        Kind::TimeOrNever { least, most } => {
            let (least, most) = (*least, *most);
            check_text(&Kind::Time { least, most }, label, text, folder).map_err(|complaint| Complaint {
                help: complaint.help.map(|help| help + ", or \"never\""),
                ..complaint
            })
        }
        Kind::Address => address(label, text).map(Setting::Address),
        Kind::Brokers => brokers(label, text).map(Setting::Brokers),
        // These are not written as strings.
        Kind::Section(_) | Kind::Sections { .. } | Kind::Properties | Kind::Values => not_a_string(kind, label),
        Kind::Count { .. } | Kind::Flag | Kind::Any | Kind::Ratio { .. } => not_a_string(kind, label),
    }
}

fn not_a_string(kind: &Kind, label: &str) -> Result<Setting, Complaint> {
    let message = format!("{label} must be {}, not a string", kind.shape());
    Err(Complaint::new(message, "see the reference of all keys"))
}

/// C libraries end a text at its first zero byte; other control characters are never meant.
fn no_control_characters(label: &str, text: &str) -> Result<(), Complaint> {
    match text.chars().find(|character| character.is_control()) {
        Some(character) => {
            let message = format!("{label} has the control character {:?}", character.to_string());
            Err(Complaint::new(message, "remove it"))
        }
        None => Ok(()),
    }
}

fn not_empty<'a>(label: &str, text: &'a str) -> Result<&'a str, Complaint> {
    if text.trim().is_empty() {
        return Err(Complaint::new(format!("{label} is empty"), "give it a value, or remove the key"));
    }
    Ok(text)
}

fn name(label: &str, text: &str) -> Result<String, Complaint> {
    let first = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let rest = |character: char| first(character) || "._-".contains(character);
    if text.starts_with(first) && text.chars().all(rest) {
        return Ok(text.to_owned());
    }
    let help = "small letters, digits, `.`, `_` and `-`, starting with a letter or a digit, e.g. \"payments\"";
    Err(Complaint::new(format!("{} is not a legal name", assigned(label, text)), help))
}

fn one_of(label: &str, text: &str, choices: &[Choice], is_list: bool) -> Result<String, Complaint> {
    match choices.iter().find(|choice| choice.value == text) {
        Some(Choice { support: Support::NotYet(instead), .. }) => {
            let shown = if is_list { format!("{label}: {text:?}") } else { assigned(label, text) };
            Err(Complaint::new(format!("{shown} is not yet supported"), *instead))
        }
        Some(choice) => Ok(choice.value.to_owned()),
        None => {
            let allowed = choices.iter().filter(|choice| choice.support == Support::Now).map(|choice| choice.value);
            let list: Vec<_> = allowed.map(|value| format!("{value:?}")).collect();
            let meant = nearest(text, choices.iter().map(|choice| choice.value));
            let meant = meant.map_or(String::new(), |value| format!("; did you mean {value:?}?"));
            let help = format!("allowed: {}{meant}", list.join(", "));
            Err(Complaint::new(format!("{label}: {text:?} is not one of the allowed values"), help))
        }
    }
}

fn within<T: PartialOrd>(
    label: &str,
    text: &str,
    value: T,
    least: T,
    most: T,
    help: impl Fn() -> String,
) -> Result<T, Complaint> {
    if value < least {
        return Err(Complaint::new(format!("{} is too small", assigned(label, text)), help()));
    }
    if value > most {
        return Err(Complaint::new(format!("{} is too large", assigned(label, text)), help()));
    }
    Ok(value)
}

fn address(label: &str, text: &str) -> Result<SocketAddr, Complaint> {
    let Ok(address) = text.parse::<SocketAddr>() else {
        let help = match text.strip_prefix("localhost:") {
            Some(port) => format!("write the address as numbers: \"127.0.0.1:{port}\""),
            None => "write an IP address and a port, e.g. \"127.0.0.1:9000\"".to_owned(),
        };
        return Err(Complaint::new(format!("{} is not an address", assigned(label, text)), help));
    };
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(Complaint::new(
        format!("{} is not yet supported", assigned(label, text)),
        format!("only loopback until the endpoint can be secured: \"127.0.0.1:{}\"", address.port()),
    ))
}

fn brokers(label: &str, text: &str) -> Result<Brokers, Complaint> {
    if text.trim() == "embedded" {
        return Ok(Brokers::Embedded);
    }
    let mut list = Vec::new();
    for broker in text.split(',').map(str::trim) {
        let complaint =
            |help: String| Err(Complaint::new(format!("{label}: {broker:?} is not a broker address"), help));
        if broker.is_empty() {
            return complaint("write \"host:port\", several with commas between them, or \"embedded\"".to_owned());
        }
        if broker.contains("://") {
            let help = "leave out the protocol; set `\"security.protocol\"` in [kafka.client] instead";
            return complaint(help.to_owned());
        }
        let (host, port) = match broker.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && (!host.contains(':') || host.starts_with('[')) => {
                (host, port)
            }
            Some(_) => return complaint("write an IPv6 address in square brackets: \"[::1]:9092\"".to_owned()),
            None => return complaint(format!("the port is missing: \"{broker}:9092\"")),
        };
        if host.is_empty() || host.contains(|character: char| character.is_whitespace() || "/@\"'".contains(character))
        {
            return complaint("write \"host:port\", e.g. \"localhost:9092\"".to_owned());
        }
        if !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return complaint("the port is a number from 1 to 65535".to_owned());
        }
        list.push(broker);
    }
    Ok(Brokers::At(list.join(",")))
}
