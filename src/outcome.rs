//! What one attempt saw. Facts only: `cause` decides what they mean.

mod conversation;
mod dns;
mod grpc;
mod http;
mod icmp;
mod path;
mod series;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

pub use conversation::{Conversation, Missed};
pub use dns::{DnsAnswer, DnsFacts, SectionFacts};
pub use grpc::{GrpcFacts, Serving, grpc_status_name};
pub use http::{HeaderMatch, HttpFacts, JsonMatch};
pub use icmp::IcmpFacts;
pub use path::{HopFacts, PathFacts, Refusal, RoundTrips};
pub use series::{Series, folded, notes, sum};
pub use tls::{CertificateFacts, TlsFacts};

use crate::exposition::{Flaw, Summary};

/// What one attempt saw.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When it began.
    pub at: SystemTime,
    /// How long it took, from its beginning to the end of what it read.
    pub duration: Duration,
    /// How long each phase took. They add up to `duration`.
    pub phases: Phases,
    /// The address that was dialled last.
    pub peer: Option<SocketAddr>,
    /// What the last TLS handshake showed, also when it failed.
    pub tls: Option<TlsFacts>,
    /// What the last HTTP answer showed, also when its body failed.
    pub http: Option<HttpFacts>,
    /// What stood in the exposition that was read, for `metrics`.
    pub exposition: Option<Result<Summary, Flaw>>,
    /// What a conversation over TCP showed.
    pub conversation: Option<Conversation>,
    /// What a question to a name server showed.
    pub dns: Option<DnsFacts>,
    /// What an echo request showed.
    pub icmp: Option<IcmpFacts>,
    /// What a health check of gRPC showed.
    pub grpc: Option<GrpcFacts>,
    /// What was found of the way, for `path`; also when the time was up before all was measured.
    pub path: Option<PathFacts>,
    /// What Prometheus answered, for `query`, or in words why it did not.
    pub series: Option<Result<Arc<[Series]>, String>>,
    /// How it ended.
    pub end: End,
}

impl Outcome {
    /// An attempt that only ended: nothing was seen on the way.
    pub fn bare(at: SystemTime, duration: Duration, end: End) -> Self {
        Self {
            at,
            duration,
            phases: Phases::default(),
            peer: None,
            tls: None,
            http: None,
            exposition: None,
            conversation: None,
            dns: None,
            icmp: None,
            grpc: None,
            path: None,
            series: None,
            end,
        }
    }
}

/// What was answered, in the words of people.
impl Outcome {
    /// What a name server says of the question, as `NXDOMAIN`; empty where no answer came.
    pub fn rcode(&self) -> Arc<str> {
        let answer = self.dns.as_ref().and_then(|it| it.answer.as_ref());
        answer.map_or_else(Arc::default, |it| it.rcode.name().into())
    }

    /// The first bytes of the answer as text: a body's, or a name server's records, one a line.
    pub fn text(&self) -> Arc<str> {
        let records = || Some(self.dns.as_ref()?.answer.as_ref()?.sections[0].first.join("\n"));
        match &self.http {
            Some(http) => http.body_start.as_str().into(),
            None => records().unwrap_or_default().into(),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The target answered; whether the answer is good is not said here. For `path`: the way was
    /// measured, be it that only its end is silent.
    Reply,
    /// The target failed, or the way to it.
    Fault(Fault),
    /// We could not ask; this says nothing about the target.
    Unknown(OwnSide),
}

/// A part of an attempt. They follow each other; a redirect begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Finding the address of a name.
    Resolve,
    /// Making the connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the request until the first byte of the answer.
    Processing,
    /// From the first byte until the last.
    Transfer,
    /// Looking at what was answered.
    Check,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Resolve, Self::Connect, Self::Tls, Self::Processing, Self::Transfer, Self::Check];

    /// The word that metrics, annotations and conditions have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Processing => "processing",
            Self::Transfer => "transfer",
            Self::Check => "check",
        }
    }

    /// The phase with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How long each phase took, summed over redirects. A phase that was not reached took no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases([Duration; Phase::ALL.len()]);

impl Phases {
    /// The time that `phase` took.
    pub fn of(&self, phase: Phase) -> Duration {
        self.0[phase as usize]
    }

    /// Adds to the time of `phase`.
    pub fn add(&mut self, phase: Phase, time: Duration) {
        self.0[phase as usize] += time;
    }

    /// All phases with their times, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        Phase::ALL.into_iter().map(|phase| (phase, self.of(phase)))
    }

    /// The sum.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }
}

/// What failed while what was being done. Who it was stands in [`Outcome::peer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was being done.
    pub phase: Phase,
    /// What went wrong.
    pub kind: FaultKind,
}

/// What went wrong out there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The name does not exist.
    NoSuchName,
    /// The name exists and has no address of the wanted family.
    NoAddress,
    /// The resolver's servers failed.
    DnsServerFailure,
    /// The resolver's servers would not answer.
    DnsRefused,
    /// The host refused the port.
    Refused,
    /// No way to the host: an ICMP unreachable, or no route.
    Unreachable,
    /// The connection was reset, or closed before an answer.
    Reset,
    /// A proxy would not open the way.
    ProxyRefused,
    /// The deadline came first.
    TimedOut,
    /// The two sides have no version, cipher or language of TLS in common.
    TlsProtocol,
    /// The other side ended the handshake with an alert.
    TlsAlert,
    /// The certificate is not good.
    Certificate(CertificateFault),
    /// What came is not HTTP as we understand it.
    HttpProtocol,
    /// More, or longer, headers than we read.
    HeaderLimit,
    /// More redirects than we follow.
    RedirectLimit,
    /// A redirect to where we do not go: not http, no place, or a place that policy forbids.
    RedirectDenied,
    /// The body is longer than we read.
    BodyTooLarge,
    /// The body ended before its end.
    BodyTruncated,
    /// The body is not encoded as it says.
    DecodeFailed,
    /// The body unfolds to more than we read.
    DecodeLimit,
    /// What came is no DNS message that can be read.
    DnsProtocol,
    /// An ICMP message says that the packet did not arrive.
    IcmpUnreachable,
    /// An ICMP message says that the packet's hops were used up.
    IcmpTimeExceeded,
    /// Policy forbids that address.
    TargetDenied,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It bears another name.
    WrongName,
    /// Nobody whom we trust vouches for it.
    Untrusted,
}

/// What was wrong on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnSide {
    /// No file descriptor was left.
    Fd,
    /// No local port was left.
    Ports,
    /// No memory or buffer was left.
    Memory,
    /// Our resolver could not be asked.
    Resolver,
    /// We may not do that here.
    Permission,
    /// Whom we ask about others did not answer: that says nothing about them.
    Query,
    /// A secret or a certificate of ours could not be read, or a token not be had.
    Secret,
    /// It could not be started in time.
    Overrun,
    /// We were stopped in the middle of it.
    Paused,
    /// It was called off.
    Cancelled,
    /// A mistake of ours.
    Internal,
}

/// What came after the verdict was given, while the prober went on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// The answer was complete after that time, measured from the beginning.
    Answered {
        /// From the beginning to the last byte.
        after: Duration,
        /// Its HTTP status, where it has one.
        status: Option<u16>,
        /// Bytes of its decoded body.
        body_bytes: u64,
    },
    /// Nothing came, however long we waited: no answer was complete.
    Silent {
        /// From the beginning until we gave up.
        waited: Duration,
    },
    /// It ended in another fault.
    Failed {
        /// From the beginning until it failed.
        after: Duration,
        /// What went wrong then.
        fault: Fault,
    },
    /// We could not go on.
    Unknown(OwnSide),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_is_found_by_its_name() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_name(phase.name()), Some(phase));
        }
        assert_eq!(Phase::from_name("lunch"), None);
    }

    #[test]
    fn phases_add_up() {
        let mut phases = Phases::default();
        phases.add(Phase::Connect, Duration::from_millis(3));
        phases.add(Phase::Connect, Duration::from_millis(4));
        phases.add(Phase::Transfer, Duration::from_millis(5));
        assert_eq!(phases.of(Phase::Connect), Duration::from_millis(7));
        assert_eq!(phases.total(), Duration::from_millis(12));
    }
}
