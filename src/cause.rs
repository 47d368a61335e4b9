//! What an outcome means: a verdict, with one cause out of a closed list.

mod dns;

pub use dns::broken_rule;
mod http;

use crate::exposition;
use crate::outcome::{CertificateFault, End, Fault, FaultKind, Outcome, OwnSide, Phase, Serving};
use crate::spec::{Module, OnEmpty, Prober, QuerySpec};

/// What is said of a target after one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be.
    Success,
    /// It is not, for one cause, in one phase.
    Failure(Cause, Phase),
    /// We could not tell, and the fault is on our side. It moves no alert.
    Unknown(OwnSide),
}

impl Verdict {
    /// The cause's name, or `""` on success.
    pub fn cause_name(self) -> &'static str {
        match self {
            Self::Success => "",
            Self::Failure(cause, _) => cause.name(),
            Self::Unknown(own) => Cause::from(own).name(),
        }
    }

    /// The phase's name, or `""` where there is none.
    pub fn phase_name(self) -> &'static str {
        match self {
            Self::Failure(_, phase) => phase.name(),
            Self::Success | Self::Unknown(_) => "",
        }
    }

    /// The word that metrics have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure(..) => "failure",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// An outcome, and what it means.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it means.
    pub verdict: Verdict,
    /// What was seen.
    pub outcome: Outcome,
}

impl Judged {
    /// Judges what `module` saw.
    pub fn new(module: &Module, outcome: Outcome) -> Self {
        Self { verdict: judge(module, &outcome), outcome }
    }
}

/// What `outcome` means to one who asked as `module` says.
///
/// An answer that took longer than the module's timeout is `deadline_exceeded` in the phase that
/// was running when the time was up; one that took exactly as long is in time.
pub fn judge(module: &Module, outcome: &Outcome) -> Verdict {
    match outcome.end {
        End::Unknown(own) => Verdict::Unknown(own),
        // Whoever answers for others and fails says nothing about them.
        End::Fault(_) if module.prober.asks_for_series() => Verdict::Unknown(OwnSide::Query),
        End::Reply if is_silent(&module.prober, outcome) => Verdict::Unknown(OwnSide::Query),
        End::Fault(fault) => Verdict::Failure(of_fault(fault), fault.phase),
        // The timeout of a path ends the measuring; what was measured until then is the answer.
        End::Reply if outcome.duration > module.timeout && outcome.path.is_none() => {
            Verdict::Failure(Cause::DeadlineExceeded, phase_at(outcome, module.timeout))
        }
        End::Reply => match of_reply(&module.prober, outcome) {
            None => Verdict::Success,
            Some((cause, phase)) => Verdict::Failure(cause, phase),
        },
    }
}

/// The cause of a fault. Every kind has exactly one.
pub fn of_fault(fault: Fault) -> Cause {
    match fault.kind {
        FaultKind::NoSuchName => Cause::DnsNoSuchName,
        FaultKind::NoAddress => Cause::DnsNoAddress,
        FaultKind::DnsServerFailure => Cause::DnsServerFailure,
        FaultKind::DnsRefused => Cause::DnsRefused,
        FaultKind::Refused => Cause::ConnectRefused,
        FaultKind::Unreachable => Cause::ConnectUnreachable,
        FaultKind::Reset => Cause::ConnectionReset,
        FaultKind::ProxyRefused => Cause::ProxyRefused,
        FaultKind::TimedOut => Cause::DeadlineExceeded,
        FaultKind::TlsProtocol => Cause::TlsProtocol,
        FaultKind::TlsAlert => Cause::TlsAlert,
        FaultKind::Certificate(CertificateFault::Expired) => Cause::CertificateExpired,
        FaultKind::Certificate(CertificateFault::NotYetValid) => Cause::CertificateNotYetValid,
        FaultKind::Certificate(CertificateFault::WrongName) => Cause::CertificateWrongName,
        FaultKind::Certificate(CertificateFault::Untrusted) => Cause::CertificateUntrusted,
        FaultKind::HttpProtocol => Cause::HttpProtocol,
        FaultKind::HeaderLimit => Cause::HttpHeaderLimit,
        FaultKind::RedirectLimit => Cause::HttpRedirectLimit,
        FaultKind::RedirectDenied => Cause::HttpRedirectDenied,
        FaultKind::BodyTooLarge => Cause::BodyTooLarge,
        FaultKind::BodyTruncated => Cause::BodyTruncated,
        FaultKind::DecodeFailed => Cause::DecodeFailed,
        FaultKind::DecodeLimit => Cause::DecodeLimit,
        FaultKind::DnsProtocol => Cause::DnsProtocol,
        FaultKind::IcmpUnreachable => Cause::IcmpUnreachable,
        FaultKind::IcmpTimeExceeded => Cause::IcmpTimeExceeded,
        FaultKind::TargetDenied => Cause::TargetDenied,
    }
}

fn of_reply(prober: &Prober, outcome: &Outcome) -> Option<(Cause, Phase)> {
    match prober {
        Prober::Http(spec) => {
            http::of_http(spec, outcome.http.as_ref().expect("an http reply has http facts"))
        }
        Prober::Metrics(_) => of_metrics(outcome),
        // Of `tls`: what should have come before the handshake.
        Prober::Tcp(_) | Prober::Unix(_) | Prober::Tls(_) => {
            let missed = outcome.conversation.as_ref().and_then(|it| it.missed);
            missed.map(|_| (Cause::ContentMismatch, Phase::Check))
        }
        Prober::Dns(spec) => {
            let answer = outcome.dns.as_ref().and_then(|it| it.answer.as_ref());
            dns::judge(spec, answer.expect("a reply of a name server is an answer"))
        }
        // There was a reply: that is all there is to ask for.
        Prober::Icmp(_) => None,
        Prober::WebSocket(_) => http::of_websocket(outcome),
        Prober::Grpc(_) => Some((of_grpc(outcome)?, Phase::Check)),
        Prober::Path(_) => of_path(outcome),
        Prober::Query(spec) => Some((of_series(spec, outcome)?, Phase::Check)),
    }
}

/// Whether the answer has nothing to say where it should.
fn is_silent(prober: &Prober, outcome: &Outcome) -> bool {
    match prober {
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_) => false,
        Prober::Query(spec) => match &outcome.series {
            None | Some(Err(_)) => true,
            Some(Ok(series)) => series.is_empty() && spec.on_empty == OnEmpty::Unknown,
        },
    }
}

/// Of an answer that is there.
fn of_series(spec: &QuerySpec, outcome: &Outcome) -> Option<Cause> {
    if !matches!(&outcome.series, Some(Ok(series)) if series.is_empty()) {
        return Some(Cause::QueryMatched);
    }
    match spec.on_empty {
        OnEmpty::Healthy | OnEmpty::Unknown => None,
        OnEmpty::Failing => Some(Cause::QueryEmpty),
    }
}

/// As a Prometheus scrape judges: exactly 200, a content type it knows, an exposition it can read.
fn of_metrics(outcome: &Outcome) -> Option<(Cause, Phase)> {
    let http = outcome.http.as_ref().expect("a metrics reply has http facts");
    if http.status != 200 {
        return Some((Cause::HttpStatus, Phase::Processing));
    }
    match &outcome.exposition {
        None => Some((Cause::ContentType, Phase::Check)),
        Some(Err(flaw)) => Some((of_flaw(flaw.kind), Phase::Check)),
        Some(Ok(_)) => None,
    }
}

/// Only a service that says so serves.
fn of_grpc(outcome: &Outcome) -> Option<Cause> {
    let grpc = outcome.grpc.as_ref().expect("a grpc reply has grpc facts");
    match grpc.serving {
        Some(Serving::Serving) => None,
        Some(Serving::Unknown | Serving::NotServing | Serving::ServiceUnknown) => Some(Cause::GrpcNotServing),
        None => Some(Cause::GrpcStatus),
    }
}

/// Loss on the way that the end does not share is a router with better things to do.
fn of_path(outcome: &Outcome) -> Option<(Cause, Phase)> {
    let end = outcome.path.as_ref().and_then(|it| it.hops.last());
    end.is_some_and(|it| it.lost() > 0).then_some((Cause::PathLossy, Phase::Check))
}

fn of_flaw(kind: exposition::FlawKind) -> Cause {
    match kind.limit() {
        None => Cause::ExpositionSyntax,
        Some(exposition::Limit::Samples) => Cause::SampleLimit,
        // What makes a line too long for anybody is its labels.
        Some(exposition::Limit::Labels | exposition::Limit::Line) => Cause::LabelLimit,
    }
}

/// The phase that was running `after` that time.
fn phase_at(outcome: &Outcome, after: std::time::Duration) -> Phase {
    let mut end = std::time::Duration::ZERO;
    for (phase, time) in outcome.phases.iter() {
        end += time;
        if end > after {
            return phase;
        }
    }
    Phase::Transfer
}

/// Declares the closed list once: variant, name, the phase it is at home in, meaning, hint.
macro_rules! causes {
    ($($variant:ident $name:literal $phase:ident $meaning:literal $hint:literal;)*) => {
        /// Why an attempt failed, or why we cannot tell. [`CAUSES`] says what each means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause { $(#[doc = $meaning] $variant,)* }

        /// The whole list, in the order of an attempt.
        pub const CAUSES: &[CauseDoc] = &[$(CauseDoc {
            cause: Cause::$variant, name: $name, phase: Phase::$phase, meaning: $meaning, hint: $hint,
        },)*];
    };
}

/// A row of the list of causes.
#[derive(Clone, Copy, Debug)]
pub struct CauseDoc {
    /// The cause.
    pub cause: Cause,
    /// Its name in metrics, annotations and conditions.
    pub name: &'static str,
    /// The phase in which it is at home (`deadline_exceeded` can come in any).
    pub phase: Phase,
    /// What was seen.
    pub meaning: &'static str,
    /// Where to look first.
    pub hint: &'static str,
}

impl Cause {
    /// Its row.
    pub fn doc(self) -> &'static CauseDoc {
        &CAUSES[self as usize]
    }

    /// Its name in metrics, annotations and conditions.
    pub fn name(self) -> &'static str {
        self.doc().name
    }

    /// The cause with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        CAUSES.iter().find(|it| it.name == name).map(|it| it.cause)
    }
}

impl From<OwnSide> for Cause {
    fn from(own: OwnSide) -> Self {
        match own {
            OwnSide::Fd => Self::LocalFd,
            OwnSide::Ports => Self::LocalPorts,
            OwnSide::Memory => Self::LocalMemory,
            OwnSide::Resolver => Self::LocalResolver,
            OwnSide::Permission => Self::LocalPermission,
            OwnSide::Query => Self::QueryFailed,
            OwnSide::Secret => Self::LocalSecret,
            OwnSide::Overrun => Self::Overrun,
            OwnSide::Paused => Self::Paused,
            OwnSide::Cancelled => Self::Cancelled,
            OwnSide::Internal => Self::Internal,
        }
    }
}

/// The side of ours that a cause names, where it is one of those.
pub fn own_side(cause: Cause) -> Option<OwnSide> {
    OWN_SIDES.into_iter().find(|own| Cause::from(*own) == cause)
}

const OWN_SIDES: [OwnSide; 11] = [
    OwnSide::Fd,
    OwnSide::Ports,
    OwnSide::Memory,
    OwnSide::Resolver,
    OwnSide::Permission,
    OwnSide::Query,
    OwnSide::Secret,
    OwnSide::Overrun,
    OwnSide::Paused,
    OwnSide::Cancelled,
    OwnSide::Internal,
];

causes! {
    DnsNoSuchName "dns_no_such_name" Resolve "the name does not exist" "look for a typing error in the target, or a record that was taken away";
    DnsNoAddress "dns_no_address" Resolve "the name exists and has no address of the wanted family" "ask for the other family, or see which records the name has";
    DnsServerFailure "dns_server_failure" Resolve "the name servers failed to answer" "look at the name servers of the zone before the target";
    DnsRefused "dns_refused" Resolve "the name servers would not answer us" "look at the servers that this machine's resolver is set to";
    ConnectRefused "connect_refused" Connect "the host is there and refuses the port" "look at the process before the network";
    ConnectUnreachable "connect_unreachable" Connect "no way leads to the host" "look at routes and firewalls, then whether the host is up";
    ConnectionReset "connection_reset" Connect "the connection was cut by the other side, or by something between" "look for a crash, a full backlog or a proxy without a backend";
    ProxyRefused "proxy_refused" Connect "the proxy would not open a way to the target" "see the proxy's log: whether we may pass there, and whether it can reach the target";
    DeadlineExceeded "deadline_exceeded" Processing "no complete answer within the timeout" "the phase says what was waited for: connecting is the network or a dead host, processing is the service, transfer is size or bandwidth";
    TlsProtocol "tls_protocol" Tls "both sides speak no TLS in common, or the other speaks none" "look whether the port speaks TLS at all, then at versions and ciphers";
    TlsAlert "tls_alert" Tls "the other side ended the handshake with an alert" "it may want a client certificate, or know no certificate for that name";
    CertificateExpired "certificate_expired" Tls "the certificate's time is over" "renew it, and see why the renewal did not run";
    CertificateNotYetValid "certificate_not_yet_valid" Tls "the certificate's time has not come" "compare the clocks of both sides";
    CertificateWrongName "certificate_wrong_name" Tls "the certificate is for other names" "see which names it has, and which one was asked for";
    CertificateUntrusted "certificate_untrusted" Tls "nobody whom we trust vouches for the certificate" "look for a missing intermediate, or name the issuer in ca_file";
    HttpStatus "http_status" Processing "the answer's status is not a good one" "the service is reached and says itself that something is wrong: read its log";
    HttpProtocol "http_protocol" Processing "what came is not HTTP as we understand it" "look whether the port speaks HTTP, or TLS instead";
    HttpHeaderLimit "http_header_limit" Processing "the answer has more, or longer, headers than are read" "look what sets so many headers";
    HttpRedirectLimit "http_redirect_limit" Processing "one redirect led to the next, too often" "look for two redirects that name each other";
    HttpRedirectDenied "http_redirect_denied" Processing "a redirect led to where we do not go" "see the Location header";
    HttpVersion "http_version" Check "the answer came in another version of HTTP than is wanted" "see valid_http_versions and what the server offers by ALPN";
    HttpSsl "http_ssl" Check "the answer came over TLS and should not have, or the other way round" "see where the redirects led";
    BodyTooLarge "body_too_large" Transfer "the body is longer than is read" "see what makes it so long, or raise body_size_limit";
    BodyTruncated "body_truncated" Transfer "the body ended before its end" "look for a crash or a proxy's timeout in the middle of the answer";
    DecodeFailed "decode_failed" Transfer "the body is not encoded as it says" "look at what compresses between the service and us";
    DecodeLimit "decode_limit" Transfer "the body unfolds to more than is read" "take it for hostile until it is explained";
    ContentType "content_type" Check "Prometheus would not take this Content-Type" "have the service send text/plain; version=0.0.4, or set fallback_scrape_protocol";
    ContentMismatch "content_mismatch" Check "what was read is not what was expected" "see the first bytes of the answer";
    HeaderMismatch "header_mismatch" Check "a header is not what was expected" "see the answer's headers";
    ExpositionSyntax "exposition_syntax" Check "Prometheus could not read these metrics" "the place stands in the evidence: line and column";
    SampleLimit "sample_limit" Check "more samples than are taken" "look for a label whose values have no end";
    LabelLimit "label_limit" Check "more, or longer, labels than are taken" "look for a label that holds a message or a URL";
    AssertionFailed "assertion_failed" Check "a condition of the module does not hold" "see which one";
    DnsRcode "dns_rcode" Check "the name server answered with another code than is wanted" "the code stands in the evidence: SERVFAIL is the server or its upstream, REFUSED its access list, NXDOMAIN the name";
    DnsAnswerMismatch "dns_answer_mismatch" Check "the records are not what was expected" "the evidence names the rule and its section, and shows the records";
    DnsProtocol "dns_protocol" Processing "what came is no DNS message that can be read" "look whether the port is a name server's, and what stands between it and us";
    IcmpUnreachable "icmp_unreachable" Connect "a router or the host answered that it cannot be reached" "the address that said so stands in the evidence";
    IcmpTimeExceeded "icmp_time_exceeded" Connect "the packet's hops were used up on the way" "look for a loop of routes where it was given up, or allow more hops with ttl";
    GrpcNotServing "grpc_not_serving" Check "the health service says that it does not serve" "read the service's log";
    GrpcStatus "grpc_status" Check "the health check was answered with an error instead of a state" "the code stands in the evidence: 5 is a service that nobody knows there, 12 a server without health checks, 14 one that cannot answer now";
    QueryMatched "query_matched" Check "the question to Prometheus finds it" "see the series in the evidence, and ask the question there";
    QueryEmpty "query_empty" Check "the question has no answer, and should have" "see whether the series still exists";
    PathLossy "path_lossy" Check "packets are lost on the way" "loss begins where every later hop that answers loses";
    TargetDenied "target_denied" Connect "policy forbids that address" "name it with --probe.allow if it is meant to be probed";
    LocalFd "local_fd" Connect "we had no file descriptor left" "raise LimitNOFILE, or lower --probe.concurrency";
    LocalPorts "local_ports" Connect "we had no local port left" "widen net.ipv4.ip_local_port_range, or spread the probers";
    LocalMemory "local_memory" Connect "we had no memory or buffer left" "raise the memory limit, or lower --probe.concurrency";
    LocalResolver "local_resolver" Resolve "our resolver could not be asked" "look at /etc/resolv.conf of this machine and at the servers it names";
    LocalPermission "local_permission" Connect "we are not allowed to do that here" "see which privilege the prober needs: icmp wants CAP_NET_RAW, or our group within net.ipv4.ping_group_range";
    LocalSecret "local_secret" Check "a secret, a certificate or a token of ours was not to be had" "see the path and its owner; with oauth2, our log says why there is no token";
    QueryFailed "query_failed" Processing "Prometheus did not answer the question" "see what it says, and whether it is up";
    Overrun "overrun" Resolve "it could not be started in time" "there is more to ask than this machine can: lower the load or shard";
    Paused "paused" Resolve "this process was stopped in the middle of it" "look for a suspended machine or a frozen container";
    Cancelled "cancelled" Resolve "it was called off by a reload or a shutdown" "nothing to do";
    Internal "internal" Check "a mistake of ours" "report it with the log around it";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_its_own_row_and_is_found_by_its_name() {
        for row in CAUSES {
            assert_eq!(row.cause.doc().name, row.name);
            assert_eq!(Cause::from_name(row.name), Some(row.cause), "{}", row.name);
            let is_snake_case = row.name.bytes().all(|it| it == b'_' || it.is_ascii_lowercase());
            assert!(is_snake_case && !row.meaning.is_empty() && !row.hint.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn our_own_side_and_nothing_else_is_unknown() {
        for own in OWN_SIDES {
            assert_eq!(own_side(Cause::from(own)), Some(own));
        }
        let ours = CAUSES.iter().filter(|it| own_side(it.cause).is_some()).count();
        assert_eq!(ours, OWN_SIDES.len());
        assert_eq!(own_side(Cause::ConnectRefused), None);
    }
}
