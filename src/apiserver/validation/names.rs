//! Formats of names and other short strings, and what the server says when one is not met (`util/validation`).
//!
//! Each check gives a list of messages, empty if all is well.

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// The message for a string that does not match `pattern`, with examples of strings that do (`RegexError`).
pub(super) fn mismatch(message: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{pattern}')");
    }
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

fn longer(value: &str, most: usize, unit: &str) -> Option<String> {
    (value.len() > most).then(|| format!("must be no more than {most} {unit}"))
}

/// Is it non-empty, made of `inner` bytes, with first and last one of `outer`?
fn framed(value: &str, outer: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => outer(first) && outer(last) && bytes.iter().all(|&b| outer(b) || inner(b)),
        _ => false,
    }
}

fn lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(value: &str) -> bool {
    framed(value, lower_or_digit, |b| b == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_qualified(value: &str) -> bool {
    framed(value, |b| b.is_ascii_alphanumeric(), |b| matches!(b, b'-' | b'_' | b'.'))
}

/// A DNS label (`IsDNS1123Label`).
pub(super) fn dns1123_label(value: &str) -> Vec<String> {
    let mut messages: Vec<String> = longer(value, 63, "characters").into_iter().collect();
    if !is_label(value) {
        messages.push(if is_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            mismatch(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character",
                LABEL,
                &["my-name", "123-abc"],
            )
        });
    }
    messages
}

/// Is it a DNS subdomain, as the names of most objects are?
pub(crate) fn is_dns1123_subdomain(value: &str) -> bool {
    dns1123_subdomain(value).is_empty()
}

/// A DNS subdomain (`IsDNS1123Subdomain`).
pub(super) fn dns1123_subdomain(value: &str) -> Vec<String> {
    subdomain(value, "characters")
}

fn subdomain(value: &str, unit: &str) -> Vec<String> {
    let mut messages: Vec<String> = longer(value, 253, unit).into_iter().collect();
    if !is_subdomain(value) {
        messages.push(mismatch(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character",
            &format!("{LABEL}(\\.{LABEL})*"),
            &["example.com"],
        ));
    }
    messages
}

/// A DNS subdomain in which labels may hold underscores (`IsDNS1123SubdomainWithUnderscore`).
pub(super) fn dns1123_subdomain_with_underscore(value: &str) -> Vec<String> {
    const PATTERN: &str = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    let mut messages: Vec<String> = longer(value, 253, "characters").into_iter().collect();
    let label =
        |label: &str| framed(label.strip_prefix('_').unwrap_or(label), lower_or_digit, |b| matches!(b, b'-' | b'_'));
    if !value.split('.').all(label) {
        messages.push(mismatch(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and \
             must start and end with an alphanumeric character",
            &format!("{PATTERN}(\\.{PATTERN})*"),
            &["example.com"],
        ));
    }
    messages
}

/// The start of a generated name: a trailing dash is fine (`NameIsDNSSubdomain` with `prefix`).
pub(super) fn masked_trailing_dash(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut masked = rest.to_owned();
            masked.pop();
            masked.push('a');
            masked
        }
        _ => name.to_owned(),
    }
}

/// The key of a label, annotation, node selector, finalizer (`IsLabelKey`).
pub(crate) fn label_key(value: &str) -> Vec<String> {
    let message = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                   alphanumeric character";
    let pattern = || mismatch(message, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let mut messages = Vec::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            let optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {}{optional}", pattern())];
        }
        Some(("", name)) => {
            messages.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            messages.extend(subdomain(prefix, "bytes").into_iter().map(|message| format!("prefix part {message}")));
            name
        }
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if let Some(message) = longer(name, 63, "bytes") {
        messages.push(format!("name part {message}"));
    }
    if !is_qualified(name) {
        messages.push(format!("name part {}", pattern()));
    }
    messages
}

/// The value of a label (`IsLabelValue`).
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let mut messages: Vec<String> = longer(value, 63, "bytes").into_iter().collect();
    if !value.is_empty() && !is_qualified(value) {
        messages.push(mismatch(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
            &format!("({QUALIFIED})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    messages
}

/// The name of an environment variable (`IsRelaxedEnvVarName`).
pub(super) fn env_var_name(value: &str) -> Vec<String> {
    if value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        return Vec::new();
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()]
}

/// A key of a ConfigMap or Secret (`IsConfigMapKey`).
pub(super) fn config_map_key(value: &str) -> Vec<String> {
    let mut messages: Vec<String> = longer(value, 253, "characters").into_iter().collect();
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if value.is_empty() || !value.bytes().all(known) {
        messages.push(mismatch(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    messages.extend(match value {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    });
    messages
}

/// The name of an HTTP header (`IsHTTPHeaderName`).
pub(super) fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    let message = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![mismatch(message, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// The name of a port (`IsValidPortName`).
pub(super) fn port_name(value: &str) -> Vec<String> {
    let known = |b: u8| lower_or_digit(b) || b == b'-';
    let checks = [
        (value.len() <= 15, "must be no more than 15 characters"),
        (
            !value.is_empty() && value.bytes().all(known),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (value.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)"),
        (!value.contains("--"), "must not contain consecutive hyphens"),
        (!value.starts_with('-') && !value.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, message)| message.to_owned()).collect()
}

/// The number of a port (`IsValidPortNum`).
pub(super) fn port_number(port: i64) -> Option<String> {
    in_range(port, 1, 65535)
}

/// A user or group id (`IsValidUserID`, `IsValidGroupID`).
pub(super) fn user_or_group_id(id: i64) -> Option<String> {
    in_range(id, 0, i64::from(i32::MAX))
}

/// A number between two others, both included (`InclusiveRangeError`).
pub(super) fn in_range(value: i64, least: i64, most: i64) -> Option<String> {
    (value < least || value > most).then(|| format!("must be between {least} and {most}, inclusive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(messages: Vec<String>) -> usize {
        messages.len()
    }

    #[test]
    fn names() {
        let check = |value: &str, label: usize, subdomain: usize, key: usize| {
            let counts = (count(dns1123_label(value)), count(dns1123_subdomain(value)), count(label_key(value)));
            assert_eq!(counts, (label, subdomain, key), "{value:?}");
        };
        check("pi", 0, 0, 0);
        check("a.b", 1, 0, 0);
        check("a..b", 1, 1, 0);
        check("A_b", 1, 1, 0);
        check("", 1, 1, 2);
        check("-a", 1, 1, 1);
        check("example.com/a", 1, 1, 0);
        check("/a", 1, 1, 1);
        check("a/b/c", 1, 1, 1);
        check(&"a".repeat(64), 1, 0, 1);
        check(&"a".repeat(254), 1, 1, 1);
    }

    #[test]
    fn generated_names() {
        let check = |name: &str, masked: &str| assert_eq!(masked_trailing_dash(name), masked);
        check("pi-", "pa");
        check("job-", "joa");
        check("-", "-");
        check("a", "a");
    }
}
