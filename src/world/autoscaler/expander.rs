//! Which pool grows, of those that would help (`--expander`).

use super::super::World;
use super::estimate::{Choice, processors_and_memory};
use crate::api::quantity::Quantity;
use crate::api::resources::ResourceList;
use crate::kernel::rng::{Purpose, entity, mix};
use crate::scenario::cluster::{Autoscaler as Flags, Expander, NodePool};

const TIES: Purpose = Purpose(0x24);

/// Dollars an hour of a processor, a GiB of memory and a GPU for a pod, whatever its node costs: the base prices that
/// upstream has for GCE, the one large cloud for which it knows any.
const PROCESSOR: f64 = 0.033_174;
const GIB: f64 = 0.004_446;
const GPU: f64 = 0.7;
/// What is added to the prices of nodes and of pods, so that small ones do not decide (`priceStabilizationPod`): that of
/// half a processor and 500 MiB.
const STABILIZER: f64 = 0.5 * PROCESSOR + 500.0 / 1024.0 * GIB;
/// How little a node with GPUs suits a cluster (`gpuUnfitnessOverride`).
const GPUS_ARE_FOR_OTHERS: f64 = 1000.0;
/// Up to so many nodes, a node of so many processors suits a cluster best (`SimplePreferredNodeProvider`).
const PREFERRED: [(usize, f64); 5] = [(2, 1.0), (6, 2.0), (20, 4.0), (60, 8.0), (200, 16.0)];
/// And beyond.
const PREFERRED_IN_LARGE: f64 = 32.0;

impl World<'_> {
    /// Each expander leaves its best to the next (`chainStrategy.BestOption`). What is equal is settled by a draw.
    pub(super) fn choose(&mut self, flags: &Flags, mut choices: Vec<Choice>) -> Option<Choice> {
        let nodes = self.store.nodes().count();
        for expander in flags.expanders.iter().take_while(|&expander| *expander != Expander::Random) {
            let pool = |choice: &Choice| &self.nodes.settings.pools[choice.pool as usize];
            let rank = |choice: &Choice| rank(expander, choice, pool(choice), nodes);
            let best = choices.iter().map(rank).min_by(f64::total_cmp)?;
            choices.retain(|choice| rank(choice) == best);
        }
        let place = match choices.len() {
            0 => return None,
            1 => 0,
            several => {
                let entity = mix(entity(&[b"autoscaler"]), self.now.0);
                (self.nodes.streams.stream(TIES, entity).unit() * several as f64) as usize
            }
        };
        Some(choices.swap_remove(place.min(choices.len() - 1)))
    }
}

/// The least is the best. `nodes` are those that there are.
fn rank(expander: &Expander, choice: &Choice, pool: &NodePool, nodes: usize) -> f64 {
    match expander {
        Expander::Random => 0.0,
        Expander::LeastWaste => waste(choice, pool),
        Expander::MostPods => -(choice.pods.len() as f64),
        Expander::LeastNodes => f64::from(choice.nodes),
        Expander::Price => price(choice, pool) * unfitness(choice, pool, nodes),
        // Pools without a number are left out where others have one.
        Expander::Priority(numbers) => {
            -numbers.iter().find(|(name, _)| *name == pool.name).map_or(-1.0, |(_, number)| f64::from(*number))
        }
    }
}

/// The shares of processors and memory that would be idle, added up (`leastwaste.BestOptions`).
fn waste(choice: &Choice, pool: &NodePool) -> f64 {
    let shares = processors_and_memory(&choice.asked).into_iter().zip(processors_and_memory(&pool.capacity));
    shares
        .map(|(asked, has)| (asked, has * f64::from(choice.nodes)))
        .filter(|(_, has)| *has > 0.0)
        .map(|(asked, has)| (has - asked) / has)
        .sum()
}

/// What the nodes cost an hour, over what the pods would cost alone (`priceBased.BestOptions`).
fn price(choice: &Choice, pool: &NodePool) -> f64 {
    let [thousandths, bytes] = processors_and_memory(&choice.asked);
    let gpus = gpus(&choice.asked).map_or(0.0, |gpus| gpus.milli_value() as f64 / 1000.0);
    let pods = thousandths / 1000.0 * PROCESSOR + bytes / f64::from(1 << 30) * GIB + gpus * GPU;
    let nodes = pool.micros_an_hour as f64 / 1e6 * f64::from(choice.nodes);
    (nodes + STABILIZER) / (pods + STABILIZER)
}

/// How little nodes of the pool suit a cluster of this size; of many at once that matters less
/// (`SimpleNodeUnfitness`).
fn unfitness(choice: &Choice, pool: &NodePool, nodes: usize) -> f64 {
    if gpus(&pool.allocatable).is_some_and(|gpus| gpus.value() > 0)
        || super::GPU_LABELS.iter().any(|key| has(pool, key))
    {
        return GPUS_ARE_FOR_OTHERS;
    }
    let preferred = PREFERRED.iter().find(|(most, _)| nodes <= *most).map_or(PREFERRED_IN_LARGE, |(_, size)| *size);
    let ratio = preferred * 1000.0 / processors_and_memory(&pool.capacity)[0];
    (ratio.max(1.0 / ratio) - 1.0) * (1.0 - libm::tanh(f64::from(choice.nodes - 1) / 15.0)) + 1.0
}

fn gpus(of: &ResourceList) -> Option<&Quantity> {
    of.get("nvidia.com/gpu")
}

fn has(pool: &NodePool, label: &str) -> bool {
    pool.labels.iter().any(|(key, _)| &**key == label)
}
