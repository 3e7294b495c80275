//! Networks as the server reads them (`IsValidCIDRForLegacyField`, `GetWarningsForCIDR`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip;
use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field};

/// Checks a network; leading zeros, IPv4 within IPv6 and bits beyond the prefix are told of apart.
pub(super) fn validate(network: &Field<'_>, errors: &mut Errors) {
    let text = network.text();
    if parse_sloppy(text).is_none() {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        return errors.invalid(network, text, detail);
    }
    let why = match parse(text) {
        None => "must not have leading 0s in IP or prefix length",
        Some((IpAddr::V6(v6), _)) if v6.to_ipv4_mapped().is_some() => "must not have an IPv4-mapped IPv6 address",
        Some((address, length)) if masked(address, length) != address => {
            "must not have bits set beyond the prefix length"
        }
        Some(_) => return,
    };
    errors.invalid(network, text, why);
}

/// A hint at another way of writing a sound network, if it is not the usual one.
pub(super) fn warning(network: &Field<'_>) -> Option<String> {
    let (text, (address, length)) = (network.text(), parse(network.text())?);
    let usual = format!("{address}/{length}");
    (address.is_ipv6() && usual != text).then(|| {
        let (text, usual) = (quote(text), quote(&usual));
        format!("{}: IPv6 CIDR value {text} should be in RFC 5952 canonical format ({usual})", network.path)
    })
}

/// The network's address, with leading zeros passed over (`ParseCIDRSloppy`). To Go, IPv4 within IPv6 is IPv4.
pub(super) fn parse_sloppy(text: &str) -> Option<IpAddr> {
    let (address, length) = text.split_once('/')?;
    let address = ip::parse_sloppy(address)?;
    let is_number = !length.is_empty() && length.len() < 8 && length.bytes().all(|b| b.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|length| is_number && *length <= bits(address))?;
    match masked(address, length) {
        IpAddr::V6(v6) => Some(v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)),
        v4 @ IpAddr::V4(_) => Some(v4),
    }
}

/// Address and length of the prefix, strictly (`netip.ParsePrefix`).
fn parse(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let is_plain = length.bytes().all(|b| b.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
    let length = length.parse().ok().filter(|length| is_plain && *length <= bits(address))?;
    Some((address, length))
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// What the prefix leaves of an address.
fn masked(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4) & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn networks_are_written_in_one_way() {
        let check = |text: &str, wanted: &str| {
            let mut errors = Errors::default();
            validate(&Field::root(&json!(text)), &mut errors);
            let details: Vec<&str> = errors.list.iter().map(|error| &*error.detail).collect();
            assert_eq!(details.join("; "), wanted, "{text}");
        };
        let form = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        for text in ["10.0.0.0/24", "0.0.0.0/0", "::/0", "fd00::/64", "FD00:0::/64", "1.2.3.4/32"] {
            check(text, "");
        }
        for text in ["", "x", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/"] {
            check(text, form);
        }
        check("010.0.0.0/8", "must not have leading 0s in IP or prefix length");
        check("10.0.0.0/08", "must not have leading 0s in IP or prefix length");
        check("::ffff:10.0.0.0/120", "must not have an IPv4-mapped IPv6 address");
        check("10.0.0.1/24", "must not have bits set beyond the prefix length");
        check("fd00::1/64", "must not have bits set beyond the prefix length");
    }
}
