//! `describePod`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::fields::{age, controller, date, int, items, text};
use super::container::{self, Whereabouts};
use super::resources::quality_of_service;
use super::sheet::Sheet;
use super::{resources, template, volume};

pub(super) fn describe(pod: &Value, now: Timestamp, sheet: &mut Sheet) {
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    sheet.field(0, "Name", text(&metadata["name"]));
    sheet.field(0, "Namespace", text(&metadata["namespace"]));
    if let Some(priority) = spec["priority"].as_i64() {
        sheet.field(0, "Priority", priority.to_string());
    }
    if_given("Priority Class Name", &spec["priorityClassName"], sheet);
    if_given("Runtime Class Name", &spec["runtimeClassName"], sheet);
    if_given("Service Account", &spec["serviceAccountName"], sheet);
    match text(&spec["nodeName"]) {
        "" => sheet.field(0, "Node", "<none>"),
        node => sheet.field(0, "Node", format!("{node}/{}", text(&status["hostIP"]))),
    }
    if !status["startTime"].is_null() {
        sheet.field(0, "Start Time", date(&status["startTime"]));
    }
    sheet.labels("Labels", &metadata["labels"]);
    sheet.annotations("Annotations", &metadata["annotations"]);
    state(pod, now, sheet);
    sheet.field(0, "IP", text(&status["podIP"]));
    addresses(&status["podIPs"], sheet);
    if let Some(controller) = controller(pod) {
        sheet.field(0, "Controlled By", controller);
    }
    if_given("NominatedNodeName", &status["nominatedNodeName"], sheet);
    if !spec["resources"].is_null() {
        sheet.line(0, "Resources:");
        resources::describe(&spec["resources"], 1, sheet);
    }
    let here = Whereabouts { pod: Some(pod), indent: "" };
    if !items(&spec["initContainers"]).is_empty() {
        container::list("Init Containers", &spec["initContainers"], &status["initContainerStatuses"], &here, sheet);
    }
    container::list("Containers", &spec["containers"], &status["containerStatuses"], &here, sheet);
    if !items(&spec["ephemeralContainers"]).is_empty() {
        let statuses = &status["ephemeralContainerStatuses"];
        container::list("Ephemeral Containers", &spec["ephemeralContainers"], statuses, &here, sheet);
    }
    conditions(pod, sheet);
    volume::list(&spec["volumes"], "", sheet);
    let class = match text(&status["qosClass"]) {
        "" => quality_of_service(spec),
        class => class,
    };
    sheet.field(0, "QoS Class", class);
    sheet.labels("Node-Selectors", &spec["nodeSelector"]);
    template::tolerations("Tolerations", &spec["tolerations"], sheet);
    template::topology_spread_constraints(&spec["topologySpreadConstraints"], "", sheet);
    template::scheduling_group(&spec["schedulingGroup"], "", sheet);
}

fn if_given(title: &str, value: &Value, sheet: &mut Sheet) {
    if !text(value).is_empty() {
        sheet.field(0, title, text(value));
    }
}

/// Status, reason, message and the seccomp profile.
fn state(pod: &Value, now: Timestamp, sheet: &mut Sheet) {
    let (metadata, status) = (&pod["metadata"], &pod["status"]);
    let deleted = &metadata["deletionTimestamp"];
    if deleted.is_null() || matches!(text(&status["phase"]), "Succeeded" | "Failed") {
        sheet.field(0, "Status", text(&status["phase"]));
    } else {
        sheet.field(0, "Status", format!("Terminating (lasts {})", age(deleted, now)));
        let grace = int(&metadata["deletionGracePeriodSeconds"]);
        sheet.field(0, "Termination Grace Period", format!("{grace}s"));
    }
    if_given("Reason", &status["reason"], sheet);
    if_given("Message", &status["message"], sheet);
    container::seccomp_profile(&pod["spec"]["securityContext"], 0, 0, sheet);
}

fn addresses(addresses: &Value, sheet: &mut Sheet) {
    let addresses = items(addresses);
    sheet.line(0, if addresses.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    addresses.iter().for_each(|address| sheet.field(1, "IP", text(&address["ip"])));
}

/// Readiness gates and conditions.
fn conditions(pod: &Value, sheet: &mut Sheet) {
    let conditions = items(&pod["status"]["conditions"]);
    let gates = items(&pod["spec"]["readinessGates"]);
    if !gates.is_empty() {
        sheet.line(0, "Readiness Gates:");
        sheet.line(1, "Type\tStatus");
        for gate in gates {
            let condition = conditions.iter().find(|condition| condition["type"] == gate["conditionType"]);
            let state = condition.map_or("<none>", |condition| text(&condition["status"]));
            sheet.line(1, format!("{} \t{state} ", text(&gate["conditionType"])));
        }
    }
    if !conditions.is_empty() {
        sheet.line(0, "Conditions:");
        sheet.line(1, "Type\tStatus");
        for condition in conditions {
            sheet.line(1, format!("{} \t{} ", text(&condition["type"]), text(&condition["status"])));
        }
    }
}
