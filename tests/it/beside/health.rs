//! A gRPC server that answers questions of health: well as a whole, the service `down` is not, and it
//! knows no other.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    // A client that speaks something else is hung up on, which is all there is to do about it.
    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service_fn(answer)).await.ok();
}

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let asked = request.into_body().collect().await?.to_bytes();
    // A frame's head has five bytes; then field 1, which is text: its key, its length, itself.
    let service = asked.get(7..).unwrap_or_default();
    let (status, message): (&str, &[u8]) = match service {
        b"" => ("0", &[0, 0, 0, 0, 2, 0x08, 1]),
        b"down" => ("0", &[0, 0, 0, 0, 2, 0x08, 2]),
        _ => ("5", &[]),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let body = Full::new(Bytes::copy_from_slice(message)).with_trailers(async { Some(Ok(trailers)) });
    let response = Response::builder().header("content-type", "application/grpc").body(body.boxed());
    Ok(response.expect("a status and a header make an answer"))
}
