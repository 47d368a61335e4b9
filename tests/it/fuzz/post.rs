//! What an Alertmanager answers to alerts.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fingerpost::config::Endpoint;
use fingerpost::dial::Dialer;
use fingerpost::labels::Labels;
use fingerpost::notification::Notification;
use fingerpost::sink::alertmanager::{Listener, run};
use fingerpost::sink::outbox::Manners;
use fingerpost::sink::{Counts, News};
use prometheus::{IntCounterVec, Opts};
use tokio::sync::mpsc;

use super::lab;
use super::{Target, hold, kind};

/// The answer to the first posting, to the letter. Later ones are taken.
pub(super) const POST: Target = Target {
    name: "post",
    seeds: || {
        let answers: [&[u8]; 7] = [
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 429 Later\r\nRetry-After: 18446744073709551615\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 503 Later\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nbad label",
            b"HTTP/1.1 413 Long\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            b"HTTP/1.1 307 There\r\nLocation: /else\r\n\r\n",
            b"",
        ];
        answers.map(<[u8]>::to_vec).to_vec()
    },
    words: &[
        "HTTP/1.1 ",
        " 200 ",
        "400",
        "429",
        "500",
        "503",
        "Retry-After: ",
        "-1",
        "1e9",
        "\r\n",
        "\r\n\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
    ],
    bytes_max: 1000,
    runs: 150,
    hold: post,
};

#[test]
fn an_end_is_heard_or_counted_as_refused_whatever_an_alertmanager_answers_first() {
    hold(&POST);
}

fn over() -> Notification {
    let at = |secs: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + secs);
    let labels: Labels = [("alertname", "A"), ("instance", "i")].into_iter().collect();
    Notification { labels, annotations: [].into(), starts_at: at(0), ends_at: Some(at(60)) }
}

fn post(input: &[u8]) -> u64 {
    let family = IntCounterVec::new(Opts::new("n", "n"), &["sink", "result"]).expect("it is a family");
    let counts = Counts::new(&family, "a");
    let ended = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&ended);
    let count = |result: &str| family.with_label_values(&["a", result]).get();
    let postings = RefCell::new(0);
    lab::within(|lab| {
        let url = format!("http://{}/", lab.address).parse().expect("it is a URL");
        let endpoint = Endpoint { timeout: Duration::from_secs(20), ..Endpoint::at(url) };
        // A pause of theirs is bounded by the time after which what fires is said again.
        let mut manners = Manners::new(Duration::from_millis(1), Labels::default(), None);
        (manners.pause_min, manners.pause_max) = (Duration::ZERO, Duration::from_millis(1));
        let on_end: fingerpost::sink::alertmanager::OnEnd =
            Arc::new(move |it| heard.lock().expect("nobody panicked").push(it));
        let (tell, news) = mpsc::unbounded_channel();
        tell.send(News::Told(over())).expect("it listens");
        drop(tell);
        let listener = Listener { name: "a".into(), endpoint, counts: counts.clone(), on_end };
        let answer = || {
            *postings.borrow_mut() += 1;
            let good = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            if *postings.borrow() == 1 { input.to_vec() } else { good.to_vec() }
        };
        let work = run(listener, Dialer::asking(&[]), manners, news, Duration::from_mins(1));
        lab.while_answering(answer, work);
    });
    let ended = ended.lock().expect("nobody panicked");
    let told = (count("delivered"), count("rejected"));
    assert_eq!(
        (told, ended.len() as u64),
        (if told.1 == 0 { (1, 0) } else { (0, 1) }, told.0),
        "once, or refused"
    );
    if told.1 == 1 {
        let text = String::from_utf8_lossy(input);
        assert!(text.contains(" 4"), "only a status that speaks of the alert sets it aside");
    }
    let postings = postings.into_inner();
    assert!(postings <= 3, "{postings} postings");
    kind((told, count("failed"), postings))
}
