//! Frames of a WebSocket (RFC 6455): what we send is masked, what we are sent is not.

use crate::outcome::FaultKind;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// More of the message that has begun.
    More,
    /// A message in UTF-8.
    Text,
    /// A message of bytes.
    Bytes,
    /// The other side ends the conversation.
    Close,
    /// It wants to know whether we are there.
    Ping,
    /// It is there.
    Pong,
}

/// The head of a frame that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Whether it ends its message.
    pub(super) is_last: bool,
    /// How many bytes the head has.
    pub(super) own_bytes: usize,
    /// How many bytes it carries.
    pub(super) body_bytes: u64,
}

impl Head {
    /// The head that these bytes begin with; none where they cut it.
    ///
    /// # Errors
    ///
    /// What is no frame that a server may send.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, FaultKind> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let kind = match first & 0x0f {
            0 => Kind::More,
            1 => Kind::Text,
            2 => Kind::Bytes,
            8 => Kind::Close,
            9 => Kind::Ping,
            10 => Kind::Pong,
            _ => return Err(FaultKind::HttpProtocol),
        };
        let is_last = first & 0x80 != 0;
        let (is_reserved, is_masked) = (first & 0x70 != 0, second & 0x80 != 0);
        let short = second & 0x7f;
        let is_control = matches!(kind, Kind::Close | Kind::Ping | Kind::Pong);
        if is_reserved || is_masked || (is_control && (!is_last || short > 125)) {
            return Err(FaultKind::HttpProtocol);
        }
        let (length_bytes, body_bytes) = match short {
            126 => match rest.first_chunk::<2>() {
                None => return Ok(None),
                Some(it) => (2, u64::from(u16::from_be_bytes(*it))),
            },
            127 => match rest.first_chunk::<8>() {
                None => return Ok(None),
                Some(it) => (8, u64::from_be_bytes(*it)),
            },
            _ => (0, u64::from(short)),
        };
        Ok(Some(Self { kind, is_last, own_bytes: 2 + length_bytes, body_bytes }))
    }
}

/// A whole frame of ours.
pub(super) fn masked(kind: Kind, body: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let code = match kind {
        Kind::More => 0,
        Kind::Text => 1,
        Kind::Bytes => 2,
        Kind::Close => 8,
        Kind::Ping => 9,
        Kind::Pong => 10,
    };
    let mut frame = vec![0x80 | code];
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 0x7e);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(0x80 | 0x7f);
            frame.extend_from_slice(&(body.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Result<Option<Head>, FaultKind>;

    #[test]
    fn a_head_is_read_whole_or_not_at_all() {
        let head =
            |kind, is_last, own_bytes, body_bytes| Ok(Some(Head { kind, is_last, own_bytes, body_bytes }));
        let bad = Err(FaultKind::HttpProtocol);
        let table: [(&[u8], Found); 12] = [
            (b"\x81\x05hello", head(Kind::Text, true, 2, 5)),
            (b"\x02\x7e\x01\x00", head(Kind::Bytes, false, 4, 256)),
            (b"\x80\x7f\0\0\0\0\0\x01\0\0", head(Kind::More, true, 10, 65536)),
            (b"\x89\x00", head(Kind::Ping, true, 2, 0)),
            (b"\x81", Ok(None)),
            (b"\x81\x7e\x01", Ok(None)),
            (b"\x81\x7f\0\0\0\0\0\0\0", Ok(None)),
            (b"\x83\x00", bad),
            (b"\xc1\x00", bad),
            (b"\x81\x85", bad),
            (b"\x09\x00", bad),
            (b"\x88\x7e", bad),
        ];
        for (bytes, expected) in table {
            assert_eq!(Head::read(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_we_send_is_masked_and_its_length_is_written_as_short_as_can_be() {
        assert_eq!(
            masked(Kind::Text, b"Hello", *b"\x37\xfa\x21\x3d"),
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        );
        let begin = |length| masked(Kind::Bytes, &vec![0; length], [0; 4])[1..4].to_vec();
        assert_eq!(begin(125)[0], 0xfd);
        assert_eq!(begin(126), [0xfe, 0, 126]);
        assert_eq!(begin(65_536)[0], 0xff);
    }
}
