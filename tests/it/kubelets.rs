//! What kubelets do with containers of several kinds, each case a line, as the released kubelet does it in virtual time.

use jobsim::report::v1::Objects;
use jobsim::{RunOptions, SimDuration, run_observed};
use serde_json::Value;

/// A Job of one pod with this spec and these rules for its containers, under the ideal profile.
fn scenario(pod: &str, rules: &str, actions: &str) -> jobsim::Scenario {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  backoffLimit: 0\n  template:\n    spec: \
         {{restartPolicy: Never, {pod}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  \
         horizon: 10m\n  pods: [{rules}]\n{actions}"
    );
    jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// When the pod ends, in seconds, and its exit code.
fn end(pod: &str, rules: &str, actions: &str) -> (f64, Option<i32>) {
    let run = jobsim::run(&scenario(pod, rules, actions), &RunOptions::default());
    let pod = &run.pods[0];
    (pod.finished.map_or(f64::INFINITY, |time| time.0 as f64 / 1e9), pod.exit_code)
}

const APP: &str = "containers: [{name: c, image: i}]";

fn with_sidecars(grace: u32) -> String {
    let sidecar = |name| format!("{{name: {name}, image: i, restartPolicy: Always}}");
    format!("terminationGracePeriodSeconds: {grace}, initContainers: [{}, {}], {APP}", sidecar("s0"), sidecar("s1"))
}

/// An action that deletes the pod at a time.
fn deleted(at: &str) -> String {
    format!("  actions: [{{at: {at}, deletePod: {{job: j}}}}]\n")
}

#[test]
fn nobody_is_killed_in_less_than_two_seconds() {
    let check = |grace: u32, ends: f64, code: i32| {
        let pod = format!("terminationGracePeriodSeconds: {grace}, {APP}");
        let rules = "{duration: 100s, termination: 60s}";
        assert_eq!(end(&pod, rules, &deleted("5s")), (ends, Some(code)), "{grace}");
    };
    check(1, 7.0, 137);
    check(2, 7.0, 137);
    check(3, 8.0, 137);
    // A process that needs no longer goes as it likes.
    let pod = format!("terminationGracePeriodSeconds: 1, {APP}");
    assert_eq!(end(&pod, "{duration: 100s, termination: 1500ms}", &deleted("5s")), (6.5, Some(143)));
}

#[test]
fn what_is_left_of_the_grace_is_the_sidecars_in_whole_seconds() {
    let app = "{match: {container: c}, duration: 10s}";
    let check = |grace, s1: &str, ends: f64| {
        let rules = format!(
            "{app}, {{match: {{container: s1}}, termination: {s1}}}, {{match: {{container: s0}}, termination: 60s}}"
        );
        let found = end(&with_sidecars(grace), &rules, "");
        // What the sidecars end with is not what the pod ends with.
        assert_eq!(found, (ends, Some(0)), "{grace} {s1}");
    };
    // One after the other, and two seconds at least for the one whose turn comes when all is used up.
    check(2, "60s", 14.0);
    check(10, "2700ms", 20.7);
    check(30, "60s", 42.0);
    // A deletion on the way does not begin anew.
    let rules = format!("{app}, {{termination: 60s}}");
    assert_eq!(end(&with_sidecars(10), &rules, &deleted("15s")), (22.0, Some(0)));
}

#[test]
fn probes_have_their_turns_since_the_pod_is_known() {
    let started = |probe: &str, works_after: &str| {
        let pod =
            format!("initContainers: [{{name: s, image: i, restartPolicy: Always, startupProbe: {probe}}}], {APP}");
        let rules = format!(
            "{{match: {{container: c}}, duration: 10s}}, {{match: {{container: s}}, readyAfter: {works_after}, \
             termination: 0s}}"
        );
        end(&pod, &rules, "").0
    };
    // Never at once; the delay does not shift the turns.
    assert_eq!(started("{tcpSocket: {port: 80}, periodSeconds: 10}", "0s"), 20.0);
    assert_eq!(started("{tcpSocket: {port: 80}, periodSeconds: 4, initialDelaySeconds: 3}", "0s"), 14.0);
    assert_eq!(started("{tcpSocket: {port: 80}, periodSeconds: 10, initialDelaySeconds: 5}", "7s"), 20.0);
}

/// The pod as the API shows it at a time.
fn pod_at(scenario: &jobsim::Scenario, seconds: u64) -> Value {
    let mut objects = Objects::new(scenario.start, scenario.kubernetes.rules());
    let options = RunOptions { horizon: Some(SimDuration::from_secs(seconds)), ..RunOptions::default() };
    run_observed(scenario, &options, vec![&mut objects]);
    let pods = objects.into_list().into_iter().map(|(_, object)| object);
    pods.into_iter().find(|object| object["kind"] == "Pod").expect("a pod")
}

fn condition<'v>(pod: &'v Value, kind: &str) -> Vec<&'v str> {
    let conditions = pod["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    let text = |field: &str| found.and_then(|condition| condition[field].as_str()).unwrap_or("");
    vec![text("status"), text("reason"), text("message")]
}

#[test]
fn statuses_say_what_kubelets_say() {
    let probed = "containers: [{name: a, image: i}, {name: b, image: i, readinessProbe: {tcpSocket: {port: 80}}}]";
    let waits = scenario(probed, "{match: {container: b}, readyAfter: 17s, duration: 60s}, {duration: 60s}", "");
    let pod = pod_at(&waits, 5);
    let ready: Vec<&Value> =
        pod["status"]["containerStatuses"].as_array().into_iter().flatten().map(|status| &status["ready"]).collect();
    assert_eq!(ready, [true, false]);
    assert_eq!(condition(&pod, "Ready"), ["False", "ContainersNotReady", "containers with unready status: [b]"]);
    assert_eq!(condition(&pod, "Initialized"), ["True", "", ""]);
    assert_eq!(condition(&pod_at(&waits, 25), "ContainersReady"), ["True", "", ""]);

    let inits = format!("initContainers: [{{name: i1, image: i}}, {{name: i2, image: i}}], {APP}");
    let pod = pod_at(&scenario(&inits, "{duration: 10s}", ""), 15);
    let told = ["False", "ContainersNotInitialized", "containers with incomplete status: [i2]"];
    assert_eq!(condition(&pod, "Initialized"), told);

    let late = format!("activeDeadlineSeconds: 20, {APP}");
    let late = scenario(&late, "{duration: 60s, termination: 8s}", "");
    // Not ready from the deadline on, failed when all has ended.
    assert_eq!(condition(&pod_at(&late, 22), "Ready")[0], "False");
    let pod = pod_at(&late, 30);
    let why = "Pod was active on the node longer than the specified deadline";
    assert_eq!((&pod["status"]["reason"], &pod["status"]["message"]), (&"DeadlineExceeded".into(), &why.into()));
    assert_eq!(condition(&pod, "PodReadyToStartContainers")[1], "PodSandboxNotReady");
}
