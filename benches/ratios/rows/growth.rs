//! Row 4: how time grows with pods, as the exponent of a power: 1 would be in proportion.

use super::model::pods_of;
use crate::measure::{Effort, Program, Ratio, by_turns, cpu};
use crate::report::{Finding, Gate};
use crate::scenarios;

const LIVE: u32 = 1_000;
/// Short runs are repeated until so many pods were run.
const REPEATED: u32 = 100_000;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let sizes: &[u32] = match effort {
        Effort { test: true, .. } => &[1_000, 2_000],
        Effort { full: true, .. } => &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        _ => &[1_000, 10_000, 100_000, 1_000_000],
    };
    vec![
        exponent(effort, "live pods fixed", sizes, |_| LIVE, 1.02),
        exponent(effort, "live pods growing", sizes, |pods| pods, 1.13),
    ]
}

fn exponent(effort: Effort, what: &str, sizes: &[u32], live: fn(u32) -> u32, gate: f64) -> Finding {
    let program = |&pods: &u32| -> Program<'static> {
        let scenario = scenarios::full_model(live(pods), pods);
        let times = REPEATED.div_ceil(pods);
        Box::new(move || (0..times).map(|_| pods_of(&scenario)).sum())
    };
    let times = by_turns(effort, cpu, sizes.iter().map(program).collect());
    // Time a pod grows with an exponent that is less by one than that of all time.
    let points = |time: fn(&crate::measure::Times, usize) -> f64| {
        sizes.iter().enumerate().map(move |(at, &pods)| (f64::from(pods), at, time)).collect::<Vec<_>>()
    };
    let slope = |time: fn(&crate::measure::Times, usize) -> f64| {
        let logs: Vec<(f64, f64)> =
            points(time).iter().map(|&(pods, at, time)| (libm::log(pods), libm::log(time(&times, at)))).collect();
        1.0 + slope(&logs)
    };
    let (median, least) = (slope(crate::measure::Times::median), slope(crate::measure::Times::least));
    let (first, last) = (times.median(0), times.median(sizes.len() - 1));
    Finding {
        row: 4,
        case: format!("growth, {what}, 1e3 to {:.0e} pods", f64::from(sizes[sizes.len() - 1])),
        unit: "ns a pod",
        floor: first,
        ours: last,
        ratio: Ratio { median, low: median.min(least), high: median.max(least) },
        gate: Gate::AtMost(gate),
    }
}

/// Of the line that comes closest to the points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let of = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
    of(&|point| (point.0 - x) * (point.1 - y)) / of(&|point| (point.0 - x) * (point.0 - x))
}
