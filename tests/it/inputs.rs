//! What is done with whatever a user hands in: one function a kind of input, for `cargo test` and for the fuzz targets
//! of `fuzz/`. None may panic, and what was understood must be understood again once written.

use std::sync::Arc;

use jobsim::api::duration::{format_go_duration, parse_duration, parse_go_duration};
use jobsim::api::intervals::Intervals;
use jobsim::api::job::JobStatus;
use jobsim::api::quantity::Quantity;
use jobsim::api::release::{Kubernetes, Rules};
use jobsim::apiserver::admission;
use jobsim::controllers::cronjob::schedule::Schedule;
use jobsim::kernel::instant::Instant;
use jobsim::record::gauge::Gauge;
use jobsim::report::kubectl::custom_columns::CustomColumns;
use jobsim::report::kubectl::describe::{Surroundings, describe};
use jobsim::report::kubectl::document;
use jobsim::report::kubectl::get::{Printer, Resource, TableOptions};
use jobsim::report::kubectl::jsonpath;
use jobsim::report::kubectl::selector::LabelSelector;
use jobsim::report::kubectl::sort::{Sorted, sort_by};
use jobsim::report::v1::{Calendar, Objects};
use jobsim::scenario::axis::{Axis, AxisValues};
use jobsim::scenario::decode::ServerDecoder;
use jobsim::scenario::expectation::Comparison;
use jobsim::scenario::path::Path;
use jobsim::scenario::source::SourceText;
use jobsim::scenario::{ReadOptions, Severity, Source, Validate, check, judge, kubectl, read};
use jobsim::study::Measure;
use jobsim::study::difference::view::Texts;
use jobsim::study::difference::{TraceView, differences};
use jobsim::{Limits, RunOptions, SimDuration, run_observed};
use serde_json::{Value, json};

const RESOURCES: [Resource; 5] = [Resource::Job, Resource::Pod, Resource::CronJob, Resource::Event, Resource::Node];

/// Files of manifests: read, judged, told as kubectl does, and run for a while if they are good.
pub fn yaml(bytes: &[u8]) {
    let source = || Source { name: "scenario.yaml".to_owned(), bytes: bytes.to_vec() };
    for validate in [Validate::Strict, Validate::Warn, Validate::Ignore] {
        let options = ReadOptions { validate, ..ReadOptions::default() };
        let checked = check(vec![source()], &options);
        _ = checked.problems.render(false);
        judge(vec![source()], validate, None);
        if let Ok(text) = SourceText::new(source()) {
            kubectl::create(&[Arc::new(text)], validate, &Kubernetes::default());
        }
        match read(vec![source()], &options) {
            Err(problems) => assert!(!problems.to_string().is_empty()),
            Ok((scenario, _)) => {
                assert_eq!(checked.problems.count(Severity::Error), 0, "what is read has no errors");
                let mut objects = Objects::new(scenario.start, scenario.kubernetes.rules());
                let options = RunOptions {
                    horizon: Some(SimDuration::from_secs(600)),
                    limits: Limits { pods: 50, events: 2_000 },
                    ..RunOptions::default()
                };
                let run = run_observed(&scenario, &options, vec![&mut objects]);
                let now = Calendar::new(scenario.start).instant(run.end);
                objects.into_list().iter().for_each(|(resource, object)| print_as(*resource, object, now));
            }
        }
    }
}

/// Resource quantities.
pub fn quantity(text: &str) {
    if let Ok(quantity) = Quantity::parse(text) {
        let written = quantity.canonical();
        // Written with fewer digits the exponent can be just beyond what is read.
        let again = Quantity::parse(&written).unwrap_or_else(|_| quantity.clone());
        assert_eq!(again.canonical(), written, "{text}");
        _ = (quantity.value(), quantity.milli_value(), quantity.approximate_f64(), quantity.exact_decimal());
        _ = (quantity.add(&again).canonical(), quantity.sub(&again).canonical());
    }
}

/// Durations: Go's, and those of a scenario.
pub fn duration(text: &str) {
    if let Ok(nanos) = parse_go_duration(text) {
        assert_eq!(parse_go_duration(&format_go_duration(nanos)), Ok(nanos), "{text}");
        assert_eq!(parse_duration(text).is_ok(), nanos >= 0, "{text}: a scenario's durations are Go's, but for signs");
    }
    _ = parse_duration(text);
}

/// Cron schedules, with and without a time zone.
pub fn cron(text: &str) {
    for zone in [None, Some("Europe/Berlin")] {
        let Ok(schedule) = Schedule::of_cron_job(text, zone) else { continue };
        let mut at = Instant::from_seconds(1_700_000_000);
        for _ in 0..3 {
            let Ok(Some(start)) = schedule.next(at) else { break };
            at = start;
        }
    }
}

/// Lists of completion indexes: of a status, and of a success policy.
pub fn index_list(text: &str) {
    let intervals = Intervals::parse(text, 1_000);
    let bounds = intervals.spans().iter().flat_map(|&(first, last)| [2 * u64::from(first), 2 * u64::from(last) + 1]);
    if bounds.is_sorted_by(|a, b| a < b) {
        assert!(intervals.total() <= 1_000, "{text}");
        assert_eq!(Intervals::parse(&intervals.to_string(), 1_000), intervals, "{text}");
    }
    let job = json!({
        "metadata": {"name": "a"},
        "spec": {
            "completions": 1_000, "parallelism": 1, "completionMode": "Indexed",
            "successPolicy": {"rules": [{"succeededIndexes": text}]},
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}},
        },
    });
    _ = admission::create_job(&job, &Rules::default());
}

/// Label selectors.
pub fn selector(text: &str) {
    if let Ok(selector) = LabelSelector::parse(text) {
        for labels in [json!({}), json!({"a": "b", "job-name": "pi"}), json!({"a": 3}), Value::Null] {
            selector.matches(&labels);
        }
    }
}

/// Templates of `-o jsonpath=`, `-o custom-columns=` and `--sort-by`.
pub fn template(text: &str) {
    let pod = json!({
        "kind": "Pod", "metadata": {"name": "a", "labels": {"x.y/z": "1"}},
        "status": {"containerStatuses": [{"name": "a", "restartCount": 2}, {"name": "b", "restartCount": 0.5}]},
    });
    let list = json!({"kind": "List", "items": [pod, pod.clone(), {}, null]});
    for template in [jsonpath::parse(text), jsonpath::relaxed(text)].into_iter().flatten() {
        _ = (template.execute(&list), template.find(&list));
    }
    for columns in [CustomColumns::parse(text, true), CustomColumns::parse_template(text, true)] {
        _ = columns.map(|mut columns| columns.print(&[&pod, &list]));
    }
    _ = sort_by(&mut [pod.clone(), list, pod], |object| object, text, Sorted::Rows);
}

/// Patches and updates of a stored Job or CronJob: two JSON documents, one a line, or one that is both.
pub fn patch(bytes: &[u8]) {
    let mut documents = bytes.splitn(2, |byte| *byte == b'\n').map(serde_json::from_slice::<Value>);
    let Some(Ok(first)) = documents.next() else { return };
    let second = documents.next().and_then(Result::ok).unwrap_or_else(|| first.clone());
    let stored = json!({
        "metadata": {"name": "a", "labels": {"a": "b"}},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "a", "image": "a", "env": [{"name": "E", "value": "1"}]}],
        }}},
    });
    let kubernetes = Kubernetes::default();
    let decoder = ServerDecoder(&kubernetes);
    for kind in ["Job", "CronJob"] {
        let patch = admission::apply_patch(kind, &first, &second, &stored);
        _ = admission::apply_patch(kind, &stored, &first, &second);
        for (stored, patch) in [(&stored, &patch), (&stored, &first), (&first, &second)] {
            _ = admission::patch_job(stored, patch, &decoder, &JobStatus::default(), &Rules::default());
        }
        _ = admission::with_defaults(kind, &first, &Rules::default());
    }
}

/// Objects of any shape, as all that can be printed.
pub fn object(bytes: &[u8]) {
    let Ok(object) = serde_json::from_slice::<Value>(bytes) else { return };
    RESOURCES.iter().for_each(|resource| print_as(*resource, &object, jiff::Timestamp::UNIX_EPOCH));
}

/// What studies ask for: metrics and expressions over them, comparisons, axes, paths.
pub fn expression(text: &str) {
    if let Ok(measure) = Measure::parse(text) {
        _ = measure.value(&Gauge::default());
    }
    _ = Comparison::parse(text);
    for values in
        [AxisValues::parse("spec.cpu", text), AxisValues::drawn(text), Axis::parse(text).map(|axis| axis.values)]
    {
        _ = values;
    }
    if let Ok(path) = Path::parse(text) {
        let mut job = json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}});
        _ = path.set(&mut job, json!(3));
    }
}

/// Tables of a trace, as they are read back.
pub fn trace(bytes: &[u8]) {
    let none = Texts::default();
    for texts in [
        Texts { jobs: bytes, ..none },
        Texts { pods: bytes, ..none },
        Texts { events: bytes, ..none },
        Texts { cron_jobs: bytes, ..none },
    ] {
        if let Ok(view) = TraceView::read(&texts) {
            assert_eq!(differences(&view, &view), [], "a trace differs from itself");
        }
    }
}

fn print_as(resource: Resource, object: &Value, now: jiff::Timestamp) {
    let options = TableOptions { wide: true, with_namespace: true, show_labels: true, ..TableOptions::default() };
    let row = Printer::new(resource, options).print(&[object], now, "");
    assert!(row.lines().count() >= 1, "titles at least");
    let around = Surroundings { events: Some(std::slice::from_ref(object)), pods: std::slice::from_ref(object), now };
    _ = describe(resource, object, &around);
    _ = (document::yaml(object), document::json(object));
}
