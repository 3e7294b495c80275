//! IP addresses as the server reads them (`IsValidIPForLegacyField`, `GetWarningsForIP`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field};

/// Checks an address; leading zeros and IPv4 within IPv6 are told of apart.
pub(super) fn validate(address: &Field<'_>, errors: &mut Errors) {
    let text = address.text();
    let Some(parsed) = parse_sloppy(text) else {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        return errors.invalid(address, text, detail);
    };
    match (text.parse::<IpAddr>(), parsed) {
        (Err(_), _) => errors.invalid(address, text, "must not have leading 0s"),
        (Ok(IpAddr::V6(v6)), _) if v6.to_ipv4_mapped().is_some() => {
            errors.invalid(address, text, "must not be an IPv4-mapped IPv6 address");
        }
        _ => {}
    }
}

/// A hint at another way of writing an address, if it is not the usual one.
pub(super) fn warning(address: &Field<'_>) -> Option<String> {
    let text = address.text();
    let IpAddr::V6(v6) = text.parse().ok()? else { return None };
    (v6.to_string() != text).then(|| {
        let usual = quote(&v6.to_string());
        format!("{}: IPv6 address {} should be in RFC 5952 canonical format ({usual})", address.path, quote(text))
    })
}

/// Leading zeros in the parts of an IPv4 address are passed over (`ParseIPSloppy`).
pub(super) fn parse_sloppy(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let number = |part: &str| {
        let digits = !part.is_empty() && part.len() < 8 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten().and_then(|number| u8::try_from(number).ok())
    };
    let parts: Option<Vec<u8>> = text.split('.').map(number).collect();
    let parts: [u8; 4] = parts?.try_into().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from(parts)))
}
