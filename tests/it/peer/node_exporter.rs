//! A node-exporter with one small collector: a target that answers as such a target does.

use std::net::SocketAddr;

use super::http;
use super::process::{Process, find, folder, free_address};

/// A running exporter; it goes with this value.
pub(crate) struct NodeExporter {
    address: SocketAddr,
    _process: Process,
}

impl NodeExporter {
    /// Starts it and waits until it answers; `None` where there is none.
    pub(crate) fn start() -> Option<Self> {
        let program = find("prometheus-node-exporter")?;
        let address = free_address();
        let arguments = [
            format!("--web.listen-address={address}"),
            "--collector.disable-defaults".to_owned(),
            "--collector.loadavg".to_owned(),
        ];
        let mut process = Process::start(&program, &arguments, folder());
        let ready = || http::get(address, "/metrics").is_ok_and(|it| it.status == 200);
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Some(Self { address, _process: process })
    }

    /// Where `/metrics` is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}
