//! How to ask: a checked module. What stands here cannot be wrong; `config` made sure of it.
//! Thresholds of judgement stand beside the question, because one drop-in says both, but a prober
//! reads only the question and `cause` reads only the thresholds.

mod client;
mod dial;
mod grpc;
mod handshake;
mod dns;
mod http;
mod icmp;
mod json;
mod metrics;
mod oauth2;
mod path;
mod proxy;
mod query;
mod tcp;
mod tls;
mod websocket;
mod unix;

use std::sync::Arc;
use std::time::Duration;

pub use client::{Auth, HttpClient, Secret};
pub use dial::{DialSpec, Family};
pub use dns::{DnsSpec, DnsTransport, RecordRule, RecordsFailIf};
pub use grpc::GrpcSpec;
pub use handshake::HandshakeSpec;
pub use http::{Body, BodyRule, Compression, FailIf, HeaderRule, HttpSpec, JsonRule, SslWanted};
pub use icmp::IcmpSpec;
pub use json::JsonCondition;
pub use metrics::{MetricsSpec, ScrapeProtocol};
pub use oauth2::OAuth2;
pub use path::{PathProtocol, PathSpec};
pub use proxy::{Exceptions, NoProxy, Proxy, ProxySpec, Way};
pub use query::{OnEmpty, QuerySpec};
pub use tcp::{Exchange, ExpectLabel, Expected, Sent, TcpSpec};
pub use tls::{Pem, TlsSpec, TlsVersion};
pub use unix::UnixSpec;
pub use websocket::{Turn, WebSocketSpec};

use crate::target::Form;

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
    /// The standard health check of gRPC.
    Grpc(GrpcSpec),
    /// A WebSocket, and a conversation by messages.
    WebSocket(WebSocketSpec),
    /// A TLS handshake, and what the certificates say.
    Tls(HandshakeSpec),
    /// A local socket, TLS if asked for, and a conversation.
    Unix(UnixSpec),
    /// One question to a name server.
    Dns(DnsSpec),
    /// An echo request, as `ping` sends it.
    Icmp(IcmpSpec),
    /// The way to the target, hop by hop.
    Path(PathSpec),
    /// A question to Prometheus. Its answer's series are the targets.
    Query(QuerySpec),
}

impl Prober {
    /// What it makes of an address; none: it asks no address.
    pub fn form(&self) -> Option<Form> {
        match self {
            Self::Http(_) => Some(Form::Web),
            Self::Metrics(_) => Some(Form::Scrape),
            Self::Tcp(_) => Some(Form::Port),
            Self::WebSocket(_) => Some(Form::WebSocket),
            Self::Grpc(_) | Self::Tls(_) | Self::Dns(_) | Self::Icmp(_) | Self::Path(_) => Some(Form::Host),
            Self::Unix(_) => Some(Form::Socket),
            Self::Query(_) => None,
        }
    }

    /// Whether what is asked about is found in the answer, and not by discovery.
    pub fn asks_for_series(&self) -> bool {
        match self {
            Self::Http(_)
            | Self::Metrics(_)
            | Self::Tcp(_)
            | Self::Grpc(_)
            | Self::WebSocket(_)
            | Self::Tls(_)
            | Self::Unix(_)
            | Self::Dns(_)
            | Self::Icmp(_)
            | Self::Path(_) => false,
            Self::Query(_) => true,
        }
    }

    /// The word after `prober:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Metrics(_) => "metrics",
            Self::Tcp(_) => "tcp",
            Self::Grpc(_) => "grpc",
            Self::WebSocket(_) => "websocket",
            Self::Tls(_) => "tls",
            Self::Unix(_) => "unix",
            Self::Dns(_) => "dns",
            Self::Icmp(_) => "icmp",
            Self::Path(_) => "path",
            Self::Query(_) => "query",
        }
    }
}
