//! An unbound that knows one zone of its own and asks nobody.

use std::net::{SocketAddr, TcpStream};

use super::process::{Process, find, folder, free_address, write};

/// A running unbound; it goes with this value.
pub(crate) struct Unbound {
    /// Where it answers over UDP and TCP.
    pub(crate) address: SocketAddr,
    /// Where it answers within TLS.
    pub(crate) tls: SocketAddr,
    /// Its certificate for `127.0.0.1`, as PEM; nobody else vouches for it.
    pub(crate) certificate: String,
    _process: Process,
}

impl Unbound {
    /// Starts it with these lines inside `server:`, and waits until it answers; `None` where there is
    /// none.
    pub(crate) fn start(lines: &str) -> Option<Self> {
        let program = find("unbound")?;
        let (address, tls) = (free_address(), free_address());
        let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a key is made");
        let folder = folder();
        let certificate = identity.cert.pem();
        write(folder.path(), "cert.pem", &certificate);
        write(folder.path(), "key.pem", identity.signing_key.serialize_pem());
        write(folder.path(), "unbound.conf", config(folder.path(), address, tls, lines));
        let arguments = ["-d", "-p", "-c", "unbound.conf"].map(str::to_owned);
        let mut process = Process::start(&program, &arguments, folder);
        let ready = || [address, tls].iter().all(|it| TcpStream::connect(it).is_ok());
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Some(Self { address, tls, certificate, _process: process })
    }
}

/// Everything inside its own folder and without another user, so that it needs no root.
fn config(folder: &std::path::Path, address: SocketAddr, tls: SocketAddr, lines: &str) -> String {
    let (folder, tls_port) = (folder.display(), tls.port());
    let at = |it: SocketAddr| format!("{}@{}", it.ip(), it.port());
    format!(
        "server:
  directory: \"{folder}\"
  chroot: \"\"
  username: \"\"
  pidfile: \"\"
  use-syslog: no
  verbosity: 1
  do-daemonize: no
  num-threads: 1
  module-config: \"iterator\"
  interface: {}
  interface: {}
  tls-port: {tls_port}
  tls-service-key: \"key.pem\"
  tls-service-pem: \"cert.pem\"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
{lines}
remote-control:
  control-enable: no
",
        at(address),
        at(tls)
    )
}
