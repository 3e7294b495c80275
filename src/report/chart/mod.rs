//! Charts of a run: what its pods did, how many at a time, and how the Jobs' counters grew.

mod cluster;
mod differences;
mod frame;
mod lettering;
mod nodes;
mod palette;
mod panel;
mod picture;
mod steps;
mod study;
mod time_axis;
mod timeline;

use thiserror::Error;

use crate::record::Run;
use crate::study::compare::Difference;
use crate::study::results::{Results, Row};

pub use study::Bar;

/// The file format of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartFormat {
    /// Text, sharp at any size.
    Svg,
    /// Pixels, for where SVG is not shown.
    Png,
}

impl ChartFormat {
    /// The ending of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            ChartFormat::Svg => "svg",
            ChartFormat::Png => "png",
        }
    }
}

/// Why there is no chart.
#[derive(Debug, Error)]
pub enum ChartError {
    /// The drawing library gave up.
    #[error("cannot draw the chart: {0}")]
    Draw(String),
    /// The library that writes tables did.
    #[error("cannot write the table: {0}")]
    Table(String),
}

/// A Gantt chart of the pods, grouped by Job.
///
/// # Errors
/// See [`ChartError`].
pub fn timeline(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    timeline::picture(run).render(format)
}

/// Step lines of the active and the ready pods of each Job.
///
/// # Errors
/// See [`ChartError`].
pub fn parallelism(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    steps::parallelism(run).render(format)
}

/// Step lines of the pods that each Job has counted as succeeded and as failed.
///
/// # Errors
/// See [`ChartError`].
pub fn completions(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    steps::completions(run).render(format)
}

/// What of each pool's processors and memory was there, asked for and used.
///
/// # Errors
/// See [`ChartError`].
pub fn utilisation(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    cluster::utilisation(run).render(format)
}

/// Pods that wait for a node, or start on theirs.
///
/// # Errors
/// See [`ChartError`].
pub fn pending(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    cluster::pending(run).render(format)
}

/// A Gantt chart of the pods, grouped by node.
///
/// # Errors
/// See [`ChartError`].
pub fn nodes(run: &Run, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    nodes::picture(run).render(format)
}

/// The metrics of a study at its points, four of them at most: median to P95, the mean and its interval.
///
/// # Errors
/// See [`ChartError`].
pub fn study(results: &Results, rows: &[Row], format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    study::picture(results, rows).render(format)
}

/// What a change did to metrics, in percent of what they were, with names for them.
///
/// # Errors
/// See [`ChartError`].
pub fn differences(
    title: &str,
    subtitle: &str,
    of: &[(String, &Difference)],
    format: ChartFormat,
) -> Result<Vec<u8>, ChartError> {
    differences::picture(title, subtitle, of).render(format)
}

/// Bars with names, one below the other.
///
/// # Errors
/// See [`ChartError`].
pub fn bars(title: &str, subtitle: &str, bars: &[Bar], format: ChartFormat) -> Result<Vec<u8>, ChartError> {
    study::bars(title, subtitle, bars).render(format)
}

/// The ends of paths, as long as it takes to tell them apart: `count`, or `nodePools[0].count` where another pool's varies
/// too.
pub fn short_paths(paths: &[String]) -> Vec<String> {
    let end = |path: &str, names: usize| {
        let start = path.rmatch_indices('.').nth(names - 1).map_or(0, |(at, _)| at + 1);
        path[start..].to_owned()
    };
    let short = |(at, path): (usize, &String)| {
        let is_alone = |own: &String, names: usize| {
            paths.iter().enumerate().all(|(other, path)| other == at || end(path, names) != *own)
        };
        let ends = (1..=path.matches('.').count() + 1).map(|names| (end(path, names), names));
        ends.into_iter().find(|(own, names)| is_alone(own, *names)).map_or_else(|| path.clone(), |(own, _)| own)
    };
    paths.iter().enumerate().map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::picture::{Align, Mark, Picture};
    use super::*;
    use crate::api::pod::PodPhase;
    use crate::kernel::time::SimTime;
    use crate::record::fixture;

    #[test]
    fn paths_are_as_short_as_they_can_be_told_apart() {
        let check = |paths: &[&str], short: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(short_paths(&paths), short);
        };
        check(&["spec.parallelism", "q"], &["parallelism", "q"]);
        check(&["pools[0].count", "pools[1].count", "x"], &["pools[0].count", "pools[1].count", "x"]);
        check(&["a:spec.p", "b:spec.p"], &["a:spec.p", "b:spec.p"]);
        check(&["p", "a.p"], &["p", "a.p"]);
    }

    /// Runs of all shapes, odd ones among them.
    fn runs() -> Vec<Run> {
        let mut instant = fixture::run("instant");
        instant.job("j", None, 1);
        let mut odd = fixture::run(&format!("<script>&\"'{}", "야간 ".repeat(200)));
        let job = odd.job(&"very-long-name-".repeat(17), Some(i32::MAX), i32::MAX);
        odd.status(job, 3.0, [i32::MAX, -1, 0, i32::MAX, i32::MAX]);
        let pod = odd.pending_pod(job, &"<&>".repeat(80), 5.0);
        (pod.finished, pod.phase, pod.reason) = (Some(SimTime(7)), PodPhase::Failed, "DeadlineExceeded");
        odd.pod(job, "late", [1e10, 1.2e10, 1.8e10], -2147483648).restarts = u32::MAX;
        vec![
            fixture::run("empty").0,
            instant.0,
            odd.0,
            fixture::pi(),
            fixture::indexed().0,
            fixture::two_jobs(),
            fixture::large(4, 200),
            fixture::large(3, 2000),
            fixture::large(100, 5000),
            lesson("gpu-nodes-bought-twice"),
            lesson("finished-pod-wakes-all"),
            lesson("image-pull-storm"),
        ]
    }

    /// The run of a shipped lesson.
    fn lesson(name: &str) -> Run {
        let path = format!("{}/scenarios/lessons/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let scenario = crate::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        crate::run::run(&scenario, &crate::run::RunOptions::default())
    }

    fn pictures(run: &Run) -> [(&'static str, Picture); 6] {
        [
            ("timeline", timeline::picture(run)),
            ("parallelism", steps::parallelism(run)),
            ("completions", steps::completions(run)),
            ("nodes", nodes::picture(run)),
            ("utilisation", cluster::utilisation(run)),
            ("pending", cluster::pending(run)),
        ]
    }

    /// Left, top, right and bottom of a text.
    fn extent(mark: &Mark) -> Option<([i32; 4], &str)> {
        let Mark::Text { x, y, size, align, text, .. } = mark else { return None };
        let width = lettering::width(text, *size);
        let left = match align {
            Align::Left => *x,
            Align::Centre => x - width / 2,
            Align::Right => x - width,
        };
        Some(([left, y - size * 3 / 4, left + width, *y], text))
    }

    #[test]
    fn texts_lie_on_the_picture_and_not_on_each_other() {
        for run in runs() {
            for (chart, picture) in pictures(&run) {
                let texts: Vec<([i32; 4], &str)> = picture.marks.iter().filter_map(extent).collect();
                for (number, (a, text)) in texts.iter().enumerate() {
                    let inside = a[0] >= 0 && a[1] >= 0 && a[2] <= picture.width && a[3] <= picture.height;
                    assert!(inside, "{} {chart}: {text} at {a:?}", run.scenario);
                    for (b, other) in &texts[number + 1..] {
                        let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                        assert!(apart, "{} {chart}: {text} on {other}", run.scenario);
                    }
                }
            }
        }
    }

    #[test]
    fn charts_are_small_and_the_same_every_time() {
        for run in runs() {
            for draw in [timeline, parallelism, completions, super::nodes, utilisation, pending] {
                let svg = draw(&run, ChartFormat::Svg).unwrap();
                assert!(svg.len() < 400_000, "{}: {}", run.scenario, svg.len());
                assert_eq!(svg, draw(&run, ChartFormat::Svg).unwrap());
            }
        }
    }

    #[test]
    fn names_are_escaped() {
        let svg = String::from_utf8(timeline(&runs()[2], ChartFormat::Svg).unwrap()).unwrap();
        assert!(svg.contains("Timeline of &lt;script&gt;&amp;&quot;&apos;"), "{svg}");
        assert!(!svg.contains("<script"), "{svg}");
    }

    #[test]
    fn a_png_shows_what_the_picture_has() {
        let run = fixture::indexed();
        let bytes = timeline(&run, ChartFormat::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let picture = timeline::picture(&run);
        assert_eq!((info.width as i32, info.height as i32), (picture.width * 2, picture.height * 2));
        let pixel = |x: i32, y: i32| &pixels[(y * 2 * info.width as i32 + x * 2) as usize * 3..][..3];
        assert_eq!(pixel(1, 1), [255, 255, 255]);
        let mut bars = 0;
        for mark in &picture.marks {
            let Mark::Bar { x, y, width, height, colour } = mark else { continue };
            if *colour == palette::FAILED {
                assert_eq!(pixel(x + width / 2, y + height / 2), [colour.0, colour.1, colour.2]);
                bars += 1;
            }
        }
        // The legend and two pods.
        assert_eq!(bars, 3);
        let inked = pixels.chunks(3).filter(|pixel| pixel.iter().all(|&part| part < 60)).count();
        assert!(inked > 2000, "no letters: {inked} dark pixels");
    }
}
