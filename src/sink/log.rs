//! The log as a sink: one event for each notification, with fields that can be searched for.

use std::time::SystemTime;

use tracing::info;

use crate::notification::Notification;

/// Writes one event: which alert, whether it fires, and where it points.
pub fn tell(notification: &Notification) {
    let annotation = |name: &str| notification.annotations.get(name).map_or("", String::as_str);
    let time = |it: SystemTime| humantime::format_rfc3339_millis(it).to_string();
    let starts_at = time(notification.starts_at);
    let (alertname, labels) = (notification.name(), notification.labels.to_string());
    let (cause, phase) = (annotation("cause"), annotation("phase"));
    let (step, url) = (annotation("runbook_step"), annotation("runbook_url"));
    match notification.ends_at.map(time) {
        None => {
            info!(alertname, state = "firing", step, url, cause, phase, labels, starts_at, "firing");
        }
        Some(ends_at) => {
            let state = "resolved";
            info!(alertname, state, step, url, cause, phase, labels, starts_at, ends_at, "resolved");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(notification: &Notification) -> Vec<serde_json::Value> {
        let sheet = Sheet::default();
        let writer = sheet.clone();
        let subscriber =
            tracing_subscriber::fmt().json().without_time().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || tell(notification));
        let text = String::from_utf8(sheet.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_notification_is_one_event_that_says_where_to_go() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let mut it = Notification {
            labels: [("alertname", "A"), ("evil", "x\ny")].into_iter().collect(),
            annotations: [("runbook_step".into(), "Do that".into())].into(),
            starts_at: start,
            ends_at: None,
        };
        let events = logged(&it);
        assert_eq!(events.len(), 1, "{events:?}");
        let fields = &events[0]["fields"];
        assert_eq!((&fields["alertname"], &fields["state"]), (&"A".into(), &"firing".into()));
        assert_eq!(fields["step"], "Do that");
        assert_eq!(fields["starts_at"], "1970-01-01T00:16:40.000Z");

        it.ends_at = Some(start + Duration::from_mins(1));
        assert_eq!(logged(&it)[0]["fields"]["ends_at"], "1970-01-01T00:17:40.000Z");
    }
}
