//! The answer of `/probe`: the same rows as on `/metrics`, of one attempt, without a target's labels.

use super::reading::Reading;
use super::{Samples, Sheet, of_targets};
use crate::cause::Judged;
use crate::spec::Module;

/// Writes what came of the attempt, families in the order of their names. One without a sample is left
/// out, as the exporter does it.
pub(in crate::serve) fn render(module: &Module, judged: &Judged) -> String {
    let mut rows: Vec<_> = of_targets().collect();
    rows.sort_by_key(|row| row.family.name);
    let reading = Reading::alone(module, judged);
    let mut sheet = Sheet { text: String::with_capacity(PAGE_BYTES) };
    for row in rows {
        let before = sheet.text.len();
        sheet.begin(&row.family);
        let begun = sheet.text.len();
        (row.samples)(&reading, &mut Samples { sheet: &mut sheet, family: &row.family, series: None });
        if sheet.text.len() == begun {
            sheet.text.truncate(before);
        }
    }
    sheet.text
}

/// A page, roughly.
const PAGE_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::sample::{answer, http_module, refused, tcp_module, unknown};
    use crate::spec::Prober;

    fn page(module: &Module, outcome: crate::outcome::Outcome) -> String {
        render(module, &Judged::new(module, outcome))
    }

    fn value<'a>(page: &'a str, series: &str) -> Option<&'a str> {
        page.lines().find_map(|it| it.strip_prefix(series)?.strip_prefix(' '))
    }

    #[test]
    fn families_stand_in_the_order_of_their_names_and_bear_no_labels_of_a_target() {
        let page = page(&http_module(), answer(200));
        let names: Vec<_> = page.lines().filter_map(|it| it.strip_prefix("# TYPE ")).collect();
        assert!(names.is_sorted() && names.len() > 15, "{names:?}");
        assert_eq!(value(&page, "probe_success"), Some("1"));
        assert_eq!(value(&page, "probe_http_status_code"), Some("200"));
        assert_eq!(value(&page, r#"probe_http_duration_seconds{phase="processing"}"#), Some("2"));
        assert!(!page.contains("instance=") && !page.contains("probe_cause_info"));
    }

    #[test]
    fn an_attempt_without_an_answer_has_every_family_that_the_exporter_always_has() {
        for outcome in [refused(), unknown()] {
            let page = page(&http_module(), outcome);
            for series in [
                "probe_success",
                "probe_http_status_code",
                "probe_http_version",
                "probe_http_ssl",
                "probe_http_redirects",
                "probe_http_content_length",
                "probe_http_uncompressed_body_length",
                "probe_failed_due_to_regex",
                r#"probe_http_duration_seconds{phase="resolve"}"#,
                r#"probe_http_duration_seconds{phase="transfer"}"#,
                "probe_ip_protocol",
                "probe_ip_addr_hash",
                "probe_dns_lookup_time_seconds",
            ] {
                assert_eq!(value(&page, series), Some("0"), "{series}\n{page}");
            }
            assert_eq!(value(&page, "probe_timeout_seconds"), Some("10"));
            assert!(value(&page, "probe_duration_seconds").is_some());
        }
    }

    #[test]
    fn whoever_asked_is_told_the_cause_also_where_it_is_ours() {
        let of_ours = page(&tcp_module(), unknown());
        assert_eq!(value(&of_ours, r#"probe_cause_info{cause="local_fd",phase=""}"#), Some("1"), "{of_ours}");
        assert_eq!(value(&of_ours, "probe_unknown"), Some("1"));
        let of_theirs = page(&tcp_module(), refused());
        let cause = r#"probe_cause_info{cause="connect_refused",phase="connect"}"#;
        assert_eq!((value(&of_theirs, cause), value(&of_theirs, "probe_unknown")), (Some("1"), Some("0")));
    }

    #[test]
    fn a_chain_that_nobody_verified_ends_where_the_exporter_has_it_end() {
        let mut outcome = answer(200);
        outcome.tls.as_mut().unwrap().verified = false;
        let mut module = http_module();
        if let Prober::Http(spec) = &mut module.prober {
            spec.client.tls.insecure_skip_verify = true;
        }
        let series = "probe_ssl_last_chain_expiry_timestamp_seconds";
        assert_eq!(value(&page(&module, outcome), series), Some("-62135596800"));
    }
}
