//! From the errors of the system and of the libraries to the one closed list: whose fault it was,
//! and which. Foreign enums that may grow have one arm at the end for what nobody has seen yet.

use std::error::Error;
use std::io;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use rustls::{AlertDescription, CertificateError};

use super::trail::Break;
use crate::outcome::{CertificateFault, FaultKind, OwnSide};

/// What went wrong, and on whose side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Out there.
    Theirs(FaultKind),
    /// Here.
    Ours(OwnSide),
}

impl From<FaultKind> for Trouble {
    fn from(kind: FaultKind) -> Self {
        Self::Theirs(kind)
    }
}

impl From<OwnSide> for Trouble {
    fn from(own: OwnSide) -> Self {
        Self::Ours(own)
    }
}

/// Which part of an answer was awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The status and the headers.
    Head,
    /// The body.
    Body,
}

/// What an error of a socket means, or of TLS where it comes through one.
pub(crate) fn of_io(error: &io::Error) -> Trouble {
    if let Some(tls) = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) {
        return of_tls(tls);
    }
    match error.raw_os_error() {
        Some(EMFILE | ENFILE) => return OwnSide::Fd.into(),
        Some(ENOBUFS) => return OwnSide::Memory.into(),
        Some(EHOSTDOWN | ENONET | EAFNOSUPPORT | EINVAL) => return FaultKind::Unreachable.into(),
        Some(_) | None => {}
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FaultKind::Refused.into(),
        // The kernel gave up on its own account, before our deadline: nobody was there to answer.
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::TimedOut => FaultKind::Unreachable.into(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => OwnSide::Ports.into(),
        io::ErrorKind::PermissionDenied => OwnSide::Permission.into(),
        io::ErrorKind::OutOfMemory => OwnSide::Memory.into(),
        // Reset, aborted, broken pipe, end of file; and what nobody has seen yet: it came from the
        // connection, so it is the connection's.
        _ => FaultKind::Reset.into(),
    }
}

/// What an error of TLS means.
#[expect(clippy::match_same_arms, reason = "what is known has its name, and the last arm is for what is not")]
pub(crate) fn of_tls(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(error) => FaultKind::Certificate(of_certificate(error)).into(),
        rustls::Error::NoCertificatesPresented => FaultKind::Certificate(CertificateFault::Untrusted).into(),
        rustls::Error::UnsupportedNameType => FaultKind::Certificate(CertificateFault::WrongName).into(),
        rustls::Error::AlertReceived(alert) => of_alert(*alert).into(),
        rustls::Error::InappropriateMessage { .. }
        | rustls::Error::InappropriateHandshakeMessage { .. }
        | rustls::Error::InvalidEncryptedClientHello(_)
        | rustls::Error::InvalidMessage(_)
        | rustls::Error::DecryptError
        | rustls::Error::PeerIncompatible(_)
        | rustls::Error::PeerMisbehaved(_)
        | rustls::Error::PeerSentOversizedRecord
        | rustls::Error::NoApplicationProtocol => FaultKind::TlsProtocol.into(),
        // Our own certificate and its key do not belong together.
        rustls::Error::InconsistentKeys(_) => OwnSide::Secret.into(),
        rustls::Error::EncryptError
        | rustls::Error::InvalidCertRevocationList(_)
        | rustls::Error::General(_)
        | rustls::Error::FailedToGetCurrentTime
        | rustls::Error::FailedToGetRandomBytes
        | rustls::Error::HandshakeNotComplete
        | rustls::Error::BadMaxFragmentSize
        | rustls::Error::Other(_) => OwnSide::Internal.into(),
        // What nobody has seen yet: the two sides did not come to terms.
        _ => FaultKind::TlsProtocol.into(),
    }
}

/// An alert that says "no language in common" means just that; any other is the other side's no.
fn of_alert(alert: AlertDescription) -> FaultKind {
    match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity
        | AlertDescription::InappropriateFallback
        | AlertDescription::NoApplicationProtocol => FaultKind::TlsProtocol,
        _ => FaultKind::TlsAlert,
    }
}

/// What is wrong with a certificate that was refused.
pub(crate) fn of_certificate(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        // Unknown issuers, bad signatures, wrong purposes, unreadable or revoked certificates, and
        // what nobody has seen yet: no reason to trust it.
        _ => CertificateFault::Untrusted,
    }
}

/// What an error of HTTP means. `broken` says how the connection ended, where it did: HTTP/2 hides
/// that behind its own error.
pub(crate) fn of_http(error: &hyper::Error, part: Part, broken: Option<Break>) -> Trouble {
    if let Some(error) = source::<h2::Error>(error) {
        return of_http2(error, part, broken);
    }
    if let Some(error) = source::<io::Error>(error) {
        return of_http_io(error, part);
    }
    if error.is_parse_too_large() {
        return FaultKind::HeaderLimit.into();
    }
    if error.is_parse() {
        return FaultKind::HttpProtocol.into();
    }
    // Headers of the drop-in that cannot be sent together.
    if error.is_user() {
        return OwnSide::Internal.into();
    }
    match broken {
        Some(Break::Failed(trouble)) => trouble,
        Some(Break::Closed) => cut(part).into(),
        None if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => cut(part).into(),
        None => FaultKind::HttpProtocol.into(),
    }
}

/// What an error of HTTP/2 means. A server that gives a request up in good order says so in a frame
/// where one of HTTP/1 cuts the connection; whatever it closes then is of no interest.
fn of_http2(error: &h2::Error, part: Part, broken: Option<Break>) -> Trouble {
    if let Some(io) = error.get_io() {
        return match broken {
            Some(Break::Failed(trouble)) => trouble,
            Some(Break::Closed) => cut(part).into(),
            None => of_http_io(io, part),
        };
    }
    let gave_up = [
        h2::Reason::NO_ERROR,
        h2::Reason::INTERNAL_ERROR,
        h2::Reason::CANCEL,
        h2::Reason::REFUSED_STREAM,
        h2::Reason::ENHANCE_YOUR_CALM,
    ];
    if error.is_remote() && error.reason().is_some_and(|it| gave_up.contains(&it)) {
        return cut(part).into();
    }
    FaultKind::HttpProtocol.into()
}

/// hyper tells of a bad chunk and of a short body in the words of a socket.
fn of_http_io(error: &io::Error, part: Part) -> Trouble {
    let is_tls = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()).is_some();
    match error.kind() {
        io::ErrorKind::UnexpectedEof => cut(part).into(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other if !is_tls => {
            FaultKind::HttpProtocol.into()
        }
        _ => of_io(error),
    }
}

/// The other side closed the connection in the middle of that part.
fn cut(part: Part) -> FaultKind {
    match part {
        Part::Head => FaultKind::Reset,
        Part::Body => FaultKind::BodyTruncated,
    }
}

/// What an error of the resolver means.
#[expect(clippy::match_same_arms, reason = "what is known has its name, and the last arm is for what is not")]
pub(crate) fn of_resolver(error: &NetError) -> Trouble {
    match error {
        NetError::Dns(error) => of_dns(error).into(),
        NetError::Timeout => FaultKind::TimedOut.into(),
        // The server answered what cannot be read or does not fit what was asked.
        NetError::Proto(_)
        | NetError::QueryCaseMismatch
        | NetError::ForeignClassRecord { .. }
        | NetError::Truncated => FaultKind::DnsServerFailure.into(),
        NetError::Io(error) => match of_io(error) {
            Trouble::Ours(own @ (OwnSide::Fd | OwnSide::Memory | OwnSide::Permission)) => own.into(),
            Trouble::Ours(_) | Trouble::Theirs(_) => OwnSide::Resolver.into(),
        },
        NetError::Busy | NetError::NoConnections => OwnSide::Resolver.into(),
        // Messages in words, and what nobody has seen yet: it did not come to asking.
        _ => OwnSide::Resolver.into(),
    }
}

fn of_dns(error: &DnsError) -> FaultKind {
    match error {
        DnsError::NoRecordsFound(none) if none.response_code == ResponseCode::NXDomain => {
            FaultKind::NoSuchName
        }
        DnsError::NoRecordsFound(_) => FaultKind::NoAddress,
        DnsError::ResponseCode(ResponseCode::Refused) => FaultKind::DnsRefused,
        // SERVFAIL, and codes that no server has for a plain question.
        _ => FaultKind::DnsServerFailure,
    }
}

fn source<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

// Linux's numbers for errors that `io::ErrorKind` has no word for.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const EINVAL: i32 = 22;
const ENONET: i32 = 64;
const EAFNOSUPPORT: i32 = 97;
const ENOBUFS: i32 = 105;
const EHOSTDOWN: i32 = 112;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_has_its_side() {
        let table = [
            (111, FaultKind::Refused.into()),
            (113, FaultKind::Unreachable.into()),
            (101, FaultKind::Unreachable.into()),
            (100, FaultKind::Unreachable.into()),
            (110, FaultKind::Unreachable.into()),
            (112, FaultKind::Unreachable.into()),
            (97, FaultKind::Unreachable.into()),
            (104, FaultKind::Reset.into()),
            (103, FaultKind::Reset.into()),
            (32, FaultKind::Reset.into()),
            (24, OwnSide::Fd.into()),
            (23, OwnSide::Fd.into()),
            (99, OwnSide::Ports.into()),
            (98, OwnSide::Ports.into()),
            (105, OwnSide::Memory.into()),
            (12, OwnSide::Memory.into()),
            (13, OwnSide::Permission.into()),
            (1, OwnSide::Permission.into()),
        ];
        for (errno, trouble) in table {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(of_io(&error), trouble, "{error}");
        }
    }

    #[test]
    fn an_alert_about_the_version_is_a_matter_of_protocol_and_any_other_is_a_no() {
        use rustls::Error::AlertReceived;
        assert_eq!(of_tls(&AlertReceived(AlertDescription::ProtocolVersion)), FaultKind::TlsProtocol.into());
        assert_eq!(of_tls(&AlertReceived(AlertDescription::HandshakeFailure)), FaultKind::TlsAlert.into());
        assert_eq!(of_tls(&AlertReceived(AlertDescription::CertificateRequired)), FaultKind::TlsAlert.into());
    }

    #[test]
    fn a_tls_error_is_found_inside_an_io_error() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(of_io(&error), FaultKind::Certificate(CertificateFault::Expired).into());
        assert_eq!(of_http_io(&error, Part::Head), FaultKind::Certificate(CertificateFault::Expired).into());
    }

    #[test]
    fn a_certificate_that_is_refused_for_any_other_reason_is_untrusted() {
        let table = [
            (CertificateError::NotValidYet, CertificateFault::NotYetValid),
            (CertificateError::NotValidForName, CertificateFault::WrongName),
            (CertificateError::UnknownIssuer, CertificateFault::Untrusted),
            (CertificateError::BadSignature, CertificateFault::Untrusted),
            (CertificateError::Revoked, CertificateFault::Untrusted),
            (CertificateError::BadEncoding, CertificateFault::Untrusted),
        ];
        for (error, fault) in table {
            assert_eq!(of_certificate(&error), fault, "{error:?}");
        }
    }

    #[test]
    fn the_resolver_is_ours_and_its_answers_are_theirs() {
        let io = |errno| NetError::Io(io::Error::from_raw_os_error(errno).into());
        let code = |code| NetError::Dns(DnsError::ResponseCode(code));
        let table = [
            (NetError::Timeout, FaultKind::TimedOut.into()),
            (NetError::NoConnections, OwnSide::Resolver.into()),
            (io(111), OwnSide::Resolver.into()),
            (io(101), OwnSide::Resolver.into()),
            (io(24), OwnSide::Fd.into()),
            (code(ResponseCode::ServFail), FaultKind::DnsServerFailure.into()),
            (code(ResponseCode::NotImp), FaultKind::DnsServerFailure.into()),
            (code(ResponseCode::Refused), FaultKind::DnsRefused.into()),
            (NetError::Truncated, FaultKind::DnsServerFailure.into()),
        ];
        for (error, trouble) in table {
            assert_eq!(of_resolver(&error), trouble, "{error}");
        }
    }
}
