//! One server, one fault, one expected end.

mod exporter;
mod handshake;
mod http;
mod metrics;
mod patience;
mod query;
mod tcp;
mod tls;
mod unix;

use super::lab;
