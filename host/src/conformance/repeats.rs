//! Long texts of the cases, written short: `${repeat:65536:x:}` stands for as many letters.

/// The beginning of one.
const START: &str = "${repeat:";

/// The text with everything repeated as often as it says. What is no repeat stays as it is, for the reader of the file
/// to refuse.
pub(super) fn repeated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        out.push_str(before);
        let found = after.split_once(":}").and_then(|(inner, rest)| {
            let (count, piece) = inner.split_once(':')?;
            Some((count.parse::<usize>().ok()?, piece, rest))
        });
        match found {
            Some((count, piece, behind)) => {
                out.push_str(&piece.repeat(count));
                rest = behind;
            }
            None => {
                out.push_str(START);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::repeated;

    #[test]
    fn pieces_are_repeated_and_all_else_stays() {
        assert_eq!(repeated("a ${repeat:3:é},:}b${repeat:0:x:}"), "a é},é},é},b");
        for other in ["${repeat:x:y:}", "${repeat:3:}", "${repeat:3:x", "${env:HOME}", ""] {
            assert_eq!(repeated(other), other);
        }
    }
}
