//! The table, and its place in a page.

use std::path::Path;

use super::Row;
use crate::contender::Failure;

const BEGIN: &str = "<!-- languages -->";
const END: &str = "<!-- /languages -->";

const HEAD: &str = "\
| Language | Tool chain | `enrich.wasm` | Build, CPU s | First load, CPU s | Later loads, ms | Instance, ms | First record, ms | Start to output, ms | Time a record | Memory, MiB |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// All rows, in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut table = HEAD.to_owned();
    for Row { language, size, build, start, record, memory } in rows {
        let kib = size.div_ceil(1024);
        let size = if kib < 1024 { format!("{kib} KiB") } else { format!("{:.1} MiB", kib as f64 / 1024.0) };
        let cells = [
            language.title.to_owned(),
            language.tools.to_owned(),
            size,
            digits(*build),
            digits(start.first_load),
            digits(start.load * 1000.0),
            digits(start.instance * 1000.0),
            digits(start.record * 1000.0),
            digits(start.program * 1000.0),
            digits(record.1),
            digits(*memory as f64 / f64::from(1 << 20)),
        ];
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

/// Two digits that count: more would be noise.
fn digits(number: f64) -> String {
    let places = match number.abs() {
        number if number >= 9.95 => 0,
        number if number >= 0.995 => 1,
        number if number >= 0.0995 => 2,
        _ => 3,
    };
    format!("{number:.places$}")
}

/// Puts the table between the page's marks, in place of the one that is there.
pub fn write(page: &Path, table: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
    let text = placed(&text, table).ok_or_else(|| format!("{} has no lines {BEGIN} and {END}", page.display()))?;
    Ok(std::fs::write(page, text)?)
}

fn placed(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_old_one() {
        let page = "a\n<!-- languages -->\nold\n<!-- /languages -->\nb\n";
        let once = placed(page, "new\n").unwrap();
        assert_eq!(once, "a\n<!-- languages -->\nnew\n<!-- /languages -->\nb\n");
        assert_eq!(placed(&once, "new\n").unwrap(), once);
        assert_eq!(placed("a\nb\n", "new\n"), None);
    }

    #[test]
    fn two_digits() {
        let shown = [18.43, 9.96, 1.04, 0.996, 0.131, 0.0133].map(digits);
        assert_eq!(shown, ["18", "10", "1.0", "1.0", "0.13", "0.013"]);
    }
}
