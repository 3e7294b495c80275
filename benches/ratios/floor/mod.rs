//! The floor: the least that anything of its kind could cost. Nothing here uses the simulator.

pub(crate) mod ladder;
pub(crate) mod life_cycle;
