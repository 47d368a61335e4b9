//! Is it me? The daemon among real sockets: what it cannot reach, and what people hear of that.

use std::net::TcpListener;
use std::time::Duration;

use crate::peer::alertmanager::Alertmanager;
use crate::peer::daemon::Daemon;
use crate::peer::process::{eventually, folder, free_address, write};

const LIMIT: Duration = Duration::from_mins(1);

/// Three hosts of loopback where nobody listens, and a control.
fn drop_in(control: std::net::SocketAddr) -> String {
    let port = free_address().port();
    format!(
        "
modules: {{ knock: {{ prober: tcp, timeout: 1s }} }}
probes:
  - name: fleet
    module: knock
    interval: 1s
    targets: {{ static_configs: [{{ targets: ['127.0.0.1:{port}', '127.0.0.2:{port}', '127.0.0.3:{port}'] }}] }}
  - name: door
    module: knock
    interval: 1s
    control: true
    targets: {{ static_configs: [{{ targets: ['{control}'] }}] }}
alerts:
  - {{ alert: Down, probe: fleet, when: target.failing, for: 4s, steps: [{{ page: /down.html }}] }}
"
    )
}

fn heard(alertmanager: &Alertmanager) -> Vec<String> {
    let mut names: Vec<_> = alertmanager.alerts().iter().map(|it| it.labels["alertname"].clone()).collect();
    names.retain(|it| it != "Watchdog");
    names.sort();
    names
}

#[test]
fn people_hear_of_the_prober_while_its_control_is_gone_and_of_every_target_when_it_answers() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    let control = free_address();
    let config = folder();
    write(config.path(), "probes.d/fleet.yaml", drop_in(control));
    let daemon = Daemon::start(config, &[format!("--alertmanager.url={}", alertmanager.url())]);

    let told = eventually(LIMIT, || {
        let waiting = daemon.get("/api/v1/alerts").body.matches("\"inhibited\"").count();
        (waiting == 3).then(|| heard(&alertmanager)).filter(|it| !it.is_empty())
    });
    assert_eq!(told.as_deref(), Some(&["ProberIsolated".to_owned()][..]), "{}", daemon.said());

    let _door = TcpListener::bind(control).expect("the control's port is still free");
    let all = eventually(LIMIT, || (heard(&alertmanager) == ["Down"; 3]).then_some(()));
    assert!(all.is_some(), "{:?}\n{}", heard(&alertmanager), daemon.said());
}
