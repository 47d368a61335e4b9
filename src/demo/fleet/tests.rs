use std::collections::BTreeSet;

use tokio::time::timeout;

use super::*;
use crate::config::{Source, target_groups};

/// A target with that behaviour, all by itself.
struct Alone {
    address: SocketAddr,
    _servers: JoinSet<()>,
    _held: Vec<Socket>,
}

impl Alone {
    async fn at(port: Port) -> Self {
        let (mut servers, mut held) = (JoinSet::new(), Vec::new());
        let address = open(port, &mut servers, &mut held).await.unwrap();
        Self { address, _servers: servers, _held: held }
    }

    async fn new(behaviour: Behaviour) -> Self {
        Self::at(behaviour.port("armada-api")).await
    }

    async fn ask(&self) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: demo\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

async fn head_and_body(behaviour: Behaviour) -> (String, String) {
    let answer = Alone::new(behaviour).await.ask().await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_healthy_target_answers_each_request_with_metrics_of_its_service() {
    let alone = Alone::new(Behaviour::Healthy).await;
    for _ in 0..2 {
        let answer = alone.ask().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{answer}");
        assert!(answer.contains("demo_info{service=\"armada-api\"} 1\n"), "{answer}");
    }
}

#[tokio::test]
async fn statuses_are_what_they_are_called() {
    assert!(head_and_body(Behaviour::NotFound).await.0.starts_with("HTTP/1.1 404 "));
    assert!(head_and_body(Behaviour::Unavailable).await.0.starts_with("HTTP/1.1 503 "));
}

#[tokio::test]
async fn a_late_answer_is_a_good_one_once_it_comes() {
    let Port::Answering { bytes, .. } = Behaviour::Late.port("armada-api") else { panic!() };
    let sooner = Port::Answering { after: Duration::from_millis(1), bytes };
    let answer = Alone::at(sooner).await.ask().await;
    assert_eq!(answer, Alone::new(Behaviour::Healthy).await.ask().await);
}

#[tokio::test]
async fn a_late_answer_does_not_come_with_the_request() {
    let late = Alone::new(Behaviour::Late).await;
    assert!(timeout(KNOCK, late.ask()).await.is_err());
}

#[tokio::test]
async fn a_silent_target_takes_the_connection_and_says_nothing() {
    let silent = Alone::new(Behaviour::Silent).await;
    assert!(TcpStream::connect(silent.address).await.is_ok());
    assert!(timeout(KNOCK, silent.ask()).await.is_err());
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_it_says() {
    let (head, body) = head_and_body(Behaviour::TruncatedBody).await;
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    assert!(!body.is_empty() && body.len() < length, "{} of {length}", body.len());
}

#[tokio::test]
async fn broken_metrics_and_an_empty_content_type_come_with_200() {
    let (head, body) = head_and_body(Behaviour::BrokenExposition).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("demo_queue_age_seconds <no value>"));
    let (head, body) = head_and_body(Behaviour::BlankContentType).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: \r\n") && body.contains("demo_info"));
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let closed = Alone::new(Behaviour::Refused).await;
    let error = TcpStream::connect(closed.address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_host_that_is_gone_does_not_even_refuse() {
    let gone = Alone::new(Behaviour::Gone).await;
    for _ in 0..3 {
        assert!(timeout(KNOCK * 3, TcpStream::connect(gone.address)).await.is_err());
    }
}

#[tokio::test]
async fn discovery_takes_the_targets_file_and_finds_every_label() {
    let fleet = Fleet::start().await.unwrap();
    let text = Ok(fleet.targets_yaml().into());
    let groups = target_groups(&Source { name: "fleet.yaml".into(), text }).unwrap();
    assert_eq!(groups.len(), fleet.members().len());
    let wanted = [
        "app",
        "carrier_name",
        "hostname",
        "job",
        "kubernetes_namespace",
        "name",
        "pod_name",
        "region",
        "service",
        "service_name",
    ];
    for (group, (resident, address)) in groups.iter().zip(fleet.members()) {
        assert_eq!(group.targets, [address.to_string()]);
        assert_eq!(group.labels.iter().map(|it| it.0).collect::<Vec<_>>(), wanted);
        assert_eq!(group.labels.get("hostname"), resident.hostname);
        assert_eq!(group.labels.get("carrier_name"), resident.carrier);
    }
    let addresses: BTreeSet<_> = fleet.members().iter().map(|it| it.1).collect();
    assert_eq!(addresses.len(), fleet.members().len());
    let pods: BTreeSet<_> = groups.iter().map(|it| it.labels.get("pod_name")).collect();
    assert_eq!(pods.len(), groups.len());
}
