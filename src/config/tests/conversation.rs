//! The exporter's own modules for conversations.

use super::{loaded, titles};
use crate::spec::{Expected, Module, Prober, Sent};

const MODULES: &str = include_str!("../../probe/tests/exporter.yaml");

fn module(name: &str) -> Module {
    let loaded = loaded(&[("probes.d/blackbox.yml", MODULES)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    (*loaded.config.modules[name]).clone()
}

#[test]
fn the_exporters_conversations_say_here_what_they_say_there() {
    let Prober::Tcp(ssh) = module("ssh_banner_extract").prober else { panic!("tcp") };
    let labels = &ssh.query_response[0].labels;
    assert_eq!((labels[0].name.as_str(), labels[1].value.as_str()), ("ssh_version", "${2}"));
    let Prober::Tcp(pop) = module("pop3s_banner").prober else { panic!("tcp") };
    assert!(pop.tls.is_some() && pop.query_response[0].expect.is_some());
    let Prober::Tcp(postgres) = module("postgresql").prober else { panic!("tcp") };
    let [ask, hear, start] = &postgres.query_response[..] else { panic!("three of them") };
    assert_eq!(ask.send, Some(Sent::Bytes(vec![0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])));
    assert!(matches!(&hear.expect, Some(Expected::Bytes(it)) if it == b"S"));
    assert!(start.starttls && postgres.tls.is_none());
    let Prober::Tcp(irc) = module("irc_banner").prober else { panic!("tcp") };
    assert_eq!(irc.query_response[2].send, Some(Sent::Line("PONG ${1}".to_owned())));
    let Prober::Unix(unix) = module("unix_socket_ping").prober else { panic!("unix") };
    assert_eq!(unix.query_response.len(), 2);
}
