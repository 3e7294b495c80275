//! What all charts have around them: title, subtitle, legend, the words for a Job.

use super::lettering;
use super::palette::{Colour, FAINT_INK, INK, PAPER};
use super::picture::{Align, Picture};
use crate::record::{JobLife, Run};

/// Pixels from left to right.
pub(super) const WIDTH: i32 = 960;

/// Pixels kept free at both sides.
pub(super) const MARGIN: i32 = 20;

/// What the pods that no Job made are called.
pub(super) const BARE_PODS: &str = "bare pods";

const TITLE_SIZE: i32 = 18;
const SIZE: i32 = 12;
const NAME_SIZE: i32 = 13;
const SWATCH: i32 = 11;

/// A picture with its title, a line below it and the legend, and the pixel where the chart itself may begin.
pub(super) fn begin(title: &str, subtitle: &str, legend: &[(Colour, &str)]) -> (Picture, i32) {
    let mut picture = Picture { width: WIDTH, ..Picture::default() };
    let room = WIDTH - 2 * MARGIN;
    picture.text((MARGIN, 32), TITLE_SIZE, Align::Left, INK, lettering::cut_end(title, TITLE_SIZE, room));
    picture.text((MARGIN, 53), SIZE, Align::Left, FAINT_INK, lettering::cut_end(subtitle, SIZE, room));
    let mut x = MARGIN;
    for &(colour, label) in legend {
        picture.bar((x, 67), (SWATCH, SWATCH), colour);
        picture.text((x + SWATCH + 5, 77), SIZE, Align::Left, INK, label);
        x += SWATCH + 5 + lettering::width(label, SIZE) + 18;
    }
    (picture, 96)
}

/// Writes the name of a Job and what there is to say of it, on paper of its own over grid lines; `y` is the top.
pub(super) fn heading(picture: &mut Picture, y: i32, name: &str, said: &str) {
    let room = WIDTH - 2 * MARGIN;
    let name = lettering::cut_end(name, NAME_SIZE, room / 2);
    let beside = lettering::width(&name, NAME_SIZE) + 8;
    let said = lettering::cut_end(said, SIZE, room - beside);
    let width = beside + lettering::width(&said, SIZE);
    picture.bar((MARGIN - 2, y + 2), (width + 4, 15), PAPER);
    picture.text((MARGIN, y + 14), NAME_SIZE, Align::Left, INK, name);
    picture.text((MARGIN + beside, y + 14), SIZE, Align::Left, FAINT_INK, said);
}

/// A number in few letters: `99999`, `200k`, `5000k`; what it leaves out is less than a hundredth.
pub(super) fn compact(mut number: u128) -> String {
    let mut units = ["", "k", "M", "G", "T", "P"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while number >= 100_000
        && let Some(next) = units.next()
    {
        (number, unit) = (number / 1000, next);
    }
    format!("{number}{unit}")
}

/// `5 pods of 1 Job, seed 42`.
pub(super) fn size_of(run: &Run) -> String {
    format!("{} of {}, seed {}", counted(run.pods.len(), "pod"), counted(run.jobs.len(), "Job"), run.seed)
}

/// `1 pod`, `1,200 pods`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// Digits in groups of three.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How a Job stood at the end: `Complete, 5/5 succeeded, 1 failed`.
pub(super) fn standing(job: &JobLife) -> String {
    let Some(row) = job.rows.last() else { return String::new() };
    let wanted = job.completions.map(|wanted| format!("/{wanted}")).unwrap_or_default();
    let failed = if row.failed > 0 { format!(", {} failed", row.failed) } else { String::new() };
    format!("{}, {}{wanted} succeeded{failed}", job.status_word(), row.succeeded)
}

/// Names of the Jobs, with their namespaces if there are several.
pub(super) fn job_names(run: &Run) -> Vec<String> {
    let first = run.jobs.first().map(|job| &job.name.namespace);
    let several = run.jobs.iter().any(|job| Some(&job.name.namespace) != first);
    let name = |job: &JobLife| if several { job.name.to_string() } else { job.name.name.to_string() };
    run.jobs.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        let check = |count, text: &str| assert_eq!(counted(count, "pod"), text);
        check(0, "0 pods");
        check(1, "1 pod");
        check(999, "999 pods");
        check(1_234_567, "1,234,567 pods");
    }

    #[test]
    fn large_numbers_are_short() {
        let check = |number, text: &str| assert_eq!(compact(number), text);
        check(0, "0");
        check(9999, "9999");
        check(99_999, "99999");
        check(200_000, "200k");
        check(5_000_000, "5000k");
        check(u64::MAX.into(), "18446P");
    }
}
