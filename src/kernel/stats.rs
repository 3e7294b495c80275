//! Figures that summaries are made of. Every function is total: what has no value without data is an `Option`.
//!
//! Sums run in the order of the data, so the same data give the same bits.

use super::time::{SimDuration, SimTime};

/// Count, mean, variance and extremes of data that are seen once, in the data's own unit.
///
/// Mean and variance by Welford's recurrence, which loses no digits where the spread is small beside the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    min: f64,
    max: f64,
}

impl Moments {
    /// No data.
    pub const fn new() -> Moments {
        Moments { count: 0, mean: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let from_old = value - self.mean;
        self.mean += from_old / self.count as f64;
        self.squares += from_old * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The arithmetic mean; of one value at least.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The variance of a sample (divided by n - 1), in the square of the data's unit; of two values at least.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// The square root of the variance, in the data's unit; of two values at least.
    pub fn stddev(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// The least value; of one at least.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest value; of one at least.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }
}

impl Default for Moments {
    fn default() -> Moments {
        Moments::new()
    }
}

impl Extend<f64> for Moments {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.add(value));
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Moments {
        let mut moments = Moments::new();
        moments.extend(values);
        moments
    }
}

/// The value that a share `p` of the `sorted` data does not exceed, `p` kept within 0 and 1; in the data's unit.
///
/// Between two values along a straight line: type 7 of Hyndman and Fan (1996), as in R, NumPy and spreadsheets.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    debug_assert!(sorted.is_sorted(), "quantiles are of sorted data");
    let last = sorted.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    // A `p` that is not a number becomes place 0.
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = place - below as f64;
    // Equal neighbours, infinite ones too, have nothing between them.
    Some(if low < high && share > 0.0 { low + (high - low) * share } else { low })
}

/// [`quantile`] of durations, rounded to the nearest nanosecond.
pub fn duration_quantile(sorted: &[SimDuration], p: f64) -> Option<SimDuration> {
    debug_assert!(sorted.is_sorted(), "quantiles are of sorted data");
    let last = sorted.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = place - below as f64;
    // Only the distance goes through a float: long durations keep their nanoseconds.
    Some(low + SimDuration(((high - low).0 as f64 * share).round() as u64))
}

/// The average over time of something that keeps its value until it changes, such as running pods or cores in use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeAverage {
    start: SimTime,
    since: SimTime,
    value: i64,
    /// Value times nanoseconds up to `since`; exact, for 2^63 of each.
    area: i128,
    min: i64,
    max: i64,
}

impl TimeAverage {
    /// From `start` on the value is `value`.
    pub const fn new(start: SimTime, value: i64) -> TimeAverage {
        TimeAverage { start, since: start, value, area: 0, min: value, max: value }
    }

    /// From `at` on the value is `value`. Changes come in order of time; one that does not counts from the last one.
    pub fn set(&mut self, at: SimTime, value: i64) {
        self.area = self.area_at(at);
        self.since = self.since.max(at);
        self.value = value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// From `at` on the value is greater by `change`.
    pub fn add(&mut self, at: SimTime, change: i64) {
        self.set(at, self.value.saturating_add(change));
    }

    /// The value now.
    pub fn value(&self) -> i64 {
        self.value
    }

    /// The least value so far, also if it had it for no time at all.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// The greatest value so far, also if it had it for no time at all.
    pub fn max(&self) -> i64 {
        self.max
    }

    /// Value times time from the start to `end`, in the value's unit times seconds: pod-seconds, core-seconds.
    pub fn value_seconds(&self, end: SimTime) -> f64 {
        self.area_at(end) as f64 / super::time::NANOS_PER_SECOND as f64
    }

    /// The average from the start to `end`, in the value's unit. Of no time at all: the value.
    pub fn average(&self, end: SimTime) -> f64 {
        match end.max(self.since).since(self.start).0 {
            0 => self.value as f64,
            nanos => self.area_at(end) as f64 / nanos as f64,
        }
    }

    fn area_at(&self, end: SimTime) -> i128 {
        self.area.saturating_add(i128::from(self.value) * i128::from(end.since(self.since).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_handful() {
        let moments: Moments = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
        assert_eq!((moments.count(), moments.mean()), (8, Some(5.0)));
        assert_eq!(moments.variance(), Some(32.0 / 7.0));
        assert_eq!((moments.min(), moments.max()), (Some(2.0), Some(9.0)));
    }

    #[test]
    fn moments_keep_a_small_spread_on_a_large_mean() {
        let moments: Moments = [4.0, 7.0, 13.0, 16.0].into_iter().map(|x| x + 1e9).collect();
        assert_eq!((moments.mean(), moments.variance()), (Some(1e9 + 10.0), Some(30.0)));
    }

    #[test]
    fn moments_of_too_little() {
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.min(), moments.max()), (None, None, None));
        moments.add(3.0);
        assert_eq!((moments.mean(), moments.variance(), moments.stddev()), (Some(3.0), None, None));
    }

    #[test]
    fn quantiles_are_of_type_7() {
        let check = |data: &[f64], p, expected| assert_eq!(quantile(data, p), expected, "{data:?} {p}");
        check(&[], 0.5, None);
        check(&[3.0], 0.99, Some(3.0));
        check(&[1.0, 2.0, 3.0, 4.0], 0.0, Some(1.0));
        check(&[1.0, 2.0, 3.0, 4.0], 0.25, Some(1.75));
        check(&[1.0, 2.0, 3.0, 4.0], 0.5, Some(2.5));
        check(&[1.0, 2.0, 3.0, 4.0], 1.0, Some(4.0));
        check(&[1.0, 2.0, 3.0, 4.0], 7.0, Some(4.0));
        check(&[1.0, 2.0], f64::NAN, Some(1.0));
        check(&[1.0, f64::INFINITY, f64::INFINITY], 0.75, Some(f64::INFINITY));
    }

    #[test]
    fn quantiles_of_durations_keep_nanoseconds() {
        let check = |data: &[u64], p, expected: Option<u64>| {
            let data: Vec<SimDuration> = data.iter().copied().map(SimDuration).collect();
            assert_eq!(duration_quantile(&data, p), expected.map(SimDuration), "{data:?} {p}");
        };
        check(&[], 0.5, None);
        check(&[10, 20, 30], 0.25, Some(15));
        check(&[1, 2], 0.5, Some(2));
        check(&[u64::MAX - 2, u64::MAX], 0.5, Some(u64::MAX - 1));
        check(&[u64::MAX], 1.0, Some(u64::MAX));
        check(&[5, 7], f64::NAN, Some(5));
    }

    #[test]
    fn averages_weigh_by_time() {
        let seconds = SimTime::from_secs;
        let mut running = TimeAverage::new(seconds(10), 0);
        running.add(seconds(20), 4);
        running.add(seconds(40), -3);
        running.set(seconds(40), 2);
        assert_eq!((running.value(), running.min(), running.max()), (2, 0, 4));
        assert_eq!(running.value_seconds(seconds(50)), 100.0);
        assert_eq!(running.average(seconds(50)), 2.5);
    }

    #[test]
    fn averages_are_total() {
        let mut value = TimeAverage::new(SimTime(5), 7);
        assert_eq!(value.average(SimTime(5)), 7.0);
        assert_eq!(value.average(SimTime(0)), 7.0);
        value.set(SimTime(15), 1);
        value.set(SimTime(0), 3);
        assert_eq!(value.average(SimTime(0)), 7.0);
        assert_eq!(value.average(SimTime(25)), 5.0);
        let mut extreme = TimeAverage::new(SimTime::ZERO, i64::MIN);
        extreme.add(SimTime::MAX, -1);
        assert_eq!((extreme.value(), extreme.average(SimTime::MAX)), (i64::MIN, i64::MIN as f64));
    }
}
