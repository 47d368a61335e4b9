//! Keeps asking the Alertmanagers what fires, and passes it on.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::config::Endpoint;
use crate::dial::Dialer;
use crate::engine::Event;
use crate::others;

/// Asks until `stop` comes; without Alertmanagers there is nobody to ask.
pub(super) async fn listen(
    endpoints: Vec<Endpoint>,
    dialer: Dialer,
    events: mpsc::UnboundedSender<Event>,
    stop: impl Future<Output = ()>,
) {
    if endpoints.is_empty() {
        return;
    }
    tokio::pin!(stop);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0_u32;
    loop {
        let heard = async {
            ticks.tick().await;
            others::firing(&endpoints, &dialer).await
        };
        let heard = tokio::select! {
            () = &mut stop => return,
            heard = heard => heard,
        };
        match heard {
            Ok(firing) => {
                if silent > 0 {
                    info!("the Alertmanagers say again what fires");
                }
                silent = 0;
                let _stopping = events.send(Event::Others(firing));
            }
            Err(why) => {
                silent = silent.saturating_add(1);
                if silent == 1 {
                    warn!(why, "no Alertmanager says what fires");
                }
                // What nobody can confirm any more holds nothing back.
                if silent == FORGOTTEN_AFTER {
                    let _stopping = events.send(Event::Others(Vec::new()));
                }
            }
        }
    }
}

const EVERY: Duration = Duration::from_secs(30);
const FORGOTTEN_AFTER: u32 = 4;
