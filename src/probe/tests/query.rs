use super::lab::{Server, client, hasty, module, page};
use crate::cause::{Cause, Verdict, judge};
use crate::config::Endpoint;
use crate::dial::Dialer;
use crate::outcome::{End, Outcome, OwnSide, Phase};
use crate::spec::{Module, OnEmpty, Prober, QuerySpec};
use crate::target::Target;

const JSON: &str = "Content-Type: application/json\r\n";

fn asking(on_empty: OnEmpty) -> Module {
    module(Prober::Query(QuerySpec { promql: "x{a=\"b c\"} > 3".into(), by: None, on_empty }))
}

async fn ask(module: &Module, server: Option<&Server>) -> Outcome {
    let endpoint = |it: &Server| Endpoint {
        url: format!("{}/prometheus", it.url()).parse().unwrap(),
        client: client(),
        timeout: std::time::Duration::from_secs(30),
    };
    let dialer = Dialer::asking(&[]).with_prometheus(server.map(endpoint));
    let question = Target { address: "".into(), labels: crate::labels::Labels::default() };
    crate::probe::ask(&dialer, module, &question).await.0
}

fn vector(series: &str) -> Vec<u8> {
    page(JSON, format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#))
}

#[tokio::test]
async fn it_posts_the_question_and_brings_the_series() {
    let server = Server::answering(vector(r#"{"metric":{"__name__":"x","a":"b c"},"value":[1,"4"]}"#)).await;
    let module = asking(OnEmpty::Healthy);
    let outcome = ask(&module, Some(&server)).await;
    assert_eq!(judge(&module, &outcome), Verdict::Failure(Cause::QueryMatched, Phase::Check));
    let series = outcome.series.unwrap().unwrap();
    assert_eq!((series.len(), series[0].labels.to_string()), (1, "{a=\"b c\"}".to_owned()));
    let head = &server.heads()[0];
    assert!(head.starts_with("POST /prometheus/api/v1/query HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{head}");
}

#[tokio::test]
async fn an_empty_answer_is_what_the_module_says() {
    for (on_empty, verdict) in [
        (OnEmpty::Healthy, Verdict::Success),
        (OnEmpty::Failing, Verdict::Failure(Cause::QueryEmpty, Phase::Check)),
        (OnEmpty::Unknown, Verdict::Unknown(OwnSide::Query)),
    ] {
        let server = Server::answering(vector("")).await;
        let module = asking(on_empty);
        assert_eq!(judge(&module, &ask(&module, Some(&server)).await), verdict, "{on_empty:?}");
    }
}

#[tokio::test]
async fn without_an_answer_of_prometheus_we_cannot_tell_and_say_why() {
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    let table: Vec<(Vec<u8>, &str)> = vec![
        (page(JSON, error), "bad_data: parse error"),
        ("HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\naway".into(), "status 503"),
        ("no HTTP at all\r\n\r\n".into(), "http_protocol"),
    ];
    for (answer, said) in table {
        let server = Server::answering(answer).await;
        let module = asking(OnEmpty::Healthy);
        let outcome = ask(&module, Some(&server)).await;
        assert_eq!(outcome.end, End::Unknown(OwnSide::Query), "{said}");
        assert_eq!(judge(&module, &outcome), Verdict::Unknown(OwnSide::Query));
        let why = outcome.series.unwrap().unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    let outcome = ask(&asking(OnEmpty::Healthy), None).await;
    assert!(outcome.series.unwrap().unwrap_err().contains("--prometheus.url"));
}

#[tokio::test]
async fn a_silent_prometheus_says_nothing_about_what_it_watches() {
    let server = Server::new(|mut talk| async move {
        talk.read_head().await;
        talk.until_closed().await;
    })
    .await;
    let module = hasty(asking(OnEmpty::Healthy));
    let outcome = ask(&module, Some(&server)).await;
    assert_eq!(judge(&module, &outcome), Verdict::Unknown(OwnSide::Query));
}
