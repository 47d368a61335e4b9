//! What somebody asks of `/probe`, as the exporter takes it.

use std::time::Duration;

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue};
use thiserror::Error;
use url::form_urlencoded;

use super::{TIMEOUT_MAX, Way};
use crate::config::DEFAULT_MODULE;
use crate::labels::Labels;
use crate::spec::{HttpClient, Module, Prober};
use crate::target::Target;

/// The parameters. Of one that stands there twice the first counts; others are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) module: String,
    pub(super) target: String,
    pub(super) hostname: String,
    pub(super) debug: bool,
}

/// Why nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("Unknown module {0:?}")]
    UnknownModule(String),
    #[error("Module {0:?} is left out: it needs {1}, which is not built")]
    LeftOut(String, String),
    #[error("Failed to parse timeout from Prometheus header: {0:?} is not a number")]
    UnparsedTimeout(String),
    #[error("The timeout from the Prometheus header is not a finite number")]
    BoundlessTimeout,
    #[error("Target parameter is missing")]
    NoTarget,
    #[error(
        "Host header defined both in module configuration ({configured:?}) and with URL-parameter 'hostname' ({asked:?})"
    )]
    OtherHost { configured: String, asked: String },
    #[error("The URL-parameter 'hostname' is not the name of a host")]
    BadHost,
}

impl Question {
    pub(super) fn of(query: &str) -> Self {
        let parameter = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let text = |wanted| parameter(wanted).unwrap_or_default().into_owned();
        let module = match text("module") {
            none if none.is_empty() => DEFAULT_MODULE.to_owned(),
            named => named,
        };
        let target = decoded_again(text("target"));
        Self { module, target, hostname: text("hostname"), debug: text("debug") == "true" }
    }

    /// The module with that timeout, and with the host that was asked for. There is nobody who would
    /// read on after the verdict.
    pub(super) fn module_for(&self, way: &Way, timeout: Duration) -> Result<Module, Refusal> {
        let mut module = Module::clone(&way.module);
        module.connect_timeout = module.connect_timeout.map(|it| it.min(timeout));
        (module.timeout, module.patience) = (timeout, timeout);
        // The exporter misses a target before it looks at the host.
        if self.hostname.is_empty() || self.target.is_empty() {
            return Ok(module);
        }
        match &mut module.prober {
            Prober::Http(spec) => self.name_host(&mut spec.client)?,
            Prober::Metrics(spec) => self.name_host(&mut spec.client)?,
            Prober::Tcp(spec) => {
                for tls in spec.tls.iter_mut().chain([&mut spec.starttls]) {
                    tls.server_name.get_or_insert_with(|| self.hostname.clone());
                }
            }
            Prober::Tls(spec) => {
                spec.tls.server_name.get_or_insert_with(|| self.hostname.clone());
            }
            // The exporter reads it for no other prober.
            Prober::Unix(_)
            | Prober::Dns(_)
            | Prober::Icmp(_)
            | Prober::Grpc(_)
            | Prober::WebSocket(_)
            | Prober::Path(_)
            | Prober::Query(_) => {}
        }
        Ok(module)
    }

    fn name_host(&self, client: &mut HttpClient) -> Result<(), Refusal> {
        let asked = &self.hostname;
        let configured =
            client.headers.get(HOST).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        if let Some(configured) = configured.filter(|it| it != asked) {
            return Err(Refusal::OtherHost { configured, asked: asked.clone() });
        }
        let name = HeaderValue::try_from(asked).map_err(|_| Refusal::BadHost)?;
        client.headers.insert(HOST, name);
        Ok(())
    }

    pub(super) fn target_for(&self, way: &Way) -> Result<Target, Refusal> {
        if self.target.is_empty() {
            return Err(Refusal::NoTarget);
        }
        let wants_url = match way.module.prober {
            Prober::Http(_) | Prober::Metrics(_) => true,
            Prober::Tcp(_)
            | Prober::Tls(_)
            | Prober::Unix(_)
            | Prober::Dns(_)
            | Prober::Icmp(_)
            | Prober::Grpc(_)
            | Prober::WebSocket(_)
            | Prober::Path(_)
            | Prober::Query(_) => false,
        };
        // A path behind the address is the target's own; the prober would put another behind it.
        let has_path = wants_url && self.target.contains('/') && !self.target.contains("://");
        let address = if has_path { format!("http://{}", self.target) } else { self.target.clone() };
        Ok(Target::new(&address, &Labels::default()))
    }
}

/// Whoever escaped a URL twice is understood, as by the exporter's newest version. Whoever escaped it
/// once, with `%20` or `+` in it, is so too: only what has no `:` and no `/` left is unescaped again.
fn decoded_again(target: String) -> String {
    let upper = target.to_ascii_uppercase();
    let is_escaped = ["%3A", "%2F"].iter().any(|it| upper.contains(it));
    if !is_escaped || target.contains([':', '/']) {
        return target;
    }
    let pair = form_urlencoded::parse(target.as_bytes()).next();
    let rest_is_lost = target.contains(['&', '=']);
    match pair {
        Some((name, _)) if !rest_is_lost => name.into_owned(),
        Some(_) | None => target,
    }
}

/// How long the attempt may take: as long as the module says, and done `offset` seconds before whoever
/// scrapes gives up.
pub(super) fn timeout(headers: &HeaderMap, way: &Way, offset: f64) -> Result<Duration, Refusal> {
    let said = headers.get(TIMEOUT_HEADER).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    let scraper = match said.filter(|it| !it.is_empty()) {
        None => 0.0,
        Some(text) => {
            text.parse::<f64>().map_err(|_| Refusal::UnparsedTimeout(text.chars().take(64).collect()))?
        }
    };
    if !scraper.is_finite() {
        return Err(Refusal::BoundlessTimeout);
    }
    let module = if way.untimed { 0.0 } else { way.module.timeout.as_secs_f64() };
    let most = (if scraper == 0.0 { SCRAPER_WITHOUT } else { scraper }) - offset;
    let seconds = if (module > 0.0 && module < most) || most < 0.0 { module } else { most };
    Ok(Duration::from_secs_f64(seconds.clamp(TIMEOUT_MIN, TIMEOUT_MAX.as_secs_f64())))
}

const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";
/// Seconds for a scraper who does not say how long he waits.
const SCRAPER_WITHOUT: f64 = 120.0;
/// In seconds: below that nobody could answer.
const TIMEOUT_MIN: f64 = 0.01;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::serve::sample::{http_module, metrics_module, path_free_modules, tcp_module};

    fn way(module: Module) -> Way {
        Way { module: Arc::new(module), untimed: false, shown: "".into() }
    }

    fn seconds(module: f64, header: Option<&str>, offset: f64) -> Result<f64, Refusal> {
        let mut way = way(Module { timeout: Duration::from_secs_f64(module), ..http_module() });
        way.untimed = module == 0.0;
        let mut headers = HeaderMap::new();
        headers.extend(
            header.map(|it| {
                (http::HeaderName::from_static(TIMEOUT_HEADER), HeaderValue::from_str(it).unwrap())
            }),
        );
        timeout(&headers, &way, offset).map(|it| it.as_secs_f64())
    }

    #[test]
    fn the_timeout_is_the_one_of_the_exporters_table() {
        let table = [
            (0.0, Some("15"), 0.5, 14.5),
            (0.0, Some("15"), 0.0, 15.0),
            (20.0, Some("15"), 0.5, 14.5),
            (20.0, Some("15"), 0.0, 15.0),
            (5.0, Some("15"), 0.0, 5.0),
            (5.0, Some("15"), 0.5, 5.0),
            (10.0, None, 0.5, 10.0),
            (10.0, Some("10"), 0.5, 9.5),
            (9.5, None, 0.5, 9.5),
            (9.5, None, 1.0, 9.5),
            (0.0, None, 0.5, 119.5),
            (0.0, None, 0.0, 120.0),
            (0.0, Some(""), 0.0, 120.0),
            (0.0, Some("0"), 0.0, 120.0),
            (7.0, Some("0.2"), 0.5, 7.0),
        ];
        for (module, header, offset, expected) in table {
            assert_eq!(seconds(module, header, offset), Ok(expected), "{module} {header:?} {offset}");
        }
    }

    #[test]
    fn a_hostile_timeout_is_refused_or_bounded() {
        for header in ["NaN", "inf", "-inf", "infinity", "1e999"] {
            assert_eq!(seconds(5.0, Some(header), 0.5), Err(Refusal::BoundlessTimeout), "{header}");
        }
        for header in ["x", "5s", "1,5", "--1", " "] {
            assert_eq!(
                seconds(5.0, Some(header), 0.5),
                Err(Refusal::UnparsedTimeout(header.into())),
                "{header}"
            );
        }
        assert_eq!(seconds(5.0, Some("-1"), 0.5), Ok(5.0));
        assert_eq!(seconds(0.0, Some("-1"), 0.5), Ok(0.01));
        assert_eq!(seconds(0.0, Some("0.500001"), 0.5), Ok(0.01));
        assert_eq!(seconds(0.0, Some("1e308"), 0.5), Ok(600.0));
        assert_eq!(seconds(5.0, Some("1e308"), 0.5), Ok(5.0));
    }

    #[test]
    fn the_first_of_a_parameter_counts_and_others_do_not() {
        let it = Question::of("target=a&target=b&foo=bar&debug=true&module=&hostname=h");
        assert_eq!((&*it.target, &*it.module, &*it.hostname, it.debug), ("a", "http_2xx", "h", true));
        assert!(!Question::of("debug=1").debug);
    }

    #[test]
    fn a_target_that_was_escaped_once_stays_as_it_is_and_one_that_was_twice_is_understood() {
        for (query, target) in [
            ("http%3A%2F%2Fa%2Fx%2520y%3Fq%3D1%252B2", "http://a/x%20y?q=1%2B2"),
            ("http%253A%252F%252Fa%252Fx", "http://a/x"),
            ("http%253a%252f%252fa%252f", "http://a/"),
            ("a%2Bb:80", "a+b:80"),
            ("a+b:80", "a b:80"),
            ("http%3A%2F%2Fa%2Fb%253Ac", "http://a/b%3Ac"),
            ("a%252Fb%26c", "a%2Fb&c"),
            ("%25zz", "%zz"),
        ] {
            assert_eq!(Question::of(&format!("target={query}")).target, target, "{query}");
        }
    }

    fn asked(query: &str, module: Module) -> Result<(Module, Target), Refusal> {
        let (question, way) = (Question::of(query), way(module));
        Ok((question.module_for(&way, Duration::from_secs(3))?, question.target_for(&way)?))
    }

    fn host(module: &Module) -> Option<&HeaderValue> {
        let (Prober::Http(crate::spec::HttpSpec { client, .. })
        | Prober::Metrics(crate::spec::MetricsSpec { client, .. })) = &module.prober
        else {
            panic!("it speaks no HTTP")
        };
        client.headers.get(HOST)
    }

    #[test]
    fn a_hostname_is_said_over_http_and_wanted_of_certificates_over_tcp() {
        for module in [http_module(), metrics_module()] {
            let (module, _) = asked("target=a&hostname=h.example", module).unwrap();
            assert_eq!(host(&module).unwrap(), "h.example");
            assert!(asked("target=a&hostname=h.example", module.clone()).is_ok(), "it is the same");
            let refusal = asked("target=a&hostname=other", module.clone()).unwrap_err();
            assert!(matches!(refusal, Refusal::OtherHost { .. }), "{refusal}");
            assert_eq!(asked("hostname=other", module).unwrap_err(), Refusal::NoTarget);
        }
        assert_eq!(asked("target=a&hostname=%0d%0ax", http_module()).unwrap_err(), Refusal::BadHost);
        let (module, _) = asked("target=a:1&hostname=h", tcp_module()).unwrap();
        let Prober::Tcp(spec) = &module.prober else { panic!("it is another prober") };
        assert_eq!(spec.starttls.server_name.as_deref(), Some("h"));
        for module in path_free_modules() {
            assert!(asked("target=a&hostname=h", module).is_ok());
        }
    }

    #[test]
    fn a_target_is_asked_for_at_the_url_that_it_means() {
        for (module, target, url) in [
            (http_module(), "a.example", "http://a.example"),
            (http_module(), "a.example/x?y=1", "http://a.example/x?y=1"),
            (http_module(), "HTTPS://a/", "HTTPS://a/"),
            (metrics_module(), "a:9100", "http://a:9100/metrics"),
            (metrics_module(), "a:9100/other", "http://a:9100/other"),
        ] {
            let default_path = if module.prober.name() == "metrics" { "/metrics" } else { "" };
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("target", target).finish();
            assert_eq!(asked(&query, module).unwrap().1.url(default_path), url, "{target}");
        }
    }

    #[test]
    fn nobody_reads_on_after_the_verdict() {
        let patient = Module {
            patience: Duration::from_secs(30),
            connect_timeout: Some(Duration::from_secs(9)),
            ..http_module()
        };
        let (module, _) = asked("target=a", patient).unwrap();
        let three = Duration::from_secs(3);
        assert_eq!((module.timeout, module.patience, module.connect_timeout), (three, three, Some(three)));
    }
}
