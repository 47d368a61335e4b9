//! Alerts of groups through the whole of it: as drop-ins have them.

use super::*;

const ZONES: &str = "
modules:
  m: { prober: http }
probes:
  - { name: front, module: m, interval: 30s }
  - { name: back, module: m, interval: 30s }
alerts:
  - alert: Down
    probe: front
    group_by: [region]
    join:
      back: { probe: back, on: [region, zone] }
      any: { probe: back, on: [] }
    when: targets.all(it, it.failing || it.joined.back.failing)
    for: 1m
    annotations:
      backs: \"{{ members('back').filter(it, it.failing).map(it, it.labels.zone).join(' ') }}\"
      partners: \"{{ targets.map(it, it.joined.any.unknown ? '?' : it.joined.any.cause).join(' ') }}\"
    queries:
      load: 'load{region=\"{{ labels.region }}\"}'
    members:
      order_by: ['!target.joined.back.failing', '-target.status', labels.zone]
      show: '{{ labels.zone }} {{ target.status }} {{ target.joined.back.unknown ? \"?\" : string(target.joined.back.status) }}'
      first: 3
    runbook: /x.html
    steps:
      - { when: \"targets.exists(it, it.joined.back.unknown)\", step: blind }
      - { when: \"members('back').all(it, it.failing)\", step: backs }
      - { when: queries.load > 5.0, step: busy }
      - { when: \"firing_prefix('Pool of ' + labels.region)\", step: pool }
      - { step: rest }
";

const FLEET: &str = "
targets:
  front:
    - { address: 'f:1', labels: { region: r1, zone: a } }
    - { address: 'f:2', labels: { region: r1, zone: b } }
    - { address: 'f:3', labels: { region: r1, zone: c } }
    - { address: 'f:4', labels: { region: r1, zone: d } }
    - { address: 'g:1', labels: { region: r2, zone: a } }
  back:
    - { address: 'k:1', labels: { region: r1, zone: a } }
    - { address: 'k:2', labels: { region: r1, zone: b } }
    - { address: 'k:3', labels: { region: r1, zone: c } }
    - { address: 'k:4', labels: { region: r1, zone: d } }
    - { address: 'h:1', labels: { region: r2, zone: a } }
    - { address: 'h:2', labels: { region: r2, zone: a } }
cases:
";

#[track_caller]
fn holds(case: &str) {
    let source = Source { name: "a.yaml".into(), text: Ok(Arc::from(ZONES)) };
    let loaded = load(&[source], &LastGood::default());
    let errors: Vec<_> = loaded.complaints.iter().filter(|it| it.level == Level::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let suite = Suite::parse(&format!("{FLEET}{case}")).unwrap();
    let ran = run(&suite, &loaded.config, &"https://site.test".parse().unwrap()).unwrap();
    let misses: String = ran.iter().flat_map(|it| &it.misses).map(ToString::to_string).collect();
    assert!(misses.is_empty(), "{misses}");
}

#[test]
fn the_first_members_are_told_in_the_order_that_is_asked_for_and_how_many_more_there_are() {
    holds(
        "
  - name: c has a failing partner, b the higher status
    observe:
      - { at: 0s, probe: front, targets: { region: r1 }, see: { status: 500 } }
      - { at: 0s, probe: front, targets: { zone: b }, see: { status: 503 } }
      - { at: 0s, probe: back, targets: { region: r1, zone: c }, see: { status: 404 } }
    expect:
      - at: 2m
        firing:
          - alert: Down
            labels: { region: r1, zone: '' }
            step: rest
            annotations:
              backs: c
              description: |-
                group r1: 4 of 4 failing (100 %): http_status 4
                c 500 404
                b 503 200
                a 500 200
                and 1 more
                without an answer: query load
",
    );
}

#[test]
fn a_reading_of_a_partner_alone_begins_and_ends_an_alert() {
    holds(
        "
  - name: every back has gone, and one comes again
    observe:
      - { at: 5m, probe: back, targets: { region: r1 }, see: { status: 404 } }
      - { at: 10m, probe: back, targets: { region: r1, zone: d }, see: {} }
    expect:
      - { at: 4m, firing: [], pending: [] }
      - { at: 7m, firing: [{ alert: Down, labels: { region: r1 }, step: backs, annotations: { backs: a b c d } }] }
      - { at: 11m, firing: [], pending: [] }
",
    );
}

#[test]
fn of_several_partners_the_one_that_fares_worst_counts() {
    holds(
        "
  - name: one of two backs of a zone fails
    observe:
      - { at: 0s, probe: back, targets: { instance: 'h:2' }, see: { status: 404 } }
    expect:
      - at: 2m
        firing:
          - { alert: Down, labels: { region: r2 }, step: rest, annotations: { backs: a, partners: http_status } }
",
    );
}

#[test]
fn what_hangs_on_a_partner_of_which_we_cannot_tell_stands_still() {
    holds(
        "
  - name: a front answers, so all hangs on its back; where every front fails nothing does
    observe:
      - { at: 0s, probe: back, targets: { region: r2 }, see: { unknown: local_fd } }
      - { at: 5m, probe: front, targets: { region: r2 }, see: { status: 500 } }
      - { at: 10m, probe: front, targets: { region: r2 }, see: {} }
    expect:
      - { at: 4m, firing: [], pending: [] }
      - { at: 7m, firing: [{ alert: Down, labels: { region: r2 }, step: blind }] }
      - { at: 15m, firing: [{ alert: Down, labels: { region: r2 } }] }
",
    );
}

#[test]
fn an_alert_of_others_is_asked_for_by_the_beginning_of_its_name() {
    holds(
        "
  - name: a pool of the second region
    observe:
      - { at: 0s, probe: front, see: { status: 500 } }
    firing: [{ alert: Pool of r2 is empty }, { alert: Poolside }]
    expect:
      - at: 2m
        firing:
          - { alert: Down, labels: { region: r1 }, step: rest }
          - { alert: Down, labels: { region: r2 }, step: pool }
",
    );
}

#[test]
fn the_answer_to_a_query_of_a_group_chooses_its_step() {
    holds(
        "
  - name: every region has a load of nine
    queries: { load: 9.0 }
    observe:
      - { at: 0s, probe: front, targets: { region: r2 }, see: { status: 500 } }
    expect:
      - at: 2m
        firing: [{ alert: Down, labels: { region: r2 }, step: busy }]
",
    );
}
