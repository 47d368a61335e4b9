//! `prober: icmp`.

use super::DialSpec;

/// `icmp:`. One echo request, and the reply to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpSpec {
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// Bytes behind the header of the request.
    pub payload_bytes: u16,
    /// Whether nobody on the way may cut an IPv4 packet in pieces.
    pub dont_fragment: bool,
    /// How many hops the request is allowed.
    pub hops_max: u8,
}

impl Default for IcmpSpec {
    fn default() -> Self {
        Self {
            dial: DialSpec::default(),
            payload_bytes: Self::PAYLOAD_BYTES,
            dont_fragment: false,
            hops_max: Self::HOPS_MAX,
        }
    }
}

impl IcmpSpec {
    /// As many bytes as the exporter sends where nothing is said, so that both weigh the same.
    pub const PAYLOAD_BYTES: u16 = 28;
    /// The most that fit into a packet: 65 535 less the headers of IPv4 and ICMP.
    pub const PAYLOAD_BYTES_MAX: u16 = 65_507;
    /// As many hops as the exporter allows where nothing is said.
    pub const HOPS_MAX: u8 = 64;
}
