//! What a fit found, in words and as files.

use serde_json::json;

use super::chart::{self, Bar, ChartError, ChartFormat};
use super::output::{SUMMARY_FILE, TOOL};
use super::study::{columns, number, percent};
use crate::study::fit::{CONFIDENCE, Fit, FitOptions, Objective, Trial};
use crate::study::results::{Outline, cell, value_text};

/// The answer, why it is no less, and the points beside it.
pub fn text(outline: &Outline, options: &FitOptions, fit: &Fit) -> String {
    let share = percent(options.confidence);
    let asked = format!("all Jobs complete within {} s in {share} of {} runs", options.deadline, options.replications);
    let mut text = String::new();
    match &fit.best {
        Some(best) => {
            text += &format!("{}\n", values(outline, options, best).join(" "));
            text += &format!("  {asked}: {}\n", held(best));
            if let Objective::Measure(measure) = &options.objective {
                text += &format!("  {}: {}\n", measure.name, number(best.objective));
            }
        }
        None => text += &format!("No point tried meets it: {asked}.\n"),
    }
    if let Some(nearest) = &fit.nearest {
        text += &format!("The nearest is {}: {}\n", values(outline, options, nearest).join(" "), held(nearest));
        text += &format!("  it fails: {}\n", nearest.obstacle());
    }
    if !fit.neighbours.is_empty() {
        text += "\nOne step less:\n";
        let mut lines = Vec::new();
        for (axis, trial) in &fit.neighbours {
            let why = if trial.holds {
                format!("holds too, at no less {}", objective_name(outline, options))
            } else {
                format!("fails: {}", trial.obstacle())
            };
            lines.push(vec![format!("  {}", value(outline, options, trial, *axis)), held(trial), why]);
        }
        text += &columns(lines);
    }
    if fit.frontier.len() > 1 {
        text += if fit.along.is_some() { "\nThe first that holds on each line:\n" } else { "\nThose that hold:\n" };
        let line = |trial: &Trial| {
            let mut line = values(outline, options, trial);
            line[0].insert_str(0, "  ");
            line.push(held(trial));
            if let Objective::Measure(_) = options.objective {
                line.push(number(trial.objective));
            }
            line
        };
        text += &columns(fit.frontier.iter().map(line).collect());
    }
    text + &format!("\n{} Intervals in parentheses are at {}.\n", tried(outline, options, fit), percent(CONFIDENCE))
}

/// How much was tried, and what stands for the rest.
fn tried(outline: &Outline, options: &FitOptions, fit: &Fit) -> String {
    let (tried, all) = (fit.trials.len() as u64, fit.points);
    let mut text = match all {
        1 => "There was one point to try.".to_owned(),
        _ => format!("{tried} of {all} points tried."),
    };
    let Some(along) = fit.along.filter(|_| tried < all) else { return text };
    let (axis, lines) = (&outline.axes[along], all / options.values[along].len().max(1) as u64);
    if fit.crooked < lines {
        text += &format!(
            " The others follow if more of {axis} never ends later, as it did in no pair of runs on common random numbers."
        );
    }
    if fit.crooked > 0 {
        text += &match fit.crooked {
            n if n == lines => format!(" As more of {axis} was not always sooner, or Jobs failed,"),
            1 => " On one line more was not always sooner, or Jobs failed, and there".to_owned(),
            n => format!(" On {n} lines more was not always sooner, or Jobs failed, and there"),
        };
        text += " points were tried one by one from the least on.";
    }
    text
}

fn objective_name(outline: &Outline, options: &FitOptions) -> String {
    match &options.objective {
        Objective::Axis(axis) => outline.axes[*axis].clone(),
        Objective::Measure(measure) => measure.name.clone(),
    }
}

fn value(outline: &Outline, options: &FitOptions, trial: &Trial, axis: usize) -> String {
    let value = options.values[axis].value(trial.at[axis]).clone();
    format!("{}={}", outline.axes[axis], value_text(&Some(value)))
}

fn values(outline: &Outline, options: &FitOptions, trial: &Trial) -> Vec<String> {
    (0..trial.at.len()).map(|axis| value(outline, options, trial, axis)).collect()
}

/// `198 of 200 in time (96.4% .. 99.7%)`.
fn held(trial: &Trial) -> String {
    let share = trial.share();
    let (low, high) = (share.low * 100.0, share.high * 100.0);
    format!("{} of {} in time ({low:.1}% .. {high:.1}%)", trial.hits, trial.ends.len())
}

/// The files of a fit.
pub const FILES: [&str; 4] = ["frontier.csv", "points.csv", "frontier.svg", SUMMARY_FILE];

/// The frontier as a table and as a picture, and all points that were tried as a table.
///
/// # Errors
/// Those of drawing.
pub fn files(outline: &Outline, options: &FitOptions, fit: &Fit) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let names = chart::short_paths(&outline.axes);
    let bar = |trial: &Trial| {
        let values = trial.at.iter().zip(&options.values).map(|(&at, values)| Some(values.value(at).clone()));
        let values: Vec<String> =
            names.iter().zip(values).map(|(name, value)| format!("{name}={}", value_text(&value))).collect();
        // Of an axis of names what stands in the list, not where.
        let text = match &options.objective {
            Objective::Axis(axis) => value_text(&Some(options.values[*axis].value(trial.at[*axis]).clone())),
            Objective::Measure(_) => number(trial.objective),
        };
        let is_answer = fit.best.as_ref().is_some_and(|best| best.at == trial.at);
        Bar { name: values.join(" "), value: trial.objective, text, is_answer }
    };
    let bars: Vec<Bar> = fit.frontier.iter().map(bar).collect();
    let title = format!("{} that meets the deadline in {}", objective_name(outline, options), outline.scenario);
    let (share, runs) = (percent(options.confidence), options.replications);
    let subtitle = format!("within {} s in {share} of {runs} runs", options.deadline);
    let picture = chart::bars(&title, &subtitle, &bars, ChartFormat::Svg)?;
    let about = json!({"tool": TOOL, "version": env!("CARGO_PKG_VERSION"), "study": outline});
    Ok(vec![
        ("frontier.csv".to_owned(), table(outline, options, fit, &fit.frontier).into_bytes()),
        ("points.csv".to_owned(), table(outline, options, fit, &fit.trials).into_bytes()),
        ("frontier.svg".to_owned(), picture),
        (SUMMARY_FILE.to_owned(), format!("{about:#}\n").into_bytes()),
    ])
}

fn table(outline: &Outline, options: &FitOptions, fit: &Fit, trials: &[Trial]) -> String {
    let heads: Vec<String> = outline.axes.iter().map(|axis| cell(axis)).collect();
    let mut table = format!("{},runs,in_time,share,share_low,share_high,objective,best,holds\n", heads.join(","));
    for trial in trials {
        let values = trial.at.iter().zip(&options.values).map(|(&at, values)| Some(values.value(at).clone()));
        let values: Vec<String> = values.map(|value| cell(&value_text(&value))).collect();
        let share = trial.share();
        let is_best = fit.best.as_ref().is_some_and(|best| best.at == trial.at);
        let (runs, hits, own) = (trial.ends.len(), trial.hits, trial.objective);
        let own = if own.is_nan() { String::new() } else { own.to_string() };
        table += &format!(
            "{},{runs},{hits},{},{},{},{own},{is_best},{}\n",
            values.join(","),
            share.mean,
            share.low,
            share.high,
            trial.holds
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimDuration;
    use crate::record::measure::PHASES;
    use crate::study::Choice;
    use crate::study::results::tests::results;
    use serde_json::json;

    fn trial(at: [usize; 2], hits: u64, holds: bool) -> Trial {
        let phases = [0.0; PHASES.len()];
        Trial { at: at.to_vec(), ends: vec![5.0; 20], hits, late: 20 - hits, holds, objective: 3.0, phases }
    }

    fn check(best: Option<Trial>, trials: Vec<Trial>, crooked: u64, parts: &[&str]) {
        let options = FitOptions {
            values: vec![Choice::new("x", &[json!(1), json!(2)]), Choice::new("y", &[json!("a"), json!("b")])],
            deadline: SimDuration::from_secs(60),
            confidence: 0.57,
            replications: 20,
            objective: Objective::Axis(0),
        };
        let nearest = trials.first().filter(|_| best.is_none()).cloned();
        let frontier: Vec<Trial> = best.iter().cloned().collect();
        let fit = Fit { best, nearest, along: Some(0), frontier, neighbours: vec![], crooked, trials, points: 4 };
        let told = text(&results().outline, &options, &fit);
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
        let files = files(&results().outline, &options, &fit).expect("files");
        assert_eq!(String::from_utf8_lossy(&files[1].1).lines().count(), 1 + fit.trials.len());
    }

    #[test]
    fn what_was_not_tried_is_said() {
        let holds = || Some(trial([1, 0], 20, true));
        let others = vec![trial([0, 0], 11, false), trial([1, 0], 20, true)];
        let follow = "2 of 4 points tried. The others follow if more of spec.parallelism never ends later, as it did in no \
                      pair of runs on common random numbers.";
        let at = "Intervals in parentheses are at 95%.\n";
        check(holds(), others.clone(), 0, &["in 57% of 20 runs: 20 of 20", &format!("{follow} {at}")]);
        let one = "On one line more was not always sooner, or Jobs failed, and there points were tried one by one from";
        check(holds(), others.clone(), 1, &[&format!("{follow} {one} the least on. {at}")]);
        let all =
            "2 of 4 points tried. As more of spec.parallelism was not always sooner, or Jobs failed, points were tried";
        check(holds(), others, 2, &[all]);
        check(
            None,
            vec![trial([0, 1], 11, false)],
            0,
            &["The nearest is spec.parallelism=1 q=b: 11 of 20 in time (34.2%"],
        );
    }
}
