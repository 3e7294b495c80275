//! What taints with NoExecute do to pods that stand on the node, or come to it.

use crate::clusters::{ONE_CPU, job, play, pods, seconds};

const POOL: &str = "[{name: w, count: 1, allocatable: {cpu: 4, memory: 9Gi, pods: 20}}]";

/// When each pod is told to go that tolerates so much, and when it ends.
fn ends(tolerations: &str, actions: &str) -> Vec<(Option<f64>, Option<f64>)> {
    let more = format!("  termination: 1s\n  pods: [{{duration: 10m}}]\n  actions: [{actions}]\n");
    let run = play(&[job("j", 1, &format!("tolerations: [{tolerations}], "), ONE_CPU)], POOL, &more);
    pods(&run, "j").iter().map(|pod| (seconds(pod.terminating), seconds(pod.finished))).collect()
}

fn taint(at: u32, taint: &str) -> String {
    format!("{{at: {at}s, taint: {{node: w-0, taint: '{taint}'}}}}")
}

#[test]
fn a_pod_goes_when_its_patience_is_over() {
    let sick = taint(100, "sick=yes:NoExecute");
    let at = |asked: f64| vec![(Some(asked), Some(asked + 1.0))];
    let stays = || vec![(None, Some(600.0))];
    assert_eq!(ends("", &sick), at(100.0));
    assert_eq!(ends("{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: 60}", &sick), at(160.0));
    assert_eq!(ends("{key: sick, value: 'no', effect: NoExecute, tolerationSeconds: 60}", &sick), at(100.0));
    assert_eq!(ends("{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: -5}", &sick), at(100.0));
    assert_eq!(ends("{key: sick, operator: Exists}", &sick), stays());
    assert_eq!(ends("{operator: Exists, effect: NoSchedule}", &sick), at(100.0));
    assert_eq!(ends("", &taint(100, "sick=yes:NoSchedule")), stays());
    // Of several the least counts, but what is planned from an earlier time stands.
    let two = "{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: 60}, {key: tired, operator: Exists, effect: NoExecute, tolerationSeconds: 20}";
    assert_eq!(ends(two, &format!("{sick}, {}", taint(100, "tired:NoExecute"))), at(120.0));
    assert_eq!(ends(two, &format!("{sick}, {}", taint(101, "tired:NoExecute"))), at(160.0));
    // What is planned is called off with the taint.
    let minute = "{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: 60}";
    assert_eq!(ends(minute, &format!("{sick}, {}", taint(159, "sick-"))), stays());
    assert_eq!(ends(minute, &format!("{sick}, {}", taint(161, "sick-"))), at(160.0));
    assert_eq!(ends(minute, &format!("{sick}, {}", taint(120, "tired:NoExecute"))), at(120.0));
}

#[test]
fn a_pod_that_comes_to_the_node_goes_again() {
    let pool = POOL.replace("count: 1,", "count: 1, taints: [{key: sick, effect: NoExecute}],");
    let patient = "tolerations: [{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: 30}], ";
    let asked = |count: u32, control_plane: &str| -> Vec<f64> {
        // Others that come in their place do not count, nor does the Job's failure delete any.
        let job = job("j", count, patient, "resources: {requests: {cpu: 100m}}")
            .replace("backoffLimit: 0", "backoffLimit: 99");
        let run = play(&[job], &pool, &format!("  pods: [{{duration: 10m}}]\n  controlPlane: {control_plane}\n"));
        pods(&run, "j").iter().take(count as usize).filter_map(|pod| seconds(pod.terminating)).collect()
    };
    assert_eq!(asked(2, "{}"), [30.0, 30.0]);
    // Each event, look, condition and deletion takes a token of the controller's client: 80 in all, 30 of them at once.
    let told =
        asked(20, "{controllerManager: {qps: 20, burst: 30, eventsShareClient: true}, apiServer: {latency: 1ms}}");
    let (first, last) = (told.iter().copied().fold(f64::MAX, f64::min), told.iter().copied().fold(0.0, f64::max));
    assert!(told.len() == 20 && (32.4..32.7).contains(&last) && first < 31.5, "{told:?}");
}

/// What a process that is gone had planned, and what it was about to ask for, is not done in its place.
#[test]
fn evictions_are_those_of_the_process_that_runs() {
    let sick = taint(100, "sick=yes:NoExecute");
    let minute = "{key: sick, operator: Exists, effect: NoExecute, tolerationSeconds: 60}";
    let down = |component: &str, at: u32, length: u32| {
        format!("{sick}, {{at: {at}s, outage: {{component: {component}, for: {length}s}}}}")
    };
    let asked = |actions: &str| ends(minute, actions)[0].0;
    assert_eq!(asked(&down("controller-manager", 120, 10)), Some(190.0), "the time counts anew");
    assert_eq!(asked(&down("controller-manager", 90, 30)), Some(180.0));
    assert_eq!(asked(&down("apiserver", 150, 30)), Some(180.0));
    // Amid the requests of many evictions, which a slow client spreads over seconds.
    let control_plane = "{controllerManager: {qps: 20, burst: 30}, apiServer: {latency: 1ms}}";
    let twenty = job("j", 20, &format!("tolerations: [{minute}], "), "resources: {requests: {cpu: 100m}}");
    let more = format!(
        "  termination: 1s\n  pods: [{{duration: 10m}}]\n  controlPlane: {control_plane}\n  actions: [{}]\n",
        down("controller-manager", 161, 1)
    );
    let run = play(&[twenty.replace("backoffLimit: 0", "backoffLimit: 99")], POOL, &more);
    let told: Vec<f64> = pods(&run, "j").iter().take(20).filter_map(|pod| seconds(pod.terminating)).collect();
    let (before, after) =
        (told.iter().filter(|at| **at <= 161.0).count(), told.iter().filter(|at| **at >= 222.0).count());
    assert!(before > 0 && after > 0 && before + after == 20, "{told:?}");
}
