//! All that is wrong with a presented chain, and until when it would be trusted. A verifier stops at
//! the first reason; here each question is asked for itself.

use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::ParsedCertificate;

use super::fault::{Trouble, of_tls};
use crate::outcome::{CertificateFault, FaultKind, TlsFacts};

/// What a server presented, and whom we trust.
pub(super) struct Chain<'a> {
    pub(super) end_entity: &'a CertificateDer<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) roots: &'a RootCertStore,
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

impl Chain<'_> {
    /// Writes down what is wrong, `refused` first, and until when the chain is trusted. The dates of
    /// the chain stand in `facts` already.
    pub(super) fn judge(
        &self,
        name: &ServerName<'_>,
        now: UnixTime,
        refused: Option<&rustls::Error>,
        facts: &mut TlsFacts,
    ) {
        facts.verified = refused.is_none();
        let Ok(parsed) = ParsedCertificate::try_from(self.end_entity) else {
            facts.faults = vec![CertificateFault::Untrusted];
            return;
        };
        facts.trusted_until = self.trusted_until(&parsed, facts);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        let own = facts.chain.first();
        let ends = facts.trusted_until.into_iter().chain(own.map(|it| it.not_after));
        let found = [
            refused.and_then(certificate_fault),
            (ends.min().is_some_and(|it| it < now)).then_some(CertificateFault::Expired),
            own.is_some_and(|it| it.not_before > now).then_some(CertificateFault::NotYetValid),
            verify_server_name(&parsed, name).is_err().then_some(CertificateFault::WrongName),
            facts.trusted_until.is_none().then_some(CertificateFault::Untrusted),
        ];
        facts.faults = Vec::new();
        for fault in found.into_iter().flatten() {
            if !facts.has(fault) {
                facts.faults.push(fault);
            }
        }
    }

    /// The latest end of a presented certificate at which the chain leads to a root.
    fn trusted_until(&self, parsed: &ParsedCertificate<'_>, facts: &TlsFacts) -> Option<SystemTime> {
        let own = facts.chain.first()?.not_after;
        // What leads there now, while nothing ends before the server's own, leads there until then.
        if facts.verified && facts.earliest_not_after() == Some(own) {
            return Some(own);
        }
        let mut ends: Vec<SystemTime> =
            facts.chain.iter().map(|it| it.not_after).filter(|it| *it <= own).collect();
        ends.sort_unstable();
        ends.dedup();
        let latest_first = ends.into_iter().rev().take(ENDS_MAX);
        latest_first.into_iter().find(|it| self.leads_to_a_root(parsed, *it))
    }

    fn leads_to_a_root(&self, parsed: &ParsedCertificate<'_>, at: SystemTime) -> bool {
        let Ok(since_epoch) = at.duration_since(SystemTime::UNIX_EPOCH) else { return false };
        let at = UnixTime::since_unix_epoch(since_epoch);
        verify_server_cert_signed_by_trust_anchor(parsed, self.roots, self.intermediates, at, self.algorithms)
            .is_ok()
    }
}

fn certificate_fault(error: &rustls::Error) -> Option<CertificateFault> {
    match of_tls(error) {
        Trouble::Theirs(FaultKind::Certificate(fault)) => Some(fault),
        Trouble::Theirs(_) | Trouble::Ours(_) => None,
    }
}

/// At how many moments a chain is held against the roots. Each costs as much as a verification.
const ENDS_MAX: usize = 4;
