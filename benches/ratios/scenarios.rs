//! The loads, as the documents that a user would write.

use std::fmt::Write;

use jobsim::{Scenario, scenario};

/// Pods of a Job of the full model.
const PODS_OF_A_JOB: u32 = 1_000;
/// From a Job's arrival to its removal with its pods: start-up, the longest run, and the controller's batch seconds.
const LIFE: f64 = 18.5;

fn read(text: &str) -> Scenario {
    scenario::read_str(text).expect("a good scenario")
}

fn job(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers: [{{name: main, image: i}}]\n---\n"
    )
}

fn simulation(rest: &str) -> String {
    format!("apiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {{name: bench}}\nspec:\n  profile: ideal\n{rest}")
}

/// Pods in Jobs of up to a thousand that arrive one after the other and are removed when they are done, so that about
/// `live` pods stand at a time.
pub(crate) fn full_model(live: u32, pods: u32) -> Scenario {
    let size = PODS_OF_A_JOB.min(pods);
    let spec = format!("completions: {size}\n  parallelism: {size}\n  ttlSecondsAfterFinished: 0");
    let gap = LIFE * f64::from(size) / f64::from(live);
    read(&format!(
        "{}{}",
        job("w", &spec),
        simulation(&format!(
            "  pods:\n  - {{startup: 1500ms, duration: {{uniform: {{min: 5s, max: 15s}}}}}}\n  arrivals:\n  - \
             {{template: w, interarrival: {:.0}us, limit: {}}}\n",
            gap * 1e6,
            pods.div_ceil(size)
        ))
    ))
}

/// One Job of a few pods that run for a time drawn for each.
pub(crate) fn small_job(pods: u32) -> Scenario {
    let spec = format!("completions: {pods}\n  parallelism: {pods}");
    let rest = "  pods:\n  - {startup: 1500ms, duration: {uniform: {min: 5s, max: 15s}}}\n";
    read(&format!("{}{}", job("w", &spec), simulation(rest)))
}

/// CronJobs that start every hour, each at its own minute.
pub(crate) fn fleet(cron_jobs: u32, hours: u32) -> Scenario {
    let mut text = String::new();
    for number in 0..cron_jobs {
        let minute = 1 + number % 59;
        _ = write!(
            text,
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c{number}}}\nspec:\n  schedule: '{minute} * * * \
             *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          \
             containers: [{{name: main, image: i}}]\n---\n"
        );
    }
    let rest = format!("  horizon: {hours}h\n  pods:\n  - {{startup: 2s, duration: 5m}}\n");
    read(&(text + &simulation(&rest)))
}

/// As many pods, in Jobs of a hundred, on some of many nodes, which are alike.
pub(crate) fn on_nodes(nodes: u32, pods: u32) -> Scenario {
    let size = 100.min(pods);
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w}}\nspec:\n  completions: {size}\n  parallelism: \
         {size}\n  ttlSecondsAfterFinished: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers: \
         [{{name: main, image: i, resources: {{requests: {{cpu: 10m, memory: 8Mi}}}}}}]\n---\n"
    );
    let rest = format!(
        "  pods:\n  - {{startup: 1500ms, duration: {{uniform: {{min: 5s, max: 15s}}}}}}\n  arrivals:\n  - {{template: \
         w, interarrival: 2s, limit: {}}}\n  cluster:\n    nodePools:\n    - {{name: pool, count: {nodes}, allocatable: \
         {{cpu: '1000', memory: 1000Gi, pods: '100000'}}}}\n",
        pods.div_ceil(size)
    );
    read(&(text + &simulation(&rest)))
}

/// Jobs of one pod each, of many sizes, on nodes of several kinds: the shape of the comparison that k8s-sims published.
pub(crate) fn mixed_jobs(nodes: u32, jobs: u32) -> Scenario {
    // (cpu, memory in GiB, GPUs), by weight.
    const KINDS: [(u32, u32, u32); 10] = [
        (32, 128, 0),
        (32, 128, 0),
        (32, 128, 0),
        (32, 128, 0),
        (64, 256, 0),
        (64, 256, 0),
        (64, 256, 2),
        (64, 256, 2),
        (96, 384, 8),
        (128, 768, 8),
    ];
    const CPU: [u32; 7] = [500, 1000, 2000, 4000, 4000, 8000, 16000];
    let mut text = String::new();
    for number in 0..nodes {
        let (cpu, memory, gpus) = KINDS[scatter(number, 10)];
        let gpus = if gpus > 0 { format!(", nvidia.com/gpu: '{gpus}'") } else { String::new() };
        let has = format!("{{cpu: '{cpu}', memory: {memory}Gi, pods: '110'{gpus}}}");
        _ = write!(
            text,
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n{number}, labels: {{kubernetes.io/hostname: n{number}}}}}\n\
             status: {{capacity: {has}, allocatable: {has}}}\n---\n"
        );
    }
    for number in 0..jobs {
        let cpu = CPU[scatter(number, 7)];
        let memory = (cpu * [1, 2, 4][scatter(number ^ 0x5555, 3)] / 1000).max(1);
        let gpus = match scatter(number ^ 0xaaaa, 100) {
            0..80 => String::new(),
            80..96 => ", nvidia.com/gpu: 1".to_owned(),
            96..99 => ", nvidia.com/gpu: 2".to_owned(),
            _ => ", nvidia.com/gpu: 8".to_owned(),
        };
        let asks = format!("{{cpu: {cpu}m, memory: {memory}Gi{gpus}}}");
        _ = write!(
            text,
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w{number}}}\nspec:\n  template:\n    spec:\n      \
             restartPolicy: Never\n      containers: [{{name: main, image: i, resources: {{requests: {asks}, limits: \
             {asks}}}}}]\n---\n"
        );
    }
    let rest = "  pods:\n  - {startup: 1500ms, duration: {uniform: {min: 5m, max: 15m}}}\n";
    read(&(text + &simulation(rest)))
}

/// A number below `below`, as if at random.
fn scatter(number: u32, below: u32) -> usize {
    let bits = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32;
    ((mixed * u64::from(below)) >> 32) as usize
}
