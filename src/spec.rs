//! How to ask: a checked module. What stands here cannot be wrong; `config` made sure of it.
//! Thresholds of judgement stand beside the question, because one drop-in says both, but a prober
//! reads only the question and `cause` reads only the thresholds.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method};
use regex::{Regex, bytes::Regex as BytesRegex};

/// A named way to ask, as `modules:` of a drop-in says it.
#[derive(Clone, Debug)]
pub struct Module {
    /// The name under `modules:`.
    pub name: Arc<str>,
    /// The threshold of the verdict. Prometheus's scrape timeout of 10 s where nothing is said.
    pub timeout: Duration,
    /// How long the prober goes on reading for the sake of the evidence; never below `timeout`.
    pub patience: Duration,
    /// Bounds connecting alone; never above `timeout`.
    pub connect_timeout: Option<Duration>,
    /// What is asked.
    pub prober: Prober,
}

/// What is asked, and what is thought good.
#[derive(Clone, Debug)]
pub enum Prober {
    /// One HTTP request, its redirects followed.
    Http(HttpSpec),
    /// One HTTP request as a Prometheus scrape makes it; the body must be an exposition.
    Metrics(MetricsSpec),
    /// A TCP connection, TLS if asked for, and a conversation.
    Tcp(TcpSpec),
    /// The way to the target, hop by hop.
    Path(PathSpec),
    /// A question to Prometheus. Its answer's series are the targets.
    Query(QuerySpec),
}

impl Prober {
    /// Whether what is asked about is found in the answer, and not by discovery.
    pub fn asks_for_series(&self) -> bool {
        match self {
            Self::Http(_) | Self::Metrics(_) | Self::Tcp(_) | Self::Path(_) => false,
            Self::Query(_) => true,
        }
    }

    /// The word after `prober:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Metrics(_) => "metrics",
            Self::Tcp(_) => "tcp",
            Self::Path(_) => "path",
            Self::Query(_) => "query",
        }
    }
}

/// How an HTTP request is made, whatever is made of its answer.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Sent with each request; `Host` among them names another host than the URL does.
    pub headers: HeaderMap,
    /// Who we say we are.
    pub auth: Option<Auth>,
    /// Which certificates are taken, and which one we show.
    pub tls: TlsSpec,
    /// Whether a 3xx leads on (10 hops at the most) or is the answer.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is offered by ALPN.
    pub http2: bool,
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// The longest decoded body that is read, in bytes.
    pub body_bytes_max: u64,
}

/// Credentials of a request. They never cross to another host, port or scheme on a redirect.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `Authorization: Basic`.
    Basic {
        /// The user's name.
        username: String,
        /// The password; none is sent as an empty one.
        password: Option<Secret>,
    },
    /// `Authorization: <scheme> <credentials>`, as `Bearer`.
    Authorization {
        /// The word before the credentials.
        scheme: String,
        /// The credentials.
        credentials: Secret,
    },
}

/// A secret: given in the file, or read from a file of its own at each use. It shows itself to
/// nobody.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value itself.
    Inline(String),
    /// A file whose content, less white space at its ends, is the value.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("<secret>"),
            Self::File(path) => write!(f, "<secret in {}>", path.display()),
        }
    }
}

/// `tls_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// Roots that are trusted instead of the system's, as PEM.
    pub ca: Option<Pem>,
    /// Our own certificate and its key, as PEM.
    pub identity: Option<(Pem, Secret)>,
    /// The name that the certificate must bear, where it is not the host's.
    pub server_name: Option<String>,
    /// Whether any certificate will do. What it says is kept all the same.
    pub insecure_skip_verify: bool,
    /// The lowest version that is offered.
    pub version_min: TlsVersion,
    /// The highest version that is offered.
    pub version_max: TlsVersion,
}

/// The system's roots, nothing of our own, every version that we speak.
impl Default for TlsSpec {
    fn default() -> Self {
        Self {
            ca: None,
            identity: None,
            server_name: None,
            insecure_skip_verify: false,
            version_min: TlsVersion::LOWEST,
            version_max: TlsVersion::HIGHEST,
        }
    }
}

/// Certificates in PEM: given in the file, or in a file of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// The text itself.
    Inline(String),
    /// A file that is read when a connection is made.
    File(PathBuf),
}

/// Versions of TLS that we speak. A server that has only 1.0 or 1.1 is reported as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// The whole range: lowest first.
impl TlsVersion {
    /// The lowest that is spoken unless a module says otherwise.
    pub const LOWEST: Self = Self::V1_2;
    /// The highest.
    pub const HIGHEST: Self = Self::V1_3;
}

/// Which of a name's addresses is dialled, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialSpec {
    /// The family that is taken first.
    pub preferred: Family,
    /// Whether the other family will do where the preferred one has no address.
    pub fallback: bool,
    /// The address we ask from.
    pub source: Option<IpAddr>,
}

/// The exporter's defaults: IPv6 first, else IPv4.
impl Default for DialSpec {
    fn default() -> Self {
        Self { preferred: Family::Ip6, fallback: true, source: None }
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ip4,
    /// IPv6.
    Ip6,
}

/// `http:`.
#[derive(Clone, Debug)]
pub struct HttpSpec {
    /// How the request is made.
    pub client: HttpClient,
    /// Its method.
    pub method: Method,
    /// Its body.
    pub body: Option<Arc<str>>,
    /// How the answer's body is encoded.
    pub compression: Compression,
    /// The statuses that are good; empty: 200 to 299.
    pub valid_status_codes: Vec<u16>,
    /// The versions that are good, as `HTTP/1.1`; empty: any.
    pub valid_http_versions: Vec<String>,
    /// Whether an answer over TLS is wanted, unwanted, or all the same.
    pub ssl: Option<SslWanted>,
    /// What the body must, or must not, hold. `HttpFacts::body_matches` has an entry for each.
    pub body_rules: Vec<BodyRule>,
    /// What headers must, or must not, hold. `HttpFacts::header_matches` has an entry for each.
    pub header_rules: Vec<HeaderRule>,
}

/// `fail_if_ssl`, `fail_if_not_ssl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslWanted {
    /// Plain text is a failure.
    Yes,
    /// TLS is a failure.
    No,
}

/// `compression`: what is asked for with `Accept-Encoding`, and how the body is then read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// Nothing is asked for, and the body is read as it comes.
    #[default]
    Untouched,
    /// `identity` is asked for.
    Identity,
    /// gzip.
    Gzip,
    /// deflate (zlib's wrapping or none).
    Deflate,
}

/// A pattern over the decoded body.
#[derive(Clone, Debug)]
pub struct BodyRule {
    /// The pattern, not anchored.
    pub regex: BytesRegex,
    /// What is a failure.
    pub fail_if: FailIf,
}

/// A pattern over the values of one header.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    /// The header.
    pub header: HeaderName,
    /// The pattern, not anchored.
    pub regex: Regex,
    /// Whether a missing header is no failure.
    pub allow_missing: bool,
    /// What is a failure.
    pub fail_if: FailIf,
}

/// Which answer of a pattern is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailIf {
    /// It matches.
    Matches,
    /// It does not match.
    NotMatches,
}

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

/// `tcp:`.
#[derive(Clone, Debug)]
pub struct TcpSpec {
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// Whether the conversation is within TLS from its beginning.
    pub tls: Option<TlsSpec>,
    /// What is used where a line of the conversation says `starttls`.
    pub starttls: TlsSpec,
    /// The conversation, top down.
    pub query_response: Vec<Exchange>,
}

/// One entry of `query_response`: expect, then send, then perhaps start TLS.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Lines are read until one matches.
    pub expect: Option<Regex>,
    /// Sent with a line feed behind it, after `${1}` and the like are filled in from the match.
    pub send: Option<String>,
    /// Whether TLS starts here.
    pub starttls: bool,
}

/// `path:`. Packets are allowed 1, 2, 3… hops, and whoever uses up the last one answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathSpec {
    /// What the packets are. Loss and filters on the way may treat them differently.
    pub protocol: PathProtocol,
    /// The TCP port that is asked for; none: the target's.
    pub port: Option<u16>,
    /// How many packets each hop gets.
    pub count: u32,
    /// Behind how many hops the target is given up.
    pub hops_max: NonZeroU8,
    /// The time from one packet of a hop to its next; all hops are asked side by side.
    pub pace: Duration,
    /// How long an answer to one packet is waited for. Up to 1 s a packet is one packet; beyond that
    /// the kernel repeats a TCP packet by itself, and an answer to the second counts, late.
    pub wait: Duration,
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
}

impl Default for PathSpec {
    fn default() -> Self {
        Self {
            protocol: PathProtocol::Tcp,
            port: None,
            count: 10,
            hops_max: NonZeroU8::new(30).expect("30 is not 0"),
            pace: Duration::from_millis(100),
            wait: Duration::from_secs(1),
            dial: DialSpec::default(),
        }
    }
}

/// `query:`. It is asked as an alerting rule of Prometheus is: what it answers is in trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuerySpec {
    /// The question.
    pub promql: Arc<str>,
    /// The labels that say who a series is about: those that have them in common are one reading,
    /// with the sum of their values, and what else they bear is told of it. None: each series is a
    /// reading of its own.
    pub by: Option<Vec<Arc<str>>>,
    /// What an answer without any series says.
    pub on_empty: OnEmpty,
}

/// What an answer without any series says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnEmpty {
    /// Nothing is in trouble.
    #[default]
    Healthy,
    /// What is asked for should be there: the probe itself fails.
    Failing,
    /// We cannot tell: what was in trouble stays so.
    Unknown,
}

/// What the packets of a trace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathProtocol {
    /// The first packet of a TCP connection, as the service itself would get it. Needs no privilege.
    Tcp,
    /// ICMP echo requests. The kernel lets those send them whose group `ping_group_range` names.
    Icmp,
}
