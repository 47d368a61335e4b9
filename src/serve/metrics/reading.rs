//! What the families of a target are written from: one attempt, told by whom it asked and how.

use std::time::{Duration, SystemTime};

use super::Samples;
use crate::cause::{Judged, Verdict};
use crate::engine::TargetStatus;
use crate::outcome::{Outcome, Series, TlsFacts};
use crate::serve::family::{Family, Kind};
use crate::spec::{Module, Prober};

/// The latest attempt of a target, or the only one.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Reading<'a> {
    /// How it was asked.
    pub(in crate::serve) module: &'a Module,
    /// What came of it; none before the first.
    pub(in crate::serve) judged: Option<&'a Judged>,
    /// It is a series of the answer to a question, and was not asked for itself.
    pub(in crate::serve) is_series: bool,
    /// Who is told.
    pub(in crate::serve) told_to: Audience,
}

/// Who is told of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Audience {
    /// Whoever reads `/metrics`. Of what we cannot tell they hear nothing that looks like an answer.
    All,
    /// Whoever asked for it, by `/probe`: as from the exporter, every question has an answer, and one
    /// that we could not ask has failed.
    Asker,
}

impl<'a> Reading<'a> {
    pub(super) fn of(it: &'a TargetStatus) -> Self {
        Self {
            module: &it.module,
            judged: it.judged.as_deref(),
            is_series: it.is_series(),
            told_to: Audience::All,
        }
    }

    /// The one attempt that was asked for.
    pub(super) fn alone(module: &'a Module, judged: &'a Judged) -> Self {
        Self { module, judged: Some(judged), is_series: false, told_to: Audience::Asker }
    }

    /// Whether we cannot tell, for a reason on our own side.
    pub(super) fn is_unknown(&self) -> bool {
        self.judged.is_some_and(|it| matches!(it.verdict, Verdict::Unknown(_)))
    }

    /// The attempt, where it says something about the target, or where somebody waits for it.
    pub(super) fn told(&self) -> Option<&'a Judged> {
        match self.told_to {
            Audience::All => self.judged.filter(|_| !self.is_unknown()),
            Audience::Asker => self.judged,
        }
    }

    /// How it was asked. Series are answered together: their question tells of it.
    pub(super) fn seen(&self) -> Option<&'a Outcome> {
        self.told().filter(|_| !self.is_series).map(|it| &it.outcome)
    }

    /// As `seen`, of an attempt that dials an address of the target.
    pub(super) fn dialled(&self) -> Option<&'a Outcome> {
        let by_name = match self.module.prober {
            Prober::Http(_)
            | Prober::Metrics(_)
            | Prober::Tcp(_)
            | Prober::Tls(_)
            | Prober::Dns(_)
            | Prober::Icmp(_)
            | Prober::Grpc(_)
            | Prober::WebSocket(_)
            | Prober::Path(_) => true,
            Prober::Unix(_) | Prober::Query(_) => false,
        };
        self.seen().filter(|_| by_name)
    }

    /// What the last TLS handshake showed.
    pub(super) fn tls(&self) -> Option<&'a TlsFacts> {
        self.seen()?.tls.as_ref()
    }

    /// Whether the handshake goes on whatever the certificate is.
    pub(super) fn takes_any_certificate(&self) -> bool {
        match &self.module.prober {
            Prober::Http(it) => it.client.tls.insecure_skip_verify,
            Prober::Metrics(it) => it.client.tls.insecure_skip_verify,
            // Here `tls_config` serves both handshakes.
            Prober::Tcp(it) => it.starttls.insecure_skip_verify,
            Prober::Unix(it) => it.starttls.insecure_skip_verify,
            Prober::Tls(it) => it.tls.insecure_skip_verify,
            Prober::Dns(it) => it.transport.tls().is_some_and(|it| it.insecure_skip_verify),
            Prober::Grpc(it) => it.tls.as_ref().is_some_and(|it| it.insecure_skip_verify),
            Prober::WebSocket(it) => it.client.tls.insecure_skip_verify,
            Prober::Icmp(_) | Prober::Path(_) | Prober::Query(_) => false,
        }
    }

    /// A conversation by messages has families of its own.
    pub(super) fn is_websocket(&self) -> bool {
        matches!(self.module.prober, Prober::WebSocket(_))
    }

    /// The series that stand for the target.
    pub(super) fn answered(&self) -> Option<&'a [Series]> {
        self.told()?.outcome.series.as_ref()?.as_deref().ok()
    }

    pub(super) fn speaks_http(&self) -> bool {
        match self.module.prober {
            Prober::Http(_) | Prober::Metrics(_) => true,
            Prober::Tcp(_)
            | Prober::Tls(_)
            | Prober::Unix(_)
            | Prober::Dns(_)
            | Prober::Icmp(_)
            | Prober::Grpc(_)
            | Prober::WebSocket(_)
            | Prober::Path(_)
            | Prober::Query(_) => false,
        }
    }
}

/// A family of targets, and how one target's samples of it are found.
pub(in crate::serve) struct TargetRow {
    pub(in crate::serve) family: Family,
    pub(super) samples: fn(&Reading<'_>, &mut Samples<'_, '_>),
}

/// A gauge of one target.
pub(super) const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, labels, help }
}

pub(super) fn flag(it: bool) -> f64 {
    f64::from(u8::from(it))
}

pub(super) fn unix_seconds(at: SystemTime) -> f64 {
    let since = |it: Duration| it.as_secs_f64();
    at.duration_since(SystemTime::UNIX_EPOCH).map_or_else(|before| -since(before.duration()), since)
}
