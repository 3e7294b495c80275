//! References of container images, as far as the default of `imagePullPolicy` depends on them.

/// The policy for an image that names none: `Always` for the tag `latest`, which is also what no tag and no digest stand
/// for; otherwise, and for what is no reference at all, `IfNotPresent` (`SetDefaults_Container`, `ParseImageName`).
pub(super) fn default_pull_policy(image: &str) -> &'static str {
    if is_latest(image).unwrap_or(false) { "Always" } else { "IfNotPresent" }
}

/// Is it a reference with the tag `latest`, or with neither tag nor digest? Nothing if it is no reference
/// (`ParseNormalizedNamed` of distribution/reference).
fn is_latest(image: &str) -> Option<bool> {
    if image.len() == 64 && image.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let (domain, remainder) = match image.split_once('/') {
        Some((first, rest)) if is_like_domain(first) => (first, rest),
        _ => ("docker.io", image),
    };
    let official = matches!(domain, "docker.io" | "index.docker.io") && !remainder.contains('/');
    let (name, digest) = match remainder.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (remainder, None),
    };
    let (path, tag) = match name.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (name, None),
    };
    let first_is_fine = is_domain(domain) || is_path_component(domain);
    let fine = first_is_fine
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
        && domain.len() + 1 + path.len() + if official { "library/".len() } else { 0 } <= 255;
    fine.then(|| tag.map_or(digest.is_none(), |tag| tag == "latest"))
}

/// Is the part before the first slash a registry rather than part of a name?
fn is_like_domain(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.chars().any(|c| c.to_lowercase().next() != Some(c))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let fine = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            return fine && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
        }
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    host.split('.').all(label) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// Lower case letters and digits, with single dots, one or two underscores or any number of dashes between them.
fn is_path_component(component: &str) -> bool {
    let known = component.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let framed = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = component.as_bytes();
    let separators = component.split(|c: char| c.is_ascii_alphanumeric()).filter(|separator| !separator.is_empty());
    known
        && framed(bytes.first())
        && framed(bytes.last())
        && separators.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = tag.as_bytes();
    tag.len() <= 128 && bytes.first().is_some_and(|&b| word(b)) && bytes.iter().all(|&b| word(b) || b".-".contains(&b))
}

fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", _)) => 64,
        Some(("sha384", _)) => 96,
        Some(("sha512", _)) => 128,
        _ => return false,
    };
    let hex = &digest["sha256:".len()..];
    hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_policies() {
        let check = |image: &str, policy: &str| assert_eq!(default_pull_policy(image), policy, "{image:?}");
        let digest = format!("@sha256:{}", "0".repeat(64));
        check("perl", "Always");
        check("perl:latest", "Always");
        check("perl:5.34", "IfNotPresent");
        check("localhost:5000/perl", "Always");
        check("registry.example/a__b/c-d:v1", "IfNotPresent");
        check(&format!("perl{digest}"), "IfNotPresent");
        check(&format!("perl:latest{digest}"), "Always");
        check("::bad image::", "IfNotPresent");
        check("Perl", "IfNotPresent");
        check("a___b", "IfNotPresent");
        check("", "IfNotPresent");
        check(&"0".repeat(64), "IfNotPresent");
    }
}
