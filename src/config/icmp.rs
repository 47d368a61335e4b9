//! `prober: icmp`.

use super::address::{dial, source};
use super::desk::Desk;
use super::field::Fields;
use super::key::ICMP;
use super::raw::Node;
use super::word;
use crate::spec::IcmpSpec;

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> IcmpSpec {
    let mut spec = IcmpSpec::default();
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &ICMP, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    spec.dont_fragment = fields.flag("dont_fragment", spec.dont_fragment, desk);
    // As in the exporter, 0 says nothing.
    let mut number =
        |name, most: u64| word::number(fields.get(name)?, &(0..=most), desk).filter(|it| *it > 0);
    let payload = number("payload_size", IcmpSpec::PAYLOAD_BYTES_MAX.into());
    let hops = number("ttl", u8::MAX.into());
    spec.payload_bytes = payload.and_then(|it| it.try_into().ok()).unwrap_or(spec.payload_bytes);
    spec.hops_max = hops.and_then(|it| it.try_into().ok()).unwrap_or(spec.hops_max);
    spec
}
