//! The result as a table: medians over the rounds, and ratios taken within each round before their median.

use crate::measure::Measure;

/// A contender's rounds, in order.
pub struct Row {
    pub name: String,
    pub rounds: Vec<Measure>,
}

/// Prints all rows; ratios are to the first.
pub fn print(rows: &[Row]) {
    let Some(base) = rows.first() else { return };
    println!();
    println!(
        "{:<16} {:>11} {:>7} {:>11} {:>7} {:>9} {:>9} {:>9} {:>8}",
        "contender", "records/s", "ratio", "CPU s/M", "ratio", "peak MiB", "at half", "first s", "total s"
    );
    for row in rows {
        let of = |what: fn(&Measure) -> f64| median(row.rounds.iter().map(what));
        let ratio =
            |what: fn(&Measure) -> f64| median(row.rounds.iter().zip(&base.rounds).map(|(a, b)| what(a) / what(b)));
        println!(
            "{:<16} {:>11.0} {:>7.2} {:>11.2} {:>7.2} {:>9.0} {:>9.0} {:>9.2} {:>8.2}",
            row.name,
            of(|m| m.rate),
            ratio(|m| m.rate),
            of(|m| m.cpu),
            ratio(|m| m.cpu),
            of(|m| m.peak_mib),
            of(|m| m.half_mib),
            of(|m| m.first),
            of(|m| m.total),
        );
    }
    println!();
    println!(
        "records/s: from the first output seen to the last; CPU and memory: of the process alone, start-up included;"
    );
    println!("ratio: to {} within the same round; all numbers are medians of {} rounds.", base.name, base.rounds.len());
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
