//! One server, one fault, one expected end.

mod dns;
mod http;
mod icmp;
mod metrics;
mod patience;
mod query;
mod tcp;
mod tls;

use super::lab;
