//! `fingerpost rules --alertmanager`: what it prints is read by a real Alertmanager, which then holds back
//! what the drop-ins say.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::peer::alertmanager::{Alertmanager, amtool_check_config};
use crate::peer::process::{eventually, folder, write};

const LIMIT: Duration = Duration::from_secs(30);

const DROP_IN: &str = "
modules: { m: { prober: tcp } }
probes: [{ name: p, module: m, targets: { static_configs: [] } }]
alerts:
  - alert: AllSEEndpointsDown
    probe: p
    when: target.failing
    inhibited_by: [{ alert: AllPublicEndpointsDown, equal: [region] }, { alert: Maintenance }]
    steps: [{ page: /a.html }]
  - alert: one:of-ours
    probe: p
    when: target.failing
    inhibited_by: [{ alert: 'quoted \"name\" of others', equal: [region, zone] }]
    steps: [{ page: /a.html }]
";

fn rules(folder: &Path, flags: &[&str]) -> Output {
    let dir = format!("--config.dir={}", folder.display());
    let program = env!("CARGO_BIN_EXE_fingerpost");
    Command::new(program).arg("rules").args(flags).arg(dir).output().expect("our own program starts")
}

fn printed(drop_in: &str) -> String {
    let folder = folder();
    write(folder.path(), "probes.d/a.yaml", drop_in);
    let told = rules(folder.path(), &["--alertmanager"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).expect("we write UTF-8")
}

#[test]
fn amtool_finds_every_inhibit_rule_and_nothing_wrong() {
    let Some((content, said)) = amtool_check_config(&printed(DROP_IN)) else { return };
    assert!(content && said.contains("3 inhibit rules"), "{said}");
    let (content, said) = amtool_check_config(&printed("{}")).expect("amtool was here a moment ago");
    assert!(content && said.contains("0 inhibit rules"), "{said}");
    let (content, _) = amtool_check_config("inhibit_rules: [{}]").expect("amtool was here a moment ago");
    let (refused, _) = amtool_check_config("inhibit_rules: {}").expect("amtool was here a moment ago");
    assert!(content && !refused, "amtool looks at these rules");
}

#[test]
fn an_alertmanager_with_these_rules_holds_back_what_the_drop_ins_say_and_nothing_else() {
    let Some(alertmanager) = Alertmanager::start_with(&printed(DROP_IN)) else { return };
    let add = |name: &str, region: &str| {
        let (name, region) = (format!("alertname={name}"), format!("region={region}"));
        alertmanager.add(&[&name, &region]);
    };
    add("AllPublicEndpointsDown", "us-south");
    add("AllSEEndpointsDown", "us-south");
    add("AllSEEndpointsDown", "eu-de");
    let heard = eventually(LIMIT, || {
        let mut heard: Vec<_> = alertmanager.heard().into_iter().map(|it| it.labels).collect();
        heard.sort();
        (alertmanager.alerts().len() == 3 && heard.len() == 2).then_some(heard)
    });
    let heard = heard.unwrap_or_else(|| panic!("nobody is held back: {:?}", alertmanager.heard()));
    let told: Vec<_> = heard.iter().map(|it| (&*it["alertname"], &*it["region"])).collect();
    assert_eq!(told, [("AllPublicEndpointsDown", "us-south"), ("AllSEEndpointsDown", "eu-de")]);
}

#[test]
fn without_a_flag_the_words_are_wrong_and_with_a_bad_drop_in_nothing_is_printed() {
    let folder = folder();
    write(folder.path(), "probes.d/a.yaml", DROP_IN);
    let told = rules(folder.path(), &[]);
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&told.stderr).contains("--alertmanager"));
    write(folder.path(), "probes.d/b.yaml", "alert: nobody");
    let told = rules(folder.path(), &["--alertmanager"]);
    assert_eq!((told.status.code(), told.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&told.stderr).contains("b.yaml"));
}
