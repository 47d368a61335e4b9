//! `prober: metrics`.

use super::HttpClient;

/// `prober: metrics`: an HTTP request that behaves as a Prometheus scrape does.
#[derive(Clone, Debug)]
pub struct MetricsSpec {
    /// How the request is made.
    pub client: HttpClient,
    /// How an answer without a `Content-Type` that Prometheus knows is read; none: it is a failure.
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// What may be in an exposition.
    pub sample_limit: u64,
    /// How many labels a sample may have.
    pub label_limit: u32,
}

/// The formats of an exposition, by the names that Prometheus's configuration has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrapeProtocol {
    /// `PrometheusText0.0.4` and `PrometheusText1.0.0`.
    Text,
    /// `OpenMetricsText0.0.1` and `OpenMetricsText1.0.0`.
    OpenMetrics,
}
