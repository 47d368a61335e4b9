//! Whom we do not dial. Whoever can name a target to us could have us ask what only we can reach: this
//! machine itself, its neighbours on the link, the cloud's metadata. It is decided on the address that
//! is dialled, however it was spelled and whoever led there.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What `--probe.allow` names: reached through our `/probe` although it would be refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    networks: Vec<Network>,
    hosts: BTreeSet<String>,
    paths: Vec<PathBuf>,
}

/// A word of `--probe.allow` that is neither an address, nor a network, nor a host's name, nor the path of
/// local sockets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither an address, nor a network as `127.0.0.0/8`, nor the name of a host (without scheme and port), nor a path"
)]
pub struct NoSuchPlace(pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: IpAddr,
    bits: u8,
}

impl Allowed {
    /// Of the words, each an address, a network, the name of a host as targets spell it, or the path of a local
    /// socket or of a folder of them.
    ///
    /// # Errors
    ///
    /// The first word that is none of them.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, NoSuchPlace> {
        let mut allowed = Self::default();
        for word in words {
            match Network::parse(word) {
                Some(network) => allowed.networks.push(network),
                None if word.starts_with('/') => allowed.paths.push(word.into()),
                None if is_host_name(word) => {
                    allowed.hosts.insert(bare(word));
                }
                None => return Err(NoSuchPlace(word.to_owned())),
            }
        }
        Ok(allowed)
    }

    fn names(&self, host: &str, address: IpAddr) -> bool {
        let inner = embedded(address).map(IpAddr::V4);
        let within = |it: IpAddr| self.networks.iter().any(|network| network.holds(it));
        self.hosts.contains(&bare(host)) || within(address) || inner.is_some_and(within)
    }
}

impl Network {
    fn parse(word: &str) -> Option<Self> {
        let (base, bits) = match word.split_once('/') {
            None => (word, None),
            Some((base, bits)) => (base, Some(bits.parse::<u8>().ok()?)),
        };
        let base: IpAddr = base.trim_matches(['[', ']']).parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { base, bits })
    }

    fn holds(self, address: IpAddr) -> bool {
        let (base, address, width) = match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(it)) => (u32::from(base).into(), u32::from(it).into(), 32),
            (IpAddr::V6(base), IpAddr::V6(it)) => (u128::from(base), u128::from(it), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        let rest = u32::from(width - self.bits);
        base.checked_shr(rest).unwrap_or(0) == address.checked_shr(rest).unwrap_or(0)
    }
}

fn is_host_name(word: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    !word.is_empty() && word.chars().all(is_part)
}

/// Without the dot of the root, in lower case.
fn bare(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// What a [`super::Dialer`] refuses to dial.
#[derive(Clone, Default)]
pub(super) enum Guard {
    /// Nothing: who wrote the configuration decides.
    #[default]
    Open,
    /// Neighbours on the link and metadata: a target has led us on by a redirect.
    Led,
    /// Besides those this machine, and what is nobody's address: somebody else names the target.
    Door(Arc<Allowed>),
}

impl Guard {
    /// Whether `address` may be dialled, which was found for `host`.
    pub(super) fn admits(&self, host: &str, address: IpAddr) -> bool {
        match self {
            Self::Open => true,
            Self::Led => !is_next_to_us(address),
            Self::Door(allowed) => !is_ours_alone(address) || allowed.names(host, address),
        }
    }

    /// The guard of where a target leads by a redirect, which was at `first` itself.
    pub(super) fn beyond(&self, first: Option<IpAddr>) -> Self {
        match self {
            Self::Open if !first.is_some_and(is_next_to_us) => Self::Led,
            Self::Open | Self::Led | Self::Door(_) => self.clone(),
        }
    }

    /// Whether the local socket at `path` may be dialled. Nobody but who wrote the configuration knows what
    /// listens there.
    pub(super) fn admits_path(&self, path: &Path) -> bool {
        let is_plain = || path.components().all(|it| !matches!(it, Component::ParentDir));
        match self {
            Self::Open | Self::Led => true,
            Self::Door(allowed) => is_plain() && allowed.paths.iter().any(|it| path.starts_with(it)),
        }
    }

    /// Whether somebody else named the target.
    pub(super) fn is_door(&self) -> bool {
        match self {
            Self::Open | Self::Led => false,
            Self::Door(_) => true,
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Led => "Led",
            Self::Door(_) => "Door",
        })
    }
}

/// Reached from this machine only, or by nobody.
fn is_ours_alone(address: IpAddr) -> bool {
    if let Some(inner) = embedded(address) {
        return is_ours_alone(inner.into());
    }
    let is_odd = match address {
        IpAddr::V4(it) => it.octets()[0] == 0 || it.octets()[0] >= 224,
        IpAddr::V6(it) => it.is_unspecified() || it.is_multicast(),
    };
    is_odd || address.is_loopback() || is_next_to_us(address)
}

/// Link-local, or where clouds tell a machine its secrets.
fn is_next_to_us(address: IpAddr) -> bool {
    if let Some(inner) = embedded(address) {
        return is_next_to_us(inner.into());
    }
    match address {
        IpAddr::V4(it) => it.is_link_local() || METADATA_V4.contains(&it),
        IpAddr::V6(it) => it.is_unicast_link_local() || METADATA_V6.contains(&it),
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, translated (NAT64, its local
/// prefix, SIIT), 6to4, Teredo.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let part = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // Those two are not IPv4's `0.0.0.0` and `0.0.0.1`.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(part(high, low)),
        [0x2001, 0, .., high, low] => Some(part(!high, !low)),
        _ => None,
    }
}

/// Metadata outside of `169.254.0.0/16`: Alibaba, Oracle, Azure.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// Metadata over IPv6: AWS (the instance's, and its time and names), Google.
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x123),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

#[cfg(test)]
mod tests;
