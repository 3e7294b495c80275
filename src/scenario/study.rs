//! What a scenario says of the studies that are made of it.

use super::axis::Axis;
use super::source::Location;
use crate::kernel::time::SimDuration;

/// `spec.study` of a Simulation; what it leaves open is absent.
#[derive(Clone, Debug, Default)]
pub struct StudySection {
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How values of several axes go together.
    pub design: Option<Design>,
    /// Runs of each point.
    pub replications: Option<u32>,
    /// Points of a Latin hypercube, and values of an axis that is drawn.
    pub samples: Option<u32>,
    /// The share of the mean that half an interval may come to before replications stop.
    pub until: Option<f64>,
    /// Of intervals.
    pub confidence: Option<f64>,
    /// What begins before is left out.
    pub warm_up: Option<SimDuration>,
    /// Parts that the rest of each run is cut into.
    pub batches: Option<u32>,
    /// Names of metrics and expressions over them.
    pub metrics: Vec<String>,
    /// Where the paths of the axes stand.
    pub axis_places: Vec<Location>,
    /// Where the metrics stand.
    pub metric_places: Vec<Location>,
}

/// How values of several axes go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Design {
    /// Each value of an axis with each of all others.
    #[default]
    Cartesian,
    /// The scenario as it is, then each value of each axis by itself.
    OneAtATime,
    /// So many points that each axis is cut into as many slices, and each slice is met once.
    LatinHypercube,
}

impl Design {
    /// All of them.
    pub const ALL: [Design; 3] = [Design::Cartesian, Design::OneAtATime, Design::LatinHypercube];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Design::Cartesian => "cartesian",
            Design::OneAtATime => "one-at-a-time",
            Design::LatinHypercube => "latin-hypercube",
        }
    }
}

/// Reads `2%` or `0.02`: a share above 0 and below 1.
///
/// # Errors
/// A sentence that says so.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().map(|number| number / unit).ok();
    share
        .filter(|share| 0.0 < *share && *share < 1.0)
        .ok_or_else(|| format!("\"{text}\" is not a share like 2% or 0.02, above 0 and below 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_in_both_ways() {
        assert_eq!(parse_share("2%"), Ok(0.02));
        assert_eq!(parse_share("0.5"), Ok(0.5));
        for wrong in ["", "%", "0", "100%", "1", "-1%", "NaN", "two"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }
}
