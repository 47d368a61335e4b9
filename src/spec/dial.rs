//! Which address is dialled, and from where.

use std::net::IpAddr;

/// Which of a name's addresses is dialled, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialSpec {
    /// The family that is taken first.
    pub preferred: Family,
    /// Whether the other family will do where the preferred one has no address.
    pub fallback: bool,
    /// The address we ask from.
    pub source: Option<IpAddr>,
}

/// The exporter's defaults: IPv6 first, else IPv4.
impl Default for DialSpec {
    fn default() -> Self {
        Self { preferred: Family::Ip6, fallback: true, source: None }
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ip4,
    /// IPv6.
    Ip6,
}
