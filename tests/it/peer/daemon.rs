//! The daemon as its users start it: the built binary, a folder of configuration, and flags.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;

use super::http::{self, Reply};
use super::process::{Process, free_address};

/// A running daemon with its configuration folder; both go with this value.
pub(crate) struct Daemon {
    process: Process,
    address: SocketAddr,
}

impl Daemon {
    /// Starts `fingerpost run` on this folder, with further flags, and waits until it is ready.
    pub(crate) fn start(config: TempDir, flags: &[String]) -> Self {
        let address = free_address();
        let own = [
            "run".to_owned(),
            format!("--config.dir={}", config.path().display()),
            format!("--storage.path={}", config.path().join("data").display()),
            format!("--web.listen-address={address}"),
        ];
        let arguments = [&own, flags].concat();
        let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_fingerpost")), &arguments, config);
        let ready = || http::get(address, "/-/ready").is_ok_and(|it| it.status == 200);
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Self { process, address }
    }

    /// Where it is asked, as a scrape configuration wants it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for a path of its own server.
    pub(crate) fn get(&self, path: &str) -> Reply {
        http::get(self.address, path).unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.said()))
    }

    /// Its log so far.
    pub(crate) fn said(&self) -> String {
        self.process.said()
    }

    /// Kills it, wherever it is, and starts it again at once; nobody waits until it is ready.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.process.kill_and_start_again();
    }

    /// Waits until it is ready.
    pub(crate) fn await_ready(&mut self) {
        let address = self.address;
        let ready = || http::get(address, "/-/ready").is_ok_and(|it| it.status == 200);
        self.process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
    }

    /// Asks it to end, as systemd and Kubernetes do; `None` when it is still there after a minute.
    pub(crate) fn stop(mut self) -> Option<ExitStatus> {
        self.process.signal("TERM");
        self.process.await_end(Duration::from_mins(1))
    }
}
