//! One server, one fault, one expected end.

mod grpc;
mod http;
mod metrics;
mod patience;
mod proxy;
mod query;
mod tcp;
mod tls;
mod websocket;

use super::lab;
