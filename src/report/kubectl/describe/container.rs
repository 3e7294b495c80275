//! Containers of a pod or of a template (`describeContainers`).

use serde_json::Value;

use super::super::fields::{date, int, int_or_string, is_true, items, or_none, text};
use super::sheet::Sheet;
use super::{resources, source};
use crate::api::quote::quote;

/// Where the containers are: in a pod that knows its own fields, or in a template, which is indented.
pub(super) struct Whereabouts<'a> {
    pub(super) pod: Option<&'a Value>,
    pub(super) indent: &'static str,
}

pub(super) fn list(title: &str, containers: &Value, statuses: &Value, at: &Whereabouts<'_>, sheet: &mut Sheet) {
    let (containers, indent) = (items(containers), at.indent);
    let none = if containers.is_empty() { " <none>" } else { "" };
    sheet.line(0, format!("{indent}{title}:{none}"));
    for container in containers {
        let status = items(statuses).iter().rfind(|status| status["name"] == container["name"]);
        basics(container, status, indent, sheet);
        words("Command", &container["command"], sheet);
        words("Args", &container["args"], sheet);
        if let Some(status) = status {
            state(status, sheet);
        }
        resources::describe(&container["resources"], 2, sheet);
        for (title, field) in
            [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
        {
            if !container[field].is_null() {
                sheet.field(2, title, probe(&container[field]));
            }
        }
        source::environment(container, at.pod, sheet);
        mounts(container, sheet);
    }
}

fn basics(container: &Value, status: Option<&Value>, indent: &str, sheet: &mut Sheet) {
    let name_indent = if indent.is_empty() { "" } else { " " };
    sheet.line(1, format!("{name_indent}{}:", text(&container["name"])));
    if let Some(status) = status {
        sheet.field(2, "Container ID", text(&status["containerID"]));
    }
    sheet.field(2, "Image", text(&container["image"]));
    if let Some(status) = status {
        sheet.field(2, "Image ID", text(&status["imageID"]));
    }
    for (title, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports = ports(&container["ports"], field);
        let plural = if ports.contains(',') { "s" } else { "" };
        sheet.field(2, &format!("{title}{plural}"), or_none(&ports));
    }
    seccomp_profile(&container["securityContext"], 2, 3, sheet);
}

fn ports(ports: &Value, field: &str) -> String {
    let port = |port: &Value| {
        let number = format!("{}/{}", int(&port[field]), text(&port["protocol"]));
        match text(&port["name"]) {
            "" => number,
            name => format!("{number} ({name})"),
        }
    };
    items(ports).iter().map(port).collect::<Vec<_>>().join(", ")
}

/// The seccomp profile of a container or of a pod.
pub(super) fn seccomp_profile(security: &Value, level: usize, inner: usize, sheet: &mut Sheet) {
    let profile = &security["seccompProfile"];
    if profile.is_null() {
        return;
    }
    sheet.field(level, "SeccompProfile", text(&profile["type"]));
    if profile["type"] == "Localhost" {
        sheet.field(inner, "LocalhostProfile", text(&profile["localhostProfile"]));
    }
}

fn words(title: &str, words: &Value, sheet: &mut Sheet) {
    let words = items(words);
    if !words.is_empty() {
        sheet.line(2, format!("{title}:"));
        words.iter().flat_map(|word| text(word).split('\n')).for_each(|line| sheet.line(3, line));
    }
}

fn state(status: &Value, sheet: &mut Sheet) {
    one_state("State", &status["state"], sheet);
    if !status["lastState"]["terminated"].is_null() {
        one_state("Last State", &status["lastState"], sheet);
    }
    sheet.field(2, "Ready", if is_true(&status["ready"]) { "True" } else { "False" });
    sheet.field(2, "Restart Count", int(&status["restartCount"]).to_string());
}

/// `describeStatus`.
fn one_state(title: &str, state: &Value, sheet: &mut Sheet) {
    let if_given = |title: &str, value: &Value, sheet: &mut Sheet| {
        if !text(value).is_empty() {
            sheet.field(3, title, text(value));
        }
    };
    let (running, waiting, terminated) = (&state["running"], &state["waiting"], &state["terminated"]);
    if !running.is_null() {
        sheet.field(2, title, "Running");
        sheet.field(3, "Started", date(&running["startedAt"]));
    } else if !waiting.is_null() || terminated.is_null() {
        sheet.field(2, title, "Waiting");
        if_given("Reason", &waiting["reason"], sheet);
    } else {
        sheet.field(2, title, "Terminated");
        if_given("Reason", &terminated["reason"], sheet);
        if_given("Message", &terminated["message"], sheet);
        sheet.field(3, "Exit Code", int(&terminated["exitCode"]).to_string());
        if int(&terminated["signal"]) > 0 {
            sheet.field(3, "Signal", int(&terminated["signal"]).to_string());
        }
        sheet.field(3, "Started", date(&terminated["startedAt"]));
        sheet.field(3, "Finished", date(&terminated["finishedAt"]));
    }
}

/// `DescribeProbe`.
fn probe(probe: &Value) -> String {
    let number = |field: &str| int(&probe[field]);
    let attributes = format!(
        "delay={}s timeout={}s period={}s successThreshold={} failureThreshold={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold"),
    );
    let (exec, http, tcp, grpc) = (&probe["exec"], &probe["httpGet"], &probe["tcpSocket"], &probe["grpc"]);
    let what = if !exec.is_null() {
        let words: Vec<&str> = items(&exec["command"]).iter().map(text).collect();
        format!("exec [{}]", words.join(" "))
    } else if !http.is_null() {
        let (host, path) = (text(&http["host"]), text(&http["path"]));
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let scheme = text(&http["scheme"]).to_lowercase();
        let colon = if scheme.is_empty() { "" } else { ":" };
        let address = escaped(&format!("{host}:{}", int_or_string(&http["port"])), b"-_.~!$&'()*+,;=:[]<>\"");
        format!("http-get {scheme}{colon}//{address}{slash}{}", escaped(path, b"-_.~$&+,/:;=@!'()*[]"))
    } else if !tcp.is_null() {
        format!("tcp-socket {}:{}", text(&tcp["host"]), int_or_string(&tcp["port"]))
    } else if !grpc.is_null() {
        format!("grpc <pod>:{} {}", int(&grpc["port"]), text(&grpc["service"]))
    } else {
        "unknown".to_owned()
    };
    format!("{what} {attributes}")
}

/// A part of an address as `URL.String` writes it: letters, digits and `plain` as they are.
fn escaped(part: &str, plain: &[u8]) -> String {
    let mut escaped = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}

fn mounts(container: &Value, sheet: &mut Sheet) {
    let mut mounts: Vec<&Value> = items(&container["volumeMounts"]).iter().collect();
    mounts.sort_by_key(|mount| text(&mount["mountPath"]));
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    sheet.line(2, format!("Mounts:{none}"));
    for mount in mounts {
        let access = if is_true(&mount["readOnly"]) { "ro" } else { "rw" };
        let path = match text(&mount["subPath"]) {
            "" => String::new(),
            path => format!(",path={}", quote(path)),
        };
        sheet.line(3, format!("{} from {} ({access}{path})", text(&mount["mountPath"]), text(&mount["name"])));
    }
    let mut devices: Vec<&Value> = items(&container["volumeDevices"]).iter().collect();
    if !devices.is_empty() {
        devices.sort_by_key(|device| text(&device["devicePath"]));
        sheet.line(2, format!("Devices:{none}"));
        for device in devices {
            sheet.line(3, format!("{} from {}", text(&device["devicePath"]), text(&device["name"])));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_of_probes_are_escaped() {
        let get = json!({"host": "a::1", "port": "50%", "path": "x y"});
        assert!(probe(&json!({"httpGet": get})).starts_with("http-get //[a::1]:50%25/x%20y delay="));
    }
}
