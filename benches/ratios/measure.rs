//! Programs that take turns, timed by the CPU time of this process.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Turns of a full measurement.
const ROUNDS: usize = 5;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    /// Run everything once at a small size: does it work at all?
    pub(crate) test: bool,
    /// The sizes that take minutes too.
    pub(crate) full: bool,
}

impl Effort {
    /// How often programs take turns.
    pub(crate) fn rounds(self) -> usize {
        if self.test { 1 } else { ROUNDS }
    }

    /// A size: that of a measurement, or that of a test.
    pub(crate) fn size(self, measured: u32, tested: u32) -> u32 {
        if self.test { tested } else { measured }
    }
}

/// A program that does a number of things and says how many.
pub(crate) type Program<'a> = Box<dyn FnMut() -> u64 + 'a>;

/// Nanoseconds a thing, of each program in each round.
pub(crate) struct Times(Vec<Vec<f64>>);

/// Runs programs by turns, after one turn that is not counted.
pub(crate) fn by_turns(effort: Effort, clock: fn() -> f64, mut programs: Vec<Program<'_>>) -> Times {
    let mut times = vec![Vec::new(); programs.len()];
    for round in 0..=effort.rounds() {
        for (program, times) in programs.iter_mut().zip(&mut times) {
            let begin = clock();
            let things = program();
            let time = (clock() - begin) / things as f64;
            if round > 0 || effort.test {
                times.push(time);
            }
        }
    }
    Times(times)
}

impl Times {
    /// The median of a program.
    pub(crate) fn median(&self, program: usize) -> f64 {
        median(self.0[program].clone())
    }

    /// The least of a program.
    pub(crate) fn least(&self, program: usize) -> f64 {
        self.0[program].iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How many times as long as another a program takes: within each round, as the machine changes between them.
    pub(crate) fn ratio(&self, program: usize, other: usize) -> Ratio {
        let ratios = || self.0[program].iter().zip(&self.0[other]).map(|(a, b)| a / b);
        let (low, high) = (ratios().fold(f64::INFINITY, f64::min), ratios().fold(0.0, f64::max));
        Ratio { median: median(ratios().collect()), low, high }
    }
}

/// A ratio over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

/// CPU time of all threads of this process, in nanoseconds.
pub(crate) fn cpu() -> f64 {
    nanos(clock_gettime(ClockId::ProcessCPUTime))
}

/// Time that passed, in nanoseconds.
pub(crate) fn wall() -> f64 {
    nanos(clock_gettime(ClockId::Monotonic))
}

fn nanos(time: Timespec) -> f64 {
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
