//! What becomes of pods whose node, controllers or image are away for a while, each case a line.

use crate::clusters::{ONE_CPU, job, play, pods, seconds};
use crate::program::{run, stdout};

const ONE_NODE: &str = "[{name: w, count: 1, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";

/// A Job that puts up with failures.
fn patient(job: &str) -> String {
    job.replace("backoffLimit: 0", "backoffLimit: 9")
}

fn away(node: &str, from: u32, length: u32) -> String {
    format!("{{at: {from}s, outage: {{component: node, name: {node}, for: {length}s}}}}")
}

#[test]
fn what_happened_before_a_node_failed_is_told_when_it_is_back() {
    // The container ends at 60 s; nobody can be told before the node is away.
    let actions = format!(
        "  pods: [{{duration: 60s}}]\n  actions: [{{at: 50s, outage: {{component: apiserver, for: 40s}}}}, {}]\n",
        away("w-0", 80, 30)
    );
    let run = play(&[job("j", 1, "", ONE_CPU)], ONE_NODE, &actions);
    let pod = pods(&run, "j")[0];
    assert_eq!((pod.phase.as_str(), pod.exit_code, seconds(pod.finished)), ("Succeeded", Some(0), Some(110.0)));
}

#[test]
fn a_kubelet_that_is_back_heeds_what_it_has_missed() {
    // A deadline at 100 s, and a deletion at 90 s: neither pod is started again.
    let restarted = |more: &str, action: &str| {
        let job = job("j", 1, more, ONE_CPU).replace("restartPolicy: Never", "restartPolicy: OnFailure");
        let actions = format!("  pods: [{{duration: 20m}}]\n  actions: [{}{action}]\n", away("w-0", 80, 40));
        let run = play(&[job], ONE_NODE, &actions);
        let pod = pods(&run, "j")[0];
        (pod.phase.as_str().to_owned(), pod.reason.to_owned(), pod.exit_code, pod.restarts, seconds(pod.finished))
    };
    let failed = |reason: &str| ("Failed".to_owned(), reason.to_owned(), Some(137), 0, Some(120.0));
    assert_eq!(restarted("activeDeadlineSeconds: 100,", ""), failed("DeadlineExceeded"));
    assert_eq!(restarted("", ", {at: 90s, deletePod: {job: j}}"), failed(""));
}

#[test]
fn a_reboot_makes_a_new_sandbox() {
    let ends = |policy: &str, inits: &str| {
        let job = patient(&job("j", 1, inits, ONE_CPU)).replace("restartPolicy: Never", policy);
        let rules =
            "{match: {container: i}, duration: 30s}, {match: {container: c}, duration: 100s}, {termination: 2s}";
        let more = format!("  pods: [{rules}]\n  actions: [{}]\n", away("w-0", 60, 20));
        let run = play(&[job], ONE_NODE, &more);
        let pod = pods(&run, "j")[0];
        (pod.phase.as_str().to_owned(), seconds(pod.finished).unwrap_or_default(), pod.restarts)
    };
    let told = |phase: &str, at: f64, restarts: u32| (phase.to_owned(), at, restarts);
    let on_failure = "restartPolicy: OnFailure";
    // From the first init container on, sidecars too.
    assert_eq!(ends(on_failure, ""), told("Succeeded", 180.0, 1));
    assert_eq!(ends(on_failure, "initContainers: [{name: i, image: i}],"), told("Succeeded", 210.0, 2));
    let sidecar = "initContainers: [{name: i, image: i}, {name: s, image: i, restartPolicy: Always}],";
    assert_eq!(ends(on_failure, sidecar), told("Succeeded", 212.0, 3));
    // A pod that is never restarted gets no other sandbox, and so its sidecar is not restarted either.
    assert_eq!(ends("restartPolicy: Never", sidecar), told("Failed", 80.0, 0));
    // What has succeeded stays so, unless it is an init container.
    let two = "initContainers: [{name: i, image: i}], containers: [{name: done, image: i}, ";
    let pod = |policy: &str| {
        patient(&job("j", 1, "", ONE_CPU)).replace("restartPolicy: Never", policy).replace("containers: [", two)
    };
    let more = format!(
        "  pods: [{{match: {{container: done}}, duration: 5s}}, {{match: {{container: i}}, duration: 30s}}, {{duration: 100s}}]\n  \
         actions: [{}]\n",
        away("w-0", 60, 20)
    );
    let run = play(&[pod(on_failure)], ONE_NODE, &more);
    let found = pods(&run, "j")[0];
    assert_eq!((seconds(found.finished), found.restarts), (Some(210.0), 2));
}

#[test]
fn a_pod_that_has_failed_pulls_nothing() {
    let of = |more: &str, actions: &str| {
        let pools = "[{name: w, count: 1, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]\n    \
                      registry: {images: {i: 1G}, bandwidth: 10M, latency: 0s}";
        let more_of_job = format!("  pods: [{{duration: 10m, termination: 2s}}]\n  actions: [{actions}]\n");
        let run = play(&[job("j", 1, more, ONE_CPU)], pools, &more_of_job);
        let pulls = run.events.iter().filter(|event| event.reason == "Pulling").count();
        let pod = pods(&run, "j")[0];
        (seconds(pod.started), seconds(pod.finished), pod.exit_code, pulls)
    };
    // The image comes at 100 s. A pull that is under way is waited for, and so is the start behind it.
    let deleted = "{at: 30s, deletePod: {job: j}}";
    assert_eq!(of("", deleted), (Some(100.0), Some(102.0), Some(143), 1));
    assert_eq!(of("activeDeadlineSeconds: 30,", ""), (Some(100.0), Some(102.0), Some(143), 1));
    // Between two tries nothing is: after 0, 10 and 30 s comes 70 s.
    let down = "{at: 0s, outage: {component: registry, for: 1h}}";
    assert_eq!(of("activeDeadlineSeconds: 60,", down), (None, Some(60.0), Some(137), 3));
    let deleted = "{at: 40s, deletePod: {job: j}}";
    assert_eq!(of("", &format!("{down}, {deleted}")), (None, Some(40.0), None, 3));
}

#[test]
fn pods_that_were_never_bound_are_collected() {
    let waits = job("j", 1, "", "resources: {requests: {cpu: 5}}")
        .replace("completions: 1", "podReplacementPolicy: Failed\n  completions: 1");
    let of = |outage: &str| {
        let actions = format!("  actions: [{{at: 30s, deletePod: {{job: j}}}}{outage}]\n");
        let run = play(std::slice::from_ref(&waits), ONE_NODE, &actions);
        let pod = pods(&run, "j")[0];
        (pod.phase.as_str().to_owned(), seconds(pod.terminating), seconds(pod.finished))
    };
    assert_eq!(of(""), ("Failed".to_owned(), Some(30.0), Some(40.0)));
    // A controller manager that starts at 95 s looks at once.
    let outage = ", {at: 20s, outage: {component: controller-manager, for: 75s}}";
    assert_eq!(of(outage), ("Failed".to_owned(), Some(30.0), Some(95.0)));
}

#[test]
fn a_pod_that_names_a_late_node_ends_on_it() {
    let node =
        "apiVersion: v1\nkind: Node\nmetadata: {name: late}\nstatus: {allocatable: {cpu: 1, memory: 9Gi, pods: 20}}\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("late.yaml"), node).expect("written");
    let waits = job("j", 1, "nodeName: late,", ONE_CPU)
        .replace("completions: 1", "podReplacementPolicy: Failed\n  completions: 1");
    let simulation = format!(
        "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  pods: [{{duration: 60s}}]\n  cluster:\n    nodePools: \
         {ONE_NODE}\n  actions: [{{at: 5s, deletePod: {{job: j}}}}, {{at: 20s, apply: {{file: late.yaml}}}}]\n"
    );
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, patient(&waits) + "---\n" + &simulation).expect("written");
    let output = stdout(&run(folder.path(), &["run", "scenario.yaml", "-o", "table", "--out", "none"]));
    assert!(output.contains("Complete   1/1"), "{output}");
}

#[test]
fn nodes_controllers_that_start_again_begin_again() {
    let of = |component: &str, from: u32, length: u32, other: &str| {
        let pools = "[{name: w, count: 1, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}, \
                      {name: x, count: 1, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";
        let more = format!(
            "  pods: [{{duration: 3h}}]\n  actions: [{other}, {{at: {from}s, outage: {{component: {component}, for: {length}s}}}}]\n"
        );
        let run = play(&[job("j", 1, "nodeSelector: {jobsim/pool: w}, ", ONE_CPU)], pools, &more);
        let unknown = run.nodes[0].rows.iter().find(|row| row.state == "Unknown").map(|row| row.time);
        let pod = pods(&run, "j")[0];
        (seconds(unknown), seconds(pod.terminating), seconds(pod.finished))
    };
    let lost = "{at: 60s, outage: {component: node, name: w-0}}";
    assert_eq!(of("controller-manager", 6000, 1, lost), (Some(107.0), Some(407.0), None));
    // Whoever is down gives no node up; the grace of the node is counted from the start, as are tolerations.
    assert_eq!(of("controller-manager", 50, 900, lost), (Some(1000.0), Some(1300.0), None));
    assert_eq!(of("controller-manager", 90, 5, lost), (Some(145.0), Some(445.0), None));
    assert_eq!(of("controller-manager", 200, 100, lost), (Some(107.0), Some(600.0), None));
    // What is to be written waits for the API server.
    assert_eq!(of("apiserver", 50, 900, lost), (Some(950.0), Some(1250.0), None));
    assert_eq!(of("apiserver", 200, 800, lost), (Some(107.0), Some(1000.0), None));
    // Pods of a node that is gone.
    let deleted = "{at: 65s, delete: {kind: Node, name: w-0}}";
    assert_eq!(of("controller-manager", 6000, 1, deleted).2, Some(140.0));
    assert_eq!(of("controller-manager", 50, 55, deleted).2, Some(165.0));
    assert_eq!(of("apiserver", 100, 100, deleted).2, Some(200.0));
}

#[test]
fn a_pod_that_should_be_gone_for_long_frees_its_quota() {
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 1}}\n";
    let pools = "[{name: w, count: 2, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";
    let replaced = |grace: &str, more: &str| {
        let lost = patient(&job("j", 1, &format!("nodeSelector: {{jobsim/pool: w}}, {grace}"), ONE_CPU));
        let actions = format!("  pods: [{{duration: 2h}}]\n  actions: [{}{more}]\n", away("w-0", 60, 3600));
        let run = play(&[quota.to_owned(), lost], pools, &actions);
        pods(&run, "j").get(1).map(|pod| pod.created.0 as f64 / 1e9).unwrap_or_default()
    };
    // Deleted at 407 s, overdue at 467 or 527 s, counted anew each five minutes; the Job looks again within a minute.
    let at = replaced("", "");
    assert!((600.0..670.0).contains(&at), "{at}");
    let at = replaced("terminationGracePeriodSeconds: 99, ", "");
    assert!((900.0..970.0).contains(&at), "{at}");
    // A controller manager that starts counts at once.
    let at = replaced("", ", {at: 480s, outage: {component: controller-manager, for: 20s}}");
    assert!((500.0..505.0).contains(&at), "{at}");
}

#[test]
fn waiting_for_the_api_server_is_not_waiting_for_a_quota() {
    let run = play(
        &[job("j", 1, "", ONE_CPU)],
        ONE_NODE,
        "  actions: [{at: 0s, outage: {component: apiserver, for: 30s}}]\n",
    );
    let pod = pods(&run, "j")[0];
    assert!(pod.created.0 >= 30_000_000_000, "{pod:?}");
    assert_eq!(seconds(Some(jobsim::SimTime(pod.refused.0))), Some(0.0));
}

#[test]
fn a_pod_that_was_ended_for_its_kubelet_stays_so() {
    // Its node's object is gone, and its machine is not: the kubelet is told to end what has failed already.
    let run = play(
        &[job("j", 1, "", ONE_CPU)],
        ONE_NODE,
        "  actions: [{at: 5s, delete: {kind: Node, name: w-0}}]\n  pods: [{duration: 1h}]\n",
    );
    let pod = pods(&run, "j")[0];
    assert_eq!((pod.phase.as_str(), seconds(pod.finished)), ("Failed", Some(80.0)));
}

/// A node that is to get its taint while nothing can be written gets it afterwards.
#[test]
fn a_taint_that_could_not_be_written_comes_later() {
    let pools = "[{name: w, count: 2, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}, \
                  {name: x, count: 4, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]";
    // Of two nodes of a zone the second has its turn ten seconds after the first.
    let asked = |more: &str| {
        let actions = format!(
            "  pods: [{{duration: 3h}}]\n  actions: [{}, {}{more}]\n",
            away("w-0", 60, 7200),
            away("w-1", 60, 7200)
        );
        let job = patient(&job("j", 2, "nodeSelector: {jobsim/pool: w}, ", ONE_CPU));
        let run = play(&[job], pools, &actions);
        let first_two = pods(&run, "j").into_iter().take(2);
        let mut asked: Vec<Option<f64>> = first_two.map(|pod| seconds(pod.terminating)).collect();
        asked.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        asked
    };
    assert_eq!(asked(""), [Some(407.0), Some(417.0)]);
    let outage = ", {at: 110s, outage: {component: apiserver, for: 20s}}";
    assert_eq!(asked(outage), [Some(407.0), Some(430.0)]);
}
