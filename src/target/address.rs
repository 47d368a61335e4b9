//! Whether an address can be asked at all: what is wrong with it is told before anybody is sent there.

use std::net::Ipv6Addr;
use std::ops::Range;

use url::{Host, Url};

use super::Target;

/// What a prober makes of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A URL, or `host`, `host:port` and `host:port/path` that become one.
    Web,
    /// A URL, or `host` and `host:port` to which the path is added.
    Scrape,
    /// As `Web`, and the URL may begin with `ws` and `wss`.
    WebSocket,
    /// `host:port`.
    Port,
    /// `host`, `host:port` or a URL: its host, and its port where there is one.
    Host,
    /// The path of a local socket, from the root on.
    Socket,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The bytes of the address that it is about.
    pub span: Range<usize>,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Target {
    /// The first thing that is wrong with its address, for a prober that takes that form.
    ///
    /// # Errors
    /// The flaw. Its span is that of [`Target::address`].
    pub fn check(&self, form: Form) -> Result<(), Flaw> {
        let address = &*self.address;
        if form != Form::Socket {
            check_signs(address)?;
        }
        match form {
            Form::Web | Form::Scrape => {
                check_web(address, form)?;
                let (scheme, url) = (self.labels.get("__scheme__"), self.url(""));
                if !address.contains("://") && !matches!(scheme, "" | "http" | "https") {
                    let message = format!("its `__scheme__` is `{scheme}`, which is not asked");
                    return flaw(0..address.len(), message, "`__scheme__` is `http` or `https`");
                }
                match Url::parse(&url) {
                    Ok(it) if it.has_host() => Ok(()),
                    Ok(_) => flaw(0..address.len(), "it has no host", WEB),
                    Err(why) => flaw(0..address.len(), format!("it makes no URL: {why}"), WEB),
                }
            }
            Form::Port => {
                if let Some(end) = address.find("://").map(|it| it + 3) {
                    let help = match Url::parse(address) {
                        Ok(_) => format!("write `{}`", self.port().address),
                        Err(_) => PORT.to_owned(),
                    };
                    return flaw(0..end, "a URL, and this prober asks a port", help);
                }
                check_authority(address, 0, Port::Wanted)
            }
            Form::WebSocket => check_web(address, form),
            Form::Host if address.contains("://") => check_web(address, form),
            Form::Host if address.parse::<Ipv6Addr>().is_ok() => Ok(()),
            Form::Host => check_authority(address, 0, Port::Free),
            Form::Socket => check_socket(address),
        }
    }
}

fn check_socket(address: &str) -> Result<(), Flaw> {
    let help = "write the socket's path as `/run/name.sock`";
    if !address.starts_with('/') {
        return flaw(0..address.len(), "no path from the root on, and this prober asks a local socket", help);
    }
    if address.len() > SOCKET_BYTES_MAX {
        let message = format!("a socket's path has {SOCKET_BYTES_MAX} bytes at the most");
        return flaw(0..address.len(), message, help);
    }
    Ok(())
}

/// What Linux takes, less the zero at its end.
const SOCKET_BYTES_MAX: usize = 107;

/// Whether a port must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    Wanted,
    Free,
}

fn flaw<T>(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw { span, message: message.into(), help: help.into() })
}

fn check_signs(address: &str) -> Result<(), Flaw> {
    if address.is_empty() {
        return flaw(0..0, "it is empty", "write `host:port`, or take the entry away");
    }
    let blank = |it: &(usize, char)| it.1.is_whitespace() || it.1.is_control();
    match address.char_indices().find(blank) {
        None => Ok(()),
        Some((at, it)) => {
            let help = "an address has no blanks: one entry of the list is one address";
            flaw(at..at + it.len_utf8(), "a blank or a control sign stands in it", help)
        }
    }
}

/// A URL, or what is made one by a scheme before it.
fn check_web(address: &str, form: Form) -> Result<(), Flaw> {
    let scheme = address.find("://");
    let written = scheme.map_or("http", |it| &address[..it]);
    let (schemes, help): (&[&str], _) = if form == Form::WebSocket {
        (&["ws", "wss", "http", "https"], SOCKET)
    } else {
        (&["http", "https"], WEB)
    };
    if !schemes.iter().any(|it| written.eq_ignore_ascii_case(it)) {
        return flaw(0..written.len(), format!("`{written}` is no scheme that is asked"), help);
    }
    let start = scheme.map_or(0, |it| it + 3);
    let length = address[start..].find(['/', '?', '#']).unwrap_or(address.len() - start);
    check_authority(&address[start..start + length], start, Port::Free)?;
    if scheme.is_none() && form == Form::Scrape && start + length < address.len() {
        let help = "the path stands in the label `__metrics_path__`, or write the whole URL";
        return flaw(start + length..address.len(), "a path stands behind the port", help);
    }
    Ok(())
}

/// `host` or `host:port`, which begin at that byte of the address.
fn check_authority(authority: &str, start: usize, wanted: Port) -> Result<(), Flaw> {
    let span = |from: usize, to: usize| start + from..start + to;
    if let Some(at) = authority.find('@') {
        let help = "everybody sees an address: write `basic_auth` or `authorization` into the module";
        return flaw(span(0, at + 1), "a user's name or a password stands in it", help);
    }
    if let Some(at) = authority.find(['/', '?', '#']) {
        let help = "take it away: a port has no path";
        return flaw(span(at, authority.len()), "something stands behind the port", help);
    }
    let (host, rest) = match authority.find(']') {
        Some(at) if authority.starts_with('[') => authority.split_at(at + 1),
        Some(_) | None if authority.matches(':').count() > 1 => {
            let help = match authority.parse::<Ipv6Addr>() {
                Ok(_) => format!("write `[{authority}]`, and the port behind it as `:443`"),
                Err(_) => "write one `:`, between host and port; an IPv6 address stands in `[…]`".to_owned(),
            };
            return flaw(span(0, authority.len()), "host and port cannot be told apart", help);
        }
        Some(_) | None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return flaw(
            span(0, authority.len()),
            "it has no host",
            "write a name or an IP address before the port",
        );
    }
    if Host::parse(host).is_err() {
        let help = "a host is a name, an IPv4 address, or an IPv6 address in `[…]`";
        return flaw(span(0, host.len()), format!("`{host}` is no host"), help);
    }
    let port = match (rest.strip_prefix(':'), rest, wanted) {
        (Some(port), ..) => port,
        (None, "", Port::Free) => return Ok(()),
        (None, "", Port::Wanted) => {
            return flaw(span(0, host.len()), "it has no port", format!("write `{host}:` and the port"));
        }
        (None, ..) => return flaw(span(host.len(), authority.len()), "a `:` stands before a port", PORT),
    };
    let sound = port.bytes().all(|it| it.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|it| it > 0);
    if sound {
        return Ok(());
    }
    let from = if port.is_empty() { host.len() } else { host.len() + 1 };
    flaw(span(from, authority.len()), format!("`{port}` is no port"), "a port is a number from 1 to 65535")
}

const PORT: &str = "write `host:port`";
const SOCKET: &str = "write `host:port`, or a URL that begins with `ws://` or `wss://`";
const WEB: &str = "write `host:port`, or a URL that begins with `http://` or `https://`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;

    const ALL: [Form; 4] = [Form::Web, Form::Scrape, Form::Port, Form::Host];

    fn check(address: &str, form: Form) -> Result<(), Flaw> {
        Target::new(address, &Labels::default()).check(form)
    }

    /// The forms that take it.
    fn takers(address: &str) -> Vec<Form> {
        ALL.into_iter().filter(|it| check(address, *it).is_ok()).collect()
    }

    #[test]
    fn a_websocket_has_schemes_of_its_own() {
        for address in ["ws://a.test/live", "WSS://a.test:1", "https://a.test", "a.test:80/live"] {
            assert_eq!(check(address, Form::WebSocket), Ok(()), "{address}");
        }
        assert!(check("ws://a.test", Form::Web).is_err());
        assert!(check("tcp://a.test", Form::WebSocket).is_err());
    }

    #[test]
    fn what_can_be_asked_is_taken_by_whoever_can_ask_it() {
        for address in ["127.0.0.1:80", "a-b.c_d.test:65535", "[::1]:9", "bücher.test:1", "10.0.0.1:9100"] {
            assert_eq!(takers(address), ALL, "{address}");
        }
        assert_eq!(takers("a.test"), [Form::Web, Form::Scrape, Form::Host]);
        assert_eq!(takers("a.test/x?y=1"), [Form::Web]);
        assert_eq!(takers("::1"), [Form::Host]);
        for url in ["http://a.test", "HTTPS://a.test:1/x#y", "https://[::1]/x@y:z"] {
            assert_eq!(takers(url), [Form::Web, Form::Scrape, Form::Host], "{url}");
        }
    }

    #[test]
    fn what_nobody_can_ask_is_told_at_the_place_that_is_wrong() {
        for (address, spot, message) in [
            ("", "", "empty"),
            ("127.0.0.1:99999", "99999", "no port"),
            ("a:0", "0", "no port"),
            ("a:", ":", "no port"),
            ("a:+80", "+80", "no port"),
            ("http://a:x/", "x", "no port"),
            ("[::1]:99999", "99999", "no port"),
            ("a b:1", " ", "blank"),
            ("a:1\n", "\n", "blank"),
            (":9100", ":9100", "no host"),
            ("http://", "", "no host"),
            ("https:///x", "", "no host"),
            ("::1:9100:2", "::1:9100:2", "told apart"),
            ("http://::1/x", "::1", "told apart"),
            ("a:1:2", "a:1:2", "told apart"),
            ("user:pw@a:1", "user:pw@", "password"),
            ("https://user@a/x", "user@", "password"),
            ("256.1.1.1:80", "256.1.1.1", "no host"),
            ("a<b:1", "a<b", "no host"),
            ("[::1]9100", "9100", "before a port"),
            ("[::g]:1", "[::g]", "no host"),
        ] {
            for form in ALL.into_iter().filter(|it| *it != Form::Port || !address.contains("://")) {
                if form == Form::Host && address.parse::<Ipv6Addr>().is_ok() {
                    continue;
                }
                let flaw = check(address, form).expect_err(address);
                assert_eq!(&address[flaw.span.clone()], spot, "{address} {form:?}");
                assert!(flaw.message.contains(message), "{address} {form:?}: {flaw:?}");
            }
        }
    }

    #[test]
    fn a_prober_of_ports_takes_neither_url_nor_path_nor_a_host_alone() {
        let flaw = |address| check(address, Form::Port).unwrap_err();
        assert_eq!(flaw("http://a.test/x").help, "write `a.test:80`");
        assert_eq!(flaw("a:1/x").span, 3..5);
        assert_eq!(flaw("a.test").message, "it has no port");
        assert!(flaw("::1").help.contains("`[::1]`"));
        assert_eq!(check("a:1/x", Form::Scrape).unwrap_err().span, 3..5);
        assert!(check("ftp://a/", Form::Web).unwrap_err().message.contains("`ftp`"));
        let labels: Labels = [("__scheme__", "gopher")].into_iter().collect();
        assert!(Target::new("a:1", &labels).check(Form::Web).unwrap_err().message.contains("gopher"));
    }
}
