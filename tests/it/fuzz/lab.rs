//! A server on loopback that says what it is told to say.

use std::cell::RefCell;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A server, and a runtime that it lives in.
pub(super) struct Lab {
    pub(super) runtime: Runtime,
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

thread_local! {
    static LAB: RefCell<Option<Lab>> = const { RefCell::new(None) };
}

/// Does something in this thread's lab.
pub(super) fn within<T>(work: impl FnOnce(&Lab) -> T) -> T {
    LAB.with_borrow_mut(|it| work(it.get_or_insert_with(Lab::new)))
}

impl Lab {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("loopback has a port");
        let address = listener.local_addr().expect("it listens");
        Self { runtime, listener, address }
    }

    /// Carries out `asking` while whoever connects is answered so.
    pub(super) fn while_answering<T>(
        &self,
        answer: impl Fn() -> Vec<u8>,
        asking: impl Future<Output = T>,
    ) -> T {
        let serve = async {
            loop {
                if let Ok((stream, _)) = self.listener.accept().await {
                    // Who goes away early misses the rest.
                    let _gone = speak(stream, &answer).await;
                }
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                told = asking => told,
                () = serve => unreachable!("it serves for ever"),
            }
        })
    }
}

async fn speak(mut stream: TcpStream, answer: &impl Fn() -> Vec<u8>) -> std::io::Result<()> {
    let (mut asked, mut bytes) = (Vec::new(), [0; 4096]);
    while !is_whole(&asked) {
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        asked.extend_from_slice(&bytes[..count]);
    }
    stream.write_all(&answer()).await?;
    stream.shutdown().await?;
    // What is unread at the end would make the end a reset.
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// Whether a request is there with all its body.
fn is_whole(asked: &[u8]) -> bool {
    let Some(head) = asked.windows(4).position(|it| it == b"\r\n\r\n").map(|it| it + 4) else { return false };
    let text = String::from_utf8_lossy(&asked[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
    asked.len() >= head + length.unwrap_or(0)
}
