//! What work costs whoever else uses the machine: CPU time of this process, its threads, and the programs it ran.

use crate::contender::Failure;

/// CPU seconds that something takes, and what comes of it.
pub fn spent<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let before = so_far()?;
    let done = work()?;
    Ok((so_far()? - before, done))
}

/// User and system time, of the process and of its children that have ended.
fn so_far() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // After the name in brackets: state is field 3, the four times are 14 to 17, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times = fields.skip(14 - 3).take(4).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_takes_time_and_so_does_a_child() {
        let busy = || Ok((0..200_000_000u64).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        assert!(spent(busy).unwrap().0 > 0.0);
        let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let run = || Ok(std::process::Command::new("sh").args(["-c", script]).status()?);
        assert!(spent(run).unwrap().0 > 0.0);
    }
}
