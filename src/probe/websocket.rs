//! `prober: websocket`: the handshake by HTTP, then a conversation by messages. The deadline holds for
//! all of it.

mod frame;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::follow::{Errand, follow};
use crate::dial::{AGENT, Dialer, Trail, Trouble, base64, of_io};
use crate::outcome::{Conversation, FaultKind, Missed, OwnSide};
use crate::spec::{Module, Turn, WebSocketSpec};
use crate::target::Target;
use frame::{Head, Kind};

/// Asks `target` for a WebSocket, has the conversation, and notes how far it came.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &WebSocketSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let key = base64(&random::<16>()?);
    let errand = Errand {
        client: &spec.client,
        connect_timeout: module.connect_timeout,
        url: url(&target.address),
        method: Method::GET,
        headers: headers(&key)?,
        body: Bytes::new(),
    };
    let mut answered = follow(dialer, errand, trail).await?;
    if answered.response.status() != StatusCode::SWITCHING_PROTOCOLS {
        answered.farewell.say();
        return Ok(());
    }
    if !agrees(answered.response.headers(), &key) {
        return Err(FaultKind::HttpProtocol.into());
    }
    let upgraded = hyper::upgrade::on(&mut answered.response).await.map_err(|_| FaultKind::Reset)?;
    note(trail, |_| ());
    let mut socket = Socket { stream: TokioIo::new(upgraded), buffer: BytesMut::new() };
    for turn in &spec.turns {
        if !take(&mut socket, turn, trail).await? {
            note(trail, |seen| seen.missed = Some(Missed::Line));
            break;
        }
        note(trail, |seen| seen.exchanges += 1);
    }
    // Whether the goodbye arrives makes no difference.
    let _ = socket.send(Kind::Close, &NORMAL_CLOSURE.to_be_bytes()).await;
    answered.farewell.say();
    Ok(())
}

/// Goes through one entry: whether what was expected came.
async fn take(socket: &mut Socket, turn: &Turn, trail: &Trail) -> Result<bool, Trouble> {
    let mut send = turn.send.clone();
    if let Some(expect) = &turn.expect {
        loop {
            let Some(message) = socket.message().await? else { return Ok(false) };
            let message = String::from_utf8_lossy(&message);
            note(trail, |seen| seen.last_line = message.chars().take(EVIDENCE_CHARS_MAX).collect());
            let Some(found) = expect.captures(&message) else { continue };
            send = send.map(|template| {
                let mut filled = String::new();
                found.expand(&template, &mut filled);
                filled
            });
            break;
        }
    }
    if let Some(send) = send.filter(|it| !it.is_empty()) {
        socket.send(Kind::Text, send.as_bytes()).await?;
    }
    Ok(true)
}

fn note(trail: &Trail, write: impl FnOnce(&mut Conversation)) {
    trail.note(|seen| write(seen.conversation.get_or_insert_default()));
}

/// A target may be written with `ws` and `wss`, with `http` and `https`, or without any scheme.
fn url(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        Some(_) => address.to_owned(),
        None => format!("http://{address}"),
    }
}

fn headers(key: &str) -> Result<HeaderMap, OwnSide> {
    Ok(HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static(AGENT)),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        (SEC_WEBSOCKET_KEY, HeaderValue::try_from(key).map_err(|_| OwnSide::Internal)?),
    ]))
}

/// Whether the server has understood what it agreed to.
fn agrees(headers: &HeaderMap, key: &str) -> bool {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}{HANDSHAKE}").as_bytes(),
    );
    let is_websocket =
        headers.get(UPGRADE).is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let accepted = base64(digest.as_ref());
    is_websocket && headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|it| it.as_bytes() == accepted.as_bytes())
}

fn random<const N: usize>() -> Result<[u8; N], OwnSide> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| OwnSide::Internal)?;
    Ok(bytes)
}

/// The connection after the handshake.
struct Socket {
    stream: TokioIo<Upgraded>,
    /// What was read and is not yet taken as a frame.
    buffer: BytesMut,
}

impl Socket {
    async fn send(&mut self, kind: Kind, body: &[u8]) -> Result<(), Trouble> {
        let frame = frame::masked(kind, body, random()?);
        self.stream.write_all(&frame).await.map_err(|error| of_io(&error))?;
        self.stream.flush().await.map_err(|error| of_io(&error))
    }

    /// The next whole message; none where the other side ends the conversation. One that lets go of
    /// the connection without a word has cut it.
    async fn message(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        let mut message: Option<Vec<u8>> = None;
        loop {
            let (head, body) = self.frame().await?;
            match head.kind {
                Kind::Close => return Ok(None),
                Kind::Ping => self.send(Kind::Pong, &body).await?,
                Kind::Pong => {}
                Kind::Text | Kind::Bytes if message.is_none() => message = Some(body.to_vec()),
                Kind::More if message.is_some() => message.get_or_insert_default().extend_from_slice(&body),
                Kind::Text | Kind::Bytes | Kind::More => return Err(FaultKind::HttpProtocol.into()),
            }
            let is_data = matches!(head.kind, Kind::Text | Kind::Bytes | Kind::More);
            if message.as_ref().is_some_and(|it| it.len() > MESSAGE_BYTES_MAX) {
                return Err(FaultKind::BodyTooLarge.into());
            }
            if is_data && head.is_last {
                return Ok(message);
            }
        }
    }

    async fn frame(&mut self) -> Result<(Head, BytesMut), Trouble> {
        loop {
            if let Some(head) = Head::read(&self.buffer)? {
                let body_bytes = usize::try_from(head.body_bytes).unwrap_or(usize::MAX);
                if body_bytes > MESSAGE_BYTES_MAX {
                    return Err(FaultKind::BodyTooLarge.into());
                }
                if self.buffer.len() - head.own_bytes >= body_bytes {
                    self.buffer.advance(head.own_bytes);
                    return Ok((head, self.buffer.split_to(body_bytes)));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await.map_err(|error| of_io(&error))? == 0 {
                return Err(FaultKind::Reset.into());
            }
        }
    }
}

/// What the standard has both sides add to the key.
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The reason of an end that both sides wanted.
const NORMAL_CLOSURE: u16 = 1000;

/// The longest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// How much of a message is kept as evidence.
const EVIDENCE_CHARS_MAX: usize = 256;
