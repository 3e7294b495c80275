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
    let (points, runs) = (counted(outline.points.len(), "point"), counted(outline.replications as usize, "run"));
    let mut subtitle = match outline.batches() {
        1 if outline.until.is_some() => format!("{points} of {runs} or fewer"),
        1 => format!("{points} of {runs}"),
        n => format!("{points} of {runs} of {n} batches"),
    };
    if step > 1 {
        subtitle += &format!(", one in {step} shown");
    }
    if metrics.len() < outline.metrics.len() {
        subtitle += &format!(", the first {} of {} metrics", metrics.len(), outline.metrics.len());
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
    let texts: Vec<String> = rows.iter().map(|row| number(row.mean)).collect();
    let (left, width) = between(&names, &texts);
    let bounds = |row: &Row| row.student.map_or((row.mean, row.mean), |found| (found.low, found.high));
    let most = rows.iter().flat_map(|row| [row.p95, row.mean, bounds(row).1]).fold(0.0, f64::max);
    let least = rows.iter().flat_map(|row| [row.p50, row.mean, bounds(row).0]).fold(0.0, f64::min);
    let scale = Scale { least, most, left, width };
    let x = |value: f64| scale.place(value);
    let bottom = top + rows.len() as i32 * BAR;
    for tick in ticks(least, most) {
        picture.bar((x(tick), top), (1, bottom - top), GRID);
        picture.text((x(tick), bottom + 16), SIZE, Align::Centre, FAINT_INK, of_tick(tick));
    }
    for (at, ((row, name), text)) in rows.iter().zip(names).zip(texts).enumerate() {
        let y = top + at as i32 * BAR;
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_middle(&name, SIZE, NAMES));
        let (from, to) = (x(row.p50), x(row.p95));
        picture.bar((from, y + 4), ((to - from).max(1), BAR - 8), RUNNING_AREA);
        let (low, high) = bounds(row);
        picture.bar((x(low), y + BAR / 2 - 1), ((x(high) - x(low)).max(1), 2), RUNNING_LINE);
        picture.bar((x(row.mean) - 1, y + 3), (3, BAR - 6), RUNNING_LINE);
        picture.text((x(most) + 6, y + 13), SIZE, Align::Left, FAINT_INK, text);
    }
    if rows.is_empty() {
        picture.text((left - 8, top + 13), SIZE, Align::Left, FAINT_INK, "no value at any point");
    }
    bottom + 28
}

/// Where bars begin between their names and the texts behind them, and how long they can be.
fn between(names: &[String], texts: &[String]) -> (i32, i32) {
    let widest = |texts: &[String]| texts.iter().map(|text| lettering::width(text, SIZE)).max().unwrap_or(0);
    let left = MARGIN + widest(names).min(NAMES) + 10;
    (left, WIDTH - MARGIN - widest(texts).max(48) - 12 - left)
}

/// A number of the axis, with an exponent where it has too many digits.
fn of_tick(tick: f64) -> String {
    let size = tick.abs();
    if size >= 1e7 || size > 0.0 && size < 1e-4 { format!("{tick:e}") } else { tick.to_string() }
}

/// Where values stand between the least, at most 0, and the most, at least 0.
struct Scale {
    least: f64,
    most: f64,
    left: i32,
    width: i32,
}

/// A bar with its name.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands before it.
    pub name: String,
    /// How long it is.
    pub value: f64,
    /// What stands behind it.
    pub text: String,
    /// Is it the answer? Others are pale.
    pub is_answer: bool,
}

impl Scale {
    fn place(&self, value: f64) -> i32 {
        let span = self.most - self.least;
        let share = (value.clamp(self.least, self.most) - self.least) / span;
        self.left + if span > 0.0 { (share * f64::from(self.width)) as i32 } else { 0 }
    }
}

/// Bars with names; of many every second, third and so on.
pub(super) fn bars(title: &str, subtitle: &str, bars: &[Bar]) -> Picture {
    let step = bars.len().div_ceil(MOST_BARS).max(1);
    // The one that counts is never left out.
    let shown = bars.iter().enumerate().filter(|(at, bar)| at % step == 0 || bar.is_answer).map(|(_, bar)| bar);
    let shown: Vec<&Bar> = shown.collect();
    let subtitle = match step {
        1 if bars.is_empty() => format!("{subtitle}: no point that was tried"),
        1 => subtitle.to_owned(),
        _ => format!("{subtitle}, one in {step} of {} shown", bars.len()),
    };
    let legend = [(RUNNING_LINE, "the answer"), (RUNNING_AREA, "others")];
    let (mut picture, top) = frame::begin(title, &subtitle, if shown.is_empty() { &[] } else { &legend });
    let names: Vec<String> = shown.iter().map(|bar| bar.name.clone()).collect();
    let texts: Vec<String> = shown.iter().map(|bar| bar.text.clone()).collect();
    let (left, width) = between(&names, &texts);
    let values = || shown.iter().map(|bar| bar.value);
    let (least, most) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let scale = Scale { least, most, left, width };
    for (at, Bar { name, value, text, is_answer }) in shown.iter().enumerate() {
        let y = top + at as i32 * BAR;
        let (from, to) = (scale.place(value.min(0.0)), scale.place(value.max(0.0)));
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_middle(name, SIZE, NAMES));
        let colour = if *is_answer { RUNNING_LINE } else { RUNNING_AREA };
        picture.bar((from, y + 4), ((to - from).max(1), BAR - 8), colour);
        picture.text((to + 6, y + 13), SIZE, Align::Left, FAINT_INK, text.as_str());
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
