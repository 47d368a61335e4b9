//! How the servers of the fleet behave: a closed list, each entry with what it does on its port.

use std::time::Duration;

/// How one target answers a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Behaviour {
    /// A good exposition, at once.
    Healthy,
    /// 404.
    NotFound,
    /// 503.
    Unavailable,
    /// A good exposition, complete 12.3 s after the connection was made.
    Late,
    /// The connection is taken, and nothing ever comes.
    Silent,
    /// The second line of the body is no sample.
    BrokenExposition,
    /// The connection ends before the body does.
    TruncatedBody,
    /// A good exposition under an empty `Content-Type`.
    BlankContentType,
    /// Nobody listens on the port.
    Refused,
    /// Not even the connection is taken: all that can be seen of a host that is gone.
    Gone,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Healthy,
        Self::NotFound,
        Self::Unavailable,
        Self::Late,
        Self::Silent,
        Self::BrokenExposition,
        Self::TruncatedBody,
        Self::BlankContentType,
        Self::Refused,
        Self::Gone,
    ];

    /// What a target of the fleet does, after "one" or "three".
    pub fn told(self) -> &'static str {
        match self {
            Self::Healthy => "in good health",
            Self::NotFound => "answering 404",
            Self::Unavailable => "answering 503",
            Self::Late => "answering after 12.3 s",
            Self::Silent => "taking the connection and saying nothing",
            Self::BrokenExposition => "with metrics that cannot be read",
            Self::TruncatedBody => "hanging up in the middle of the body",
            Self::BlankContentType => "with an empty Content-Type",
            Self::Refused => "refusing the connection",
            Self::Gone => "silent while connecting",
        }
    }

    /// What stands at the port of a target of that service.
    pub(super) fn port(self, service: &str) -> Port {
        let answer = |status: &str, content_type: &str, body: &str| Port::Answering {
            after: Duration::ZERO,
            bytes: response(status, content_type, body),
        };
        match self {
            Self::Healthy => answer("200 OK", TEXT_FORMAT, &metrics(service)),
            Self::NotFound => answer("404 Not Found", "text/plain", "404 page not found\n"),
            Self::Unavailable => answer("503 Service Unavailable", "text/plain", "no healthy upstream\n"),
            Self::Late => {
                let bytes = response("200 OK", TEXT_FORMAT, &metrics(service));
                Port::Answering { after: LATE, bytes }
            }
            Self::Silent => Port::Mute,
            Self::BrokenExposition => answer("200 OK", TEXT_FORMAT, BROKEN_BODY),
            Self::TruncatedBody => {
                let mut bytes = response("200 OK", TEXT_FORMAT, &metrics(service));
                bytes.truncate(bytes.len() - TRUNCATED_BYTES);
                Port::Answering { after: Duration::ZERO, bytes }
            }
            Self::BlankContentType => answer("200 OK", "", &metrics(service)),
            Self::Refused => Port::Closed,
            Self::Gone => Port::Full,
        }
    }
}

/// What stands at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// A server that sends these bytes that long after it took the connection, and hangs up.
    Answering {
        /// Counted from the connection on.
        after: Duration,
        /// The whole HTTP answer.
        bytes: Vec<u8>,
    },
    /// A server that takes connections and says nothing.
    Mute,
    /// Nobody, and the system says so.
    Closed,
    /// A queue of connections that is full and never gets shorter: the system drops whoever knocks.
    Full,
}

/// An HTTP/1.1 answer after which the connection ends.
pub(super) fn response(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A small exposition, as a service in good health has it.
fn metrics(service: &str) -> String {
    format!(
        "# HELP demo_info Which service of the demo this is.\n\
         # TYPE demo_info gauge\n\
         demo_info{{service=\"{service}\"}} 1\n\
         # HELP demo_requests_total Requests by their status.\n\
         # TYPE demo_requests_total counter\n\
         demo_requests_total{{code=\"200\"}} 1027\n\
         demo_requests_total{{code=\"500\"}} 3\n\
         # HELP demo_request_duration_seconds How long they took.\n\
         # TYPE demo_request_duration_seconds histogram\n\
         demo_request_duration_seconds_bucket{{le=\"0.1\"}} 988\n\
         demo_request_duration_seconds_bucket{{le=\"+Inf\"}} 1030\n\
         demo_request_duration_seconds_sum 41.5\n\
         demo_request_duration_seconds_count 1030\n"
    )
}

/// Over Prometheus's scrape timeout of 10 s, and well under the patience of 30 s.
const LATE: Duration = Duration::from_millis(12_300);

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A value that is no number: the way a template goes wrong that was filled in with an error.
const BROKEN_BODY: &str = "demo_queue_length 4\ndemo_queue_age_seconds <no value>\n";

const TRUNCATED_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{ContentType, Format, Limits, Scan, format_of};

    #[test]
    fn only_the_late_one_lets_itself_be_waited_for_and_longer_than_a_scrape_is() {
        for behaviour in Behaviour::ALL {
            match behaviour.port("armada-api") {
                Port::Answering { after, .. } if behaviour == Behaviour::Late => {
                    assert_eq!(after, Duration::from_millis(12_300));
                }
                Port::Answering { after, .. } => assert_eq!(after, Duration::ZERO, "{behaviour:?}"),
                Port::Mute | Port::Closed | Port::Full => {}
            }
        }
    }

    #[test]
    fn the_truncated_body_ends_within_its_body() {
        let Port::Answering { bytes, .. } = Behaviour::TruncatedBody.port("armada-api") else { panic!() };
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len() + TRUNCATED_BYTES)), "{head}");
        assert!(!body.is_empty());
    }

    /// The answer's `Content-Type`, and whether its body is a good exposition.
    fn judged(behaviour: Behaviour) -> (ContentType, bool) {
        let Port::Answering { bytes, .. } = behaviour.port("armada-api") else { panic!("{behaviour:?}") };
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let content_type = head.lines().find_map(|it| it.strip_prefix("Content-Type: ")).unwrap();
        let mut scan = Scan::new(Format::Text, Limits::default());
        let is_good = scan.push(body.as_bytes()).is_ok() && scan.finish().is_ok();
        (format_of(Some(content_type)), is_good)
    }

    #[test]
    fn what_is_wrong_with_an_exposition_is_wrong_alone() {
        let text = ContentType::Known(Format::Text);
        assert_eq!(judged(Behaviour::Healthy), (text, true));
        assert_eq!(judged(Behaviour::Late), (text, true));
        assert_eq!(judged(Behaviour::BrokenExposition), (text, false));
        assert_eq!(judged(Behaviour::BlankContentType), (ContentType::Blank, true));
    }
}
