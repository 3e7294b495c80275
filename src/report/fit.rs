//! What a fit found, in words and as files.

use serde_json::json;

use super::chart::{self, ChartError, ChartFormat};
use super::output::{SUMMARY_FILE, TOOL};
use super::study::{columns, number};
use crate::study::fit::{Fit, FitOptions, Objective, Trial};
use crate::study::results::{Outline, cell, value_text};

/// The answer, why it is no less, and the points beside it.
pub fn text(outline: &Outline, options: &FitOptions, fit: &Fit) -> String {
    let percent = options.confidence * 100.0;
    let asked =
        format!("all Jobs complete within {} s in {percent}% of {} runs", options.deadline, options.replications);
    let mut text = String::new();
    match &fit.best {
        Some(best) => {
            text += &format!("{}\n", values(outline, options, best).join(" "));
            text += &format!("  {asked}: {}\n", held(best, options));
            if let Objective::Measure(measure) = &options.objective {
                text += &format!("  {}: {}\n", measure.name, number(best.objective));
            }
        }
        None => text += &format!("No point tried meets it: {asked}.\n"),
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
            lines.push(vec![format!("  {}", value(outline, options, trial, *axis)), held(trial, options), why]);
        }
        text += &columns(lines);
    }
    if fit.frontier.len() > 1 {
        text += "\nThe first that holds on each line:\n";
        let line = |trial: &Trial| {
            let mut line = values(outline, options, trial);
            line[0].insert_str(0, "  ");
            line.extend([held(trial, options), number(trial.objective)]);
            line
        };
        text += &columns(fit.frontier.iter().map(line).collect());
    }
    let (tried, all) = fit.tried;
    text += &format!("\n{tried} of {all} points tried. ");
    text += &match fit.crooked {
        0 if tried < all => {
            "The others follow if more never ends later, as it did in no pair of runs on common random numbers.\n"
                .to_owned()
        }
        0 => "Every point was tried.\n".to_owned(),
        n => {
            format!("Where more was not always sooner (lines: {n}), points were tried one by one from the least on.\n")
        }
    };
    text
}

fn objective_name(outline: &Outline, options: &FitOptions) -> String {
    match &options.objective {
        Objective::Axis(axis) => outline.axes[*axis].clone(),
        Objective::Measure(measure) => measure.name.clone(),
    }
}

fn value(outline: &Outline, options: &FitOptions, trial: &Trial, axis: usize) -> String {
    let value = options.values[axis][trial.at[axis]].clone();
    format!("{}={}", outline.axes[axis], value_text(&Some(value)))
}

fn values(outline: &Outline, options: &FitOptions, trial: &Trial) -> Vec<String> {
    (0..trial.at.len()).map(|axis| value(outline, options, trial, axis)).collect()
}

/// The values with the last words of their paths.
fn short(values: &[String]) -> String {
    let last = |value: &String| {
        let (path, value) = value.split_once('=').unwrap_or(("", value));
        format!("{}={value}", path.rsplit('.').next().unwrap_or(path))
    };
    values.iter().map(last).collect::<Vec<String>>().join(" ")
}

/// `198 of 200 in time (96.4% .. 99.7%)`.
fn held(trial: &Trial, options: &FitOptions) -> String {
    let share = trial.share(options.confidence);
    let (low, high) = (share.low * 100.0, share.high * 100.0);
    format!("{} of {} in time ({low:.1}% .. {high:.1}%)", trial.hits, trial.ends.len())
}

/// The frontier as a table and as a picture.
///
/// # Errors
/// Those of drawing.
pub fn files(outline: &Outline, options: &FitOptions, fit: &Fit) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let heads: Vec<String> = outline.axes.iter().map(|axis| cell(axis)).collect();
    let mut table = format!("{},runs,in_time,share,share_low,share_high,objective,best\n", heads.join(","));
    for trial in &fit.frontier {
        let values = trial.at.iter().zip(&options.values);
        let values: Vec<String> = values.map(|(&at, values)| cell(&value_text(&Some(values[at].clone())))).collect();
        let share = trial.share(options.confidence);
        let is_best = fit.best.as_ref().is_some_and(|best| best.at == trial.at);
        let (runs, hits, own) = (trial.ends.len(), trial.hits, trial.objective);
        table += &format!(
            "{},{runs},{hits},{},{},{},{own},{is_best}\n",
            values.join(","),
            share.mean,
            share.low,
            share.high
        );
    }
    let bars: Vec<(String, f64)> =
        fit.frontier.iter().map(|trial| (short(&values(outline, options, trial)), trial.objective)).collect();
    let title = format!("{} that meets the deadline in {}", objective_name(outline, options), outline.scenario);
    let subtitle =
        format!("within {} s in {}% of {} runs", options.deadline, options.confidence * 100.0, options.replications);
    let picture = chart::bars(&title, &subtitle, &bars, ChartFormat::Svg)?;
    let about = json!({"tool": TOOL, "version": env!("CARGO_PKG_VERSION"), "study": outline});
    Ok(vec![
        ("frontier.csv".to_owned(), table.into_bytes()),
        ("frontier.svg".to_owned(), picture),
        (SUMMARY_FILE.to_owned(), format!("{about:#}\n").into_bytes()),
    ])
}
