//! Clusters under strain, each case a line: lost nodes, tolerations, memory, disks, sidecars, drains, the autoscaler.

use jobsim::record::Ending;
use jobsim::record::bill::Bill;
use jobsim::record::gauge::Gauge;
use jobsim::record::measure::Metric;
use jobsim::{PodLife, Run, RunOptions};

use crate::program::{project, run as program, stderr, stdout, workplace};

/// Plays documents with a cluster of these `nodePools` under the ideal profile; `more` stands below `spec`.
pub(crate) fn play(objects: &[String], pools: &str, more: &str) -> Run {
    let simulation = format!(
        "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  horizon: 24h\n  cluster:\n    nodePools: {pools}\n{more}"
    );
    let text = objects.join("---\n") + "---\n" + &simulation;
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    jobsim::run(&scenario, &RunOptions::default())
}

/// A Job of one container that asks for a processor; `more` is of its pods' spec, `container` of their container.
pub(crate) fn job(name: &str, pods: u32, more: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  completions: {pods}\n  parallelism: {pods}\n  \
         backoffLimit: 0\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{restartPolicy: Never, {more} \
         containers: [{{name: c, image: i, {container}}}]}}\n"
    )
}

pub(crate) const ONE_CPU: &str = "resources: {requests: {cpu: 1}}";

pub(crate) fn pods<'r>(run: &'r Run, job: &str) -> Vec<&'r PodLife> {
    let mut pods: Vec<&PodLife> =
        run.pods.iter().filter(|pod| run.job_of(pod).is_some_and(|of| *of.name.name == *job)).collect();
    pods.sort_by_key(|pod| pod.attempt);
    pods
}

/// Seconds, or nothing.
pub(crate) fn seconds(time: Option<jobsim::SimTime>) -> Option<f64> {
    time.map(|time| time.0 as f64 / 1e9)
}

#[test]
fn pods_leave_a_lost_node_when_they_have_had_enough() {
    let own = |list: &str| format!("nodeSelector: {{jobsim/pool: lost}}, tolerations: [{list}], ");
    let key = "key: node.kubernetes.io/unreachable";
    let cases = [
        ("default", String::new(), Some(407.0)),
        (
            "half-a-minute",
            format!("{{{key}, operator: Exists, effect: NoExecute, tolerationSeconds: 30}}"),
            Some(137.0),
        ),
        ("negative", format!("{{{key}, operator: Exists, effect: NoExecute, tolerationSeconds: -5}}"), Some(107.0)),
        ("for-ever", format!("{{{key}, operator: Exists, effect: NoExecute}}"), None),
        ("everything", "{operator: Exists}".to_owned(), None),
        // Of several the first counts, not the shortest.
        (
            "two",
            format!("{{operator: Exists}}, {{{key}, operator: Exists, effect: NoExecute, tolerationSeconds: 60}}"),
            None,
        ),
        ("another-value", format!("{{{key}, value: x, effect: NoExecute}}"), Some(107.0)),
        (
            "not-ready-only",
            "{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}".into(),
            Some(407.0),
        ),
    ];
    let jobs: Vec<String> = cases.iter().map(|(name, list, _)| job(name, 1, &own(list), ONE_CPU)).collect();
    let pools = "[{name: lost, count: 1, allocatable: {cpu: 9, memory: 1Gi, pods: 20}}, \
                  {name: other, count: 3, allocatable: {cpu: 1, memory: 1Gi, pods: 20}}]";
    let actions = "  pods: [{duration: 1h}]\n  actions: [{at: 60s, outage: {component: node, name: lost-0}}]\n";
    let run = play(&jobs, pools, actions);
    for (name, _, leaves) in &cases {
        assert_eq!(seconds(pods(&run, name)[0].terminating), *leaves, "{name}");
    }
    let states: Vec<(f64, &str)> = run.nodes[0].rows.iter().map(|row| (row.time.0 as f64 / 1e9, row.state)).collect();
    assert!(states.contains(&(107.0, "Unknown")), "{states:?}");
}

#[test]
fn where_all_is_away_nobody_is_evicted() {
    // By the node that they run on, one on each of the pool a.
    let leaves = |pools: &str, of: u32, downs: &[(&str, u32)]| -> Vec<Option<f64>> {
        let downs: Vec<String> = downs
            .iter()
            .map(|(node, at)| format!("{{at: {at}s, outage: {{component: node, name: {node}, for: 1h}}}}"))
            .collect();
        let more = format!("  pods: [{{duration: 3h}}]\n  actions: [{}]\n", downs.join(", "));
        let job =
            job("j", of, "nodeSelector: {jobsim/pool: a},", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 9");
        let run = play(&[job], pools, &more);
        let mut first: Vec<(String, Option<f64>)> = pods(&run, "j")
            .iter()
            .take(of as usize)
            .map(|pod| (pod.node.as_deref().unwrap_or("").to_owned(), seconds(pod.terminating)))
            .collect();
        first.sort_by(|a, b| a.0.cmp(&b.0));
        // After an hour nodes come back, their containers are gone, and the Job fails.
        first.into_iter().map(|(_, at)| at.filter(|&at| at < 3600.0)).collect()
    };
    let pool = |name: &str, zone: &str, count: u32| {
        format!("{{name: {name}, count: {count}, zone: {zone}, allocatable: {{cpu: 1, memory: 9Gi, pods: 20}}}}")
    };
    let alone = |count| format!("[{}]", pool("a", "za", count));
    assert_eq!(leaves(&alone(3), 3, &[("a-0", 100), ("a-1", 100), ("a-2", 100)]), [None; 3]);
    // The second one calls off what the first one began.
    assert_eq!(leaves(&alone(2), 2, &[("a-0", 100), ("a-1", 200)]), [None; 2]);
    // Another zone stands: it is this one that is cut off.
    let zones = format!("[{}, {}]", pool("a", "za", 3), pool("b", "zb", 2));
    assert_eq!(leaves(&zones, 3, &[("a-0", 100), ("a-1", 200), ("a-2", 300)]), [Some(447.0), Some(547.0), Some(647.0)]);
    // Three of four are more than half of a small zone.
    let downs = [("a-0", 100), ("a-1", 200), ("a-2", 300)];
    assert_eq!(leaves(&alone(4), 4, &downs), [Some(447.0), Some(547.0), None, None]);
    // Each zone has its own turn: neither waits for the other.
    let zones = format!("[{}, {}]", pool("a", "za", 3), pool("b", "zb", 3));
    assert_eq!(leaves(&zones, 3, &[("b-0", 100), ("a-0", 100)]), [Some(447.0), None, None]);
}

#[test]
fn evictions_begin_where_a_node_that_comes_or_goes_ends_a_disruption() {
    // When the pod of the third of three lost nodes of four has to go.
    let third = |actions: &str, more: &str| {
        let pools = format!("[{{name: a, count: 4, max: 9, allocatable: {{cpu: 1, memory: 9Gi, pods: 20}}}}]{more}");
        let downs =
            ["a-0", "a-1", "a-2"].map(|node| format!("{{at: 1000s, outage: {{component: node, name: {node}}}}}"));
        let spec = format!("  pods: [{{duration: 3h}}]\n  actions: [{}{actions}]\n", downs.join(", "));
        let run = play(&[job("j", 4, "", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 9")], &pools, &spec);
        let pod = pods(&run, "j").into_iter().find(|pod| pod.node.as_deref() == Some("a-2")).expect("a pod");
        seconds(pod.terminating)
    };
    assert_eq!(third("", ""), None);
    // One of them is deleted: two are not enough for a disruption, and ten seconds later the limiter has a token.
    assert_eq!(third(", {at: 1100s, delete: {kind: Node, name: a-0}}", ""), Some(1100.0 + 10.0 + 300.0));
    // Nodes are old enough to count as lost, not as starting. The autoscaler buys nodes for the pods of the first two: three of six are less than more than half.
    let joined = third("", "\n    autoscaler: {}");
    assert!(joined.is_some_and(|at| (1650.0..1900.0).contains(&at)), "{joined:?}");
}

#[test]
fn what_takes_more_than_its_limit_ends() {
    // Memory grows evenly: half of the way after half of the time. Disks are looked at every ten seconds.
    let limited = |limit: &str| format!("resources: {{requests: {{cpu: 1}}, limits: {{{limit}}}}}");
    let cases = [
        ("within", limited("memory: 300Mi"), (100.0, Some(0), "")),
        ("beyond", limited("memory: 100Mi"), (50.0, Some(137), "")),
        ("unlimited", ONE_CPU.to_owned(), (100.0, Some(0), "")),
        ("disk-within", limited("ephemeral-storage: 5Gi"), (100.0, Some(0), "")),
        ("disk-beyond", limited("ephemeral-storage: 1900Mi"), (50.0, Some(143), "Evicted")),
    ];
    let jobs: Vec<String> = cases.iter().map(|(name, container, _)| job(name, 1, "", container)).collect();
    let pools = "[{name: p, count: 1, allocatable: {cpu: 9, memory: 9Gi, pods: 20, ephemeral-storage: 99Gi}}]";
    let run = play(&jobs, pools, "  pods: [{duration: 100s, memory: 200Mi, ephemeralStorage: 4Gi}]\n");
    for (name, _, (ends, code, reason)) in &cases {
        let pod = pods(&run, name)[0];
        assert_eq!((seconds(pod.finished), pod.exit_code, pod.reason), (Some(*ends), *code, *reason), "{name}");
    }
}

#[test]
fn a_kubelet_refuses_what_its_node_has_no_room_for() {
    let pools = "[{name: w, count: 1, allocatable: {cpu: 2, memory: 1Gi, pods: 20}, labels: {disk: hdd}}]";
    let named = |more: &str| format!("nodeName: w-0, {more}");
    let gpu = "resources: {limits: {example.com/gpu: 1}}";
    let jobs = [
        job("a", 3, &named(""), ONE_CPU),
        job("b", 1, &named("nodeSelector: {disk: ssd}, "), ""),
        // What the node does not know it does not count.
        job("c", 1, &named(""), gpu),
    ];
    let run = play(&jobs, pools, "  pods: [{duration: 1h}]\n");
    let of = |name: &str, place: usize| (pods(&run, name)[place].reason, seconds(pods(&run, name)[place].started));
    // Bound is bound: nobody has asked whether it fits.
    assert!(run.pods.iter().all(|pod| pod.node.as_deref() == Some("w-0")));
    assert_eq!((of("a", 0).1, of("a", 1).1), (Some(0.0), Some(0.0)));
    assert_eq!(of("a", 2), ("OutOfcpu", None));
    assert_eq!(of("b", 0), ("NodeAffinity", None));
    assert_eq!(of("c", 0), ("", Some(0.0)));
    let said = |message: &str| run.events.iter().any(|event| event.message == message);
    assert!(said("Node didn't have enough resource: cpu, requested: 1000, used: 2000, capacity: 2000"));
    assert!(said("Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"));
    assert!(run.jobs[0].rows.last().is_some_and(|row| row.status == "Failed"));
}

#[test]
fn sidecars_run_as_long_as_they_are_needed() {
    let sidecar = "initContainers: [{name: s, image: i, restartPolicy: Always}],";
    let jobs = [job("with", 1, sidecar, ONE_CPU), job("without", 1, "", ONE_CPU)];
    let pools = "[{name: p, count: 1, allocatable: {cpu: 9, memory: 9Gi, pods: 20}}]";
    let run = play(&jobs, pools, "  pods: [{match: {container: c}, duration: 60s}, {termination: 3s}]\n");
    let ends = |name| seconds(pods(&run, name)[0].finished);
    assert_eq!((ends("with"), ends("without")), (Some(63.0), Some(60.0)));
    assert_eq!(run.jobs.iter().map(|job| job.rows.last().map(|row| row.succeeded)).collect::<Vec<_>>(), [Some(1); 2]);
}

#[test]
fn nothing_restarts_in_a_pod_that_has_failed() {
    let init = "initContainers: [{name: s, image: i, restartPolicy: Always}, {name: f, image: i}],";
    let pools = "[{name: p, count: 1, allocatable: {cpu: 9, memory: 9Gi, pods: 20}}]";
    // At 15 s the sidecar waits for its restart at 31 s.
    let more = "  pods: [{match: {container: s}, duration: 1s, exitCode: 1}, {match: {container: f}, duration: 15s, exitCode: 3}]\n";
    let run = play(&[job("j", 1, init, ONE_CPU)], pools, more);
    let pod = pods(&run, "j")[0];
    assert_eq!((seconds(pod.finished), pod.phase.as_str()), (Some(15.0), "Failed"));
    assert_eq!(run.ending, Ending::Settled);
}

#[test]
fn a_run_lasts_until_its_horizon() {
    let jobs = [job("j", 1, "", ONE_CPU)];
    let pools = "[{name: p, count: 1, pricePerHour: 2, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";
    let run = play(&jobs, pools, "  pods: [{duration: 48h}]\n");
    // Nothing is written between the first second and the horizon; the node is paid for all the same.
    assert_eq!((run.ending.clone(), seconds(Some(run.end))), (Ending::Horizon, Some(86_400.0)));
    assert!((Bill::of(&run).total - 48.0).abs() < 1e-9);
}

#[test]
fn the_autoscaler_knows_the_labels_of_its_nodes_and_takes_empty_ones_first() {
    let pools = |count: u32| {
        format!(
            "[{{name: p, count: {count}, min: 0, max: 3, bootTime: 60s, allocatable: {{cpu: 4, memory: 9Gi, pods: 20}}}}]\n    \
             autoscaler: {{}}"
        )
    };
    let run = play(&[job("os", 1, "nodeSelector: {kubernetes.io/os: linux},", ONE_CPU)], &pools(0), "");
    assert_eq!(pods(&run, "os")[0].phase.as_str(), "Succeeded");
    // Two nodes, of which the second is empty: it goes after ten minutes, and the pod stays where it is.
    let run = play(&[job("long", 1, "", ONE_CPU)], &pools(2), "  pods: [{duration: 50m}]\n");
    let long = pods(&run, "long");
    let on = long[0].node.clone();
    let gone: Vec<(bool, f64)> =
        run.nodes.iter().map(|node| (Some(&node.name) == on.as_ref(), seconds(node.removed).unwrap_or(1e9))).collect();
    assert_eq!((long.len(), long[0].phase.as_str()), (1, "Succeeded"));
    for (has_the_pod, removed) in gone {
        assert_eq!(has_the_pod, removed > 3_000.0, "{removed}");
        assert!(has_the_pod || (600.0..640.0).contains(&removed), "{removed}");
    }
}

#[test]
fn a_drain_asks_and_a_budget_may_refuse() {
    let budget = |spec: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b}}\nspec: {{selector: {{matchLabels: {{app: j}}}}, {spec}}}\n"
        )
    };
    let drained = |budget: Option<String>| {
        let objects: Vec<String> = budget
            .into_iter()
            .chain([
                job("j", 2, "nodeSelector: {jobsim/pool: p},", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 9")
            ])
            .collect();
        let pools = "[{name: p, count: 2, allocatable: {cpu: 2, memory: 9Gi, pods: 20}}]";
        let more =
            "  pods: [{duration: 1h}]\n  actions: [{at: 10s, drain: {node: p-0}}, {at: 11s, drain: {node: p-1}}]\n";
        let run = play(&objects, pools, more);
        let first: Vec<Option<f64>> = pods(&run, "j").iter().take(2).map(|pod| seconds(pod.terminating)).collect();
        // Who drains is told, once; there is no event.
        let told = run.notes.iter().filter(|note| note.contains("it would violate the pod's disruption budget"));
        assert_eq!(told.count(), first.iter().filter(|at| at.is_none()).count(), "{:?}", run.notes);
        assert!(run.events.iter().all(|event| event.reason != "FailedEviction"));
        first.iter().flatten().filter(|&&at| at < 60.0).count()
    };
    assert_eq!(drained(None), 2);
    assert_eq!(drained(Some(budget("maxUnavailable: 0"))), 0);
    // Nothing replaces the first one: both nodes are cordoned.
    assert_eq!(drained(Some(budget("minAvailable: 1"))), 1);
}

#[test]
fn nodes_fail_and_come_back_or_are_taken_back() {
    let of = |failures: &str| {
        let pools = format!(
            "[{{name: p, count: 1, allocatable: {{cpu: 9, memory: 9Gi, pods: 20}}}}]\n    failures: [{failures}]"
        );
        let run = play(&[job("j", 1, "", ONE_CPU)], &pools, "  pods: [{duration: 180s}]\n");
        let states: Vec<String> =
            run.nodes[0].rows.iter().map(|row| format!("{}@{}", row.state, row.time)).take(4).collect();
        let pod = pods(&run, "j")[0];
        (states.join(" "), seconds(pod.finished), pod.phase.as_str(), seconds(pod.terminating))
    };
    // Given up after 47 seconds; back after 60, with its containers gone.
    let (states, finished, phase, deleted) = of("{pool: p, every: 100s, repair: 60s}");
    assert!(states.contains("Unknown@147") && states.contains("Ready@160"), "{states}");
    assert_eq!((finished, phase, deleted), (Some(160.0), "Failed", None));
    // Back before anyone noticed.
    let (states, finished, ..) = of("{pool: p, every: 100s, repair: 20s}");
    assert!(!states.contains("Unknown"), "{states}");
    assert_eq!(finished, Some(120.0));
    // A provider that warns: the node is drained, and gone half a minute later.
    let (states, _, phase, deleted) = of("{pool: p, every: 100s, reclaimWarning: 30s}");
    assert!(states.contains("Ready,SchedulingDisabled@100") && states.ends_with("Deleted@130"), "{states}");
    assert_eq!((phase, deleted), ("Failed", Some(100.0)));
    // Its pool gets another one, if the scenario says when.
    let pools = "[{name: p, count: 1, allocatable: {cpu: 9, memory: 9Gi, pods: 20}}]\n    failures: [{pool: p, every: 100s, \
                 reclaimWarning: 30s, repair: 3m}]";
    let again = job("j", 1, "", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 9");
    let run = play(&[again], pools, "  pods: [{duration: 80s}]\n");
    assert_eq!(run.nodes.len(), 1, "it is idle when the node would be taken");
    let run = play(
        &[job("j", 1, "", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 1")],
        pools,
        "  pods: [{duration: 101s}]\n",
    );
    let lives: Vec<_> = run.nodes.iter().map(|node| (seconds(Some(node.created)), seconds(node.removed))).collect();
    assert_eq!(lives, [(Some(0.0), Some(130.0)), (Some(310.0), None)]);
}

#[test]
fn the_autoscaler_adds_what_is_missing_and_takes_what_is_idle() {
    let of = |pool: &str, flags: &str| {
        let pools = format!(
            "[{{name: p, count: 0, allocatable: {{cpu: 1, memory: 9Gi, pods: 20}}, {pool}}}]\n    autoscaler: {{{flags}}}"
        );
        play(&[job("j", 2, "", ONE_CPU)], &pools, "  pods: [{duration: 30s}]\n")
    };
    let starts = |run: &Run| pods(run, "j").iter().map(|pod| seconds(pod.started)).collect::<Vec<_>>();
    // The first loop finds the pods too young; the second asks for two machines, which boot for a minute. The pods wait for
    // the end of their back-off then.
    let run = of("max: 3, bootTime: 60s", "expander: least-waste");
    assert_eq!(starts(&run), [Some(74.0), Some(74.0)]);
    assert_eq!(run.nodes.len(), 2);
    for node in &run.nodes {
        let gone = seconds(node.removed).unwrap_or(f64::MAX);
        assert!((704.0..=740.0).contains(&gone), "ten minutes after they fell idle at 104 s: {gone}");
    }
    // One machine takes one pod after the other.
    assert_eq!(starts(&of("max: 1, bootTime: 60s", "")), [Some(74.0), Some(104.0)]);
    // What is to stay stays.
    let kept = of("min: 1, max: 3, bootTime: 60s", "");
    assert_eq!(kept.nodes.iter().filter(|node| node.removed.is_none()).count(), 1);
    // Machines that take too long are given up, and asked for again after a back-off that doubles.
    let late = of("max: 3, bootTime: 20m", "maxNodeProvisionTime: 15m");
    assert_eq!((late.nodes.len(), starts(&late)), (0, vec![None, None]));
    let waits: Vec<&str> =
        late.notes.iter().filter_map(|note| note.split_once("asked for none for ")).map(|(_, wait)| wait).collect();
    assert_eq!(&waits[..4], ["300 s", "300 s", "600 s", "600 s"], "{:?}", late.notes);
}

#[test]
fn the_autoscaler_packs_as_the_scheduler_places() {
    let nodes = |more: &str, container: &str| {
        let pools = "[{name: p, count: 0, max: 9, bootTime: 30s, allocatable: {cpu: 16, memory: 9Gi, pods: 20}}]\n    \
                     autoscaler: {}";
        let run = play(&[job("j", 4, more, &format!("{ONE_CPU}{container}"))], pools, "  pods: [{duration: 30s}]\n");
        let ended = run.jobs[0].rows.last().map(|row| row.status);
        (run.nodes.len(), ended)
    };
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
                 kubernetes.io/hostname, labelSelector: {matchLabels: {app: j}}}]}}, ";
    assert_eq!(nodes("", ""), (1, Some("Complete")));
    assert_eq!(nodes(apart, ""), (4, Some("Complete")));
    assert_eq!(nodes("", ", ports: [{containerPort: 80, hostPort: 80}]"), (4, Some("Complete")));
    // A pod that no node of the pool would take makes none, and is told why.
    let pools = "[{name: p, count: 0, max: 9, allocatable: {cpu: 1, memory: 1Gi, pods: 20}}]\n    autoscaler: {}";
    let huge = "resources: {requests: {cpu: 2, memory: 2Gi}}";
    let run = play(&[job("j", 1, "", huge)], pools, "  pods: [{duration: 30s}]\n");
    let told = "pod didn't trigger scale-up: 1 Insufficient cpu, 1 Insufficient memory";
    assert!(run.nodes.is_empty() && run.events.iter().any(|event| event.message == told), "{:?}", run.events);
}

/// Instants at which the autoscaler takes nodes away, to the second, and how many times it asks for some.
fn scalings(run: &Run) -> (Vec<u64>, usize) {
    let whole = |event: &jobsim::record::EventRow| event.time.0 / 1_000_000_000;
    let taken = run.events.iter().filter(|event| event.message.starts_with("marked the node"));
    let mut asked: Vec<&str> =
        run.events.iter().filter(|e| e.reason == "TriggeredScaleUp").map(|event| event.message.as_str()).collect();
    asked.dedup();
    (taken.map(whole).collect(), asked.len())
}

#[test]
fn nodes_go_as_the_released_autoscaler_lets_them_go() {
    let of = |pool: &str, jobs: &[String], rules: &str| {
        let pools =
            format!("[{{name: a, {pool}, allocatable: {{cpu: 4, memory: 16Gi, pods: 110}}}}]\n    autoscaler: {{}}");
        play(jobs, &pools, &format!("  pods: [{rules}]\n"))
    };
    let asks = |cpu: &str| format!("resources: {{requests: {{cpu: {cpu}}}}}");
    // Three pods of half a node: a node that took one in thought has two to move, and stays.
    let halves = job("w", 3, "", &asks("2")).replace("backoffLimit: 0", "backoffLimit: 9");
    let run = of("count: 3, min: 0, max: 12", &[halves], "{duration: 900s}");
    assert_eq!(run.pods.iter().filter(|pod| pod.terminating.is_some()).count(), 1);
    assert_eq!(scalings(&run).0[0], 600);
    // All idle nodes above the least number have timers, so that both go at once.
    let run = of("count: 3, min: 1, max: 3", &[job("w", 1, "", &asks("3"))], "{duration: 2000s}");
    assert_eq!(scalings(&run).0, [600, 600]);
    // A pod that is to be waited for neither moves nor holds the timer.
    let waits = "cluster-autoscaler.kubernetes.io/safe-to-evict";
    let waiting =
        job("w", 1, "", &asks("1")).replace("labels: {app: w}", &format!("annotations: {{{waits}: on-completion}}"));
    let run = of("count: 1, min: 0, max: 2", &[waiting], "{duration: 900s}");
    assert_eq!(scalings(&run).0.len(), 1);
    assert!((900..=915).contains(&scalings(&run).0[0]), "{:?}", scalings(&run));
    // What could not go is left alone for five minutes, even if it falls idle meanwhile.
    let jobs = [job("big", 1, "", &asks("3")), job("small", 1, "", &asks("1500m"))];
    let rules = "{match: {job: big}, duration: 1700s}, {match: {job: small}, duration: 330s}";
    let run = of("count: 2, min: 0, max: 2", &jobs, rules);
    assert!((1200..=1215).contains(&scalings(&run).0[0]), "{:?}", scalings(&run));
    // A budget with room lets a node go, and is used up by it for the others of the loop.
    let guarded = job("w", 3, "", &asks("1")).replace("backoffLimit: 0", "backoffLimit: 9");
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {minAvailable: 2, \
                  selector: {matchLabels: {app: w}}}\n";
    let run = of("count: 3, min: 0, max: 3", &[guarded, budget.to_owned()], "{duration: 650s}");
    assert_eq!(scalings(&run).0[0], 600);
    assert_eq!(run.pods.iter().filter(|pod| pod.terminating.is_some()).count(), 1);
    // A node that fails for good goes twenty minutes after it was not needed.
    let run = of(
        "count: 1, min: 0, max: 2",
        &[job("w", 1, "", &asks("3"))],
        "{duration: 100s}]\n  actions: [{at: 200s, outage: {component: node, name: a-0}}",
    );
    assert!((1300..=1330).contains(&scalings(&run).0[0]), "{:?}", scalings(&run));
}

#[test]
fn nodes_with_gpus_to_come_are_awaited_and_show_what_their_pool_has() {
    let of = |pool: &str, flags: &str| {
        let gpus = "allocatable: {cpu: 8, memory: 30Gi, pods: 110, nvidia.com/gpu: 1}";
        let pools =
            format!("[{{name: gpu, count: 0, max: 50, {gpus}, bootTime: 60s, {pool}}}]\n    autoscaler: {{{flags}}}");
        let asks = "resources: {requests: {cpu: 1}, limits: {nvidia.com/gpu: 1}}";
        let run = play(&[job("j", 1, "", asks)], &pools, "  pods: [{duration: 300s}]\n");
        (run.nodes.len(), seconds(pods(&run, "j")[0].started))
    };
    // A label says that there will be some: nobody takes the node away, however soon others would go.
    let label = "labels: {cloud.google.com/gke-accelerator: t4}, deviceDelay: 3m";
    let (nodes, started) = of(label, "scaleDownUnneededTime: 1m, scaleDownDelayAfterAdd: 1m");
    assert_eq!(nodes, 1);
    assert!(started.is_some_and(|at| at >= 270.0), "{started:?}");
    // Without a label the first node that has been ready for a minute says that the pool has none.
    let (nodes, _) = of("deviceDelay: 8m", "");
    assert!(nodes < 4, "{nodes}");
}

#[test]
fn the_autoscaler_sees_what_the_loop_of_the_instant_has_not_seen() {
    let pools = "[{name: a, count: 1, min: 0, max: 1, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}, {name: b, count: 0, \
                 max: 1, bootTime: 60s, allocatable: {cpu: 4, memory: 9Gi, pods: 20}}]\n    autoscaler: {}";
    let big = job("j", 1, "", "resources: {requests: {cpu: 2}}");
    let run = play(&[big], pools, "  pods: [{duration: 30s}]\n");
    assert_eq!(seconds(run.events.iter().find(|e| e.reason == "TriggeredScaleUp").map(|e| e.time)), Some(10.0));
}

#[test]
fn runs_last_until_what_could_not_go_has_been_asked_again() {
    // The last Job ends while the node is not to be asked again: it goes all the same.
    let pools =
        "[{name: a, count: 1, min: 0, max: 1, allocatable: {cpu: 4, memory: 9Gi, pods: 20}}]\n    autoscaler: {}";
    for minutes in [30, 31, 32, 33] {
        let rules = format!("  pods: [{{duration: {minutes}m}}]\n");
        let run = play(&[job("j", 1, "", ONE_CPU)], pools, &rules);
        assert!(run.nodes[0].removed.is_some(), "{minutes}");
    }
}

#[test]
fn nodes_and_quotas_alone_keep_no_run_going() {
    let nodes = |count: u32, more: &str| {
        format!(
            "[{{name: w, count: {count}, min: 0, max: {count}, allocatable: {{cpu: 1, memory: 9Gi, pods: 20}}}}]\n    {more}"
        )
    };
    let end = |objects: &[String], pools: &str, more: &str| {
        play(objects, pools, &format!("  pods: [{{duration: 60s, termination: 1s}}]\n{more}")).end.whole_seconds()
    };
    let one = [job("j", 1, "", ONE_CPU).replace("backoffLimit: 0", "backoffLimit: 9")];
    // Machines that are taken and replaced for ever are no reason to go on.
    let failures = "failures: [{every: {exponential: {mean: 600s}}, reclaimWarning: 120s, repair: 300s}]";
    assert!(end(&one, &nodes(200, failures), "") < 1000);
    // Nor is a quota that binds nobody.
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 100}}\n".to_owned();
    let (failures, deletes) = ("failures: [{every: 4m}]", "  actions: [{at: 20s, deletePod: {job: j}}]\n");
    let free = end(&one, &nodes(3, failures), deletes);
    assert_eq!(end(&[one[0].clone(), quota], &nodes(3, failures), deletes), free);
}

#[test]
fn pods_of_a_node_do_not_hold_it() {
    let removed = |metadata: &str| {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, {metadata}}}\nspec: {{nodeName: w-0, containers: [{{name: c, \
             image: i, resources: {{requests: {{cpu: 100m}}}}}}]}}\n"
        );
        let long = job("long", 1, "nodeSelector: {jobsim/pool: keep},", ONE_CPU);
        let pool = |name: &str, min: u32| {
            format!("{{name: {name}, count: 1, min: {min}, max: 1, allocatable: {{cpu: 4, memory: 9Gi, pods: 20}}}}")
        };
        let pools = format!("[{}, {}]\n    autoscaler: {{}}", pool("keep", 1), pool("w", 0));
        let run = play(&[long, pod], &pools, "  pods: [{match: {job: long}, duration: 40m}]\n");
        run.nodes.iter().any(|node| &*node.name == "w-0" && node.removed.is_some())
    };
    let owner = "apiVersion: apps/v1, name: o, uid: 1-2, controller: true";
    assert!(removed(&format!("ownerReferences: [{{kind: DaemonSet, {owner}}}]")));
    assert!(removed("annotations: {kubernetes.io/config.mirror: x}"));
    assert!(!removed(""));
}

#[test]
fn the_autoscaler_leaves_pools_without_bounds_alone() {
    let of = |bounds: &str| {
        let pools = format!(
            "[{{name: a, count: 3{bounds}, allocatable: {{cpu: 4, memory: 9Gi, pods: 20}}}}]\n    autoscaler: {{}}"
        );
        let run = play(&[job("j", 1, "", ONE_CPU)], &pools, "  pods: [{duration: 30m}]\n");
        run.nodes.iter().filter(|node| node.removed.is_some()).count()
    };
    assert_eq!(of(""), 0);
    assert_eq!(of(", min: 1, max: 3"), 2);
}

#[test]
fn a_node_that_got_a_pod_after_all_stays() {
    let pools =
        "[{name: a, count: 2, min: 1, max: 2, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]\n    autoscaler: {}";
    let tolerates =
        job("late", 1, "", ONE_CPU).replace("containers:", "tolerations: [{operator: Exists}], containers:");
    let rules = "  pods: [{duration: 20m}]\n  actions: [{at: 602s, patch: {kind: Job, name: late, merge: {spec: {suspend: false}}}}]\n";
    let late = tolerates.replace("backoffLimit: 0", "backoffLimit: 0\n  suspend: true");
    let run = play(&[job("j", 1, "", ONE_CPU), late], pools, rules);
    let said = run.events.iter().find(|event| event.reason == "ScaleDownFailed").map(|event| event.message.as_str());
    assert!(said.is_some_and(|message| message.ends_with("new pods scheduled")), "{said:?}");
    assert_eq!(pods(&run, "late")[0].terminating, None);
}

#[test]
fn machines_are_paid_for_from_the_asking_and_shares_end_with_their_node() {
    let pools = "[{name: p, count: 0, max: 1, bootTime: 10m, pricePerHour: 3.6, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]\n    \
                 autoscaler: {scaleDownEnabled: false}";
    let run = play(&[job("j", 1, "", ONE_CPU)], pools, "  pods: [{duration: 60s}]\n");
    let node = &run.nodes[0];
    assert_eq!(node.created.since(node.asked), jobsim::SimDuration::from_secs(600));
    let paid = run.end.since(node.asked).0 as f64 / 1e9 * 0.001;
    assert!((jobsim::record::bill::Bill::of(&run).total - paid).abs() < 1e-9);
    // The pod's object stays for a minute after the node's: nobody is paid for that.
    let pools = "[{name: p, count: 1, pricePerHour: 3.6, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";
    let rules = "  pods: [{duration: 1h}]\n  actions: [{at: 100s, delete: {kind: Node, name: p-0}}]\n";
    let run = play(&[job("j", 1, "", ONE_CPU)], pools, rules);
    let bill = jobsim::record::bill::Bill::of(&run);
    assert!(bill.jobs.iter().map(|(_, cost)| cost).sum::<f64>() <= bill.total, "{bill:?}");
}

#[test]
fn pools_that_are_alike_grow_together() {
    let of = |flags: &str, c: &str| {
        let pool = |name: &str, more: &str| {
            format!(
                "{{name: {name}, count: 0, max: 9, allocatable: {{cpu: 1, memory: 1Gi, pods: 9}}, \
                 labels: {{topology.kubernetes.io/zone: {name}{more}}}}}"
            )
        };
        let pools = [pool("a", ""), pool("b", ""), pool("c", c)].join(", ");
        let pools = format!("[{pools}]\n    autoscaler: {{expander: priority, priorities: {{a: 9}}, {flags}}}");
        let full = "resources: {requests: {cpu: 1}}";
        let run = play(&[job("j", 4, "", full)], &pools, "  pods: [{duration: 30s}]\n");
        let mut names: Vec<String> = run.nodes.iter().map(|node| node.name.to_string()).collect();
        names.sort_unstable();
        let scaled = |event: &&jobsim::record::EventRow| event.reason == "TriggeredScaleUp";
        (names.join(" "), run.events.iter().find(scaled).map(|event| event.message.to_string()).unwrap_or_default())
    };
    let (names, message) = of("balanceSimilarNodeGroups: true", ", size: big");
    assert_eq!(names, "a-0 a-1 b-0 b-1");
    assert_eq!(message, "pod triggered scale-up: [{a 0->2 (max: 9)} {b 0->2 (max: 9)}]");
    assert_eq!(of("balanceSimilarNodeGroups: true", "").0, "a-0 a-1 b-0 c-0");
    assert_eq!(of("balanceSimilarNodeGroups: false", "").0, "a-0 a-1 a-2 a-3");
}

#[test]
fn expanders_choose_among_pools() {
    let of = |expander: &str| {
        let pools = format!(
            "[{{name: tight, count: 0, max: 9, allocatable: {{cpu: 1, memory: 1Gi, pods: 9}}, pricePerHour: 0.4}}, \
              {{name: roomy, count: 0, max: 9, allocatable: {{cpu: 8, memory: 8Gi, pods: 9}}, pricePerHour: 0.5}}]\n    \
             autoscaler: {{{expander}}}"
        );
        let full = "resources: {requests: {cpu: 1, memory: 1Gi}}";
        let run = play(&[job("j", 3, "", full)], &pools, "  pods: [{duration: 30s}]\n");
        (run.nodes[0].name.to_string(), run.nodes.len())
    };
    let chosen = |expander, name: &str, nodes| assert_eq!(of(expander), (name.to_owned(), nodes), "{expander}");
    chosen("expander: least-waste", "tight-0", 3);
    chosen("expander: least-nodes", "roomy-0", 1);
    // Three nodes of 0.4 dollars are dearer than one of 0.5, but a small cluster is to have small nodes.
    chosen("expander: price", "tight-0", 3);
    chosen("expander: 'most-pods,least-nodes'", "roomy-0", 1);
    chosen("expander: 'most-pods, least-waste'", "tight-0", 3);
    chosen("expander: 'priority,least-nodes', priorities: {tight: 5}", "tight-0", 3);
    chosen("expander: priority, priorities: {roomy: 10, tight: 5}", "roomy-0", 1);
    chosen("expander: priority, priorities: {roomy: 5, tight: 10}", "tight-0", 3);
}

#[test]
fn a_run_is_paid_for_by_its_jobs_and_by_nobody() {
    // Two Jobs on one node of four processors and 8 Gi: one holds half of it for an hour, the other a quarter for two.
    let asks = |cpu: u32, memory: u32| format!("resources: {{requests: {{cpu: {cpu}, memory: {memory}Gi}}}}");
    let jobs = [job("a", 1, "", &asks(2, 4)), job("b", 1, "", &asks(1, 2))];
    let pools = "[{name: p, count: 1, allocatable: {cpu: 4, memory: 8Gi, pods: 9}, pricePerHour: 0.8}]";
    let more = "  pods: [{match: {job: a}, duration: 1h, cpu: 500m}, {duration: 2h, memory: 1Gi}]\n";
    let bill = Bill::of(&play(&jobs, pools, more));
    let near = |ours: f64, wanted: f64| assert!((ours - wanted).abs() < 0.001, "{ours}, not {wanted}: {bill:?}");
    near(bill.total, 1.6);
    near(bill.of_job(0), 0.4);
    near(bill.of_job(1), 0.4);
    near(bill.idle, 0.8);
    near(bill.of_bare_pods(), 0.0);
    let [pool] = bill.pools.as_slice() else { panic!("{bill:?}") };
    assert_eq!((pool.name.as_deref(), pool.nodes, pool.most), (Some("p"), 1, 1));
    // Processors: 2 for one hour and 1 for two, of 4 for two; used half a one and the one; both take 1 Gi at most.
    let ([asked_cpu, used_cpu], [asked, used]) = (pool.cpu.expect("shares"), pool.memory.expect("shares"));
    near(asked_cpu, 0.5);
    near(used_cpu, 2.5 / 8.0);
    near(asked, 0.5);
    near(used, (1.0 + 2.0) / 16.0);
}

#[test]
fn nodes_are_paid_for_by_the_hour_and_at_least_for_the_minimum() {
    let check = |seconds: u64, expected: f64| {
        let pools = "[{name: p, count: 3, capacity: {cpu: 4, memory: 8Gi}, pricePerHour: 0.5}]";
        let mut run = play(&[job("j", 1, "", "")], pools, "");
        run.end = jobsim::SimTime::ZERO + jobsim::SimDuration::from_secs(seconds);
        let cost = Metric::Cost.of(&Gauge::of_run(&run));
        assert!((cost - expected).abs() < 1e-9, "{seconds}: {cost}");
        assert!((Bill::of(&run).total - expected).abs() < 1e-9, "{seconds}: {cost}");
    };
    check(7200, 3.0);
    check(1, 3.0 * 0.5 / 60.0);
}

#[test]
fn what_is_measured_of_nodes_is_what_was_recorded() {
    let mut with_use = 0;
    for name in ["gpu-nodes-bought-twice", "finished-pod-wakes-all", "lost-node-hangs", "two-wide-jobs-half-placed"] {
        let path = project().join(format!("scenarios/lessons/{name}.yaml"));
        let text = std::fs::read_to_string(path).expect("a scenario");
        let scenario =
            jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let recorded = jobsim::run(&scenario, &RunOptions::default());
        let (kept, mut live) = (Gauge::of_run(&recorded), Gauge::in_cluster(&scenario.cluster));
        (_, live.end) = jobsim::run_unrecorded(&scenario, &RunOptions::default(), vec![&mut live]);
        for metric in [Metric::Cost, Metric::Utilisation, Metric::MemoryUtilisation] {
            for pool in [None, Some(0), Some(1)] {
                let (live, kept) = (metric.of_pool(pool, &live), metric.of_pool(pool, &kept));
                assert_eq!(live.to_bits(), kept.to_bits(), "{name}: {metric:?} of {pool:?}: {live} {kept}");
                with_use += u32::from(live > 0.0);
            }
        }
        assert_eq!(Metric::Cost.of(&live), Bill::of(&recorded).total, "{name}");
    }
    assert!(with_use >= 8, "{with_use}");
}

#[test]
fn a_run_tells_what_its_nodes_cost_and_what_its_pods_waited_for() {
    let folder = workplace();
    let output = program(folder.path(), &["run", "scenarios/lessons/gpu-nodes-bought-twice.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("POOL     NODES   MOST   NODE HOURS"), "{told}");
    let out = folder.path().join("out");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).expect("a summary")).expect("JSON");
    let number = |pointer: &str| summary.pointer(pointer).and_then(serde_json::Value::as_f64).expect(pointer);
    let parts = number("/jobs/0/cost") + number("/cluster/idle_cost") + number("/cluster/bare_pods_cost");
    assert!((parts - number("/cluster/cost")).abs() < 1e-9);
    let pools = number("/cluster/pools/0/cost") + number("/cluster/pools/1/cost");
    assert!((pools - number("/cluster/cost")).abs() < 1e-9 && pools > 1.0);
    // Each pod's waits add up to the time from its creation to its start.
    let column = |file: &str, names: &[&str]| -> Vec<f64> {
        let mut reader = csv::Reader::from_path(out.join(file)).expect("a table");
        let headers = reader.headers().expect("a header").clone();
        let at = |name: &str| headers.iter().position(|header| header == name).expect("a column");
        let places: Vec<usize> = names.iter().map(|name| at(name)).collect();
        let sum = |row: csv::StringRecord| places.iter().map(|&at| row[at].parse::<f64>().expect("a number")).sum();
        reader.records().map(|row| sum(row.expect("a row"))).collect()
    };
    let waits = column("waits.csv", &["queue_s", "capacity_s", "image_s", "start_s"]);
    let (created, started) = (column("pods.csv", &["created_s"]), column("pods.csv", &["started_s"]));
    assert_eq!(waits.len(), 6);
    for ((wait, created), started) in waits.iter().zip(created).zip(started) {
        assert!((wait - (started - created)).abs() < 1e-5, "{wait} {created} {started}");
    }
    for chart in ["nodes.svg", "utilisation.svg", "pending.svg"] {
        assert!(std::fs::metadata(out.join(chart)).is_ok_and(|file| file.len() > 1000), "{chart}");
    }
}

#[test]
fn explain_pod_names_why_each_node_refused_it() {
    let folder = workplace();
    let text = [job("big", 1, "", "resources: {requests: {cpu: 3}}"), job("small", 1, "", ONE_CPU)].join("---\n")
        + "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  pods: [{duration: 60s}]\n  cluster:\n    \
           nodePools: [{name: a, count: 2, allocatable: {cpu: 2, memory: 9Gi, pods: 20}}, {name: b, count: 1, \
           allocatable: {cpu: 8, memory: 9Gi, pods: 20}, taints: [{key: gpu, value: 'yes', effect: NoSchedule}]}]\n";
    std::fs::write(folder.path().join("s.yaml"), text).expect("a file");
    let names = program(folder.path(), &["get", "pods", "s.yaml", "-o", "name"]);
    let name = stdout(&names).lines().find_map(|line| line.strip_prefix("pod/big")).expect("a pod").to_owned();
    let output = program(folder.path(), &["explain", "pod", &format!("big{name}"), "s.yaml"]);
    let told = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    let line = |node: &str| told.lines().find(|line| line.starts_with(node)).unwrap_or_default();
    assert!(told.contains("It waits: capacity") && told.contains("0/3 nodes are available: 1 node(s) had"), "{told}");
    assert!(line("a-0 ").contains("Insufficient cpu") && line("a-1 ").contains("NodeResourcesFit"), "{told}");
    assert!(
        line("b-0 ").contains("node(s) had untolerated taint") && line("b-0").contains("TaintToleration"),
        "{told}"
    );
    let unknown = program(folder.path(), &["explain", "pod", "small", "s.yaml"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("pods \"small\" not found; there are small-"), "{}", stderr(&unknown));
    let elsewhere = program(folder.path(), &["explain", "pod", &format!("big{name}"), "s.yaml", "-n", "team-b"]);
    let hint = "not found\nnote: other namespaces have 1: give -n NAMESPACE\n";
    assert!(stderr(&elsewhere).ends_with(hint), "{}", stderr(&elsewhere));
}

#[test]
fn what_a_node_has_nothing_of_is_left_out() {
    let folder = workplace();
    let text = job("j", 1, "", "")
        + "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  cluster: {nodePools: [{name: a, count: 2, allocatable: {cpu: 1, memory: 1Gi}}]}\n  \
           actions: [{at: 1s, cordon: {node: a-1}}]\n";
    std::fs::write(folder.path().join("s.yaml"), text).expect("a file");
    let nodes = stdout(&program(folder.path(), &["get", "nodes", "s.yaml", "-o", "yaml"]));
    let specs: Vec<&str> = nodes.lines().map(str::trim).filter(|line| line.starts_with("spec:")).collect();
    assert_eq!(specs, ["spec: {}", "spec:"], "{nodes}");
    assert_eq!(nodes.matches("unschedulable: true").count(), 1, "{nodes}");
    assert!(!nodes.contains("unschedulable: {}"), "{nodes}");
}
