//! What an echo request showed.

use std::net::IpAddr;

use super::Refusal;

/// What an echo request showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IcmpFacts {
    /// How many hops the reply was still allowed when it came here.
    pub reply_hop_limit: Option<u8>,
    /// Who said that the request did not arrive, and what.
    pub notice: Option<(IpAddr, Option<Refusal>)>,
    /// Whether the request is larger than the first link of the way carries.
    pub too_large: bool,
    /// Packets that came and were no reply to this request. They are not believed.
    pub strangers: u32,
}
