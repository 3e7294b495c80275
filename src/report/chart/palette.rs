//! Colours that people with any colour vision can tell apart (after Okabe and Ito), on white.

use plotters::style::RGBColor;

/// A colour without transparency.
pub(super) type Colour = RGBColor;

/// The background.
pub(super) const PAPER: Colour = RGBColor(255, 255, 255);
/// Titles, names, axes.
pub(super) const INK: Colour = RGBColor(34, 34, 34);
/// What stands beside: subtitles, tick labels.
pub(super) const FAINT_INK: Colour = RGBColor(105, 105, 105);
/// Grid lines.
pub(super) const GRID: Colour = RGBColor(230, 230, 230);
/// A pod that no node has.
pub(super) const WAITING: Colour = RGBColor(221, 221, 221);
/// A pod on its node whose app containers have not run.
pub(super) const STARTING: Colour = RGBColor(160, 160, 160);
/// A pod that runs.
pub(super) const RUNNING: Colour = RGBColor(86, 180, 233);
/// As [`RUNNING`], for an area behind a line.
pub(super) const RUNNING_AREA: Colour = RGBColor(190, 225, 246);
/// As [`RUNNING`], for a line.
pub(super) const RUNNING_LINE: Colour = RGBColor(0, 114, 178);
/// A pod that succeeded.
pub(super) const SUCCEEDED: Colour = RGBColor(0, 158, 115);
/// A pod that failed.
pub(super) const FAILED: Colour = RGBColor(213, 94, 0);
/// Exit codes beside the bar of a failed pod.
pub(super) const FAILED_INK: Colour = RGBColor(168, 68, 0);
/// A pod between its deletion and its end.
pub(super) const TERMINATING: Colour = RGBColor(204, 121, 167);
