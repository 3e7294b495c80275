//! `jobsim explain distribution`: what chance can be told to draw.

use std::fmt::Write;

use super::explain::wrapped;
use crate::scenario::simulation::{DISTRIBUTIONS, ManualField};

/// The families with other than named parameters, and what they draw.
const OTHERS: [(&str, &str); 5] = [
    ("constant: VALUE", "Always the same, as a plain value is."),
    ("weighted: {VALUE: WEIGHT, ..}", "One of several values, by their weights: {weighted: {0: 0.97, 137: 0.03}}."),
    ("empirical: {values: [VALUE, ..]}", "One of the values, each as often as the others: what was measured."),
    (
        "empirical: {file: NAME, column: NAME}",
        "The same of a column of a CSV file beside the scenario; lengths of time in it are seconds unless they say more. \
         `column` may be left out where there is only one.",
    ),
    (
        "mixture: [{weight: WEIGHT, FAMILY: ..}, ..]",
        "One of several distributions, by their weights: [{weight: 9, constant: 5s}, {weight: 1, exponential: {mean: \
         10m}}].",
    ),
];

/// The page on all of them.
pub(super) fn page() -> String {
    let mut text = "GROUP:      jobsim\nKIND:       Simulation\nVERSION:    v1alpha1\n\nDESCRIPTION:\n".to_owned();
    let about = "What chance draws: lengths of time, exit codes, sizes, numbers. A plain value is always the same; else \
                 one of the families below, written as {lognormal: {median: 4m, p99: 9m}}. Values and what is said of \
                 them are in the unit of the field: `30s` for a length of time, `500m` for processors, `2Gi` for \
                 memory. Each draw hangs on the seed and on what it is for, not on what was drawn before it.";
    _ = writeln!(text, "{}\nFAMILIES:", wrapped(about, 4));
    let named = DISTRIBUTIONS.iter().map(|form| {
        let value = form.measured.iter().map(|parameter| format!("{parameter}: VALUE"));
        let number = form.plain.iter().map(|parameter| format!("{parameter}: NUMBER"));
        let parameters: Vec<String> = value.chain(number).collect();
        (format!("{}: {{{}}}", form.name, parameters.join(", ")), form.text)
    });
    let others = OTHERS.iter().map(|(form, text)| ((*form).to_owned(), *text));
    for (form, about) in others.clone().take(1).chain(named).chain(others.skip(1)) {
        _ = writeln!(text, "  {form}\n{}", wrapped(about, 4));
    }
    text
}

/// What is said below a field that can be drawn; nothing below others.
pub(super) fn hint(field: &ManualField) -> &'static str {
    match field.kind {
        "durations" | "codes" | "sizes drawn" | "draws" => {
            "DISTRIBUTIONS:\n    A value, or a family such as {uniform: {min: .., max: ..}}: see `jobsim\n    explain \
             distribution`.\n\n"
        }
        _ => "",
    }
}
