//! Machines that come late or never, and runs that end although the autoscaler would look on for ever.

use jobsim::record::Ending;
use jobsim::{Run, RunOptions};

use crate::clusters::{ONE_CPU, job, pods, seconds};

/// Plays documents with one pool `p` of four processors a node; `spec` stands below that of the simulation.
fn play(objects: &[String], pool: &str, autoscaler: &str, spec: &str, seed: u64) -> Run {
    let text = objects.join("---\n")
        + &format!(
            "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  cluster:\n    nodePools: [{{name: p, \
             allocatable: {{cpu: 4, memory: 16Gi, pods: 110}}, {pool}}}]\n    autoscaler: {{{autoscaler}}}\n{spec}"
        );
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    jobsim::run(&scenario, &RunOptions { seed: Some(seed), ..RunOptions::default() })
}

const THREE_CPUS: &str = "resources: {requests: {cpu: 3}}";
const HUGE: &str = "resources: {requests: {cpu: 30}}";

fn ended(run: &Run) -> Vec<&str> {
    run.jobs.iter().map(|job| job.rows.last().map_or("", |row| row.status)).collect()
}

/// Seconds of the notes that say this.
fn noted(run: &Run, what: &str) -> Vec<f64> {
    let said = run.notes.iter().filter(|note| note.contains(what));
    said.map(|note| note.split_once(" s: ").and_then(|(at, _)| at.parse().ok()).expect("a time")).collect()
}

#[test]
fn a_pod_that_fits_no_pool_ends_no_less_for_a_machine_that_was_late() {
    let jobs = [job("small", 1, "", THREE_CPUS), job("large", 1, "", HUGE)];
    let pool = "count: 0, min: 0, max: 3, bootTime: {uniform: {min: 4m, max: 12m}}";
    let mut late = 0;
    for seed in 0..4 {
        let spec = "  pods: [{duration: 10m}]\n  horizon: 240h\n";
        let run = play(&jobs, pool, "maxNodeProvisionTime: 5m", spec, seed);
        assert_eq!((run.ending.clone(), ended(&run)[0]), (Ending::Settled, "Complete"), "{seed}");
        late += run.notes.len();
    }
    assert!(late > 0);
}

#[test]
fn a_pool_that_brings_a_machine_now_and_then_is_asked_on() {
    let pool = "count: 0, min: 0, max: 5, bootTime: {uniform: {min: 3m, max: 7m}}";
    let flags = "maxNodeProvisionTime: 5m, scaleDownUnneededTime: 1m, scaleDownDelayAfterAdd: 0s";
    let spec = "  pods: [{duration: 5m}]\n  horizon: 960h\n  arrivals: [{template: a, interarrival: 1h, limit: 40}]\n";
    for seed in [1, 5, 7, 8] {
        let run = play(&[job("a", 1, "", THREE_CPUS)], pool, flags, spec, seed);
        assert!(ended(&run).iter().all(|status| *status == "Complete"), "{seed}: {:?}", ended(&run));
        assert_eq!(run.ending, Ending::Settled, "{seed}");
    }
}

#[test]
fn a_late_machine_is_given_up_at_its_own_time() {
    // The pool grows every five minutes, and no machine is ever there within fifteen.
    let pool = "count: 0, min: 0, max: 9, bootTime: 16m";
    let arrivals =
        "  pods: [{duration: 24h}]\n  horizon: 48h\n  arrivals: [{template: a, interarrival: 5m, limit: 2}]\n";
    let run = play(&[job("a", 1, "", THREE_CPUS)], pool, "", arrivals, 0);
    let text = "did not come within maxNodeProvisionTime and is given up";
    assert!(run.nodes.is_empty() && !noted(&run, text).is_empty(), "{:?}", run.notes);
    // Every one of them is asked for anew for a while, and then the run is over.
    assert_eq!(run.ending, Ending::Settled);
    assert!(run.notes.len() >= 10 && run.notes.len() < 40, "{:?}", run.notes);
    // Where machines come, the next one is bought as soon as the late one is given up.
    let pool = "count: 0, min: 0, max: 99, bootTime: {weighted: {3m: 0.8, 16m: 0.2}}";
    let arrivals =
        "  pods: [{duration: 24h}]\n  horizon: 6h\n  arrivals: [{template: a, interarrival: 5m, limit: 60}]\n";
    let run = play(&[job("a", 1, "", THREE_CPUS)], pool, "", arrivals, 1);
    let waits: Vec<f64> = run
        .pods
        .iter()
        .filter(|pod| pod.created.0 < 5 * 3_600_000_000_000)
        .map(|pod| seconds(pod.started).unwrap_or(1e9) - seconds(Some(pod.created)).unwrap_or(0.0))
        .collect();
    // A pod waits for no more than a few late machines in a row.
    let most = waits.iter().copied().fold(0.0, f64::max);
    assert!(waits.len() > 50 && most > 900.0 && most < 3.0 * 920.0 + 200.0, "{waits:?}");
}

#[test]
fn notes_have_the_times_of_what_they_tell() {
    // A settled run ends with its last write, and machines may fail to come later.
    let run = play(&[job("j", 1, "", THREE_CPUS)], "count: 0, max: 3, bootTime: 20m", "", "  horizon: 24h\n", 0);
    let times = noted(&run, "brought no node");
    assert!(run.notes.len() == 10 && times.is_sorted_by(|a, b| a < b), "{:?} {:?}", run.end, run.notes);
}

#[test]
fn a_node_that_somebody_deletes_was_not_removed_by_the_autoscaler() {
    let flags = "scaleDownUnneededTime: 40s, scaleDownDelayAfterAdd: 0s";
    let of = |actions: &str| {
        let spec = format!("  pods: [{{duration: 5s}}]\n{actions}");
        let run = play(&[job("j", 1, "", ONE_CPU)], "count: 2, min: 0, max: 5", flags, &spec, 0);
        let told = |message: &str| -> Vec<f64> {
            run.events.iter().filter(|event| event.message == message).filter_map(|e| seconds(Some(e.time))).collect()
        };
        (told("marked the node as toBeDeleted/unschedulable"), told("nodes removed by cluster autoscaler"))
    };
    let (marked, removed) = of("");
    assert_eq!((marked.len(), removed.len()), (2, 2));
    // Amid the five seconds between the two.
    let at = marked[0] + 2.0;
    let delete = |node: &str| format!("{{at: {at}s, delete: {{kind: Node, name: {node}}}}}");
    let (marked, removed) = of(&format!("  actions: [{}, {}]\n", delete("p-0"), delete("p-1")));
    assert_eq!((marked[0] + 2.0, removed), (at, Vec::new()));
}

#[test]
fn the_autoscaler_tells_of_itself_on_its_config_map() {
    let told = |pods: u32, pool: &str, flags: &str| -> Vec<String> {
        let run = play(&[job("j", pods, "", THREE_CPUS)], pool, flags, "  pods: [{duration: 90s}]\n  horizon: 3h\n", 0);
        let is_told = |event: &&jobsim::EventRow| event.kind == "ConfigMap";
        run.events.iter().filter(is_told).map(|event| format!("{} {}", event.reason, event.message)).collect()
    };
    let flags = "scaleDownUnneededTime: 40s, scaleDownDelayAfterAdd: 0s";
    let wanted = [
        "ScaledUpGroup Scale-up: setting group p size to 1 instead of 0 (max: 3)",
        "ScaledUpGroup Scale-up: group p size set to 1 instead of 0 (max: 3)",
        "ScaleDownEmpty Scale-down: removing empty node \"p-0\"",
        "ScaleDownEmpty Scale-down: empty node p-0 removed",
    ];
    assert_eq!(told(1, "count: 0, min: 0, max: 3, bootTime: 1m", flags), wanted);
    let late = told(1, "count: 0, min: 0, max: 3, bootTime: 20m", "");
    assert_eq!(late[2], "ScaleUpTimedOut Nodes added to group p failed to register within 15m0s");
    let full = told(2, "count: 0, min: 0, max: 3, bootTime: 1m", "maxNodesTotal: 1, scaleDownEnabled: false");
    assert_eq!(full[2..], ["MaxNodesTotalReached Max total nodes in cluster reached: 1"]);
}

#[test]
fn pods_that_name_a_node_that_does_not_come_are_collected() {
    let named = job("j", 1, "nodeName: late,", "").replace("backoffLimit: 0", "backoffLimit: 1");
    let folder = crate::program::workplace();
    let run = |spec: &str| play(std::slice::from_ref(&named), "count: 1, max: 1", "", spec, 0);
    let never = run("  pods: [{duration: 30s}]\n");
    let ends: Vec<(&str, Option<f64>)> =
        pods(&never, "j").iter().map(|pod| (pod.phase.as_str(), seconds(pod.finished.or(pod.removed)))).collect();
    // After a minute of ticks; the second one was created amid two of them.
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert_eq!(ends[0], ("Failed", Some(60.0)), "{ends:?}");
    assert_eq!((ended(&never), never.ending.clone()), (vec!["Failed"], Ending::Settled));
    assert_eq!(noted(&never, "names node \"late\", which there is not"), [60.0]);
    // One that joins takes them.
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: late}\nstatus: {allocatable: {cpu: '4', memory: 16Gi, pods: '110'}}\n";
    std::fs::write(folder.path().join("node.yaml"), node).expect("a file");
    std::fs::write(
        folder.path().join("s.yaml"),
        format!(
            "{named}---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  pods: [{{duration: 30s}}]\n  \
             actions: [{{at: 50s, apply: {{file: node.yaml}}}}]\n  cluster: {{nodePools: [{{name: p, count: 1, allocatable: \
             {{cpu: 4, memory: 16Gi, pods: 110}}}}]}}\n"
        ),
    )
    .expect("a file");
    let output = crate::program::run(folder.path(), &["run", "s.yaml", "--out", "none", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&crate::program::stdout(&output)).expect("JSON");
    assert_eq!(told["pods"].as_array().map(Vec::len), Some(1), "{told}");
}
