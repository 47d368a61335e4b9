//! What other programs are told of the plan's alerts: for now an Alertmanager, who holds whom back. It is
//! written as its configuration has it, so that what the engine holds back stays held back where
//! somebody else sends the same alerts.

use std::fmt::Write;

use crate::plan::{Inhibitor, Plan};

/// The `inhibit_rules` of an Alertmanager's configuration: one for each `inhibited_by` of the plan's
/// alerts, in the order of the alerts. Where no alert says any, the list is empty.
pub fn inhibit_rules(plan: &Plan) -> String {
    let said = || plan.alerts.iter().flat_map(|alert| alert.inhibited_by.iter().map(move |by| (alert, by)));
    if said().next().is_none() {
        return "inhibit_rules: []\n".to_owned();
    }
    let mut text = "inhibit_rules:\n".to_owned();
    for (alert, Inhibitor { alert: source, equal }) in said() {
        let mut line = |line: &str| writeln!(text, "{line}").expect("a string takes what is written");
        line(&format!("  - source_matchers: [{}]", matcher(source)));
        line(&format!("    target_matchers: [{}]", matcher(&alert.name)));
        if !equal.is_empty() {
            line(&format!("    equal: [{}]", equal.join(", ")));
        }
    }
    text
}

/// A name in a matcher's quotes, in YAML's quotes.
fn matcher(name: &str) -> String {
    let mut quoted = String::new();
    for sign in name.chars() {
        match sign {
            '\\' | '"' => quoted.extend(['\\', sign]),
            '\'' => quoted.push_str("''"),
            sign => quoted.push(sign),
        }
    }
    format!("'alertname=\"{quoted}\"'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LastGood, Source, load};

    /// Alerts with what holds them back, as a drop-in says it.
    fn plan(alerts: &[(&str, &str)]) -> Plan {
        let mut text = "modules: { m: { prober: tcp } }
probes: [{ name: p, module: m, targets: { static_configs: [{ targets: ['a:1'] }] } }]
alerts:\n"
            .to_owned();
        for (name, by) in alerts {
            let rest = "probe: p, when: target.failing, steps: [{ page: /x.html }]";
            writeln!(text, "  - {{ alert: '{name}', {rest}, inhibited_by: [{by}] }}").unwrap();
        }
        let source = Source { name: "probes.d/a.yaml".into(), text: Ok(text.into()) };
        let loaded = load(&[source], &LastGood::default());
        assert_eq!(loaded.config.plan.alerts.len(), alerts.len(), "{:?}", loaded.complaints);
        Plan::clone(&loaded.config.plan)
    }

    #[test]
    fn each_inhibitor_is_a_rule_with_its_labels() {
        let plan = plan(&[
            ("Alone", ""),
            (
                "AllSEEndpointsDown",
                "{ alert: AllPublicEndpointsDown, equal: [region] }, { alert: Flood, equal: [a, b] }",
            ),
            ("prom-proxy_down", "{ alert: ProberIsolated }"),
        ]);
        let expected = "\
inhibit_rules:
  - source_matchers: ['alertname=\"AllPublicEndpointsDown\"']
    target_matchers: ['alertname=\"AllSEEndpointsDown\"']
    equal: [region]
  - source_matchers: ['alertname=\"Flood\"']
    target_matchers: ['alertname=\"AllSEEndpointsDown\"']
    equal: [a, b]
  - source_matchers: ['alertname=\"ProberIsolated\"']
    target_matchers: ['alertname=\"prom-proxy_down\"']
";
        assert_eq!(inhibit_rules(&plan), expected);
    }

    #[test]
    fn where_nobody_holds_anybody_back_the_list_is_empty() {
        assert_eq!(inhibit_rules(&plan(&[("Alone", "")])), "inhibit_rules: []\n");
    }

    #[test]
    fn quotes_in_a_name_end_neither_the_matcher_nor_the_text() {
        assert_eq!(matcher(r#"it's "so" \ then"#), r#"'alertname="it''s \"so\" \\ then"'"#);
    }
}
