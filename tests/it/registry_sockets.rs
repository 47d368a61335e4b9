//! The registry's service endpoints over real sockets: each zone is a front and an ingress on
//! loopback, the shipped drop-in asks them, and what comes out is the alert with its step.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::peer::daemon::Daemon;
use crate::peer::door::Behind::{Mute, Refusing, Silent, Status};
use crate::peer::door::{Behind, Door};
use crate::peer::process::{eventually, folder, write};
use crate::peer::shipped::{hastened, with_short_minutes};

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

const DROP_IN: &str = "30-registry-se.yaml";

const DETERMINE: &str = "determine-if-this-issue-is-with-registry-or-service-endpoint";
const ISOLATED: &str = "determine-if-this-issue-isolated-to-se-endpoints";
const INGRESS: &str = "debugging-registrys-private-ingress";
const PAGING: &str = "paging-the-service-endpoint-team";

/// Of a zone what is behind its front, and behind the ingress that the front leads to.
type Pair = (Behind, Behind);

struct Zone {
    name: String,
    behind: Pair,
    front: Door,
    upstream: Door,
}

struct Region {
    name: &'static str,
    zones: Vec<Zone>,
}

impl Zone {
    fn magic_box(&self) -> String {
        format!("{}-vm-{}", self.name, self.front.address().port())
    }

    /// As the `ServiceEndpointStatus` job would print it.
    fn state(&self) -> String {
        let se = match self.behind.0 {
            Status(_) | Mute => "1",
            Refusing | Silent => "0",
        };
        let upstream = match self.behind.1 {
            Status(200) => "1",
            Status(_) => "0",
            Mute | Refusing | Silent => "-1",
        };
        format!("{se}:{upstream}")
    }
}

impl Region {
    fn open<const N: usize>(name: &'static str, zones: [Pair; N]) -> Self {
        let zone = |(at, behind): (usize, Pair)| Zone {
            name: format!("{name}-az{}", at + 1),
            behind,
            front: Door::open(behind.0),
            upstream: Door::open(behind.1),
        };
        Self { name, zones: zones.into_iter().enumerate().map(zone).collect() }
    }

    /// A targets file of its fronts, or of what stands behind them.
    fn targets(&self, door: impl Fn(&Zone) -> &Door) -> String {
        let mut text = String::new();
        for it in &self.zones {
            let (address, magic_box, zone) = (door(it).address(), it.magic_box(), &it.name);
            writeln!(
                text,
                "- targets: ['{address}']\n  labels: {{ region: {}, zone: {zone}, magic_box: {magic_box} }}",
                self.name
            )
            .expect("a string takes all text");
        }
        text
    }
}

/// The daemon with that drop-in over these regions; `more` are further folders of targets.
fn watch(drop_in: &str, regions: &[Region], more: &[(&str, String)]) -> Daemon {
    let config = folder();
    write(config.path(), &format!("probes.d/{DROP_IN}"), drop_in);
    let all = |door: fn(&Zone) -> &Door| regions.iter().map(|it| it.targets(door)).collect::<String>();
    write(config.path(), "targets/registry-se-front/all.yaml", all(|it| &it.front));
    write(config.path(), "targets/registry-se-upstream/all.yaml", all(|it| &it.upstream));
    for (name, text) in more {
        write(config.path(), &format!("targets/{name}/all.yaml"), text);
    }
    Daemon::start(config, &[])
}

/// The alert of a region, in whichever state.
fn alert(daemon: &Daemon, name: &str, region: &str) -> Option<Value> {
    let page: Value = serde_json::from_str(&daemon.get("/api/v1/alerts").body).expect("alerts are JSON");
    let alerts = page["data"]["alerts"].as_array().expect("alerts are a list");
    let is_it = |it: &&Value| it["labels"]["alertname"] == name && it["labels"]["region"] == region;
    alerts.iter().find(is_it).cloned()
}

/// Waits until the region's alert is in that state and points to that step.
#[track_caller]
fn points(daemon: &Daemon, region: &str, state: &str, step: &str) -> Value {
    let name = "AllSEEndpointsDown";
    let wanted = |it: &Value| {
        let url = it["annotations"]["runbook_url"].as_str().unwrap_or_default();
        let end = format!("/registry/all-se-endpoints-down.html#{step}");
        it["state"] == state && url.ends_with(&end)
    };
    let seen = eventually(LIMIT, || alert(daemon, name, region).filter(wanted));
    seen.unwrap_or_else(|| {
        let there = alert(daemon, name, region);
        panic!("{region} is not {state} with {step}: {there:#?}\n{}", daemon.said())
    })
}

fn annotation<'a>(alert: &'a Value, name: &str) -> &'a str {
    alert["annotations"][name].as_str().unwrap_or_default()
}

/// That each zone has its line of evidence, with all by which its owners know it.
#[track_caller]
fn tells_of_each_zone(alert: &Value, region: &Region) {
    let told = annotation(alert, "description");
    for it in &region.zones {
        let line = told.lines().find(|line| line.starts_with(&format!("{}: ", it.name)));
        let line = line.unwrap_or_else(|| panic!("nothing of {}:\n{told}", it.name));
        let (front, upstream) = (it.front.address(), it.upstream.address());
        for part in [
            format!("Magic Box {},", it.magic_box()),
            format!("front {front} "),
            format!("upstream {upstream} "),
            format!("state {} since 2", it.state()),
        ] {
            assert!(line.contains(&part), "no {part:?} in {line}");
        }
    }
}

/// The zones in the order in which the evidence names them.
fn order_of(alert: &Value) -> Vec<&str> {
    let lines = annotation(alert, "description").lines().filter(|it| it.contains(": Magic Box "));
    lines.filter_map(|it| Some(it.split_once(':')?.0.rsplit_once('-')?.1)).collect()
}

const WELL: Pair = (Status(200), Status(200));

#[test]
fn every_state_of_a_region_gives_the_step_of_the_table_with_each_zone_in_the_evidence() {
    let regions = [
        Region::open("accepting", [(Status(503), Status(200)), (Mute, Refusing), (Status(404), Status(404))]),
        Region::open("unwell", [(Refusing, Refusing), (Silent, Status(503)), (Refusing, Status(404))]),
        Region::open("gone", [(Refusing, Silent), (Silent, Mute), (Refusing, Refusing)]),
        Region::open("hidden", [(Refusing, Refusing), (Silent, Status(200)), (Refusing, Status(503))]),
        Region::open("rejecting", [(Silent, Status(200)), (Refusing, Status(200)), (Silent, Status(200))]),
        Region::open("mixed", [(Refusing, Refusing), (Status(503), Status(503)), (Refusing, Status(200))]),
        Region::open("public", [(Status(503), Status(200)), (Refusing, Refusing), (Silent, Status(404))]),
        Region::open("one-down", [(Refusing, Status(200)), WELL, WELL]),
        Region::open("well", [WELL, WELL, WELL]),
    ];
    let public = [Door::open(Refusing), Door::open(Status(503))].map(|door| {
        let target =
            format!("- targets: ['{}']\n  labels: {{ region: public, zone: one }}\n", door.address());
        (door, target)
    });
    let targets = public.iter().map(|(_, target)| target.as_str()).collect();
    let daemon = watch(&hastened(DROP_IN), &regions, &[("registry-public", targets)]);
    let [accepting, unwell, gone, hidden, rejecting, mixed, public, one_down, well] = &regions;

    // Of a mix 0:1 stands first, then 1:x, then the rest; else the highest upstream.
    for (region, step, order) in [
        (accepting, INGRESS, ["az1", "az3", "az2"]),
        (unwell, INGRESS, ["az2", "az3", "az1"]),
        (gone, INGRESS, ["az1", "az2", "az3"]),
        (hidden, DETERMINE, ["az2", "az3", "az1"]),
        (rejecting, DETERMINE, ["az1", "az2", "az3"]),
        (mixed, DETERMINE, ["az3", "az2", "az1"]),
    ] {
        let alert = points(&daemon, region.name, "firing", step);
        tells_of_each_zone(&alert, region);
        let summary = format!("All SE endpoints down in {}", region.name);
        assert_eq!(annotation(&alert, "summary"), summary);
        assert_eq!(order_of(&alert), order, "{}", annotation(&alert, "description"));
    }

    let held_back = points(&daemon, public.name, "inhibited", ISOLATED);
    assert_eq!(held_back["inhibitedBy"], "AllPublicEndpointsDown");
    let parent = alert(&daemon, "AllPublicEndpointsDown", public.name).expect("it holds another back");
    assert_eq!(parent["state"], "firing");

    // By now every zone was asked: the alerts above needed the slowest of them.
    for region in [one_down, well] {
        assert_eq!(alert(&daemon, "AllSEEndpointsDown", region.name), None, "{}", daemon.said());
    }
    one_down.zones[1].front.answer(503);
    one_down.zones[2].front.answer(404);
    let alert_of_all = points(&daemon, one_down.name, "firing", DETERMINE);
    assert_eq!(annotation(&alert_of_all, "magic_boxes"), one_down.zones[0].magic_box());
    one_down.zones[2].front.answer(200);
    let over =
        eventually(LIMIT, || alert(&daemon, "AllSEEndpointsDown", one_down.name).is_none().then_some(()));
    assert!(over.is_some(), "a zone is back and the alert is still there\n{}", daemon.said());
}

#[test]
fn fronts_that_go_on_refusing_before_a_well_registry_are_for_the_service_endpoint_team() {
    let regions =
        [Region::open("rejecting", [(Refusing, Status(200)), (Refusing, Refusing), (Silent, Status(404))])];
    let drop_in = with_short_minutes(&hastened(DROP_IN));
    let daemon = watch(&drop_in, &regions, &[]);
    let alert = points(&daemon, "rejecting", "firing", PAGING);
    tells_of_each_zone(&alert, &regions[0]);
    assert_eq!(annotation(&alert, "magic_boxes"), regions[0].zones[0].magic_box());
    let call = "PagerDuty service Cloud Service Endpoint, #private-marketplace";
    assert_eq!(annotation(&alert, "call"), call);
}

const NO_ROUTE: &str = "whoever runs this prober: it has no route to 166.8.0.0/14";

#[test]
fn silent_fronts_of_two_regions_are_a_prober_without_a_route() {
    let silent = [(Silent, Status(200)), (Silent, Status(200))];
    let regions = [Region::open("one", silent), Region::open("two", silent)];
    let daemon = watch(&hastened(DROP_IN), &regions, &[]);
    for region in &regions {
        let alert = points(&daemon, region.name, "firing", INGRESS);
        assert_eq!(annotation(&alert, "call"), NO_ROUTE);
        tells_of_each_zone(&alert, region);
    }
}

#[test]
fn silent_fronts_of_one_region_alone_are_that_region() {
    let regions = [Region::open("one", [(Silent, Status(200)), (Silent, Status(404))])];
    let daemon = watch(&hastened(DROP_IN), &regions, &[]);
    let alert = points(&daemon, "one", "firing", DETERMINE);
    assert_eq!(annotation(&alert, "call"), "nobody yet: it is measured again");
}

#[test]
fn a_silent_control_in_the_fronts_network_is_a_prober_without_a_route_too() {
    let control = Door::open(Silent);
    let regions =
        [Region::open("one", [(Silent, Status(200)), (Refusing, Status(200))]), Region::open("two", [WELL])];
    let targets = format!("- targets: ['{}']\n", control.address());
    let daemon = watch(&hastened(DROP_IN), &regions, &[("registry-se-control", targets)]);
    let alert = points(&daemon, "one", "firing", INGRESS);
    assert_eq!(annotation(&alert, "call"), NO_ROUTE);
}
