//! "Did you mean": the known name that is nearest to a misspelt one.

/// The nearest candidate, or nothing where none is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes the product of the lengths; no key is that long.
    if name.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let wanted = plain(name);
    let near = candidates.filter_map(|candidate| {
        let distance = strsim::osa_distance(&wanted, &plain(candidate));
        let longer = name.chars().count().max(candidate.len());
        (distance <= longer / 3).then_some((distance, candidate))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_offered() {
        let find = |name| nearest(name, ["topics", "group", "start", "dead-letter-topic"].into_iter());
        assert_eq!(find("topcis"), Some("topics"));
        assert_eq!(find("topic"), Some("topics"));
        assert_eq!(find("dead_letter_topic"), Some("dead-letter-topic"));
        assert_eq!(find("START"), Some("start"));
        assert_eq!(find("password"), None);
        assert_eq!(find(""), None);
    }
}
