//! Sizes and durations as people write them: a whole number and its unit, `64MiB`, `100ms`.

use std::time::Duration;

use super::label::assigned;
use super::problem::Complaint;

/// Units of size and how many bytes each is.
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Units of time and how many milliseconds each is.
const TIMES: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

pub(super) const SIZE_HELP: &str = "write a whole number and one of B, KB, MB, GB, KiB, MiB, GiB, e.g. \"64MiB\"";
pub(super) const TIME_HELP: &str = "write a whole number and one of ms, s, m, h, e.g. \"100ms\" or \"5s\"";

/// Reads a size; the answer is in bytes.
pub(super) fn size(label: &str, text: &str) -> Result<u64, Complaint> {
    quantity(label, text, SIZES, "size", SIZE_HELP)
}

/// Reads a duration.
pub(super) fn duration(label: &str, text: &str) -> Result<Duration, Complaint> {
    quantity(label, text, TIMES, "duration", TIME_HELP).map(Duration::from_millis)
}

/// A size for people, in the largest unit that divides it.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, SIZES.iter().filter(|(name, _)| name.contains('i') || *name == "B"))
}

/// A duration for people, in the largest unit that divides it.
pub(super) fn show_duration(time: Duration) -> String {
    show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), TIMES.iter())
}

/// A number that is kept in thousandths.
pub(super) fn thousandths(number: u32) -> f64 {
    f64::from(number) / 1000.0
}

/// The regular expression of a size (for editors).
pub(super) fn size_pattern() -> String {
    pattern(SIZES)
}

/// The regular expression of a duration (for editors).
pub(super) fn duration_pattern() -> String {
    pattern(TIMES)
}

fn pattern(units: &[(&str, u64)]) -> String {
    let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    format!("^[0-9]+ *({})$", names.join("|"))
}

fn quantity(label: &str, text: &str, units: &[(&str, u64)], what: &str, help: &str) -> Result<u64, Complaint> {
    let shown = assigned(label, text);
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let unit = unit.trim_start_matches(' ');
    if number.is_empty() || unit.starts_with(['.', ',', '_']) {
        return Err(Complaint::new(format!("{shown} is not a {what}"), help));
    }
    if unit.is_empty() {
        return Err(Complaint::new(format!("{shown} has no unit"), help));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let meant = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let help = meant.map_or(help.to_owned(), |(name, _)| format!("did you mean \"{number}{name}\"? {help}"));
        return Err(Complaint::new(format!("{shown} has the unknown unit {unit:?}"), help));
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(*factor))
        .ok_or_else(|| Complaint::new(format!("{shown} is too large"), help))
}

fn show<'a>(amount: u64, units: impl Iterator<Item = &'a (&'a str, u64)>) -> String {
    let fits =
        units.filter(|(_, factor)| amount != 0 && amount.is_multiple_of(*factor)).max_by_key(|(_, factor)| *factor);
    fits.map_or_else(|| amount.to_string(), |(name, factor)| format!("{}{name}", amount / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let size = |text| size("`x`", text).map_err(|complaint| complaint.message);
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1 GiB"), Ok(1 << 30));
        assert_eq!(size("10MB"), Ok(10_000_000));
        assert_eq!(size("512KiB"), Ok(512 << 10));
        assert_eq!(size("64"), Err("`x = \"64\"` has no unit".into()));
        assert_eq!(size("64MX"), Err("`x = \"64MX\"` has the unknown unit \"MX\"".into()));
        assert_eq!(size("99999999999999999999B"), Err("`x = \"99999999999999999999B\"` is too large".into()));
        assert_eq!(size("99999999999999999GiB"), Err("`x = \"99999999999999999GiB\"` is too large".into()));
        assert_eq!(size("1.5GiB"), Err("`x = \"1.5GiB\"` is not a size".into()));
        assert_eq!(size("-1B"), Err("`x = \"-1B\"` is not a size".into()));
        assert_eq!(size(""), Err("`x = \"\"` is not a size".into()));
    }

    #[test]
    fn durations() {
        let duration = |text| duration("`x`", text).map_err(|complaint| complaint.message);
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(duration("5"), Err("`x = \"5\"` has no unit".into()));
        assert_eq!(duration("\u{e9}"), Err("`x = \"\u{e9}\"` is not a duration".into()));
    }

    #[test]
    fn a_unit_in_the_wrong_case_is_named() {
        let complaint = size("`x`", "64mib").unwrap_err();
        assert_eq!(complaint.help.unwrap_or_default(), format!("did you mean \"64MiB\"? {SIZE_HELP}"));
    }

    #[test]
    fn amounts_are_shown_in_their_largest_unit() {
        assert_eq!(show_size(64 << 20), "64MiB");
        assert_eq!(show_size(1000), "1000B");
        assert_eq!(show_duration(Duration::from_millis(1500)), "1500ms");
        assert_eq!(show_duration(Duration::from_secs(60)), "1m");
    }
}
