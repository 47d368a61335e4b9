//! `prober: path`.

use std::num::NonZeroU8;

use super::address::{dial, source};
use super::desk::Desk;
use super::field::Fields;
use super::key::PATH;
use super::module::ATTEMPT;
use super::raw::Node;
use super::word;
use crate::spec::{PathProtocol, PathSpec};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> PathSpec {
    let mut spec = PathSpec::default();
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &PATH, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    if let Some(node) = fields.get("protocol") {
        match word::text(node, desk).unwrap_or_default() {
            "tcp" | "" => spec.protocol = PathProtocol::Tcp,
            "icmp" => spec.protocol = PathProtocol::Icmp,
            other => {
                desk.error(&node.span, format!("no path is traced with `{other}`"), "write `tcp` or `icmp`");
            }
        }
    }
    let mut number = |name, least, most| {
        let found = word::number(fields.get(name)?, &(least..=most), desk);
        found.map(|it| u16::try_from(it).expect("it is within the bounds"))
    };
    spec.port = number("port", 1, u64::from(u16::MAX));
    spec.count = number("count", 1, COUNT_MAX).map_or(spec.count, u32::from);
    let hops = number("hops_max", 1, u64::from(u8::MAX)).and_then(|it| u8::try_from(it).ok());
    spec.hops_max = hops.and_then(NonZeroU8::new).unwrap_or(spec.hops_max);
    spec.pace = fields.duration("pace", &ATTEMPT, desk).unwrap_or(spec.pace);
    spec.wait = fields.duration("wait", &ATTEMPT, desk).unwrap_or(spec.wait);
    spec
}

/// The most packets for each hop.
const COUNT_MAX: u64 = 1000;
