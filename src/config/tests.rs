use super::*;
use crate::spec::{Prober, Way};
use crate::template::Template;

mod blackbox;
mod conversation;
mod mistakes;
mod oauth2;
mod trial;

const GOOD: &str = "\
modules:
  ping: { prober: tcp }
probes:
  - name: hosts
    module: ping
    targets: { static_configs: [{ targets: [a:1] }] }
";

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: Ok(text.into()) }
}

fn loaded(files: &[(&str, &str)]) -> Loaded {
    loaded_after(files, &LastGood::default())
}

fn loaded_after(files: &[(&str, &str)], before: &LastGood) -> Loaded {
    let sources: Vec<Source> = files.iter().map(|(name, text)| source(name, text)).collect();
    load(&sources, before)
}

fn probes(loaded: &Loaded) -> Vec<&str> {
    loaded.config.plan.probes.iter().map(|it| &*it.name).collect()
}

fn titles(loaded: &Loaded) -> Vec<String> {
    loaded.complaints.iter().map(|it| format!("{} {}", it.place, it.title)).collect()
}

fn in_force(loaded: &Loaded) -> Vec<InForce> {
    loaded.files.iter().map(|it| it.in_force).collect()
}

/// The example of the design, with what its check names, and a fact.
const EXAMPLE: &str = r#"
modules:                       # the exporter's schema
  scrape:
    prober: metrics
    timeout: 10s
    patience: 30s
    http:
      tls_config: { insecure_skip_verify: true }
  tcp_path: { prober: tcp }

probes:
  - name: scrape
    module: scrape
    interval: 30s
    targets:
      file_sd_configs:
        - files: [targets/scrape/*.yaml, targets/scrape/*.json]
    relabel_configs: []

alerts:
  - alert: KubernetesEndpointScrapeFailure
    probe: scrape
    when: target.failing
    for: 1m
    labels:
      severity: critical
      alert_situation: "{{ labels.hostname }}_{{ labels.name }}_scrape_failure"
    annotations:
      summary: "{{ labels.instance }} is failing to scrape"
    scopes:
      fleet: {}
      carrier: { by: [carrier_name], distinct: [service] }
      host: { by: [hostname] }
    checks:
      path: { module: tcp_path, per: carrier, when: scope.carrier.share > 0.2 }
      elsewhere: { module: scrape, via: "https://other-fingerpost:19115" }
    queries:
      scraped: 'up{instance="{{ labels.instance }}"}'
    facts:
      many: scope.carrier.share > 0.5
    inhibited_by:
      - { alert: ProberIsolated }
    runbook: /armada/armada-global-scrape-failure.html
    before:
      - { when: number_at_end(labels.carrier_name) >= 100, page: /armada/armada-tugboats.html }
    steps:
      - { when: facts.many, page: /armada/armada-many.html }
      - { when: "labels.name == 'node-exporter'", page: /armada/armada-ops-node-exporter.html }
      - { when: "target.cause == 'http_status' && target.status == 404", step: http-404-actions }
      - { when: "target.cause == 'deadline_exceeded'", step: context-deadline-exceeded-actions }
      - { step: if-calico-node-is-running-perform-further-checks }
"#;

#[test]
fn the_example_of_the_design_loads_whole() {
    let loaded = loaded(&[("probes.d/10-scrape.yaml", EXAMPLE)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    let alert = &loaded.config.plan.alerts[0];
    assert_eq!((alert.hold, alert.keep_firing_for), (Duration::from_mins(1), Duration::ZERO));
    assert_eq!((alert.scopes.len(), alert.checks.len(), alert.queries.len()), (3, 2, 1));
    assert_eq!((alert.before.len(), alert.steps.len()), (1, 5));
    assert_eq!(alert.steps[2].anchor.as_deref(), Some("http-404-actions"));
    assert_eq!(alert.steps[2].page.to_string(), "/armada/armada-global-scrape-failure.html");
    let module = &loaded.config.modules["scrape"];
    assert_eq!((module.timeout, module.patience), (Duration::from_secs(10), Duration::from_secs(30)));
    let Prober::Metrics(metrics) = &module.prober else { panic!("a scrape") };
    assert!(metrics.client.tls.insecure_skip_verify);
    assert_eq!((metrics.client.body_bytes_max, metrics.sample_limit), (16 << 20, 50_000));
    assert_eq!(loaded.config.discoveries[0].file_sd_patterns.len(), 2);
    assert_eq!((loaded.pages.len(), loaded.needed.len()), (7, 2));
}

#[test]
fn an_alert_goes_on_with_the_rows_of_its_rule_over_texts() {
    let rule = "text_rules:\n  - name: r\n    runbook: /r.html\n    labels: { operation: '{{ fields.operation }}' }\n    \
                annotations: { bom: '{{ fields.bom }}' }\n    before: [{ page: /b.html }]\n    steps:\n      \
                - { when: text.contains('x'), step: one, also: [/a.html], call: '{{ fields.region }}', note: n }\n      \
                - { step: rest }\n    escalate: [{ step: e, call: squad }]\n";
    let alert = format!(
        "{GOOD}alerts:\n  - {{ alert: A, probe: hosts, when: target.failing, text_rules: r,\n      \
         runbook: /own.html, steps: [{{ when: target.status == 404, step: own, call: '{{{{ labels.job }}}}', note: own note }}] }}\n"
    );
    let loaded = loaded(&[("probes.d/a.yaml", &alert), ("probes.d/b.yaml", rule)]);
    assert_eq!(titles(&loaded), [""; 0]);
    let plan = &loaded.config.plan;
    let steps: Vec<_> =
        plan.alerts[0].steps.iter().map(|it| it.anchor.as_deref().unwrap_or_default()).collect();
    assert_eq!(steps, ["own", "one", "rest"]);
    assert_eq!(plan.alerts[0].before.len(), 1);
    let [rule] = &plan.text_rules[..] else { panic!("{:?}", plan.text_rules) };
    let alert = &plan.alerts[0];
    assert_eq!(alert.text_rule.as_deref(), Some("r"));
    let words = |it: &crate::plan::Row| {
        (it.call.as_ref().map(|it| it.source().to_owned()), it.note.as_deref().map(str::to_owned))
    };
    let text = |it: &str| Some(it.to_owned());
    assert_eq!(words(&alert.steps[0]), (text("{{ labels.job }}"), text("own note")));
    assert_eq!(words(&alert.steps[1]), (text("{{ fields.region }}"), text("n")));
    assert_eq!(words(&alert.escalate[0]), (text("squad"), None));
    let found: Vec<_> = alert.found.iter().map(|(name, it)| (&**name, it.source())).collect();
    assert_eq!(found, [("operation", "{{ fields.operation }}"), ("bom", "{{ fields.bom }}")]);
    assert_eq!(rule.steps[0].note.as_deref(), Some("n"));
    assert_eq!(rule.escalate[0].call.as_ref().map(Template::source), Some("squad"));
    assert_eq!(loaded.pages.len(), 8);
}

#[test]
fn an_alert_whose_rule_stands_in_a_bad_file_is_told_so_and_stays() {
    let alert = format!(
        "{GOOD}alerts:\n  - {{ alert: A, probe: hosts, when: target.failing, text_rules: r, steps: [{{ page: /x.html }}] }}\n"
    );
    let rule = "text_rules:\n  - { name: r, steps: [{ page: /x.html, when: oops }] }\n";
    let loaded = loaded(&[("probes.d/a.yaml", &alert), ("probes.d/b.yaml", rule)]);
    assert_eq!(loaded.config.plan.alerts.len(), 1);
    assert!(titles(&loaded)[0].contains("the rule `r` is left out"), "{:?}", titles(&loaded));
}

#[test]
fn an_exporters_file_works_unchanged() {
    let text = "
modules:
  http_2xx:
    prober: http
    http:
      preferred_ip_protocol: ip4
      valid_status_codes: []
      valid_http_versions: [HTTP/1.1, HTTP/2.0]
      no_follow_redirects: yes
      fail_if_not_ssl: true
      headers: { Host: vhost.example.com, Accept-Language: en-US }
      fail_if_body_not_matches_regexp: ['Download (?i)latest', \"a\\\\.b\"]
      fail_if_header_matches: [{ header: Set-Cookie, regexp: '.*', allow_missing: true }]
      basic_auth: { username: u, password: p }
      body_size_limit: 10MB
      enable_http3: false
  post:
    prober: http
    timeout: 5s
    dns: { query_name: unread }
    http:
  pop3s:
    prober: tcp
    tcp:
      query_response:
        - expect: \"^\\\\+OK\"
        - send: 'QUIT'
          starttls: true
      tls: true
      tls_config: { insecure_skip_verify: false, min_version: TLS13 }
";
    let loaded = loaded(&[("probes.d/blackbox.yml", text)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    let Prober::Http(http) = &loaded.config.modules["http_2xx"].prober else { panic!("http") };
    assert!(!http.client.follow_redirects);
    assert_eq!(http.client.headers["host"], "vhost.example.com");
    assert_eq!(http.body_rules[1].regex.as_str(), r"a\.b");
    assert_eq!(http.client.body_bytes_max, 10 << 20);
    assert_eq!(http.client.dial.preferred, crate::spec::Family::Ip4);
    let Prober::Tcp(tcp) = &loaded.config.modules["pop3s"].prober else { panic!("tcp") };
    assert!(tcp.query_response[1].starttls && tcp.query_response[0].expect.is_some());
    let tls = tcp.tls.as_ref().unwrap();
    assert_eq!(
        (tls.version_min, tls.version_max),
        (crate::spec::TlsVersion::V1_3, crate::spec::TlsVersion::V1_3)
    );
}

#[test]
fn anchors_aliases_and_merges_say_what_they_stand_for() {
    let text = "
modules:
  one: &one { prober: http, timeout: 3s, http: &h { method: POST } }
  two: { <<: *one, timeout: 4s }
  three: { prober: http, http: { <<: [*h], body: x } }
";
    let loaded = loaded(&[("probes.d/a.yaml", text)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    assert_eq!(loaded.config.modules["two"].timeout, Duration::from_secs(4));
    let Prober::Http(http) = &loaded.config.modules["three"].prober else { panic!("http") };
    assert_eq!(
        (http.method.as_str(), http.body.clone()),
        ("POST", Some(crate::spec::Body::Inline("x".into())))
    );
}

#[test]
fn a_module_that_needs_what_is_not_built_is_left_out_alone() {
    let text = "
modules:
  h3: { prober: http, http: { enable_http3: true, enable_http2: false, valid_http_versions: [HTTP/3.0] } }
  plain: { prober: http, http: { enable_http3: false } }
probes:
  - { name: by-h3, module: h3, targets: { static_configs: [{ targets: [a] }] } }
  - { name: by-plain, module: plain, targets: { static_configs: [{ targets: [a] }] } }
";
    let loaded = loaded(&[("probes.d/a.yaml", text)]);
    assert_eq!(
        loaded.complaints.iter().map(|it| &*it.title).collect::<Vec<_>>(),
        [
            "this module is left out: HTTP/3 is not built here",
            "the probe `by-h3` is left out: its module needs HTTP/3"
        ]
    );
    assert!(loaded.complaints.iter().all(|it| it.level == Level::Warning));
    assert_eq!(loaded.files[0].in_force, InForce::Current);
    let wrong = loaded_after(
        &[("probes.d/a.yaml", &text.replace("HTTP/3.0", "HTTP/3.0, HTTP/1.1"))],
        &LastGood::default(),
    );
    let errors = wrong.complaints.iter().filter(|it| it.level == Level::Error);
    assert_eq!(errors.map(|it| it.place.excerpt()).collect::<Vec<_>>(), ["HTTP/1.1"]);
    assert_eq!(loaded.config.left_out.get("h3").map(String::as_str), Some("HTTP/3"));
    assert_eq!(loaded.config.modules.keys().map(|it| &**it).collect::<Vec<_>>(), ["plain"]);
    assert_eq!(loaded.config.plan.probes.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["by-plain"]);
}

#[test]
fn proxies_are_read_where_prometheus_has_them_and_a_name_is_left_to_them() {
    let text = "
modules:
  by: { prober: http, http: { proxy_url: 'http://u:t0psecret@proxy:3128', no_proxy: 'a.example', proxy_connect_header: { X-A: [s3cret] } } }
  name: { prober: http, http: { proxy_from_environment: true, skip_resolve_phase_with_proxy: true } }
  scrape: { prober: metrics, http: { proxy_url: 'http://proxy' } }
  socks: { prober: http, http: { proxy_url: 'socks5://proxy' } }
";
    let loaded = loaded(&[("probes.d/a.yaml", text)]);
    let titles: Vec<_> = loaded.complaints.iter().map(|it| &*it.title).collect();
    assert_eq!(titles, ["this module is left out: a proxy other than http:// is not built here"]);
    let way = |name: &str| match &loaded.config.modules[name].prober {
        Prober::Http(it) => it.client.proxy.clone(),
        Prober::Metrics(it) => it.client.proxy.clone(),
        _ => panic!("http"),
    };
    assert!(way("by").resolves_here && !way("name").resolves_here && !way("scrape").resolves_here);
    assert!(matches!(way("name").way, Way::Environment));
    let Way::Proxy(it) = way("scrape").way else { panic!("a proxy") };
    assert_eq!((&*it.host, it.port), ("proxy", 80));
    let shown = format!("{:?}", loaded.config.modules);
    assert!(!shown.contains("t0psecret") && !shown.contains("s3cret"), "{shown}");

    let file =
        source("fingerpost.yaml", "alertmanagers: [{ url: 'http://am', proxy_url: 'http://proxy:8080' }]");
    let settings = settings(Some(&file), &Overrides::default()).settings.unwrap();
    assert!(matches!(settings.alertmanagers[0].client.proxy.way, Way::Proxy(_)));
}

#[test]
fn five_mistakes_are_told_in_one_go() {
    let text = "
modules:
  ping: { prober: tcp, timeout: 10 }
probes:
  - { name: a, module: pong, interval: 1y, targets: }
alerts:
  - { alert: A, probe: a, when: target.fialing, steps: [{ page: /x.html }] }
  - { alert: B, probe: a, when: target.failing, fro: 1m, steps: [{ page: /x.html }] }
";
    let loaded = loaded(&[("probes.d/a.yaml", text)]);
    let errors = loaded.complaints.iter().filter(|it| it.level == Level::Error);
    let spots: Vec<&str> = errors.map(|it| it.place.excerpt()).collect();
    assert_eq!(spots, ["10", "pong", "1y", "fialing", "fro"]);
}

#[test]
fn a_bad_file_takes_no_other_down() {
    let loaded = loaded(&[
        ("probes.d/a.yaml", "modules: [\n"),
        ("probes.d/b.yaml", GOOD),
        ("probes.d/c.yaml", "x: 1"),
    ]);
    assert_eq!(probes(&loaded), ["hosts"]);
    assert_eq!(in_force(&loaded), [InForce::LeftOut, InForce::Current, InForce::LeftOut]);
    assert_eq!(loaded.complaints.len(), 2, "{:?}", titles(&loaded));
}

#[test]
fn the_last_good_version_goes_on_until_the_file_is_good_or_gone() {
    let name = "probes.d/a.yaml";
    let first = loaded(&[(name, GOOD)]);
    let broken = loaded_after(&[(name, "modules: {ping: {prober: tpc}}")], &first.last_good);
    assert_eq!((probes(&broken), in_force(&broken)), (vec!["hosts"], vec![InForce::LastGood]));
    let empty = loaded_after(&[(name, "# nothing yet\n")], &broken.last_good);
    assert_eq!((probes(&empty), in_force(&empty)), (vec!["hosts"], vec![InForce::LastGood]));
    let mended = loaded_after(&[(name, "modules: {ping: {prober: tcp}}")], &empty.last_good);
    assert_eq!((probes(&mended), in_force(&mended)), (vec![], vec![InForce::Current]));
    let gone = loaded_after(&[], &empty.last_good);
    assert_eq!(gone.last_good, LastGood::default());
    assert!(probes(&gone).is_empty());
}

#[test]
fn a_newcomer_takes_no_name_from_what_is_in_force_wherever_it_stands() {
    let first = loaded(&[("probes.d/a.yaml", GOOD)]);
    for newcomer in ["probes.d/0.yaml", "probes.d/a-copy.yaml", "probes.d/z.yaml"] {
        let both = loaded_after(&[("probes.d/a.yaml", GOOD), (newcomer, GOOD)], &first.last_good);
        let of = |name: &str| both.files.iter().find(|it| *it.name == *name).unwrap().in_force;
        assert_eq!((of("probes.d/a.yaml"), of(newcomer)), (InForce::Current, InForce::LeftOut));
        assert!(both.complaints.iter().all(|it| &*it.place.file == newcomer), "{:?}", titles(&both));
    }
    let cold = loaded(&[("probes.d/a.yaml", GOOD), ("probes.d/0.yaml", GOOD)]);
    assert_eq!(in_force(&cold), [InForce::Current, InForce::LeftOut], "at the start the names decide");
}

#[test]
fn a_file_that_leans_on_a_bad_one_is_not_blamed() {
    let bad = "modules: { ping: { prober: tcp, timeout: 1 } }";
    let leaning = "
probes: [{ name: p, module: ping, targets: { static_configs: [{ targets: [a:1] }] } }]
modules: { own: { prober: tcp } }
alerts: [{ alert: A, probe: p, when: target.failing, steps: [{ page: /x.html }] }]
";
    let loaded =
        loaded(&[("probes.d/bad.yaml", bad), ("probes.d/good.yaml", leaning), ("probes.d/z.yaml", GOOD)]);
    assert_eq!(in_force(&loaded), [InForce::LeftOut, InForce::Current, InForce::Current]);
    assert_eq!(probes(&loaded), ["p", "hosts"], "another file has that module, and is good");
    let told: Vec<_> = loaded.complaints.iter().map(|it| &*it.place.file).collect();
    assert_eq!(told, ["probes.d/bad.yaml"; 2], "it is the bad file that gives a name twice");

    let loaded = self::loaded(&[("probes.d/bad.yaml", bad), ("probes.d/good.yaml", leaning)]);
    assert_eq!(in_force(&loaded), [InForce::LeftOut, InForce::Current]);
    assert!(loaded.config.modules.contains_key("own") && probes(&loaded).is_empty());
    let warnings: Vec<_> = loaded.complaints.iter().filter(|it| it.level == Level::Warning).collect();
    assert_eq!(warnings.len(), 2, "{:?}", titles(&loaded));
    assert_eq!(warnings[0].place.excerpt(), "ping");
    assert_eq!(warnings[0].help.as_deref(), Some("mend `probes.d/bad.yaml` first"));
}

#[test]
fn a_file_that_cannot_be_read_as_yaml_casts_no_doubt_on_names_in_others() {
    let leaning = "probes: [{ name: p, module: ping, targets: { static_configs: [{ targets: [a:1] }] } }]";
    let loaded = loaded(&[("probes.d/bad.yaml", "modules: {"), ("probes.d/good.yaml", leaning)]);
    let levels: Vec<_> = loaded.complaints.iter().map(|it| (&*it.place.file, it.level)).collect();
    assert_eq!(levels, [("probes.d/bad.yaml", Level::Error), ("probes.d/good.yaml", Level::Warning)]);
}

#[test]
fn a_name_that_two_files_give_belongs_to_the_first() {
    let loaded = loaded(&[("probes.d/b.yaml", GOOD), ("probes.d/a.yaml", GOOD)]);
    assert_eq!(in_force(&loaded), [InForce::Current, InForce::LeftOut]);
    let told: Vec<_> =
        loaded.complaints.iter().map(|it| (it.place.to_string(), it.help.clone().unwrap())).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].0, "probes.d/b.yaml:2:3");
    assert!(told[0].1.contains("probes.d/a.yaml:2"), "{told:?}");
    assert_eq!(probes(&loaded), ["hosts"]);
}

#[test]
fn alerts_that_hold_each_other_back_in_a_ring_are_told_once() {
    let alert = |name: &str, by: &str| {
        format!(
            "  - {{ alert: {name}, probe: hosts, when: target.failing, inhibited_by: [{{ alert: {by} }}], \
             steps: [{{ page: /x.html }}] }}\n"
        )
    };
    let text = format!("{GOOD}alerts:\n{}{}{}", alert("A", "B"), alert("B", "C"), alert("C", "A"));
    let loaded = loaded(&[("probes.d/a.yaml", &text)]);
    assert_eq!(loaded.complaints.len(), 1, "{:?}", titles(&loaded));
    let told = loaded.complaints[0].to_string();
    assert!(told.contains("inhibited_by: [{ alert: B }]") && told.contains('^'), "{told}");
    assert!(told.contains("`A`, `B` and `C`"), "{told}");
}

#[test]
fn a_ring_over_an_earlier_version_of_a_file_silences_nobody() {
    let file = |name: &str, by: &str| {
        let rest = "probe: hosts, when: target.failing, steps: [{ page: /x.html }]";
        format!("alerts:\n  - {{ alert: {name}, {rest}, inhibited_by: [{by}] }}\n")
    };
    let (a, b, free) = (file("A", "{ alert: B }"), file("B", "{ alert: A }"), file("B", ""));
    let before = loaded(&[("probes.d/0.yaml", GOOD), ("probes.d/a.yaml", &a), ("probes.d/b.yaml", &free)]);
    assert_eq!(titles(&before), Vec::<String>::new());
    let files = [("probes.d/0.yaml", GOOD), ("probes.d/a.yaml", &a), ("probes.d/b.yaml", &b)];
    let after = loaded_after(&files, &before.last_good);
    assert_eq!(titles(&after).len(), 1);
    let held: Vec<_> = after.config.plan.alerts.iter().map(|it| it.inhibited_by.len()).collect();
    assert_eq!(held.iter().sum::<usize>(), 1, "one of the two waits for the other: {held:?}");
}

#[test]
fn an_alert_of_a_group_or_of_somebody_else_may_hold_back() {
    let alert = |name: &str, by: &str| {
        let rest = "probe: hosts, when: target.failing, steps: [{ page: /x.html }]";
        format!("  - {{ alert: {name}, {rest}, inhibited_by: [{by}] }}\n")
    };
    let by = "{ alert: B, equal: [region] }, { alert: ProberIsolated }, { alert: TheirNetworkIsDown }";
    let text = format!("{GOOD}alerts:\n{}{}", alert("A", by), alert("B", "{ alert: ProberIsolated }"));
    let loaded = loaded(&[("probes.d/a.yaml", &text)]);
    assert!(loaded.complaints.iter().all(|it| it.level == Level::Warning), "{:?}", titles(&loaded));
    assert_eq!(loaded.complaints.len(), 1, "nobody here has TheirNetworkIsDown");
    assert_eq!(loaded.config.plan.alerts[0].inhibited_by.len(), 3);
}

#[test]
fn the_targets_of_a_probe_are_controls_where_it_says_so() {
    let control = GOOD.replace("- name: hosts\n", "- name: hosts\n    control: true\n");
    assert_ne!(control, GOOD);
    assert!(loaded(&[("probes.d/a.yaml", GOOD)]).config.plan.controls.is_empty());
    let controls = &loaded(&[("probes.d/a.yaml", &control)]).config.plan.controls;
    assert_eq!(controls.iter().map(|it| &**it).collect::<Vec<_>>(), ["hosts"]);
}

#[test]
fn a_complaint_is_shown_under_its_spot() {
    let text = "modules:\n  ping: { prober: tcp }\nprobes:\n  - name: hosts\n    module: ping\n    intervall: 30s\n    targets: { static_configs: [{ targets: [a:1] }] }\n";
    let loaded = loaded(&[("probes.d/20-hosts.yaml", text)]);
    let expected = "\
error: unknown key `intervall` in a probe
 --> probes.d/20-hosts.yaml:6:5
  |
6 |     intervall: 30s
  |     ^^^^^^^^^
help: did you mean `interval`?";
    assert_eq!(loaded.complaints[0].to_string(), expected);
}

#[test]
fn pages_and_anchors_are_proved_where_they_are_named() {
    let page = "---\nlink: armada/armada-global-scrape-failure.html\ntitle: T\n---\n# Haproxy vip failover\n\n# Other\n";
    let page = crate::runbook::Page::parse("p.md", page).unwrap();
    let base = Url::parse("https://runbook.example/docs").unwrap();
    let (runbook, _) = crate::runbook::Runbook::from_pages(base.clone(), [page]);
    let text = format!(
        "{GOOD}alerts:
  - alert: A
    probe: hosts
    when: target.failing
    runbook: armada/armada-global-scrape-failure.html
    before: [{{ page: /net/elsewhere.html }}]
    steps:
      - {{ when: target.status == 404, step: haproxy-failover }}
      - {{ when: target.status == 405, page: /armada/armada-global-scrape-failures.html }}
      - {{ step: haproxy-vip-failover }}
"
    );
    let loaded = loaded(&[("probes.d/a.yaml", &text)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    let told = |complaints: Vec<Complaint>| -> Vec<(Level, String, String)> {
        complaints.into_iter().map(|it| (it.level, it.place.excerpt().to_owned(), it.help.unwrap())).collect()
    };
    let mut found = told(prove(&loaded.pages, &runbook, false));
    assert_eq!(found[0].0, Level::Warning);
    assert_eq!(found[0].1, "/net/elsewhere.html");
    assert_eq!(
        found[1],
        (Level::Error, "haproxy-failover".into(), "the page has `#haproxy-vip-failover`".into())
    );
    assert_eq!(found[2].0, Level::Error);
    assert_eq!(found[2].1, "/armada/armada-global-scrape-failures.html");
    assert_eq!(found.len(), 3);
    found = told(prove(&loaded.pages, &runbook, true));
    assert!(found.iter().all(|it| it.0 == Level::Error));
    let without = crate::runbook::Runbook::without_folder(base);
    assert_eq!(prove(&loaded.pages, &without, false).len(), 1);
}

#[test]
fn a_file_that_is_no_page_is_a_warning_at_its_line() {
    let sources = [
        source("good.md", "---\nlink: /a.html\n---\n# A\n"),
        source("bad.md", "---\ntitle: T\nlink: /a/../b.html\n---\n"),
        source("empty.md", ""),
    ];
    let (found, complaints) = pages(&sources);
    assert_eq!(found.len(), 1);
    let told: Vec<_> = complaints.iter().map(|it| (it.level, it.place.to_string())).collect();
    assert_eq!(told, [(Level::Warning, "bad.md:3:1".to_owned()), (Level::Warning, "empty.md".to_owned())]);
    assert_eq!(complaints[0].place.excerpt(), "link: /a/../b.html");
}

#[test]
fn flags_win_over_the_settings_file() {
    let text = "
alertmanagers:
  - { url: 'https://am.example:9093/prefix', timeout: 3s, bearer_token_file: /run/token }
  - { scheme: https, path_prefix: /am/, static_configs: [{ targets: [a:9093, b:9093] }] }
prometheus: { url: http://prometheus:9090, basic_auth: { username: u, password_file: /run/password } }
external_labels: { region: us-south }
resend_interval: 2m
runbook: { dir: pages, base_url: https://runbook.example/docs }
";
    let file = source("fingerpost.yaml", text);
    let read = settings(Some(&file), &Overrides::default());
    assert_eq!(read.complaints, []);
    assert_eq!(read.needed.len(), 2);
    let it = read.settings.unwrap();
    let urls: Vec<&str> = it.alertmanagers.iter().map(|it| it.url.as_str()).collect();
    assert_eq!(urls, ["https://am.example:9093/prefix", "https://a:9093/am", "https://b:9093/am"]);
    assert_eq!(it.alertmanagers[0].timeout, Duration::from_secs(3));
    assert_eq!(it.resend_interval, Duration::from_mins(2));
    assert_eq!(it.runbook_dir.as_deref(), Some(std::path::Path::new("pages")));
    assert!(format!("{it:?}").contains("<secret in /run/password>"));

    let flags = Overrides {
        alertmanagers: vec![Url::parse("http://flag:9093").unwrap()],
        runbook_dir: Some("other".into()),
        ..Overrides::default()
    };
    let it = settings(Some(&file), &flags).settings.unwrap();
    assert_eq!(it.alertmanagers.len(), 1);
    assert_eq!(it.runbook_dir.as_deref(), Some(std::path::Path::new("other")));
    assert_eq!(it.runbook_base_url.as_str(), "https://runbook.example/docs");
    assert!(settings(None, &flags).settings.is_some());
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    fn survives(text: &str) {
        let first = loaded(&[("probes.d/a.yaml", text), ("probes.d/b.yaml", GOOD)]);
        assert!(first.config.plan.probe("hosts").is_some() || text.contains("hosts"));
        for complaint in &first.complaints {
            let shown = complaint.render(true);
            assert!(!shown.is_empty() && complaint.help.is_some());
        }
        settings(Some(&source("fingerpost.yaml", text)), &Overrides::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn no_text_ends_the_process(text in any::<String>()) {
            survives(&text);
        }

        #[test]
        fn nothing_near_yaml_ends_the_process(text in "[-a-z:{}\\[\\]\"'|>&*<! \\n#ä%]{0,80}") {
            survives(&text);
        }

        #[test]
        fn no_change_of_the_example_ends_the_process(at in 0..EXAMPLE.len(), cut in 0..40_usize, put in "[ -~\\n]{0,6}") {
            let end = (at + cut).min(EXAMPLE.len());
            prop_assume!(EXAMPLE.is_char_boundary(at) && EXAMPLE.is_char_boundary(end));
            survives(&format!("{}{put}{}", &EXAMPLE[..at], &EXAMPLE[end..]));
        }
    }
}
