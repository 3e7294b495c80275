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

/// What a line shows: bounds and mean in percent, or a text where there is no share of what was.
enum Line {
    Share([f64; 3]),
    Text(String),
}

impl Line {
    fn of(found: &Difference) -> Line {
        let mean = found.second - found.first;
        if !mean.is_finite() {
            return Line::Text("no value".to_owned());
        }
        if found.first == 0.0 && mean != 0.0 {
            return Line::Text(format!("{} after 0", number(found.second)));
        }
        let (low, high) = found.paired.map_or((mean, mean), |interval| (interval.low, interval.high));
        let percent = |value: f64| if value == 0.0 { 0.0 } else { value / found.first.abs() * 100.0 };
        // What was and is nothing has bounds in no percent.
        Line::Share(if found.first == 0.0 { [0.0; 3] } else { [low, mean, high].map(percent) })
    }
}

/// A line for each metric.
pub(super) fn picture(title: &str, subtitle: &str, differences: &[(String, &Difference)]) -> Picture {
    let rows: Vec<(&String, Line)> = differences.iter().map(|(name, found)| (name, Line::of(found))).collect();
    let legend = [(RUNNING_AREA, "interval"), (RUNNING_LINE, "mean of the differences, run by run")];
    let (mut picture, top) = frame::begin(title, subtitle, &legend);
    let widest = rows.iter().map(|(name, _)| lettering::width(name, SIZE)).max().unwrap_or(0).min(NAMES);
    let (left, right) = (MARGIN + widest + 10, WIDTH - MARGIN - TEXTS);
    let shares = || rows.iter().filter_map(|(_, line)| if let Line::Share(row) = line { Some(row) } else { None });
    let least = shares().map(|row| row[0]).fold(0.0, f64::min);
    let most = shares().map(|row| row[2]).fold(0.0, f64::max);
    // Without a change it stands in the middle.
    let (least, most) = if most > least { (least, most) } else { (-1.0, 1.0) };
    let span = most - least;
    let x = |value: f64| left + ((value - least) / span * f64::from(right - left)) as i32;
    let bottom = top + rows.len() as i32 * BAR;
    picture.bar((x(0.0), top - 4), (1, bottom - top + 8), GRID);
    picture.text((x(0.0), bottom + 18), SIZE, Align::Centre, FAINT_INK, "no change");
    for (at, (name, line)) in rows.iter().enumerate() {
        let y = top + at as i32 * BAR;
        picture.text((left - 8, y + 13), SIZE, Align::Right, INK, lettering::cut_end(name, SIZE, NAMES));
        let row = match line {
            Line::Share(row) => row,
            Line::Text(text) => {
                picture.text((right + 8, y + 13), SIZE, Align::Left, FAINT_INK, text.as_str());
                continue;
            }
        };
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
        assert!(svg.contains("retries") && svg.contains("3 after 0"), "{svg}");
    }
}
