//! What a change did to each metric, in percent of what it was: the mean of the paired differences and its interval.

use super::frame::{self, MARGIN, WIDTH};
use super::lettering;
use super::palette::{FAINT_INK, GRID, INK, RUNNING_AREA, RUNNING_LINE};
use super::picture::{Align, Picture};
use crate::report::study::number;
use crate::study::compare::Difference;

const SIZE: i32 = 11;
const BAR: i32 = 18;
/// Most pixels for the names of metrics.
const NAMES: i32 = 300;
/// Room for the text behind the bars.
const TEXTS: i32 = 90;

/// A line for each metric that was not 0 before and whose change has an interval.
pub(super) fn picture(title: &str, subtitle: &str, differences: &[(String, &Difference)]) -> Picture {
    let share = |name: &String, found: &Difference| {
        let interval = found.paired.filter(|_| found.first != 0.0 && found.first.is_finite())?;
        let percent = |value: f64| value / found.first.abs() * 100.0;
        Some((name.clone(), [interval.low, found.second - found.first, interval.high].map(percent)))
    };
    let rows: Vec<(String, [f64; 3])> = differences.iter().filter_map(|(name, found)| share(name, found)).collect();
    let legend = [(RUNNING_AREA, "interval"), (RUNNING_LINE, "mean of the differences, run by run")];
    let (mut picture, top) = frame::begin(title, subtitle, &legend);
    let widest = rows.iter().map(|(name, _)| lettering::width(name, SIZE)).max().unwrap_or(0).min(NAMES);
    let (left, right) = (MARGIN + widest + 10, WIDTH - MARGIN - TEXTS);
    let least = rows.iter().map(|(_, row)| row[0]).fold(0.0, f64::min);
    let most = rows.iter().map(|(_, row)| row[2]).fold(0.0, f64::max);
    let span = if most > least { most - least } else { 1.0 };
    let x = |value: f64| left + ((value - least) / span * f64::from(right - left)) as i32;
    let bottom = top + rows.len() as i32 * BAR;
    picture.bar((x(0.0), top - 4), (1, bottom - top + 8), GRID);
    picture.text((x(0.0), bottom + 18), SIZE, Align::Centre, FAINT_INK, "no change");
    for (at, (name, row)) in rows.iter().enumerate() {
        let y = top + at as i32 * BAR;
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_end(name, SIZE, NAMES));
        picture.bar((x(row[0]), y + 4), ((x(row[2]) - x(row[0])).max(1), BAR - 8), RUNNING_AREA);
        picture.bar((x(row[1]) - 1, y + 3), (3, BAR - 6), RUNNING_LINE);
        let sign = if row[1] > 0.0 { "+" } else { "" };
        picture.text((right + 8, y + 13), SIZE, Align::Left, FAINT_INK, format!("{sign}{}%", number(row[1])));
    }
    picture.height = bottom + 28;
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::ChartFormat;
    use crate::study::interval::Interval;

    #[test]
    fn changes_are_shares_of_what_was() {
        let found = |first: f64, second: f64| {
            let mean = second - first;
            let paired = Some(Interval { mean, low: mean - 1.0, high: mean + 1.0 });
            Difference {
                name: String::new(),
                first,
                second,
                paired,
                bootstrap: paired,
                saving: None,
                signs: [0; 3],
                without: 0,
            }
        };
        let (less, more, new) = (found(20.0, 15.0), found(8.0, 10.0), found(0.0, 3.0));
        let rows = [("cost".to_owned(), &less), ("wait".to_owned(), &more), ("retries".to_owned(), &new)];
        let picture = picture("t", "s", &rows);
        let svg = String::from_utf8(picture.render(ChartFormat::Svg).expect("drawn")).expect("text");
        assert!(svg.contains("-25%") && svg.contains("+25%") && svg.contains("no change"), "{svg}");
        // What was nothing before has no share.
        assert!(!svg.contains("retries"));
    }
}
