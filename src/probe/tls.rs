//! `prober: tls`: a handshake to its end, and what the certificates say. A chain that is not accepted
//! breaks nothing off, so that version and cipher are known of it too; it fails when all is seen.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::talk::Talk;
use super::tcp::place;
use crate::dial::{Connection, Dialer, Trail, Trouble, of_io};
use crate::outcome::{FaultKind, Phase};
use crate::spec::{HandshakeSpec, Module, TlsSpec};
use crate::target::Target;

/// Connects to `target`, makes the handshake, after a conversation if there is one, and notes what
/// was shown.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &HandshakeSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let address = target.port().address;
    let (host, port) = place(&address).or_else(|| nameless(&address)).ok_or(FaultKind::NoSuchName)?;
    let wire = dialer.connect(host, port, &spec.dial, module.connect_timeout, trail).await?;
    let patient = TlsSpec { insecure_skip_verify: true, ..spec.tls.clone() };
    let at_once = spec.query_response.is_empty().then_some(&patient);
    let talk = Talk { host, tls: at_once, starttls: &patient, script: &spec.query_response };
    let Some(mut connection) = talk.hold(dialer, wire, trail).await? else { return Ok(()) };
    // From here on there is no answer to wait for, unless our own certificate is in question.
    let tls = trail.tls().unwrap_or_default();
    if tls.wants_certificate {
        await_consent(&mut connection, trail).await?;
    }
    connection.farewell().say();
    match tls.faults.first().filter(|_| !spec.tls.insecure_skip_verify) {
        None => Ok(()),
        Some(fault) => {
            trail.enter(Phase::Tls);
            Err(FaultKind::Certificate(*fault).into())
        }
    }
}

/// In TLS 1.3 a server says what it thinks of our certificate, or of none, after the handshake. We
/// say goodbye and hear what comes until it closes.
async fn await_consent(connection: &mut Connection, trail: &Trail) -> Result<(), Trouble> {
    trail.enter(Phase::Tls);
    connection.shutdown().await.map_err(|error| of_io(&error))?;
    let mut last_words = [0; 1024];
    let mut count = 0;
    while count < LAST_WORDS_MAX {
        match connection.read(&mut last_words).await {
            Ok(0) => break,
            Ok(_) => count += 1,
            Err(error) => match of_io(&error) {
                // It did not wait for our goodbye.
                Trouble::Theirs(FaultKind::Reset) => break,
                trouble => return Err(trouble),
            },
        }
    }
    Ok(())
}

/// A host alone, with the port of HTTPS.
fn nameless(address: &str) -> Option<(&str, u16)> {
    let is_host =
        !address.is_empty() && (!address.contains(':') || address.parse::<std::net::Ipv6Addr>().is_ok());
    is_host.then_some((address, HTTPS))
}

const HTTPS: u16 = 443;
/// After so many pieces of whatever the server has to say, it has accepted us.
const LAST_WORDS_MAX: usize = 16;
