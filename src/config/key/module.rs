//! The keys that every module has.

use super::{Section, key};

/// `modules.<name>`.
pub const MODULE: Section = Section {
    title: "a module",
    keys: &[
        key(
            "prober",
            "http, metrics, tcp, unix, dns, icmp, grpc, websocket, tls, path or query",
            "",
            "what is asked",
        ),
        key("timeout", "a duration", "10s", "the threshold of the verdict"),
        key("patience", "a duration", "timeout", "how long the prober reads on for the evidence"),
        key("connect_timeout", "a duration", "timeout", "bounds connecting alone"),
        key("http", "a map", "", "how an HTTP request is made, and what is good"),
        key("metrics", "a map", "", "what a scrape may bring"),
        key("tcp", "a map", "", "how a TCP connection is made, and what is said on it"),
        key("grpc", "a map", "", "whose health is asked by gRPC, and how"),
        key("websocket", "a map", "", "how a WebSocket is asked for, and what is said on it"),
        key("tls", "a map", "", "how a handshake is made, and which certificates are good"),
        key("unix", "a map", "", "what is said on a local socket"),
        key("dns", "a map", "", "what a name server is asked, and what is good"),
        key("icmp", "a map", "", "what an echo request looks like"),
        key("path", "a map", "", "how the way to a target is traced"),
        key("query", "a map", "", "what is asked of Prometheus"),
    ],
};
