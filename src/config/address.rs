//! Which address is dialled, and from where: keys that several sections share.

use std::net::IpAddr;

use super::desk::Desk;
use super::field::Fields;
use super::word;
use crate::spec::{DialSpec, Family};

/// `source_ip_address`.
pub(super) fn source(fields: &Fields<'_>, desk: &mut Desk) -> Option<IpAddr> {
    let node = fields.get("source_ip_address")?;
    let written = word::text(node, desk).filter(|it| !it.is_empty())?;
    let found = written.parse().ok();
    if found.is_none() {
        desk.error(&node.span, format!("`{written}` is no address"), "write an IPv4 or IPv6 address");
    }
    found
}

/// `preferred_ip_protocol` and `ip_protocol_fallback`.
pub(super) fn dial(fields: &Fields<'_>, desk: &mut Desk) -> DialSpec {
    let mut dial = DialSpec::default();
    if let Some(node) = fields.get("preferred_ip_protocol") {
        match word::text(node, desk).unwrap_or_default() {
            "ip4" => dial.preferred = Family::Ip4,
            "ip6" | "" => dial.preferred = Family::Ip6,
            other => {
                desk.error(
                    &node.span,
                    format!("`{other}` is no family of addresses"),
                    "write `ip4` or `ip6`",
                );
            }
        }
    }
    dial.fallback = fields.flag("ip_protocol_fallback", dial.fallback, desk);
    dial
}
