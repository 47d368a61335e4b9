//! `prober: unix`: a local socket, TLS if asked for, and a conversation.

use std::path::Path;

use super::talk::Talk;
use crate::dial::{Dialer, Trail, Trouble};
use crate::spec::{Module, UnixSpec};
use crate::target::Target;

/// Connects to the socket whose path is the target's address, has the conversation, and notes how far
/// it came.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &UnixSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let wire = dialer.connect_unix(Path::new(&*target.address), module.connect_timeout, trail).await?;
    let (tls, starttls, script) = (spec.tls.as_ref(), &spec.starttls, &spec.query_response[..]);
    let talk = Talk { host: &target.address, tls, starttls, script };
    if let Some(it) = talk.hold(dialer, wire, trail).await? {
        it.farewell().say();
    }
    Ok(())
}
