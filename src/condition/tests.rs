use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::sample::Sample;
use super::*;
use crate::cause::CAUSES;
use crate::labels::Labels;
use crate::outcome::Phase;
use crate::view::{CheckAnswer, Hop, Reading, Tally};

mod constant;
mod text;

/// A view that is written down.
#[derive(Clone, Debug, Default)]
struct Seen {
    reading: Reading,
    scopes: BTreeMap<String, Tally>,
    checks: BTreeMap<String, CheckAnswer>,
    queries: BTreeMap<String, f64>,
    firing_for: Duration,
    firing: Vec<(String, Labels)>,
}

impl View for Seen {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(24)
    }

    fn labels(&self) -> Labels {
        self.reading.labels.clone()
    }

    fn target(&self) -> Reading {
        self.reading.clone()
    }

    fn scope(&self, name: &str, with_targets: bool) -> Option<Tally> {
        let mut tally = self.scopes.get(name).cloned()?;
        if !with_targets {
            tally.targets.clear();
        }
        Some(tally)
    }

    fn check(&self, name: &str) -> Option<CheckAnswer> {
        self.checks.get(name).cloned()
    }

    fn query(&self, name: &str) -> Option<f64> {
        self.queries.get(name).copied()
    }

    fn firing_for(&self) -> Duration {
        self.firing_for
    }

    fn firing(&self, alert: &str, labels: &Labels) -> bool {
        self.firing.iter().any(|(name, all)| name == alert && all.has_all(labels.iter()))
    }

    fn firing_prefix(&self, prefix: &str) -> bool {
        self.firing.iter().any(|(name, _)| name.starts_with(prefix))
    }

    fn members(&self) -> Vec<Reading> {
        vec![self.reading.clone()]
    }

    fn members_of(&self, _probe: &str) -> Vec<Reading> {
        vec![self.reading.clone()]
    }
}

fn known() -> Known {
    let names = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    Known {
        scopes: names(&["fleet", "carrier"]),
        checks: names(&["path", "elsewhere"]),
        queries: names(&["scraped", "down"]),
        distinct: vec![("carrier".to_owned(), "service".to_owned())],
        ..Known::default()
    }
}

/// What [`known`] says, and facts by these names.
fn with_facts(facts: &[(&str, &str)]) -> Known {
    let fact = |(name, source): &(&str, &str)| Fact {
        name: (*name).to_owned(),
        condition: Arc::new(Condition::compile(source, &known()).unwrap()),
    };
    Known { facts: facts.iter().map(fact).collect(), ..known() }
}

/// A target that answers 404 after 1.5 s, on a carrier where two of four fail.
fn troubled() -> Seen {
    let labels = |name| [("name", name), ("carrier_name", "prod-dal10-carrier101"), ("namespace", "kube")];
    let reading = Reading {
        labels: labels("api").into_iter().collect(),
        address: "10.0.0.1:80".into(),
        failing: true,
        cause: "http_status",
        phase: "processing",
        status: 404,
        duration: Duration::from_millis(1500),
        timeout: Duration::from_secs(10),
        body: "page not found".into(),
        body_bytes: 14,
        value: Some(4.0),
        certificate_not_after: Some(SystemTime::UNIX_EPOCH + Duration::from_hours(48)),
        tls: Sample::all()[0].target().tls,
        since: Some(SystemTime::UNIX_EPOCH + Duration::from_hours(23)),
        joined: Arc::new([("upstream".into(), Reading::default())].into()),
        ..Reading::default()
    };
    let other = Reading {
        labels: labels("db").into_iter().collect(),
        cause: "deadline_exceeded",
        answered_after: Some(Duration::from_secs(14)),
        ..reading.clone()
    };
    let carrier = Tally {
        watched: 5,
        failing: 2,
        unknown: 1,
        causes: BTreeMap::from([("http_status", 1), ("deadline_exceeded", 1)]),
        distinct: BTreeMap::from([("service".into(), 2)]),
        targets: vec![reading.clone(), other],
        ..Tally::default()
    };
    let hop = |loss, average| Hop { loss, average, sent: 10, ..Hop::default() };
    let path = CheckAnswer { reading: reading.clone(), hops: vec![hop(0.0, 1.0), hop(20.0, 250.5)] };
    Seen {
        reading,
        scopes: BTreeMap::from([("carrier".to_owned(), carrier), ("fleet".to_owned(), Tally::default())]),
        checks: BTreeMap::from([("path".to_owned(), path)]),
        queries: BTreeMap::from([("down".to_owned(), 33.3)]),
        firing_for: Duration::from_secs(90),
        firing: vec![("Parent".to_owned(), [("region", "us-south")].into_iter().collect())],
    }
}

#[track_caller]
fn holds(source: &str, view: &dyn View) -> Result<bool, Failed> {
    match Condition::compile(source, &known()) {
        Ok(condition) => condition.holds(view),
        Err(mistakes) => panic!("{source}: {mistakes:#?}"),
    }
}

/// One line for each mistake: the text it is about, the message, the help.
#[track_caller]
fn told(place: Place, source: &str) -> Vec<String> {
    let mistakes = Condition::compile_at(place, source, &known()).err().unwrap_or_default();
    let line = |it: Mistake| {
        let help = it.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("[{}] {}{help}", &source[it.span], it.message)
    };
    mistakes.into_iter().map(line).collect()
}

#[test]
fn these_hold_for_a_troubled_target() {
    for source in [
        "true",
        "target.failing",
        "!target.unknown",
        "target.failing && !target.unknown",
        "target.cause == 'http_status'",
        "'http_status' == target.cause",
        "target.cause != 'deadline_exceeded'",
        "target.cause in ['http_status', 'http_protocol']",
        "target.cause.startsWith('http_')",
        "target.cause == 'http_status' && target.status == 404",
        "target.phase == 'processing'",
        "target.status >= 400 && target.status < 500.5",
        "target.duration > duration('1s') && target.duration < target.timeout",
        "target.answered_after == duration('0s') && target.silent_for == duration('0s')",
        "target.body.contains('not found') && target.body_bytes == 14 && target.samples == 0",
        "target.address == '10.0.0.1:80' && target.instance == target.address && target.peer == ''",
        "target.certificate_not_after - now < duration('25h')",
        "has(target.certificate_not_after)",
        "labels.name == 'api'",
        "labels['name'] == 'api' && labels['na' + 'me'] == 'api'",
        "labels.namespace == 'kube'",
        "labels.absent == ''",
        "has(labels.name) && !has(labels.absent)",
        "has(target.labels.name) && target.labels.name == labels.name",
        "number_at_end(labels.carrier_name) >= 100",
        "number_at_end('none') == 0 && number_at_end('a007') == 7",
        "number_at_end('99999999999999999999') > 9223372036854775806",
        "scope.carrier.watched == 5 && scope.carrier.failing == 2 && scope.carrier.unknown == 1",
        "scope.carrier.ignored == 0",
        "scope.carrier.share == 0.5 && scope.carrier.share < 1",
        "scope['carrier'].share * 100.0 >= 50",
        "scope.fleet.share == 0.0",
        "scope.carrier.causes.http_status == 1 && scope.carrier.causes.connect_refused == 0",
        "scope.carrier.causes['deadline_exceeded'] == 1",
        "scope.carrier.distinct.service > 1",
        "scope.carrier.targets.exists(it, it.labels.name == 'db' && it.cause == 'deadline_exceeded')",
        "scope.carrier.targets.filter(it, it.answered_after > duration('10s')).size() == 1",
        "scope.carrier.targets.map(it, it.labels.name).join(',') == 'api,db'",
        "size(scope.carrier.targets) == 2 && scope.carrier.targets[0].failing",
        "checks.path.cause == 'http_status' && checks.path.hops[0].average < 5",
        "checks.path.hops.exists(hop, hop.loss > 10 && hop.average > 250) && checks.path.hops[1].sent == 10",
        "has(checks.path) && !has(checks.elsewhere)",
        "queries.down > 33 && queries.down < 33.4",
        "has(queries.down) && !has(queries.scraped)",
        "checks.elsewhere.failing || target.failing",
        "alert.firing_for >= duration('90s')",
        "now > timestamp('1970-01-01T12:00:00Z') && now.getHours() == 0",
        "scope.carrier.targets.all(it, !has(it.labels.absent) && it.body.matches('^p.*d$') && firing('Parent'))",
        "firing('Parent') && firing('Parent', {'region': 'us-' + 'south'})",
        "!firing('Parent', {'region': labels.absent + 'eu'}) && !firing('Other', {})",
        "labels.carrier_name.matches('carrier[0-9]+$') && !matches(labels.name, '^x')",
        "labels.name.matches(labels.name)",
        "labels.carrier_name.split('-')[1] == 'dal10' && labels.name.upperAscii() == 'API'",
        "target.status == 404 ? target.failing : target.unknown",
        "// a comment\ntarget.failing",
    ] {
        assert_eq!(holds(source, &troubled()), Ok(true), "{source}");
        assert_eq!(holds(&format!("!({source}\n)"), &troubled()), Ok(false), "not: {source}");
    }
}

#[test]
fn the_quick_way_and_the_long_way_agree() {
    for source in [
        "false",
        "target.failing",
        "target.unknown",
        "!target.failing",
        "target.cause == 'http_status'",
        "target.cause == ''",
        "target.status != 200",
        "labels.name == 'sample'",
        "labels.absent == '' && target.failing",
    ] {
        let long = format!("[1].exists(it, {source})");
        let (samples, troubled) = (Sample::all(), troubled());
        let views = samples.iter().map(|it| it as &dyn View);
        for view in views.chain([&troubled as &dyn View]) {
            assert_eq!(holds(source, view), holds(&long, view), "{source}");
        }
    }
}

#[test]
fn what_has_no_answer_is_told_apart_from_what_fails() {
    let seen = troubled();
    for (source, message) in [
        ("checks.elsewhere.failing", "the check `elsewhere` has no answer"),
        ("checks.elsewhere.hops[0].loss > 1", "the check `elsewhere` has no answer"),
        ("target.failing && queries.scraped > 0.5", "the query `scraped` has no answer"),
    ] {
        let failed = holds(source, &seen).expect_err(source);
        assert_eq!((failed.message.as_str(), failed.no_answer), (message, true), "{source}");
    }
    let mut plain = seen.clone();
    plain.reading.certificate_not_after = None;
    assert!(holds("target.certificate_not_after < now", &plain).expect_err("no certificate").no_answer);
    plain.queries.insert("down".to_owned(), f64::NAN);
    assert!(holds("queries.down > 1", &plain).expect_err("NaN").no_answer);
    for source in
        ["int(labels.name) > 3", "checks.path.hops[7].loss > 1", "1 / (target.status - target.status) == 1"]
    {
        assert!(!holds(source, &seen).expect_err(source).no_answer, "{source}");
    }
}

#[test]
fn every_mistake_is_found_where_it_stands() {
    let others: Vec<String> = REFUSED
        .iter()
        .map(|(source, wanted)| (source, wanted, told(Place::Alert, source)))
        .filter(|(_, wanted, told)| told != &[**wanted])
        .map(|(source, wanted, told)| {
            format!("{source}\n  wanted {wanted}\n  told   {}", told.join("\n         "))
        })
        .collect();
    assert!(others.is_empty(), "{}", others.join("\n"));
}

/// What is refused: the text it is about, the message, the help.
const REFUSED: &[(&str, &str)] = &[
    // Names.
    ("tagret.failing", "[tagret] there is no `tagret` (did you mean `target`?)"),
    ("false && tagret.failing", "[tagret] there is no `tagret` (did you mean `target`?)"),
    ("true || (true ? true : fleet.share > 0)", "[fleet] there is no `fleet` (write scope.fleet)"),
    ("path.failing", "[path] there is no `path` (write checks.path)"),
    ("scraped > 1", "[scraped] there is no `scraped` (write queries.scraped)"),
    ("status == 404", "[status] there is no `status` (write target.status)"),
    (
        "target.cause == http_status",
        "[http_status] there is no `http_status` (a text stands in quotes: 'http_status')",
    ),
    (
        "zzzzzzzz",
        "[zzzzzzzz] there is no `zzzzzzzz` (there are: target, labels, scope, checks, facts, queries, alert, now, text, entries, fields)",
    ),
    (
        "int > 1",
        "[int] there is no `int` (there are: target, labels, scope, checks, facts, queries, alert, now, text, entries, fields)",
    ),
    // Fields.
    ("target.failng", "[failng] a target has no field `failng` (did you mean `failing`?)"),
    ("target . failng", "[failng] a target has no field `failng` (did you mean `failing`?)"),
    ("(target).failng", "[failng] a target has no field `failng` (did you mean `failing`?)"),
    ("has(target.failng)", "[failng] a target has no field `failng` (did you mean `failing`?)"),
    ("target['failng']", "['failng'] a target has no field `failng` (did you mean `failing`?)"),
    (
        "target.hops[0].loss > 1",
        "[hops] a target has no field `hops` (it has: failing, unknown, cause, phase, status, duration, timeout, answered_after, silent_for, body, body_bytes, samples, value, notes, address, instance, peer, certificate_not_after, labels, since, certificate_subject, certificate_issuer, certificate_names, certificate_not_before, certificate_own_not_after, certificate_usable_until, certificate_chain_length, certificate_verified, certificate_expired, certificate_not_yet_valid, certificate_wrong_name, certificate_untrusted, joined)",
    ),
    ("target.cause.size > 1", "[size] the name of a cause has no field `size`"),
    ("checks.path.hops[0].los > 1", "[los] a hop has no field `los` (did you mean `loss`?)"),
    ("checks.path.hops.exists(hop, hop.los > 1)", "[los] a hop has no field `los` (did you mean `loss`?)"),
    (
        "checks.path.hops.loss > 1",
        "[loss] a list of hops has no field `loss` (ask for one of them: [0], or for each: .exists(it, it.…))",
    ),
    ("scope.fleet.shares > 1", "[shares] a scope has no field `shares` (did you mean `share`?)"),
    ("scope.flet.share > 0.1", "[flet] the alert declares no scope `flet` (did you mean `fleet`?)"),
    (
        "scope.region.share > 0.1",
        "[region] the alert declares no scope `region` (the alert declares: fleet, carrier)",
    ),
    ("checks.pth.failing", "[pth] the alert declares no check `pth` (did you mean `path`?)"),
    ("queries.up > 1", "[up] the alert declares no query `up` (the alert declares: scraped, down)"),
    (
        "scope.fleet.causes.http_statsu > 1",
        "[http_statsu] there is no cause `http_statsu` (did you mean `http_status`?)",
    ),
    (
        "scope.carrier.distinct.servce > 1",
        "[servce] the scope `carrier` does not count the label `servce` (did you mean `service`?)",
    ),
    (
        "scope.fleet.distinct.region > 1",
        "[region] the scope `fleet` does not count the label `region` (add it to the scope: distinct: [region])",
    ),
    ("alert.firing > duration('1s')", "[firing] the alert has no field `firing` (it has: firing_for)"),
    (
        "scope.fleet == null",
        "[scope.fleet] `scope.fleet` is a scope, and no value by itself (name one of its fields: watched, failing, unknown, ignored, share, causes, distinct, targets)",
    ),
    // Words of closed lists.
    (
        "target.cause == 'http_statsu'",
        "['http_statsu'] there is no cause `http_statsu` (did you mean `http_status`?)",
    ),
    ("'dns' == target.cause", "['dns'] there is no cause `dns` (`fingerpost explain` lists the causes)"),
    (
        "target.cause in ['http_status', 'conect_refused']",
        "['conect_refused'] there is no cause `conect_refused` (did you mean `connect_refused`?)",
    ),
    (
        "target.phase != 'conect'",
        "['conect'] there is no phase `conect` (there are: resolve, connect, tls, processing, transfer, check)",
    ),
    (
        "scope.fleet.targets.all(it, it.cause == 'x')",
        "['x'] there is no cause `x` (`fingerpost explain` lists the causes)",
    ),
    // Kinds.
    (
        "target.duration > 9",
        "[target.duration > 9] this compares a duration with a whole number (write duration('9s'))",
    ),
    (
        "target.duration > '9s'",
        "[target.duration > '9s'] this compares a duration with a text (write duration('9s'))",
    ),
    (
        "1.5 < target.duration",
        "[1.5 < target.duration] this compares a number with a fraction with a duration (write duration('1.5s'))",
    ),
    (
        "target.failing && target.status == '404'",
        "[target.status == '404'] this compares a whole number with a text (number_at_end(…) and int(…) make a number of a text)",
    ),
    (
        "target.failing == 'true'",
        "[target.failing == 'true'] this compares true or false with a text (true and false stand without quotes)",
    ),
    (
        "target.certificate_not_after < duration('9h')",
        "[target.certificate_not_after < duration('9h')] this compares a point in time with a duration (take one point in time from the other: target.certificate_not_after - now)",
    ),
    (
        "now > '2026-01-01T00:00:00Z'",
        "[now > '2026-01-01T00:00:00Z'] this compares a point in time with a text (write timestamp('2026-01-01T00:00:00Z'))",
    ),
    ("target.failing > false", "[target.failing > false] true or false is neither less nor more"),
    ("labels.name == null", "[labels.name == null] this compares a text with null"),
    (
        "target.status",
        "[target.status] this gives a whole number, and true or false is wanted (compare it with something: ==, !=, <, >)",
    ),
    (
        "target.failing || labels.name",
        "[labels.name] a text is neither true nor false (compare it with something: ==, !=, <, >)",
    ),
    (
        "!target.cause",
        "[target.cause] the name of a cause is neither true nor false (compare it with something: ==, !=, <, >)",
    ),
    ("target.status in ['404']", "['404'] a whole number is looked for, and this is a text"),
    (
        "'name' in labels",
        "['name' in labels] a set of labels is no list (has(labels.x) asks whether there is a label x)",
    ),
    ("'x' in target.body", "['x' in target.body] a text is no list (text.contains('…') looks into a text)"),
    (
        "scope.carrier.share * 100 > 5",
        "[scope.carrier.share * 100] a number with a fraction * a whole number cannot be reckoned (both must be of one sort: write 100.0 for 100, or double(…))",
    ),
    (
        "labels.name + 1 == 'a1'",
        "[labels.name + 1] a text + a whole number cannot be reckoned (string(…) makes a text of it)",
    ),
    (
        "target.duration / 2 > duration('1s')",
        "[target.duration / 2] a duration / a whole number cannot be reckoned (getSeconds() makes a number of a duration)",
    ),
    ("-labels.name == 'x'", "[-labels.name] a text has no minus"),
    (
        "checks.path.hops[target.cause].loss > 1",
        "[target.cause] a list has numbers for its places, and this is the name of a cause (the first is [0])",
    ),
    (
        "target.status.exists(it, it > 1)",
        "[target.status] a whole number is no list (a loop goes over a list: `scope.<name>.targets`, `checks.<name>.hops`)",
    ),
    // Functions.
    (
        "labels.name.startWith('a')",
        "[startWith] there is no function `startWith` (did you mean `startsWith`?)",
    ),
    (
        "false && numbers_at_end(labels.name) > 1",
        "[numbers_at_end] there is no function `numbers_at_end` (did you mean `number_at_end`?)",
    ),
    (
        "labels.name.startsWith('a', 'b')",
        "[labels.name.startsWith('a', 'b')] `startsWith` cannot be called with a text, a text, a text (it is text.startsWith(text))",
    ),
    (
        "number_at_end(target.status) > 1",
        "[number_at_end(target.status)] `number_at_end` cannot be called with a whole number (it is number_at_end(text))",
    ),
    (
        "labels.name.number_at_end() > 1",
        "[number_at_end] `number_at_end` is not called so (write number_at_end(text))",
    ),
    ("contains(labels.name, 'a')", "[contains] `contains` is not called so (write text.contains(text))"),
    (
        "scope.fleet.targets.exists(it.failing)",
        "[exists] `exists` is not called so (write list.exists(it, it.failing))",
    ),
    ("labels.name.matches('(')", "['('] this is no regular expression: unclosed group"),
    (
        "target.duration > duration('9 s')",
        "['9 s'] `9 s` is no duration (hours, minutes and seconds: '1h30m', '90s', '200ms')",
    ),
    (
        "target.duration > duration('1d')",
        "['1d'] `1d` is no duration (hours, minutes and seconds: '1h30m', '90s', '200ms')",
    ),
    ("now > timestamp('today')", "['today'] `today` is no point in time (write '2026-01-31T23:59:00Z')"),
    ("firing(labels.name)", "[labels.name] an alert's name is written out: 'ProberIsolated'"),
    (
        "firing('A', {'x': 1})",
        "[1] a label's value is a text, and this is a whole number (string(…) makes a text of it)",
    ),
    (
        "firing('A', {labels.name: 'x'})",
        "[labels.name] this is no label's name (write it in quotes: 'region')",
    ),
    (
        "firing('A', true ? {'a': 'b'} : {})",
        "[true ? {'a': 'b'} : {}] the labels are no map that is written out (write {'region': labels.region})",
    ),
    // Loops.
    (
        "scope.fleet.targets.exists(a, scope.fleet.targets.exists(b, a.cause == b.cause))",
        "[exists] a loop over targets inside a loop over targets (a fleet of n targets would be looked at n times n times: count with a scope, or `join` two probes)",
    ),
    (
        "scope.fleet.targets.filter(a, scope.carrier.targets.filter(b, b.failing).size() > 1).size() > 1",
        "[filter] a loop over targets inside a loop over targets (a fleet of n targets would be looked at n times n times: count with a scope, or `join` two probes)",
    ),
    (
        "scope.fleet.targets.exists(target, target.failing)",
        "[exists] `target` means something else already (give the loop's variable another name)",
    ),
    // What is no CEL, or no part of it that we speak.
    ("", "[] an expression is missing"),
    ("  ", "[  ] an expression is missing"),
    ("target.failing and target.unknown", "[and] `and` cannot stand here (write &&)"),
    ("target.failing & target.unknown", "[&] `&` cannot stand here (write &&)"),
    ("not target.failing", "[target] `target` cannot stand here (write ! for not)"),
    ("target.status = 404", "[=] `=` cannot stand here (== compares)"),
    ("labels.name == 'äöü' &&\n  target.status = 404", "[=] `=` cannot stand here (== compares)"),
    ("target.failing &&", "[&] it ends too early"),
    ("//ä", "[ä] it ends too early"),
    ("(target.failing", "[g] it ends too early"),
    ("labels.name == 'api", "['api] this text has no closing quote"),
    ("labels.?name == 'x'", "[.] optional values (`?`) are not part of this language"),
    ("scope.fleet.targets.exists(1, true)", "[1] argument must be a simple name"),
    ("if", "[if] reserved identifier: if"),
    (
        "Duration{seconds: 1} == 1",
        "[Duration{seconds: 1}] there is no type `Duration` (a map is written {'name': 'value'})",
    ),
];

#[test]
fn all_mistakes_are_found_at_once_and_in_their_order() {
    let source =
        "target.failng || (tagret.unknown && labels.name.matches('[')) || target.cause in ['x', 'y']";
    let told = told(Place::Alert, source);
    let places: Vec<&str> = told.iter().map(|it| it.rsplit_once("] ").expect("a place").0).collect();
    assert_eq!(places, ["[failng", "[tagret", "['['", "['x'", "['y'"], "{told:#?}");
}

#[test]
fn a_fact_is_asked_by_its_name_and_what_it_needs_is_needed() {
    let known = with_facts(&[("many", "scope.carrier.share >= 0.25"), ("far", "checks.elsewhere.failing")]);
    let condition = Condition::compile("facts.many && target.status == 404", &known).unwrap();
    assert!(condition.holds(&troubled()).unwrap());
    assert_eq!(condition.needs().scopes, [ScopeNeed { name: "carrier".to_owned(), targets: false }]);
    let unanswered = Condition::compile("!facts.far", &known).unwrap().holds(&troubled()).unwrap_err();
    assert!(unanswered.no_answer, "{unanswered:?}");
}

#[test]
fn a_fact_that_nobody_declared_or_that_waits_for_a_check_is_refused() {
    let known = with_facts(&[("many", "true"), ("far", "checks.elsewhere.failing")]);
    let refused =
        |place, source| Condition::compile_at(place, source, &known).unwrap_err()[0].message.clone();
    assert_eq!(refused(Place::Alert, "facts.mani"), "the alert declares no fact `mani`");
    assert_eq!(refused(Place::Check, "facts.far"), "`facts.far` asks a check");
    assert_eq!(refused(Place::Scope, "facts.many"), "`facts` cannot stand where a scope counts");
}

#[test]
fn each_place_sees_its_own_words() {
    let sees = |place, source: &str| told(place, source).is_empty();
    assert!(sees(Place::Check, "scope.carrier.share > 0.2 && queries.down > 1 && firing('A')"));
    assert!(!sees(Place::Check, "checks.path.failing"));
    assert!(sees(Place::Scope, "target.cause != 'deadline_exceeded' && labels.name == 'x'"));
    for source in
        ["scope.fleet.share > 0.1", "checks.path.failing", "queries.down > 1", "now > now", "firing('A')"]
    {
        assert!(!sees(Place::Scope, source), "{source}");
        assert!(!sees(Place::Label, source), "{source}");
    }
    assert!(sees(Place::Label, "labels.name == 'x'"));
    assert_eq!(
        told(Place::Label, "target.cause == ''"),
        [
            "[target] `target` cannot stand in a label or a query (only `labels` can: what can change from one \
          probe to the next is an annotation, never a label)"
        ]
    );
}

#[test]
fn a_condition_says_what_it_needs() {
    let needs = |source| Condition::compile(source, &known()).expect(source).needs().clone();
    assert_eq!(needs("true"), Needs::default());
    assert_eq!(needs("target.failing"), Needs { target: true, ..Needs::default() });
    let source = "labels.x == 'a' || scope.fleet.failing > 1 && scope.carrier.targets.all(it, it.failing) \
                  && checks.path.failing && queries.down > 1 && now > now && alert.firing_for > duration('1s') \
                  && firing('Parent', {'a': 'b'}) && scope.carrier.share > 0.5";
    let wanted = Needs {
        target: false,
        labels: true,
        scopes: vec![
            ScopeNeed { name: "fleet".to_owned(), targets: false },
            ScopeNeed { name: "carrier".to_owned(), targets: true },
        ],
        checks: vec!["path".to_owned()],
        queries: vec!["down".to_owned()],
        firing_for: true,
        now: true,
        text: false,
        entries: false,
        alerts: vec![Mention {
            name: "Parent".to_owned(),
            span: source.find("'Parent'").map(|at| at..at + 8).expect("it"),
        }],
        ..Needs::default()
    };
    assert_eq!(needs(source), wanted);
}

/// A path of the vocabulary with names of the test's own in it.
fn filled_in(path: &str) -> String {
    let function = [
        ("{label: text}", "{'a': 'b'}"),
        ("text.charAt(number", "'abc'.charAt(1"),
        ("text.format(list)", "'%s'.format(['a'])"),
        ("timestamp(text)", "timestamp('2026-01-31T23:59:00Z')"),
        ("duration(text)", "duration('90s')"),
        ("duration.", "target.duration."),
        ("time.", "now."),
        ("time)", "now)"),
        ("(value)", "('1')"),
        ("number", "1"),
        ("list", "['a', 'b']"),
        ("<scope>.distinct.<label>", "carrier.distinct.service"),
        ("<scope>", "carrier"),
        ("<join>", "upstream"),
        ("<check>", "path"),
        ("<query>", "down"),
        ("<fact>", "many"),
        ("<cause>", "http_status"),
        ("<label>", "name"),
        ("<field>", "failing"),
    ];
    match path {
        "bool(value)" => "bool('true')".to_owned(),
        "number_at_end(text)" => "number_at_end('abc')".to_owned(),
        _ if path.starts_with("time.get") => path.replace("time.", "now.").replace("(text)", "('UTC')"),
        _ => {
            let path = function.iter().fold(path.to_owned(), |path, (from, to)| path.replace(from, to));
            path.replace("(text", "('abc'").replace(", text", ", 'abc'").replace("text.", "'abc'.")
        }
    }
}

#[test]
fn every_row_of_the_vocabulary_can_be_evaluated_and_gives_what_it_says() {
    let seen = troubled();
    let rows = vocabulary();
    assert!(rows.len() > 100, "{}", rows.len());
    for row in rows {
        let source = filled_in(&row.path);
        let of_group = row.path.starts_with("targets") || row.path.starts_with("members(");
        let place = if row.path.contains(".joined.") && !of_group { Place::Member } else { Place::Alert };
        let subject = if of_group { Subject::Group(vec!["name".to_owned()]) } else { Subject::Target };
        let known = Known { subject, joins: vec!["upstream".to_owned()], ..with_facts(&[("many", "true")]) };
        let expression = Expression::text(&source, &known, place);
        if of_group && row.kind.starts_with("a list") {
            let size = Expression::truth(&format!("size({source}) == 1"), &known, place).expect("a list");
            assert_eq!(size.holds(&seen), Ok(true), "{source}");
            continue;
        }
        if row.kind.starts_with("a list") {
            assert_eq!(holds(&format!("size({source}) >= 0"), &seen), Ok(true), "{source}");
            continue;
        }
        let expression = expression.unwrap_or_else(|all| panic!("{source}: {all:?}"));
        let value = expression.value(&seen).unwrap_or_else(|failed| panic!("{source}: {failed:?}"));
        let kind = match value {
            cel::Value::Bool(_) => "true or false",
            cel::Value::Int(_) => "a whole number",
            cel::Value::Float(_) => "a number with a fraction",
            cel::Value::String(_) => "a text",
            cel::Value::Duration(_) => "a duration",
            cel::Value::Timestamp(_) => "a point in time",
            other => panic!("{source} gives {other:?}"),
        };
        let is_word = row.kind.starts_with("the name of") && kind == "a text";
        assert!(row.kind == kind || is_word || row.kind == "a value", "{source}: {} but {kind}", row.kind);
        assert!(!row.meaning.is_empty(), "{source}");
    }
}

#[test]
fn each_path_of_the_design_is_in_the_vocabulary() {
    let rows: Vec<String> = vocabulary().into_iter().map(|it| it.path).collect();
    let reading = "failing unknown cause phase status duration timeout answered_after silent_for body body_bytes \
                   samples address instance peer certificate_not_after";
    let of_reading = reading.split_whitespace();
    let wanted = of_reading
        .flat_map(|it| [format!("target.{it}"), format!("checks.<check>.{it}")])
        .chain(
            "watched failing unknown ignored share targets"
                .split(' ')
                .map(|it| format!("scope.<scope>.{it}")),
        )
        .chain(
            "address loss sent last average best worst deviation"
                .split(' ')
                .map(|it| format!("checks.<check>.hops[0].{it}")),
        )
        .chain(
            [
                "labels.<label>",
                "scope.<scope>.causes.<cause>",
                "scope.<scope>.distinct.<label>",
                "queries.<query>",
                "alert.firing_for",
                "now",
                "number_at_end(text)",
                "firing(text, {label: text})",
            ]
            .map(str::to_owned),
        );
    for path in wanted {
        assert!(rows.contains(&path), "{path} is not in {rows:#?}");
    }
}

#[test]
fn every_cause_and_every_phase_can_be_compared_with() {
    for cause in CAUSES {
        assert_eq!(told(Place::Alert, &format!("target.cause == '{}'", cause.name)), [""; 0]);
    }
    for phase in Phase::ALL {
        assert_eq!(told(Place::Alert, &format!("target.phase == '{}'", phase.name())), [""; 0]);
    }
}

#[test]
fn the_deepest_expression_that_is_taken_fits_on_a_thread_s_stack() {
    let nested = |open: &str, depth: usize, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    for source in [
        nested("(", 8, "target.failing", ")"),
        nested("!(", 8, "target.failing", ")"),
        nested("[1].exists(it, ", 3, "target.failing", ")").replacen("it", "a", 1).replacen("it", "b", 1),
        format!("0 < 1{}", " + 1".repeat(34)),
        format!("true{}", " && target.failing".repeat(400)),
        format!("true{}", " || (target.failing && [1, 2][0] == 1)".repeat(400)),
    ] {
        assert_eq!(told(Place::Alert, &source), [""; 0], "{source}");
    }
    for source in [
        nested("(", 200, "true", ")"),
        "(".repeat(200),
        "[".repeat(200),
        "!(".repeat(200),
        "f(1,".repeat(200),
        format!("a{}", ".a".repeat(200)),
        format!("a{}", "[0]".repeat(200)),
        format!("1{}", " + 1".repeat(200)),
        format!("{}1", "true ? 1 : ".repeat(200)),
        "!".repeat(200),
    ] {
        let told = told(Place::Alert, &source);
        assert!(told[0].contains("nested too deep"), "{}", told[0]);
    }
}

/// Pieces of expressions.
const SCRAPS: &[&str] = &[
    "target",
    "labels",
    "scope",
    "checks",
    "queries",
    "alert",
    "now",
    ".",
    ".",
    ".",
    "failing",
    "cause",
    "targets",
    "hops",
    "fleet",
    "path",
    "exists",
    "filter",
    "map",
    "has",
    "(",
    "(",
    ")",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "it",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    "!",
    "?",
    ":",
    "+",
    "-",
    "*",
    "/",
    "%",
    "in",
    "'a'",
    "'http_status'",
    "\"",
    "'",
    "'''",
    "r'",
    "\\",
    "1",
    "0.5",
    "1u",
    "99999999999999999999",
    "duration",
    "'9s'",
    "firing",
    "matches",
    "'['",
    "size",
    "ä",
    "€",
    "//",
    "\n",
    " ",
    "\u{0}",
    "true",
    "null",
    "`",
    "b'x'",
    "@result",
    "int",
    "string",
    "format",
];

/// Text that looks like an expression now and then.
fn scribble() -> impl Strategy<Value = String> {
    let word = prop::sample::select(SCRAPS);
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

prop_compose! {
    fn reading()(
        flags in any::<(bool, bool, u16, u64, u64)>(),
        texts in any::<(String, String, String)>(),
        spans in (duration(), duration(), prop::option::of(duration())),
        end in prop::option::of(any::<i64>()),
        cause in prop::sample::select(CAUSES.iter().map(|it| it.name).collect::<Vec<_>>()),
    ) -> Reading {
        let (failing, unknown, status, body_bytes, samples) = flags;
        let away = end.map(|it| (it >= 0, Duration::from_secs(it.unsigned_abs())));
        let at = |(later, by)| {
            let epoch = SystemTime::UNIX_EPOCH;
            if later { epoch.checked_add(by) } else { epoch.checked_sub(by) }
        };
        Reading {
            labels: [("name", &*texts.0), ("carrier_name", &*texts.1)].into_iter().collect(),
            address: texts.2.as_str().into(),
            failing,
            unknown,
            cause,
            phase: "tls",
            status,
            duration: spans.0,
            timeout: spans.1,
            answered_after: spans.2,
            silent_for: spans.2,
            body_bytes,
            body: texts.1.as_str().into(),
            samples,
            peer: texts.0.as_str().into(),
            value: end.map(|it| f64::from_bits(it.cast_unsigned())),
            notes: [("reason", &*texts.2)].into_iter().collect(),
            certificate_not_after: away.and_then(at),
            tls: None,
            since: away.and_then(at),
            joined: Arc::default(),
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(source in "\\PC{0,60}") {
        for mistake in Condition::compile(&source, &known()).err().unwrap_or_default() {
            prop_assert!(source.get(mistake.span.clone()).is_some(), "{:?}", mistake);
        }
    }

    #[test]
    fn no_scribble_makes_the_compiler_panic(source in scribble()) {
        for mistake in Condition::compile(&source, &known()).err().unwrap_or_default() {
            prop_assert!(source.get(mistake.span.clone()).is_some(), "{:?}", mistake);
        }
    }

    #[test]
    fn nothing_that_is_seen_makes_a_condition_panic(
        one in reading(),
        counts in any::<(u64, u64, u64, u64)>(),
        answer in any::<f64>(),
        text in any::<String>(),
    ) {
        let (watched, failing, unknown, ignored) = counts;
        let unknown = unknown.min(watched / 2);
        let tally = Tally {
            watched, failing, unknown, ignored: ignored.min(watched / 2),
            targets: vec![one.clone(), Reading::default()],
            ..Tally::default()
        };
        let hop = Hop { address: text, loss: answer, ..Hop::default() };
        let seen = Seen {
            checks: BTreeMap::from([("path".to_owned(), CheckAnswer { reading: one.clone(), hops: vec![hop] })]),
            firing_for: one.duration,
            scopes: BTreeMap::from([("fleet".to_owned(), tally)]),
            queries: BTreeMap::from([("down".to_owned(), answer)]),
            firing: Vec::new(),
            reading: one,
        };
        for source in [
            "target.duration + target.timeout > duration('1s')",
            "target.certificate_not_after - now < duration('720h')",
            "now + target.duration > target.certificate_not_after",
            "target.certificate_not_after.getFullYear() > 1 && string(target.certificate_not_after) != ''",
            "scope.fleet.failing + scope.fleet.watched > 0 || scope.fleet.share > 0.1",
            "scope.fleet.failing * scope.fleet.watched / scope.fleet.unknown % scope.fleet.ignored > 0",
            "scope.fleet.targets.all(it, it.body.matches('a+') || it.labels.name.size() > 3)",
            "labels.name.substring(2, 4) == labels.carrier_name.split('a')[1]",
            "number_at_end(labels.name) > 1 || int(labels.name) > 1",
            "queries.down * 2.0 > 5 || int(queries.down) > 3",
            "checks.path.hops.exists(hop, hop.loss > 1 || hop.address.reverse() == 'x')",
            "firing('A', {'name': target.body})",
            "'%s %d %.2f'.format([labels.name, target.status, queries.down]) != ''",
            "labels.name.matches(labels.carrier_name)",
            "-alert.firing_for.getSeconds() < target.body_bytes - target.samples",
        ] {
            let condition = Condition::compile(source, &known()).expect(source);
            let _whatever_it_says = condition.holds(&seen);
        }
    }
}
