//! What kubelets do with containers of several kinds, each case a line, as the released kubelet does it in virtual time.

use jobsim::report::v1::Objects;
use jobsim::{RunOptions, SimDuration, run_observed};
use serde_json::Value;

/// A Job of one pod with this spec and these rules for its containers, under the ideal profile.
fn scenario(pod: &str, rules: &str, actions: &str) -> jobsim::Scenario {
    scenario_of(&format!("restartPolicy: Never, {pod}"), "ideal", rules, actions)
}

/// The same under another profile, of a pod that says whether it is restarted.
fn scenario_of(pod: &str, profile: &str, rules: &str, actions: &str) -> jobsim::Scenario {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  backoffLimit: 9\n  template:\n    spec: \
         {{{pod}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: {profile}\n  \
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

fn told(kind: &str, reason: &str, code: i64) -> (String, String, i64) {
    (kind.to_owned(), reason.to_owned(), code)
}

/// State and last state of a pod's only app container: what it is, its reason, its exit code.
fn states(pod: &Value) -> [(String, String, i64); 2] {
    let status = &pod["status"]["containerStatuses"][0];
    ["state", "lastState"].map(|field| {
        let state = status[field].as_object().and_then(|states| states.iter().next());
        let Some((kind, state)) = state else { return told("", "", 0) };
        told(kind, state["reason"].as_str().unwrap_or(""), state["exitCode"].as_i64().unwrap_or(0))
    })
}

/// Crashes at 1, 2, 13, 34, 75 and 156 s, with nothing, 10, 20, 40 and 80 s between.
const CRASHES: &str = "{duration: 1s, exitCode: 3}";

#[test]
fn a_container_that_waits_when_its_pod_ends_is_lost() {
    let pod = format!("restartPolicy: OnFailure, activeDeadlineSeconds: 25, {APP}");
    let late = scenario_of(&pod, "ideal", CRASHES, "");
    assert_eq!(
        states(&pod_at(&late, 26)),
        [told("terminated", "ContainerStatusUnknown", 137), told("terminated", "Error", 3)]
    );
    let run = jobsim::run(&late, &RunOptions::default());
    assert_eq!((run.pods[0].exit_code, run.pods[0].finished.map(|at| at.0)), (Some(137), Some(25_000_000_000)));
    // Before its first restart there is no back-off that it could wait in, and what still runs is told to end.
    let early = scenario_of(&pod.replace("25", "1"), "ideal", "{duration: 5s, termination: 0s}", "");
    assert_eq!(states(&pod_at(&early, 3))[0], told("terminated", "Error", 143));
    // A pod that is deleted keeps what it knows.
    let finalizer = scenario_of(&pod, "ideal", CRASHES, "  actions: [{at: 20s, deletePod: {job: j}}]\n");
    assert_eq!(jobsim::run(&finalizer, &RunOptions::default()).pods[0].exit_code, Some(3));

    // A sidecar that crashed does not make its pod fail.
    let sidecar = format!("initContainers: [{{name: s, image: i, restartPolicy: Always}}], {APP}");
    let rules = "{match: {container: s}, duration: 1s, exitCode: 3}, {duration: 5s}";
    let ended = pod_at(&scenario(&sidecar, rules, ""), 8);
    let lost = &ended["status"]["initContainerStatuses"][0]["state"]["terminated"];
    assert_eq!((&ended["status"]["phase"], &lost["exitCode"]), (&"Succeeded".into(), &137.into()));
    assert_eq!((&lost["startedAt"], &lost["finishedAt"]), (&Value::Null, &Value::Null));
}

#[test]
fn crash_loops_are_shown_one_look_late() {
    let crashes = scenario_of(&format!("restartPolicy: OnFailure, {APP}"), "ideal", CRASHES, "");
    let at = |seconds| states(&pod_at(&crashes, seconds))[0].clone();
    let ended = || told("terminated", "Error", 3);
    assert_eq!((at(5), at(30), at(100)), (ended(), ended(), ended()));
    assert_eq!(at(140), told("waiting", "CrashLoopBackOff", 0));
    assert_eq!(at(155).0, "running");
}

#[test]
fn ordinary_kubelets_look_late() {
    let crashes =
        scenario_of(&format!("restartPolicy: OnFailure, {APP}"), "default", "{duration: 1s, exitCode: 3}", "");
    let restarts = |seed| {
        let options =
            RunOptions { seed: Some(seed), horizon: Some(SimDuration::from_secs(300)), ..RunOptions::default() };
        jobsim::run(&crashes, &options).pods[0].restarts
    };
    // 0, 10, 20, 40 and 80 s come to 156 s with the runs, and to less than twice that with what is added to each.
    let found: Vec<u32> = (0..20).map(restarts).collect();
    assert!(found.iter().all(|restarts| (4..=5).contains(restarts)) && found.contains(&5), "{found:?}");
}

#[test]
fn containers_may_have_their_own_word_on_restarts() {
    let pod = |policy: &str, rules: &str| {
        format!("restartPolicy: {policy}, containers: [{{name: c, image: i, {rules}}}, {{name: d, image: i}}]")
    };
    let on = |action: &str, operator: &str, code: i32| {
        format!(
            "restartPolicy: Never, restartPolicyRules: [{{action: {action}, exitCodes: {{operator: {operator}, values: \
             [{code}]}}}}]"
        )
    };
    // c exits with 42 twice, then with 0; d runs for 4 s.
    let rules = "{match: {container: c, restart: 0}, duration: 2s, exitCode: 42}, \
                 {match: {container: c, restart: 1}, duration: 2s, exitCode: 42}, {match: {container: c}, duration: 2s}, \
                 {duration: 4s, termination: 1s}";
    let run = |policy: &str, own: &str| {
        let run = jobsim::run(&scenario_of(&pod(policy, own), "ideal", rules, ""), &RunOptions::default());
        let ends =
            |pod: &jobsim::record::PodLife| (pod.finished.map(|at| at.0 / 1_000_000), pod.exit_code, pod.restarts);
        run.pods.first().map(ends)
    };
    // The second restart waits for ten seconds.
    assert_eq!(run("Never", &on("Restart", "In", 42)), Some((Some(16_000), Some(0), 2)));
    assert_eq!(run("Never", &on("Restart", "NotIn", 0)), Some((Some(16_000), Some(0), 2)));
    assert_eq!(run("Never", &on("Restart", "In", 41)), Some((Some(4_000), Some(42), 0)));
    assert_eq!(run("OnFailure", "restartPolicy: Never"), Some((Some(4_000), Some(42), 0)));
    assert_eq!(run("Never", "restartPolicy: OnFailure"), Some((Some(16_000), Some(0), 2)));
    // At 2 and 5 s d is killed, which takes it a second, and both start again without back-off.
    assert_eq!(run("Never", &on("RestartAllContainers", "In", 42)), Some((Some(10_000), Some(0), 4)));
}

#[test]
fn all_containers_start_again_from_the_first() {
    let pod = "restartPolicy: Never, initContainers: [{name: i, image: i}], containers: [{name: c, image: i, \
               restartPolicy: Never, restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: \
               [42]}}]}, {name: d, image: i}]";
    let rules = "{match: {container: i}, duration: 3s}, {match: {container: c, restart: 0}, duration: 2s, exitCode: 42}, \
                 {duration: 20s, termination: 60s}";
    // i to 3 s, c to 5 s, d is killed at 7 s, i to 10 s, c and d to 30 s.
    let scenario = scenario_of(pod, "ideal", rules, "");
    let again = pod_at(&scenario, 8);
    let waits = &again["status"]["containerStatuses"];
    assert_eq!(again["status"]["phase"], "Pending");
    assert_eq!((&waits[0]["restartCount"], &waits[1]["restartCount"]), (&1.into(), &1.into()));
    assert_eq!(waits[0]["lastState"]["terminated"]["exitCode"], 42);
    assert_eq!(waits[1]["lastState"]["terminated"]["reason"], "RestartingAllContainers");
    assert_eq!(again["status"]["initContainerStatuses"][0]["restartCount"], 1);
    let run = jobsim::run(&scenario, &RunOptions::default());
    assert_eq!((run.pods[0].finished.map(|at| at.0), run.pods[0].exit_code), (Some(30_000_000_000), Some(0)));
}

#[test]
fn startup_probes_give_up() {
    let probe = "startupProbe: {tcpSocket: {port: 80}, periodSeconds: 5, failureThreshold: 2}";
    let run = |policy: &str, rules: &str| {
        let pod = format!("restartPolicy: {policy}, containers: [{{name: c, image: i, {probe}}}]");
        let run = jobsim::run(&scenario_of(&pod, "ideal", rules, ""), &RunOptions::default());
        (run.pods[0].finished.map(|at| at.0 / 1_000_000_000), run.pods[0].exit_code, run.pods[0].restarts)
    };
    let slow = "{duration: 60s, readyAfter: 12s, termination: 1s}";
    assert_eq!(run("Never", slow), (Some(11), Some(143), 0));
    // The second start is quick enough.
    let once = "{match: {restart: 0}, duration: 60s, readyAfter: 12s, termination: 1s}, {duration: 30s}";
    assert_eq!(run("OnFailure", once), (Some(41), Some(0), 1));
    // Restarts are at once while each start lasts longer than the back-off: asked at 15 and 20, 25 and 30 s, ..
    assert_eq!(run("Never", "{duration: 60s, readyAfter: 9s}"), (Some(60), Some(0), 0));
}
