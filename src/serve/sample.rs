//! Snapshots to try the pages with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cause::Judged;
use crate::condition::over_json;
use crate::dns::{Class, Query, Rcode, RecordType};
use crate::engine::{AlertState, AlertStatus, TargetStatus};
use crate::exposition::Summary;
use crate::labels::Labels;
use crate::notification::Notification;
use crate::outcome::{
    CertificateFacts, Conversation, DnsAnswer, DnsFacts, End, Fault, FaultKind, GrpcFacts, HttpFacts,
    IcmpFacts, Missed, Outcome, OwnSide, Phase, SectionFacts, Series, Serving, TlsFacts,
};
use crate::runbook::{PageRef, Step};
use crate::spec::{
    DialSpec, DnsSpec, DnsTransport, FailIf, GrpcSpec, HttpClient, HttpSpec, IcmpSpec, JsonRule, MetricsSpec,
    Module, OnEmpty, Prober, QuerySpec, TcpSpec, TlsSpec, WebSocketSpec,
};
use crate::target::{Target, TargetId};

pub(super) fn hour() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

pub(super) fn http_module() -> Module {
    module(Prober::Http(HttpSpec { client: client(), ..HttpSpec::default() }))
}

pub(super) fn metrics_module() -> Module {
    module(Prober::Metrics(MetricsSpec {
        client: client(),
        fallback_scrape_protocol: None,
        sample_limit: 50_000,
        label_limit: 64,
    }))
}

pub(super) fn tcp_module() -> Module {
    module(Prober::Tcp(TcpSpec {
        dial: DialSpec::default(),
        tls: None,
        starttls: TlsSpec::default(),
        query_response: Vec::new(),
    }))
}

pub(super) fn grpc_module() -> Module {
    module(Prober::Grpc(GrpcSpec::default()))
}

pub(super) fn websocket_module() -> Module {
    module(Prober::WebSocket(WebSocketSpec::default()))
}

/// A module with a condition on the JSON body.
pub(super) fn json_module() -> Module {
    let condition = Arc::new(over_json("body.up").expect("the condition is sound"));
    let json_rules = vec![JsonRule { condition, fail_if: FailIf::NotMatches }];
    module(Prober::Http(HttpSpec { json_rules, ..HttpSpec::default() }))
}

pub(super) fn query_module() -> Module {
    let (by, on_empty) = (None, OnEmpty::Healthy);
    module(Prober::Query(QuerySpec { promql: "x > 3".into(), by, on_empty }))
}

/// Modules that speak to nobody by name.
pub(super) fn path_free_modules() -> [Module; 2] {
    [query_module(), module(Prober::Path(crate::spec::PathSpec::default()))]
}

fn module(prober: Prober) -> Module {
    let timeout = Duration::from_secs(10);
    Module { name: "m".into(), timeout, patience: timeout, connect_timeout: None, prober }
}

fn client() -> HttpClient {
    HttpClient::default()
}

/// An answer over TLS with everything that can be seen of one, after 2.5 s.
pub(super) fn answer(status: u16) -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(2500), End::Reply);
    outcome.phases.add(Phase::Resolve, Duration::from_millis(500));
    outcome.phases.add(Phase::Processing, Duration::from_secs(2));
    outcome.peer = Some("127.0.0.1:443".parse().unwrap());
    outcome.http = Some(HttpFacts {
        status,
        version: "HTTP/1.1",
        redirects: 1,
        ssl: true,
        last_modified: Some(hour()),
        body_bytes: 12,
        ..HttpFacts::default()
    });
    outcome.tls = Some(TlsFacts {
        version: Some("TLS 1.3"),
        cipher: Some("TLS_AES_128_GCM_SHA256".into()),
        chain: vec![CertificateFacts {
            subject: "CN=\"x\"".into(),
            issuer: "CN=i".into(),
            names: vec!["a.example".into(), "10.0.0.1".into(), "b.example".into()],
            not_before: SystemTime::UNIX_EPOCH,
            not_after: hour() + Duration::from_secs(5),
            serial: "0a".into(),
            fingerprint_sha256: "ff".into(),
        }],
        verified: true,
        ..TlsFacts::default()
    });
    outcome.exposition = Some(Ok(Summary { samples: 7, ..Summary::default() }));
    outcome
}

pub(super) fn refused() -> Outcome {
    let fault = Fault { phase: Phase::Connect, kind: FaultKind::Refused };
    Outcome::bare(hour(), Duration::from_millis(3), End::Fault(fault))
}

pub(super) fn unknown() -> Outcome {
    Outcome::bare(hour(), Duration::ZERO, End::Unknown(OwnSide::Fd))
}

/// What a handshake for a WebSocket was answered with.
pub(super) fn handshake(status: u16) -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(3), End::Reply);
    outcome.phases.add(Phase::Connect, Duration::from_millis(1));
    outcome.phases.add(Phase::Tls, Duration::from_millis(2));
    outcome.http = Some(HttpFacts { status, ..HttpFacts::default() });
    outcome.conversation = (status == 101).then(Conversation::default);
    outcome
}

/// What a health service said.
pub(super) fn health(serving: Serving) -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(3), End::Reply);
    outcome.phases.add(Phase::Resolve, Duration::from_millis(1));
    outcome.phases.add(Phase::Processing, Duration::from_millis(2));
    outcome.grpc = Some(GrpcFacts { serving: Some(serving), ..GrpcFacts::default() });
    outcome
}

/// One series of that value.
pub(super) fn answered(value: f64) -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(3), End::Reply);
    outcome.series = Some(Ok([Series { labels: Labels::default(), value }].into()));
    outcome
}

pub(super) fn conversation(mismatch: bool) -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(3), End::Reply);
    outcome.conversation = Some(Conversation {
        missed: mismatch.then_some(Missed::Line),
        labels: [("ssh_version".to_owned(), "9 \"x\"".to_owned()), ("job".to_owned(), "ours".to_owned())]
            .into(),
        ..Conversation::default()
    });
    outcome
}

/// A name server that is asked for the start of a zone.
pub(super) fn dns_module() -> Module {
    let name = crate::dns::Name::parse("example.com").unwrap();
    let query = Query { name, record_type: RecordType::SOA, class: Class::IN, recursion: true };
    module(Prober::Dns(DnsSpec {
        dial: DialSpec::default(),
        transport: DnsTransport::Udp,
        query,
        valid_rcodes: vec![Rcode::NOERROR],
        rules: Vec::new(),
    }))
}

pub(super) fn icmp_module() -> Module {
    module(Prober::Icmp(IcmpSpec::default()))
}

/// The start of a zone, with three records besides.
pub(super) fn records() -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(30), End::Reply);
    for (phase, millis) in
        [(Phase::Connect, 1), (Phase::Tls, 4), (Phase::Processing, 7), (Phase::Transfer, 3)]
    {
        outcome.phases.add(phase, Duration::from_millis(millis));
    }
    let section = |records| SectionFacts { records, first: Vec::new() };
    let answer = DnsAnswer {
        serial: Some(2_026_112_101),
        sections: [section(1), section(2), section(1)],
        ..DnsAnswer::default()
    };
    outcome.dns = Some(DnsFacts { answer: Some(answer), ..DnsFacts::default() });
    outcome
}

/// An echo of half a second from seven hops away.
pub(super) fn echo() -> Outcome {
    let mut outcome = Outcome::bare(hour(), Duration::from_millis(500), End::Reply);
    outcome.phases.add(Phase::Processing, Duration::from_millis(500));
    outcome.icmp = Some(IcmpFacts { reply_hop_limit: Some(57), ..IcmpFacts::default() });
    outcome
}

pub(super) fn target(module: Module, labels: &[(&str, &str)], outcome: Option<Outcome>) -> TargetStatus {
    let target = Target::new("a:1", &labels.iter().copied().collect());
    TargetStatus {
        id: target.id("p"),
        probe: "p".into(),
        judged: outcome.map(|it| Arc::new(Judged::new(&module, it))),
        target: Arc::new(target),
        module: Arc::new(module),
        late: None,
        since: Some(hour()),
        next_in: Duration::from_secs(3),
    }
}

pub(super) fn alert(state: AlertState, name: &str, annotations: &[(&str, &str)]) -> AlertStatus {
    let annotations: BTreeMap<Arc<str>, String> =
        annotations.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
    let title = annotations.get("runbook_step").cloned().unwrap_or_default();
    AlertStatus {
        state,
        notification: Notification {
            labels: [("alertname", name), ("instance", "a:1")].into_iter().collect(),
            annotations,
            starts_at: hour() + Duration::from_mins(1),
            ends_at: None,
        },
        active_at: hour(),
        target: TargetId(1),
        step: Some(Step {
            page: PageRef::parse("/armada/page.html").unwrap(),
            anchor: Some("http-404-actions".into()),
            title,
        }),
        inhibited_by: None,
    }
}
