//! `prober: tcp`: a connection, TLS if asked for, and a conversation.

use super::talk::Talk;
use crate::dial::{Dialer, Trail, Trouble};
use crate::outcome::FaultKind;
use crate::spec::{Module, TcpSpec};
use crate::target::Target;

/// Connects to `target`, has the conversation, and notes how far it came.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &TcpSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let (host, port) = place(&target.address).ok_or(FaultKind::NoSuchName)?;
    let wire = dialer.connect(host, port, &spec.dial, module.connect_timeout, trail).await?;
    let (tls, starttls, script) = (spec.tls.as_ref(), &spec.starttls, &spec.query_response[..]);
    if let Some(it) = (Talk { host, tls, starttls, script }).hold(dialer, wire, trail).await? {
        it.farewell().say();
    }
    Ok(())
}

/// Host and port; the brackets of an IPv6 address are taken off.
pub(super) fn place(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    // An IPv6 address without brackets has no port that could be told from the rest of it.
    if bare.is_none() && host.contains(':') {
        return None;
    }
    Some((bare.unwrap_or(host), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        let table = [
            ("a:25", Some(("a", 25))),
            ("[::1]:25", Some(("::1", 25))),
            ("127.0.0.1:25", Some(("127.0.0.1", 25))),
            ("::1:25", None),
            ("a", None),
            (":25", None),
            ("a:70000", None),
        ];
        for (address, expected) in table {
            assert_eq!(place(address), expected, "{address}");
        }
    }
}
