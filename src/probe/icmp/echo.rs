//! An echo request and what is heard of it: bytes only.

use std::net::IpAddr;

/// One echo request. Its reply is known by the number and by the whole payload, which begins with
/// bytes that nobody can guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    kinds: Kinds,
    /// By which a raw socket tells our replies from others'. Other sockets get one from the kernel.
    id: u16,
    number: u16,
    payload: Vec<u8>,
}

/// The ICMP types of a request and of its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kinds {
    request: u8,
    reply: u8,
}

/// What a raw socket knows and another does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// The kernel sorts replies, and writes the identifier.
    Datagram,
    /// Everything that comes is handed over; for IPv4 with its header.
    Raw,
}

/// A reply to our request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// How many hops it was still allowed, where the packet itself says it.
    pub(super) hop_limit: Option<u8>,
}

impl Echo {
    /// A request to `peer` with a payload of that many bytes, numbered and filled by `random`.
    pub(super) fn new(peer: IpAddr, payload_bytes: u16, random: [u8; 12]) -> Self {
        let kinds = match peer {
            IpAddr::V4(_) => Kinds { request: 8, reply: 0 },
            IpAddr::V6(_) => Kinds { request: 128, reply: 129 },
        };
        let [a, b, c, d, nonce @ ..] = random;
        let mut payload = nonce.to_vec();
        payload.extend_from_slice(SENDER);
        payload.resize(payload_bytes.into(), 0);
        Self { kinds, id: u16::from_be_bytes([a, b]), number: u16::from_be_bytes([c, d]), payload }
    }

    /// The request's bytes. The kernel writes the checksum of `ICMPv6`, and that of a datagram.
    pub(super) fn request(&self) -> Vec<u8> {
        let mut bytes = vec![self.kinds.request, 0, 0, 0];
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        let sum = checksum(&bytes).to_be_bytes();
        bytes[2..4].copy_from_slice(&sum);
        bytes
    }

    /// The reply that a packet from `peer` is, if it is ours.
    pub(super) fn reply(&self, socket: Socket, peer: IpAddr, packet: &[u8]) -> Option<Reply> {
        let (hop_limit, message) = match (socket, peer) {
            (Socket::Raw, IpAddr::V4(_)) => {
                let header_bytes = usize::from(packet.first()? & 0x0f) * 4;
                (Some(*packet.get(8)?), packet.get(header_bytes..)?)
            }
            (Socket::Raw, IpAddr::V6(_)) | (Socket::Datagram, _) => (None, packet),
        };
        let is_ours =
            self.is_head(self.kinds.reply, socket, message) && message[HEAD_BYTES..] == self.payload;
        is_ours.then_some(Reply { hop_limit })
    }

    /// Whether a packet that somebody quotes, or the beginning of one, is our request. Eight bytes of
    /// it are all that a router has to quote.
    pub(super) fn is_quoted(&self, socket: Socket, quote: &[u8]) -> bool {
        let payload = || quote[HEAD_BYTES..].iter().zip(&self.payload).all(|(one, other)| one == other);
        self.is_head(self.kinds.request, socket, quote) && payload()
    }

    fn is_head(&self, kind: u8, socket: Socket, message: &[u8]) -> bool {
        let Some([a, 0, _, _, id @ .., c, d]) = message.first_chunk::<HEAD_BYTES>() else { return false };
        let id_is_ours = match socket {
            Socket::Datagram => true,
            Socket::Raw => *id == self.id.to_be_bytes(),
        };
        *a == kind && id_is_ours && [*c, *d] == self.number.to_be_bytes()
    }
}

/// The Internet's checksum: the ones' complement of the ones' complement sum.
fn checksum(bytes: &[u8]) -> u16 {
    let word = |it: &[u8]| u32::from(it[0]) << 8 | u32::from(it.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("what was carried is folded in")
}

/// Type, code, checksum, identifier, number.
const HEAD_BYTES: usize = 8;

/// Says in a packet's dump who sent it.
const SENDER: &[u8] = b"Fingerpost echo, by ";

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const SIX: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    fn echo(peer: IpAddr, payload_bytes: u16) -> Echo {
        Echo::new(peer, payload_bytes, [0xab, 0xcd, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    fn reply_to(echo: &Echo) -> Vec<u8> {
        let mut bytes = echo.request();
        bytes[0] = echo.kinds.reply;
        bytes
    }

    #[test]
    fn a_request_has_the_wanted_size_and_a_checksum_that_adds_up() {
        for size in [1, 7, 8, 28, 29, 1472] {
            let request = echo(FOUR, size).request();
            assert_eq!(request.len(), 8 + usize::from(size));
            assert_eq!(checksum(&request), 0, "{size}");
        }
        assert_eq!(echo(SIX, 4).request()[0], 128);
        assert_eq!(&echo(FOUR, 28).request()[16..], b"Fingerpost echo, by ");
    }

    #[test]
    fn a_reply_is_ours_by_its_number_and_its_whole_payload() {
        let echo = echo(SIX, 28);
        let is = |socket, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = reply_to(&echo);
            change(&mut bytes);
            echo.reply(socket, SIX, &bytes).is_some()
        };
        assert!(is(Socket::Raw, &|_| {}));
        assert!(!is(Socket::Raw, &|it| it[0] = 128), "a request");
        assert!(!is(Socket::Raw, &|it| it[1] = 1), "a code");
        assert!(!is(Socket::Raw, &|it| it[4] ^= 1), "another's identifier");
        assert!(is(Socket::Datagram, &|it| it[4] ^= 1), "the kernel's identifier");
        assert!(!is(Socket::Datagram, &|it| it[7] ^= 1), "another number");
        assert!(!is(Socket::Datagram, &|it| it[8] ^= 1), "another payload");
        assert!(!is(Socket::Datagram, &|it| it[35] ^= 1), "another end of the payload");
        assert!(!is(Socket::Datagram, &|it| it.push(0)), "a longer payload");
        assert!(!is(Socket::Datagram, &|it| it.truncate(35)), "a shorter payload");
        assert!(!is(Socket::Datagram, &|it| it.truncate(3)), "a piece");
    }

    #[test]
    fn a_raw_socket_sees_the_header_of_ipv4_whatever_its_length() {
        let echo = echo(FOUR, 28);
        for words in [5, 6, 15] {
            let mut packet = vec![0; words * 4];
            packet[0] = 0x40 | u8::try_from(words).unwrap();
            packet[8] = 57;
            packet.extend(reply_to(&echo));
            assert_eq!(echo.reply(Socket::Raw, FOUR, &packet), Some(Reply { hop_limit: Some(57) }));
        }
        assert_eq!(echo.reply(Socket::Raw, FOUR, &[0x4f, 0, 0]), None, "less than it says");
        assert_eq!(echo.reply(Socket::Raw, FOUR, &[]), None);
    }

    #[test]
    fn a_quote_may_end_behind_the_head_and_must_not_contradict_it() {
        let echo = echo(FOUR, 28);
        let request = echo.request();
        for length in [8, 9, 36] {
            assert!(echo.is_quoted(Socket::Raw, &request[..length]), "{length}");
        }
        assert!(!echo.is_quoted(Socket::Raw, &request[..7]));
        let mut other = request.clone();
        other[8] ^= 1;
        assert!(!echo.is_quoted(Socket::Raw, &other), "another payload");
        assert!(!echo.is_quoted(Socket::Raw, &reply_to(&echo)), "a reply");
    }
}
