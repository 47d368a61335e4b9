//! One server, one fault, one expected end.

mod exporter;
mod handshake;
mod dns;
mod awake;
mod http;
mod icmp;
mod metrics;
mod patience;
mod query;
mod tcp;
mod tls;
mod unix;

use super::lab;
