//! The points of a study as bars: what half and what 95 of 100 of the runs came to, and the mean with its interval.

use super::frame::{self, MARGIN, WIDTH, counted};
use super::lettering;
use super::palette::{FAINT_INK, GRID, INK, RUNNING_AREA, RUNNING_LINE};
use super::picture::{Align, Picture};
use super::short_paths;
use crate::report::study::number;
use crate::study::Measure;
use crate::study::results::{Results, Row, value_text};

/// Most bars; of more points every second, third and so on is shown.
const MOST_BARS: usize = 60;

/// Most metrics.
const MOST_PANELS: usize = 4;

const SIZE: i32 = 11;
/// Height of a panel's heading.
const HEADING: i32 = 22;
const BAR: i32 = 18;
/// Most pixels for the names of points.
const NAMES: i32 = 300;

/// The metrics of a study at its points, each in a panel of its own.
pub(super) fn picture(results: &Results, rows: &[Row]) -> Picture {
    let outline = &results.outline;
    let metrics = &outline.metrics[..outline.metrics.len().min(MOST_PANELS)];
    let step = outline.points.len().div_ceil(MOST_BARS).max(1);
    let mut subtitle = match outline.batches() {
        1 => format!("{} of {} runs or less", counted(outline.points.len(), "point"), outline.replications),
        n => format!(
            "{} of {} of {n} batches",
            counted(outline.points.len(), "point"),
            counted(outline.replications as usize, "run")
        ),
    };
    if step > 1 {
        subtitle += &format!(", one in {step} shown");
    }
    if let [only] = metrics {
        subtitle += &unit(only).map_or_else(String::new, |unit| format!(", in {unit}"));
    }
    let legend = [(RUNNING_AREA, "from the median to P95"), (RUNNING_LINE, "mean and its interval")];
    let title = match metrics {
        [only] => format!("{only} in {}", outline.scenario),
        _ => outline.scenario.clone(),
    };
    let (mut picture, mut top) = frame::begin(&title, &subtitle, &legend);
    for (metric, title) in metrics.iter().enumerate() {
        if metrics.len() > 1 {
            frame::heading(&mut picture, top, title, unit(title).unwrap_or(""));
            top += HEADING;
        }
        let of_it = rows.iter().filter(|row| row.metric == metric && row.count > 0 && row.point % step == 0);
        top = panel(&mut picture, results, &of_it.collect::<Vec<&Row>>(), top);
    }
    picture.height = top;
    picture
}

/// What a metric of this name is counted in, if it is one of ours.
fn unit(metric: &str) -> Option<&'static str> {
    Measure::parse(metric).ok()?.unit()
}

/// A metric at its points, on a scale of its own; answers where the next may begin.
fn panel(picture: &mut Picture, results: &Results, rows: &[&Row], top: i32) -> i32 {
    let paths = short_paths(&results.outline.axes);
    let names: Vec<String> = rows.iter().map(|row| name(results, &paths, row)).collect();
    let widest = names.iter().map(|name| lettering::width(name, SIZE)).max().unwrap_or(0).min(NAMES);
    let left = MARGIN + widest + 10;
    let width = WIDTH - MARGIN - 60 - left;
    let bounds = |row: &Row| row.student.map_or((row.mean, row.mean), |found| (found.low, found.high));
    let most = rows.iter().flat_map(|row| [row.p95, row.mean]).fold(0.0, f64::max);
    let least = rows.iter().flat_map(|row| [row.p50, row.mean, bounds(row).0]).fold(0.0, f64::min);
    let scale = Scale { least, most, left, width };
    let x = |value: f64| scale.place(value);
    let bottom = top + rows.len() as i32 * BAR;
    for tick in ticks(least, most) {
        picture.bar((x(tick), top), (1, bottom - top), GRID);
        picture.text((x(tick), bottom + 16), SIZE, Align::Centre, FAINT_INK, tick.to_string());
    }
    for (at, (row, name)) in rows.iter().zip(names).enumerate() {
        let y = top + at as i32 * BAR;
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_end(&name, SIZE, NAMES));
        let (from, to) = (x(row.p50), x(row.p95));
        picture.bar((from, y + 4), ((to - from).max(1), BAR - 8), RUNNING_AREA);
        let (low, high) = bounds(row);
        picture.bar((x(low), y + BAR / 2 - 1), ((x(high) - x(low)).max(1), 2), RUNNING_LINE);
        picture.bar((x(row.mean) - 1, y + 3), (3, BAR - 6), RUNNING_LINE);
        picture.text((x(most) + 6, y + 13), SIZE, Align::Left, FAINT_INK, number(row.mean));
    }
    bottom + 28
}

/// Where values stand between the least, at most 0, and the most, at least 0.
struct Scale {
    least: f64,
    most: f64,
    left: i32,
    width: i32,
}

impl Scale {
    fn place(&self, value: f64) -> i32 {
        let span = self.most - self.least;
        let share = (value.clamp(self.least, self.most) - self.least) / span;
        self.left + if span > 0.0 { (share * f64::from(self.width)) as i32 } else { 0 }
    }
}

/// Bars with names; of many every second, third and so on.
pub(super) fn bars(title: &str, subtitle: &str, bars: &[(String, f64)]) -> Picture {
    let shown: Vec<&(String, f64)> = bars.iter().step_by(bars.len().div_ceil(MOST_BARS).max(1)).collect();
    let (mut picture, top) = frame::begin(title, subtitle, &[]);
    let widest = shown.iter().map(|(name, _)| lettering::width(name, SIZE)).max().unwrap_or(0).min(NAMES);
    let left = MARGIN + widest + 10;
    let values = || shown.iter().map(|(_, value)| *value);
    let (least, most) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let scale = Scale { least, most, left, width: WIDTH - MARGIN - 60 - left };
    for (at, (name, value)) in shown.iter().enumerate() {
        let y = top + at as i32 * BAR;
        let (from, to) = (scale.place(value.min(0.0)), scale.place(value.max(0.0)));
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_end(name, SIZE, NAMES));
        picture.bar((from, y + 4), ((to - from).max(1), BAR - 8), RUNNING_LINE);
        picture.text((to + 6, y + 13), SIZE, Align::Left, FAINT_INK, number(*value));
    }
    picture.height = top + shown.len() as i32 * BAR + 16;
    picture
}

fn name(results: &Results, paths: &[String], row: &Row) -> String {
    let values = paths.iter().zip(&results.outline.points[row.point]).filter(|(_, value)| value.is_some());
    let values: Vec<String> = values.map(|(path, value)| format!("{path}={}", value_text(value))).collect();
    if values.is_empty() { "as it is".to_owned() } else { values.join(" ") }
}

/// Round numbers from the least up to the greatest, with 0 among them.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let span = most - least;
    if span <= 0.0 || !span.is_finite() {
        return vec![0.0];
    }
    let unit = libm::pow(10.0, libm::floor(libm::log10(span / 4.0)));
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|of| of * unit).find(|step| span / step <= 6.0).unwrap_or(span);
    // Multiples of a step below 1 have digits that only rounding takes off.
    let round = |tick: f64| (tick / unit).round() / (1.0 / unit).round().max(1.0) * if unit > 1.0 { unit } else { 1.0 };
    let first = libm::ceil(least / step) as i32;
    (first..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= most).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::ChartFormat;
    use crate::study::Outline;
    use serde_json::json;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.0, 3700.0), [0.0, 1000.0, 2000.0, 3000.0]);
        assert_eq!(ticks(0.0, 0.5), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(ticks(0.0, 0.0), [0.0]);
        assert_eq!(ticks(0.0, f64::NAN).len(), 1);
        assert_eq!(ticks(-10.0, 0.0), [-10.0, -8.0, -6.0, -4.0, -2.0, 0.0]);
        assert_eq!(ticks(-0.25, 0.25), [-0.2, -0.1, 0.0, 0.1, 0.2]);
    }

    #[test]
    fn values_below_0_have_their_place() {
        let scale = Scale { least: -5.0, most: 15.0, left: 100, width: 200 };
        assert_eq!([-9.0, -5.0, 0.0, 15.0, 99.0].map(|value| scale.place(value)), [100, 100, 150, 300, 300]);
        let mut results = crate::study::results::tests::results();
        results.values[0] = vec![-40.0, 1.0, -44.0, 1.0];
        let picture = picture(&results, &results.rows());
        let svg = String::from_utf8(picture.render(ChartFormat::Svg).expect("drawn")).expect("text");
        assert!(svg.contains("-40"), "{svg}");
    }

    #[test]
    fn a_point_has_a_bar_and_its_name() {
        let outline = Outline {
            scenario: "s".to_owned(),
            digest: String::new(),
            seed: 0,
            axes: vec!["spec.parallelism".to_owned()],
            points: (0..200).map(|n| vec![Some(json!(n))]).collect(),
            metrics: vec!["makespan".to_owned()],
            replications: 3,
            until: None,
            confidence: 0.95,
            steady: None,
            tells_completion: false,
        };
        let values = (0..200).map(|n| vec![f64::from(n), 5.0, f64::NAN]).collect();
        let results = Results { outline, values, memory: Vec::new(), incomplete: 0 };
        let picture = picture(&results, &results.rows());
        let svg = String::from_utf8(picture.render(ChartFormat::Svg).expect("drawn")).expect("text");
        assert!(svg.contains("parallelism=0") && svg.contains("one in 4 shown") && svg.contains("parallelism=196"));
        assert!(!svg.contains("parallelism=1\n"));
    }

    #[test]
    fn each_metric_has_a_panel() {
        let results = crate::study::results::tests::results();
        let picture = picture(&results, &results.rows());
        let svg = String::from_utf8(picture.render(ChartFormat::Svg).expect("drawn")).expect("text");
        assert_eq!(svg.matches("q=a,b").count(), 2, "{svg}");
        assert!(svg.contains("makespan") && svg.contains("wait") && !svg.contains("makespan in s"));
        assert_eq!(svg.matches("seconds").count(), 2, "{svg}");
    }
}
