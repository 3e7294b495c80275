//! Row 11: the tutorial's Job from the start of the process to its end, against a process that does nothing.

use std::process::{Command, Stdio};

use crate::measure::{Effort, Program, by_turns, wall};
use crate::report::{Finding, Gate};

/// Milliseconds of the gate over those of an empty process where it was set.
const GATE: f64 = 5.0 / 1.0;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let pi = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/pi.yaml");
    let starts = effort.size(40, 1);
    let often = |mut command: Command| -> Program<'static> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Box::new(move || {
            (0..starts).for_each(|_| assert!(command.status().expect("a process").success()));
            u64::from(starts)
        })
    };
    let mut ours = Command::new(env!("CARGO_BIN_EXE_jobsim"));
    ours.args(["run", pi, "--out", "none"]);
    let times = by_turns(effort, wall, vec![often(Command::new("true")), often(ours)]);
    vec![Finding {
        row: 11,
        case: "process, pi.yaml, start to end".to_owned(),
        unit: "ms",
        floor: times.median(0) / 1e6,
        ours: times.median(1) / 1e6,
        ratio: times.ratio(1, 0),
        gate: if effort.test { Gate::None } else { Gate::AtMost(GATE) },
    }]
}
