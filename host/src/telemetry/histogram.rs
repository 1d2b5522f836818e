//! A histogram that takes a whole batch of values at the price of a few atomic additions.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Most upper bounds that a histogram can have.
pub const BOUNDS_MAX: usize = 31;

/// Counts values by size without a lock.
#[derive(Debug, Clone)]
pub struct BatchedHistogram {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bounds: &'static [f64],
    /// One for each bound and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl BatchedHistogram {
    /// `bounds` are the upper ends of the buckets in rising order; more than [`BOUNDS_MAX`] are left out.
    pub fn new(bounds: &'static [f64]) -> Self {
        let bounds = bounds.get(..BOUNDS_MAX).unwrap_or(bounds);
        let counts = iter::repeat_with(AtomicU64::default).take(bounds.len() + 1).collect();
        BatchedHistogram { shared: Arc::new(Shared { bounds, counts, sum: AtomicU64::new(0f64.to_bits()) }) }
    }

    /// Counts one value.
    pub fn observe(&self, value: f64) {
        self.observe_all([value]);
    }

    /// Counts many values. A negative one counts as zero (clocks of producers run ahead), one that is not a number is
    /// left out.
    pub fn observe_all(&self, values: impl IntoIterator<Item = f64>) {
        let mut counts = [0u64; BOUNDS_MAX + 1];
        let mut sum = 0.0;
        for value in values {
            if !value.is_finite() {
                continue;
            }
            let value = value.max(0.0);
            let bucket = self.shared.bounds.partition_point(|bound| *bound < value);
            if let Some(count) = counts.get_mut(bucket) {
                *count += 1;
                sum += value;
            }
        }
        for (total, count) in self.shared.counts.iter().zip(counts) {
            if count > 0 {
                total.fetch_add(count, Ordering::Relaxed);
            }
        }
        if sum > 0.0 {
            let add = |bits| Some((f64::from_bits(bits) + sum).to_bits());
            // The closure never refuses, so there is no error to look at.
            let _ = self.shared.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.shared.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// All values together.
    pub fn sum(&self) -> f64 {
        f64::from_bits(self.shared.sum.load(Ordering::Relaxed))
    }
}

impl TypedMetric for BatchedHistogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for BatchedHistogram {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let bounds = self.shared.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.shared.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // The total is taken from the buckets, so that the two agree while others count on.
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum(), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    const BOUNDS: &[f64] = &[0.1, 1.0, 10.0];

    #[test]
    fn values_fall_into_the_bucket_of_their_upper_bound() {
        let histogram = BatchedHistogram::new(BOUNDS);
        histogram.observe_all([0.05, 0.1, 0.100_1, 10.0, 11.0]);
        let mut registry = Registry::default();
        registry.register("h", "help", histogram.clone());
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in
            ["h_bucket{le=\"0.1\"} 2", "h_bucket{le=\"1.0\"} 3", "h_bucket{le=\"10.0\"} 4", "h_bucket{le=\"+Inf\"} 5"]
        {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.contains("h_count 5"), "{text}");
        assert!((histogram.sum() - 21.2501).abs() < 1e-9);
    }

    #[test]
    fn odd_values_do_no_harm() {
        let histogram = BatchedHistogram::new(BOUNDS);
        histogram.observe_all([-5.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!((histogram.count(), histogram.sum()), (1, 0.0));
    }

    #[test]
    fn too_many_bounds_are_cut() {
        static MANY: [f64; 40] = [1.0; 40];
        let histogram = BatchedHistogram::new(&MANY);
        histogram.observe(2.0);
        assert_eq!(histogram.count(), 1);
    }

    #[test]
    fn threads_lose_nothing() {
        let histogram = BatchedHistogram::new(BOUNDS);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        histogram.observe_all([0.5; 16]);
                    }
                });
            }
        });
        assert_eq!((histogram.count(), histogram.sum()), (64_000, 32_000.0));
    }
}
