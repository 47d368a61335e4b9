//! `prober: path`.

use std::num::NonZeroU8;
use std::time::Duration;

use super::DialSpec;

/// `path:`. Packets are allowed 1, 2, 3… hops, and whoever uses up the last one answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathSpec {
    /// What the packets are. Loss and filters on the way may treat them differently.
    pub protocol: PathProtocol,
    /// The TCP port that is asked for; none: the target's.
    pub port: Option<u16>,
    /// How many packets each hop gets.
    pub count: u32,
    /// Behind how many hops the target is given up.
    pub hops_max: NonZeroU8,
    /// The time from one packet of a hop to its next; all hops are asked side by side.
    pub pace: Duration,
    /// How long an answer to one packet is waited for. Up to 1 s a packet is one packet; beyond that
    /// the kernel repeats a TCP packet by itself, and an answer to the second counts, late.
    pub wait: Duration,
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
}

impl Default for PathSpec {
    fn default() -> Self {
        Self {
            protocol: PathProtocol::Tcp,
            port: None,
            count: 10,
            hops_max: NonZeroU8::new(30).expect("30 is not 0"),
            pace: Duration::from_millis(100),
            wait: Duration::from_secs(1),
            dial: DialSpec::default(),
        }
    }
}

/// What the packets of a trace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathProtocol {
    /// The first packet of a TCP connection, as the service itself would get it. Needs no privilege.
    Tcp,
    /// ICMP echo requests. The kernel lets those send them whose group `ping_group_range` names.
    Icmp,
}
