//! What a run's nodes cost.

use crate::kernel::time::SimDuration;
use crate::record::Run;

/// Nanoseconds of an hour, times millionths of a dollar in one.
const MICRO_HOURS: f64 = 3600e9 * 1e6;

/// Dollars for the run's nodes, each from the making of its object until it goes or the run ends, by the nanosecond,
/// and at least for the least time that a node is paid for. Nodes of no pool cost nothing.
pub(super) fn of_run(run: &Run, minimum: SimDuration) -> f64 {
    let of_node = |node: &crate::record::nodes::NodeLife| {
        let rate = node.pool.and_then(|pool| run.pools.get(pool as usize)).map_or(0, |pool| pool.micros_an_hour);
        let time = node.removed.unwrap_or(run.end).since(node.created).max(minimum);
        u128::from(rate) * u128::from(time.0)
    };
    run.nodes.iter().map(of_node).sum::<u128>() as f64 / MICRO_HOURS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;
    use crate::run::{RunOptions, run};
    use crate::scenario::read_str;

    #[test]
    fn nodes_are_paid_for_by_the_hour_and_at_least_for_the_minimum() {
        let check = |seconds: u64, expected: f64| {
            let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: \
                 Never, containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\n\
                 spec: {profile: ideal, cluster: {nodePools: [{name: p, count: 3, \
                 capacity: {cpu: 4, memory: 8Gi}, pricePerHour: 0.5}]}}"
                .to_string();
            let scenario = read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            let mut run = run(&scenario, &RunOptions::default());
            run.end = SimTime::ZERO + SimDuration::from_secs(seconds);
            let cost = of_run(&run, scenario.cluster.minimum_charge);
            assert!((cost - expected).abs() < 1e-9, "{seconds}: {cost}");
        };
        check(7200, 3.0);
        check(1, 3.0 * 0.5 / 60.0);
    }

    #[test]
    fn what_is_measured_of_nodes_is_what_was_recorded() {
        use crate::record::gauge::Gauge;
        use crate::record::measure::Metric;
        use crate::run::run_unrecorded;
        let mut with_use = 0;
        for name in ["gpu-nodes-bought-twice", "finished-pod-wakes-all", "lost-node-hangs", "two-wide-jobs-half-placed"]
        {
            let path = format!("{}/scenarios/lessons/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).expect("a scenario");
            let scenario = read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            let minimum = scenario.cluster.minimum_charge;
            let recorded = run(&scenario, &RunOptions::default());
            let (kept, mut live) = (Gauge::of_run(&recorded, minimum), Gauge::in_cluster(&scenario.cluster));
            (_, live.end) = run_unrecorded(&scenario, &RunOptions::default(), vec![&mut live]);
            for metric in [Metric::Cost, Metric::Utilisation, Metric::MemoryUtilisation] {
                for pool in [None, Some(0), Some(1)] {
                    let (live, kept) = (metric.of_pool(pool, &live), metric.of_pool(pool, &kept));
                    assert_eq!(live.to_bits(), kept.to_bits(), "{name}: {metric:?} of {pool:?}: {live} {kept}");
                    with_use += u32::from(live > 0.0);
                }
            }
            assert_eq!(Metric::Cost.of(&live), of_run(&recorded, minimum), "{name}");
        }
        assert!(with_use >= 8, "{with_use}");
    }
}
