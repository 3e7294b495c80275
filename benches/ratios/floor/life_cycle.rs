//! A pod's life and nothing else: create, bind, start, exit, count, remove, each an event of the bare ladder queue.
//!
//! Pods lie in a slab of 40 bytes each; run times are uniform, drawn from one block of ChaCha8 a pod. There are no
//! objects, versions, watchers, rules or observers: what remains of the simulator's work if everything else were free.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::ladder::Ladder;

const STARTUP: u64 = 1_500_000_000;
/// Run times lie between these.
const SHORTEST: u64 = 5_000_000_000;
const LONGEST: u64 = 15_000_000_000;
/// From a pod's end to its being counted.
const BATCH: u64 = 1_000_000_000;

/// A pod as far as its life needs it.
#[derive(Clone, Copy, Default)]
struct Pod {
    created: u64,
    bound: u64,
    started: u64,
    ended: u64,
    succeeded: bool,
}

#[derive(Clone, Copy)]
enum Step {
    Bind,
    Start,
    Exit,
    Count,
    Remove,
}

const STEPS: [Step; 5] = [Step::Bind, Step::Start, Step::Exit, Step::Count, Step::Remove];

/// The memory of runs.
pub(crate) struct LifeCycle {
    events: Ladder,
    pods: Vec<Pod>,
    free: Vec<u32>,
    draws: ChaCha8Rng,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) succeeded: u64,
    pub(crate) end: u64,
    pub(crate) busy: u64,
    pub(crate) waits: u64,
}

impl LifeCycle {
    /// Nothing has run yet.
    pub(crate) fn new() -> LifeCycle {
        let draws = ChaCha8Rng::from_seed([0; 32]);
        LifeCycle { events: Ladder::default(), pods: Vec::new(), free: Vec::new(), draws }
    }

    /// `pods` pods, `live` of them at a time.
    pub(crate) fn run(&mut self, seed: u64, pods: u32, live: u32) -> Outcome {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        self.draws = ChaCha8Rng::from_seed(key);
        self.pods.clear();
        self.free.clear();
        let (mut outcome, mut created) = (Outcome::default(), live.min(pods));
        (0..created).for_each(|_| self.create(0));
        while let Some((now, [step, slot])) = self.events.pop() {
            outcome.end = now;
            let pod = &mut self.pods[slot as usize];
            let next = match STEPS[step as usize] {
                Step::Bind => {
                    pod.bound = now;
                    now + STARTUP
                }
                Step::Start => {
                    pod.started = now;
                    let block: [u64; 8] = std::array::from_fn(|_| self.draws.next_u64());
                    let unit = (block[0] >> 11 | 1) as f64 * (1.0 / (1u64 << 53) as f64);
                    now + SHORTEST + (unit * (LONGEST - SHORTEST) as f64) as u64
                }
                Step::Exit => {
                    (pod.ended, pod.succeeded) = (now, true);
                    now + BATCH
                }
                Step::Count => {
                    outcome.succeeded += u64::from(pod.succeeded);
                    now
                }
                Step::Remove => {
                    outcome.busy += pod.ended - pod.started;
                    outcome.waits += pod.bound - pod.created;
                    self.free.push(slot as u32);
                    if created < pods {
                        self.create(now);
                        created += 1;
                    }
                    continue;
                }
            };
            self.events.push(next, [step + 1, slot]);
        }
        outcome
    }

    fn create(&mut self, now: u64) {
        let pod = Pod { created: now, ..Pod::default() };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.pods.push(pod);
                self.pods.len() as u32 - 1
            }
        };
        self.pods[slot as usize] = pod;
        self.events.push(now, [0, u64::from(slot)]);
    }
}
