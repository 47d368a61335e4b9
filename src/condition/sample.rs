//! Three made-up views for the trial at load: all is well, all is on fire, nobody knows.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use crate::cause::Cause;
use crate::labels::Labels;
use crate::outcome::{CertificateFacts, Phase, TlsFacts};
use crate::text::Text;
use crate::view::{CheckAnswer, Hop, Reading, Tally, View};

/// A made-up view: whatever is asked for is there.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    reading: Reading,
}

impl Sample {
    /// One of each verdict.
    pub(super) fn all() -> [Self; 3] {
        let labels: Labels =
            [("carrier_name", "prod-dal10-carrier101"), ("name", "sample")].into_iter().collect();
        let well = Reading {
            labels,
            address: "192.0.2.1:9100".into(),
            status: 200,
            duration: Duration::from_millis(120),
            timeout: Duration::from_secs(10),
            body_bytes: 5,
            body: "up 1\n".into(),
            samples: 1,
            peer: "192.0.2.1:9100".into(),
            value: Some(1.0),
            certificate_not_after: Some(NOW + Duration::from_hours(24)),
            tls: Some(certificate()),
            since: Some(NOW),
            ..Reading::default()
        };
        let failing = Reading {
            failing: true,
            cause: Cause::HttpStatus.name(),
            phase: Phase::Processing.name(),
            status: 404,
            ..well.clone()
        };
        let unknown = Reading {
            unknown: true,
            cause: Cause::LocalFd.name(),
            phase: Phase::Connect.name(),
            status: 0,
            ..well.clone()
        };
        [well, failing, unknown].map(|reading| Self { reading })
    }
}

/// A certificate for one name, with nothing wrong.
fn certificate() -> Arc<TlsFacts> {
    let own = CertificateFacts {
        subject: "CN=sample.example".to_owned(),
        issuer: "CN=sample".to_owned(),
        names: vec!["sample.example".to_owned()],
        not_before: NOW,
        not_after: NOW + Duration::from_hours(24),
        serial: "01".to_owned(),
        fingerprint_sha256: "00".to_owned(),
    };
    Arc::new(TlsFacts { chain: vec![own], verified: true, ..TlsFacts::default() })
}

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

static TEXT: LazyLock<Arc<Text>> =
    LazyLock::new(|| Arc::new(Text::new("*FAILED* *deploy* on Carrier: *sample*\n\nanother entry\n")));

impl View for Sample {
    fn now(&self) -> SystemTime {
        NOW
    }

    fn labels(&self) -> Labels {
        self.reading.labels.clone()
    }

    fn target(&self) -> Reading {
        self.reading.clone()
    }

    fn scope(&self, _name: &str, with_targets: bool) -> Option<Tally> {
        Some(Tally {
            watched: 1,
            failing: self.reading.failing.into(),
            unknown: self.reading.unknown.into(),
            ignored: 0,
            causes: BTreeMap::new(),
            distinct: BTreeMap::new(),
            targets: if with_targets { vec![self.reading.clone()] } else { Vec::new() },
        })
    }

    fn check(&self, _name: &str) -> Option<CheckAnswer> {
        Some(CheckAnswer { reading: self.reading.clone(), hops: vec![Hop::default()] })
    }

    fn query(&self, _name: &str) -> Option<f64> {
        Some(0.5)
    }

    fn firing_for(&self) -> Duration {
        Duration::ZERO
    }

    fn firing(&self, _alert: &str, _labels: &Labels) -> bool {
        self.reading.failing
    }

    fn text(&self) -> Arc<Text> {
        Arc::clone(&TEXT)
    }

    fn firing_prefix(&self, _prefix: &str) -> bool {
        self.reading.failing
    }

    fn members(&self) -> Vec<Reading> {
        vec![self.reading.clone()]
    }

    fn members_of(&self, _probe: &str) -> Vec<Reading> {
        vec![self.reading.clone()]
    }
}
