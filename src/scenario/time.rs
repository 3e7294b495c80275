//! Times as users write them.

/// Reads a time as Go's `time.RFC3339` does.
pub(super) fn rfc3339(text: &str) -> Option<jiff::Timestamp> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && (bytes.ends_with(b"Z") || matches!(bytes[bytes.len() - 6], b'+' | b'-'));
    if shaped { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let check = |text: &str, seconds: Option<i64>| assert_eq!(rfc3339(text).map(|t| t.as_second()), seconds);
        check("2000-01-01T01:00:00Z", Some(946_688_400));
        check("2000-01-01T02:00:00+01:00", Some(946_688_400));
        check("2000-01-01", None);
        check("2000-13-01T01:00:00Z", None);
        check("2000-01-01T01:00:00", None);
        check("2000-01-01T01:00:00Z[UTC]", None);
        check("ä000-01-01T01:00:0", None);
    }
}
