//! `/probe` as those use it who come from `blackbox_exporter`: a module file, a real Prometheus with
//! the usual relabelling, and another Fingerpost.

use std::net::SocketAddr;
use std::time::Duration;

use fingerpost::config::{self, LastGood, Source};
use fingerpost::dial::Dialer;
use fingerpost::labels::Labels;
use fingerpost::target::Target;
use fingerpost::vantage;

use crate::peer::daemon::Daemon;
use crate::peer::nginx::Nginx;
use crate::peer::process::{eventually, folder, free_address, write};
use crate::peer::prometheus::{Prometheus, promtool_check_metrics};

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

const MODULES: &str = "modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
      bearer_token: token-of-the-test
  scrape:
    prober: metrics
  tcp_connect:
    prober: tcp
    timeout: 5s
";

const PAGES: &str = "location /metrics { return 200 '# TYPE doors gauge\ndoors 4\n'; }
location /missing { return 404; }
location / { return 200 'hello'; }";

/// A daemon with a module file in place of settings, as whoever swaps the binary starts it.
fn swapped(flags: &[&str]) -> Daemon {
    let config = folder();
    write(config.path(), "blackbox.yml", MODULES);
    let file = format!("--config.file={}", config.path().join("blackbox.yml").display());
    let flags = flags.iter().map(|it| (*it).to_owned());
    Daemon::start(config, &[file].into_iter().chain(flags).collect::<Vec<_>>())
}

/// The relabelling of the exporter's own README.
fn scrape_of(daemon: &Daemon, module: &str, targets: &[String]) -> String {
    format!(
        "scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    scrape_interval: 1s
    scrape_timeout: 1s
    params: {{ module: [{module}] }}
    static_configs: [ {{ targets: {targets:?} }} ]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: '{}'
",
        daemon.address()
    )
}

#[test]
fn a_prometheus_that_scraped_the_exporter_needs_another_address_and_nothing_else() {
    let Some(nginx) = Nginx::start(PAGES) else { return };
    let daemon = swapped(&["--probe.allow=127.0.0.1"]);
    let (good, missing) =
        (format!("http://{}/a%20b?x=1+2", nginx.address()), format!("{}/missing", nginx.address()));
    let closed = free_address().to_string();
    let targets = [good.clone(), missing.clone(), closed.clone()];
    let Some(prometheus) = Prometheus::start(&scrape_of(&daemon, "http_2xx", &targets)) else { return };
    for (instance, success, status) in [(&good, 1.0, 200.0), (&missing, 0.0, 404.0), (&closed, 0.0, 0.0)] {
        let of = |metric: &str| {
            let series = prometheus.query(metric);
            series.into_iter().find(|(labels, _)| labels["instance"] == **instance).map(|(_, value)| value)
        };
        let seen = eventually(LIMIT, || {
            let seen = (of("probe_success")?, of("probe_http_status_code")?, of("up")?);
            (seen == (success, status, 1.0)).then_some(())
        });
        assert!(seen.is_some(), "{instance}: {:?}\n{}", of("probe_success"), daemon.said());
        // The scrape's second, less the exporter's half.
        assert_eq!(of("probe_timeout_seconds"), Some(0.5));
    }
    let causes = prometheus.query("probe_cause_info");
    let cause =
        |it: &str| causes.iter().find(|(labels, _)| labels["instance"] == it).map(|it| it.0["cause"].clone());
    assert_eq!(cause(&missing).as_deref(), Some("http_status"));
    assert_eq!(cause(&closed).as_deref(), Some("connect_refused"));
    assert!(
        !daemon.get("/config").body.contains("token-of-the-test")
            && !daemon.said().contains("token-of-the-test")
    );
}

#[test]
fn promtool_finds_nothing_to_say_about_a_page_of_probe() {
    let Some(nginx) = Nginx::start(PAGES) else { return };
    let daemon = swapped(&["--probe.allow=127.0.0.1"]);
    for (module, target) in [
        ("http_2xx", format!("http://{}/", nginx.address())),
        ("http_2xx", "http://127.0.0.1:1/".to_owned()),
        ("scrape", nginx.address().to_string()),
        ("tcp_connect", nginx.address().to_string()),
    ] {
        let page = daemon.get(&format!("/probe?module={module}&target={target}")).body;
        assert!(page.contains("probe_success "), "{page}");
        let Some(told) = promtool_check_metrics(&page) else { return };
        assert!(told.is_empty(), "{module} {target} {told:?}");
    }
}

#[test]
fn another_fingerpost_understands_what_probe_says() {
    let Some(nginx) = Nginx::start(PAGES) else { return };
    let daemon = swapped(&["--probe.allow=127.0.0.1"]);
    let via = format!("http://{}", daemon.address()).parse().expect("it is a URL");
    let source = Source { name: "modules".into(), text: Ok(MODULES.into()) };
    let modules = config::load(&[source], &LastGood::default()).config.modules;
    let runtime = tokio::runtime::Runtime::new().expect("there are threads for us");
    let seen = |module: &str, address: SocketAddr, labels: &[(&str, &str)]| {
        let target = Target::new(&address.to_string(), &labels.iter().copied().collect::<Labels>());
        let reading = runtime.block_on(vantage::ask(&Dialer::system(), &via, &modules[module], &target));
        let reading =
            reading.unwrap_or_else(|error| panic!("{module} {address}: {error}\n{}", daemon.said()));
        (reading.failing, reading.cause, reading.status)
    };
    let closed = free_address();
    assert_eq!(seen("scrape", nginx.address(), &[]), (false, "", 200));
    assert_eq!(
        seen("http_2xx", nginx.address(), &[("__metrics_path__", "/missing")]),
        (true, "http_status", 404)
    );
    assert_eq!(seen("tcp_connect", nginx.address(), &[]), (false, "", 0));
    assert_eq!(seen("tcp_connect", closed, &[]), (true, "connect_refused", 0));

    // Where policy forbids it there is no answer, and so nothing that looks like a failing target.
    let strict = swapped(&[]);
    let via = format!("http://{}", strict.address()).parse().expect("it is a URL");
    let target = Target::new(&nginx.address().to_string(), &Labels::default());
    let refused = runtime.block_on(vantage::ask(&Dialer::system(), &via, &modules["scrape"], &target));
    assert!(refused.is_err_and(|it| it.to_string().contains("403")));
}

#[test]
fn two_doors_that_could_ask_each_other_do_not() {
    let daemon = swapped(&["--probe.allow=127.0.0.1"]);
    let own = format!("http://{}/probe?target=x", daemon.address());
    let page = daemon.get(&format!("/probe?target={}", own.replace('?', "%3F").replace('=', "%3D"))).body;
    assert!(page.contains("\nprobe_http_status_code 508\n"), "{page}");
    let document = daemon.get("/logs?id=0").body;
    assert!(document.contains("status_code=508"), "{document}");
}
