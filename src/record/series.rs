//! Lengths of time of the pods and Jobs of a run, and what is taken of them: `p99(wait)`, `max(turnaround)`.

use super::gauge::Gauge;
use crate::kernel::time::SimDuration;

/// Lengths of time, one for each pod or Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// From a pod's creation until its app containers ran, of the pods that got there.
    Wait,
    /// From then on until the pod ended, or the run.
    Run,
    /// From a pod's creation to its end, or that of the run.
    Life,
    /// From a Job's creation to its end, or that of the run.
    Turnaround,
}

/// What is taken of lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The mean.
    Mean,
    /// The shortest.
    Min,
    /// The longest.
    Max,
    /// All together.
    Sum,
    /// What so many of a hundred thousand do not exceed (nearest rank).
    Percentile(u32),
}

impl Series {
    /// All of them, by name.
    const ALL: [(&'static str, Series); 4] =
        [("wait", Series::Wait), ("run", Series::Run), ("life", Series::Life), ("turnaround", Series::Turnaround)];

    /// The series of this name.
    pub fn named(name: &str) -> Option<Series> {
        Series::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, series)| series)
    }

    fn of(self, gauge: &Gauge) -> Vec<SimDuration> {
        let pods = gauge.pods.iter();
        match self {
            Series::Wait => pods.filter_map(|pod| Some(pod.started?.since(pod.created))).collect(),
            Series::Run => pods.filter_map(|pod| Some(pod.ended.unwrap_or(gauge.end).since(pod.started?))).collect(),
            Series::Life => pods.map(|pod| pod.ended.unwrap_or(gauge.end).since(pod.created)).collect(),
            Series::Turnaround => {
                gauge.jobs.iter().map(|job| job.ended.unwrap_or(gauge.end).since(job.created)).collect()
            }
        }
    }
}

impl Aggregate {
    /// `mean`, `min`, `max`, `sum`, or `p1` to `p100`, with up to three digits behind a point (`p99.9`).
    pub fn named(name: &str) -> Option<Aggregate> {
        Some(match name {
            "mean" => Aggregate::Mean,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "sum" => Aggregate::Sum,
            _ => {
                let (whole, part) = name.strip_prefix('p').map(|rest| rest.split_once('.').unwrap_or((rest, "0")))?;
                let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if !is_digits(whole) || !is_digits(part) || part.len() > 3 {
                    return None;
                }
                let thousandths: u32 = format!("{whole}{part:0<3}").parse().ok()?;
                Aggregate::Percentile(Some(thousandths).filter(|share| (1..=100_000).contains(share))?)
            }
        })
    }

    /// Its value in seconds; not a number where there is nothing that it could be taken of.
    pub fn of(self, series: Series, gauge: &Gauge) -> f64 {
        let mut times = series.of(gauge);
        let sum = || times.iter().map(|time| u128::from(time.0)).sum::<u128>() as f64 / 1e9;
        let seconds = |time: Option<&SimDuration>| time.map_or(f64::NAN, |time| time.0 as f64 / 1e9);
        match self {
            Aggregate::Mean => sum() / times.len() as f64,
            Aggregate::Min => seconds(times.iter().min()),
            Aggregate::Max => seconds(times.iter().max()),
            Aggregate::Sum => sum(),
            Aggregate::Percentile(share) => {
                match (times.len() as u64 * u64::from(share)).div_ceil(100_000).checked_sub(1) {
                    Some(place) => seconds(Some(&*times.select_nth_unstable(place as usize).1)),
                    None => f64::NAN,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn lengths_of_the_tutorials_job() {
        let gauge = Gauge::of_run(&fixture::pi());
        let check = |aggregate: &str, series: &str, value: f64| {
            let found =
                Aggregate::named(aggregate).expect("a function").of(Series::named(series).expect("one"), &gauge);
            assert!((found - value).abs() < 1e-9, "{aggregate}({series}) {found}");
        };
        check("mean", "wait", 1.818);
        check("p50", "wait", 1.91);
        check("p100", "wait", 2.21);
        check("p99.9", "wait", 2.21);
        // Two of five are 40 of a hundred, and a little more is the third.
        check("p40", "wait", 1.52);
        check("p40.001", "wait", 1.91);
        check("max", "wait", 2.21);
        check("min", "wait", 1.52);
        check("sum", "run", 48.27);
        check("max", "life", 13.02);
        check("mean", "turnaround", 35.83);
        for wrong in ["p0", "p101", "p", "median", "", "p0.0", "p100.001", "p1.2345", "p.5", "p1.", "p-1", "p+1"] {
            assert_eq!(Aggregate::named(wrong), None, "{wrong}");
        }
        assert!(Aggregate::Percentile(50_000).of(Series::Wait, &Gauge::default()).is_nan());
        assert!(Aggregate::Max.of(Series::Turnaround, &Gauge::default()).is_nan());
    }
}
