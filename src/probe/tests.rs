//! One server, one fault, one expected end.

mod examples;
mod grpc;
mod exporter;
mod handshake;
mod dns;
mod awake;
mod http;
mod icmp;
mod metrics;
mod oauth2;
mod patience;
mod proxy;
mod query;
mod tcp;
mod tls;
mod websocket;
mod unix;

use super::lab;
