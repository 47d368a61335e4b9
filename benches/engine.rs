//! How long the engine takes for one event when it watches 100 000 targets with an alert of four
//! scopes: an attempt that is due, an outcome that says that all is well, one that makes an alert
//! fire, and one that resolves it. One target in a hundred fails every other interval.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use fingerpost::cause::Judged;
use fingerpost::condition::{Condition, Known, Place};
use fingerpost::engine::{Attempt, Effect, Engine, Event, Settings, Spread};
use fingerpost::labels::Labels;
use fingerpost::moment::Moment;
use fingerpost::outcome::{End, Fault, FaultKind, Outcome, Phase};
use fingerpost::plan::{Alert, Plan, Probe, Row, Scope};
use fingerpost::runbook::{DEFAULT_BASE_URL, PageRef};
use fingerpost::spec::{DialSpec, Module, Prober, TcpSpec, TlsSpec};
use fingerpost::target::{Target, TargetSet};
use fingerpost::template::{Reach, Template};

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    let mut fleet = Fleet::new();
    for (name, what) in [
        ("attempt due", What::Due),
        ("outcome judged", What::Well),
        ("alert fires", What::Fires),
        ("alert resolves", What::Resolves),
    ] {
        group.bench_function(name, |bencher| bencher.iter_custom(|count| fleet.time(what, count)));
    }
    group.finish();
}

/// Which event is timed; the others happen too, and their time is not counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Due,
    Well,
    Fires,
    Resolves,
}

struct Fleet {
    engine: Engine,
    now: Moment,
}

impl Fleet {
    fn new() -> Self {
        let now = Moment::start(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let base_url = DEFAULT_BASE_URL.parse().expect("it is a URL");
        let settings = Settings { seed: 1, concurrency: usize::MAX, base_url, spread: Spread::ByHash };
        let mut engine = Engine::new(settings, now);
        engine.handle(now, Event::Plan(Arc::new(plan())));
        let targets = (0..TARGETS).map(|it| Arc::new(target(it))).collect();
        engine.handle(now, Event::Targets(TargetSet { probe: "scrape".into(), targets }));
        Self { engine, now }
    }

    /// Runs until `count` of the events have happened, and says how long those took.
    fn time(&mut self, what: What, count: u64) -> Duration {
        let (mut seen, mut took) = (0, Duration::ZERO);
        while seen < count {
            self.now = self.now.after(STEP);
            let start = Instant::now();
            let effects = self.engine.handle(self.now, Event::Woken);
            let elapsed = start.elapsed();
            let attempts: Vec<_> = effects.into_iter().filter_map(attempt).collect();
            if what == What::Due {
                took += elapsed;
                seen += attempts.len() as u64;
            }
            for attempt in attempts {
                let (judged, kind) = self.witness(&attempt);
                let event = Event::Outcome { attempt: attempt.id, judged, reading_on: false };
                let start = Instant::now();
                self.engine.handle(self.now, event);
                if kind == what && seen < count {
                    took += start.elapsed();
                    seen += 1;
                }
            }
        }
        // An attempt does not come alone: what came beyond the count is taken off in proportion.
        #[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
        took.mul_f64(count as f64 / seen as f64)
    }

    fn witness(&self, attempt: &Attempt) -> (Box<Judged>, What) {
        let round = self.now.up.as_secs() / INTERVAL.as_secs();
        let weak = attempt.target.labels.get("weak") == "yes";
        let (end, kind) = match (weak, round % 2) {
            (false, _) => (End::Reply, What::Well),
            (true, 0) => (End::Reply, What::Resolves),
            (true, _) => (End::Fault(Fault { phase: Phase::Connect, kind: FaultKind::Refused }), What::Fires),
        };
        let outcome = Outcome::bare(self.now.wall, Duration::from_millis(40), end);
        (Box::new(Judged::new(&attempt.module, outcome)), kind)
    }
}

fn attempt(effect: Effect) -> Option<Attempt> {
    match effect {
        Effect::Probe(attempt) => Some(attempt),
        Effect::Check(_) | Effect::Ask(_) | Effect::Remember(_) | Effect::Notify(_) => None,
    }
}

fn target(number: usize) -> Target {
    let value = |name: &str, of: usize| format!("{name}{}", number % of);
    let labels: Labels = [
        ("carrier_name", value("prod-dal10-carrier", 100)),
        ("region", value("region-", 10)),
        ("hostname", value("10.176.31.", 10_000)),
        ("service", value("armada-", 40)),
        ("name", value("armada-", 40)),
        ("weak", if number.is_multiple_of(100) { "yes" } else { "" }.to_owned()),
    ]
    .into_iter()
    .collect();
    Target::new(&format!("10.0.{}.{}:{}", number / 250, number % 250, 9000 + number % 7), &labels)
}

fn plan() -> Plan {
    let dial = DialSpec::default();
    let tcp = TcpSpec { dial, tls: None, starttls: TlsSpec::default(), query_response: Vec::new() };
    let module = Module {
        name: "scrape".into(),
        timeout: Duration::from_secs(10),
        patience: Duration::from_secs(30),
        connect_timeout: None,
        prober: Prober::Tcp(tcp),
    };
    let probe = Probe { name: "scrape".into(), module: Arc::new(module), interval: INTERVAL };
    Plan { probes: vec![Arc::new(probe)], alerts: vec![Arc::new(alert())], ..Plan::default() }
}

/// As the shipped one: four scopes, and a table of steps of which the last row holds.
fn alert() -> Alert {
    let cut = "target.cause in ['connect_refused', 'connect_unreachable', 'deadline_exceeded']";
    let template = |it, reach| Template::compile(it, &known(), reach).expect("it is good");
    let page = || PageRef::parse("/armada/armada-global-scrape-failure.html").expect("it is a page");
    let row = |when: Option<&str>, anchor: &str| Row {
        when: when.map(|it| condition(it, Place::Alert)),
        page: page(),
        anchor: Some(anchor.into()),
        also: Vec::new(),
        call: None,
        note: None,
    };
    Alert {
        name: "KubernetesEndpointScrapeFailure".into(),
        probe: "scrape".into(),
        group: None,
        ignore_when: None,
        when: condition("target.failing", Place::Alert),
        hold: Duration::ZERO,
        keep_firing_for: Duration::ZERO,
        labels: vec![
            ("severity".into(), template("critical", Reach::LabelsOnly)),
            ("situation".into(), template("{{ labels.hostname }}_{{ labels.name }}", Reach::LabelsOnly)),
        ],
        annotations: vec![("summary".into(), template("{{ labels.instance }} fails", Reach::Everything))],
        scopes: vec![
            scope("carrier", "carrier_name", None),
            scope("carrier_cut", "carrier_name", Some(cut)),
            scope("region", "region", None),
            scope("host", "hostname", None),
        ],
        checks: Vec::new(),
        queries: Vec::new(),
        inhibited_by: Vec::new(),
        runbook: Some(page()),
        before: vec![row(Some("number_at_end(labels.carrier_name) >= 1000"), "tugboat")],
        steps: vec![
            row(Some("target.cause == 'http_status' && target.status == 404"), "404"),
            row(Some("scope.carrier_cut.distinct.service >= 3 && scope.carrier_cut.share >= 0.25"), "blast"),
            row(Some("target.cause == 'deadline_exceeded'"), "late"),
            row(Some("scope.host.failing > 1 && scope.region.share > 0.5"), "host"),
            row(None, "anything-else"),
        ],
        escalate: Vec::new(),
        found: Vec::new(),
        text_rule: None,
    }
}

fn scope(name: &str, by: &str, failing_when: Option<&str>) -> Scope {
    let failing_when = failing_when.map(|it| condition(it, Place::Scope));
    let distinct = vec!["service".into()];
    Scope { name: name.into(), probe: None, by: vec![by.into()], distinct, failing_when }
}

fn condition(source: &str, place: Place) -> Condition {
    Condition::compile_at(place, source, &known()).expect("it is good")
}

fn known() -> Known {
    let scopes = ["carrier", "carrier_cut", "region", "host"].map(str::to_owned);
    let distinct = scopes.iter().map(|it| (it.clone(), "service".to_owned())).collect();
    Known { scopes: scopes.into(), distinct, ..Known::default() }
}

const TARGETS: usize = 100_000;
const INTERVAL: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

criterion_group!(benches, events);
criterion_main!(benches);
