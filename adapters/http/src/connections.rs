//! Connections: accepted, served, and ended when the caller has nothing to say.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;

/// How long a connection may be open without the whole head of a request: before the first one, between two, or in the
/// middle of one. Proxies keep an idle connection for 60 s and must be the first to close it, or they send a request
/// into a connection that is just being closed.
const HEAD_WAIT: Duration = Duration::from_secs(75);

/// Serves until `stop` is done, then takes no new connection and waits for the calls under way.
pub(crate) async fn serve(mut listener: impl Listener, router: Router, stop: impl Future<Output = ()>) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let io = tokio::select! {
            (io, _) = listener.accept() => io,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(protocol.serve_connection(TokioIo::new(io), service));
        tokio::spawn(async move {
            if let Err(problem) = connection.await {
                tracing::debug!(%problem, "connection");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn connected() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "here"));
        tokio::spawn(serve(listener, router, std::future::pending()));
        TcpStream::connect(address).await.unwrap()
    }

    async fn ended(mut connection: TcpStream) -> Vec<u8> {
        let mut answer = Vec::new();
        let reading = connection.read_to_end(&mut answer);
        tokio::time::timeout(2 * HEAD_WAIT, reading).await.expect("it ends").unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_is_ended() {
        assert!(ended(connected().await).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_gets_finished_is_ended() {
        let mut connection = connected().await;
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-so").await.unwrap();
        ended(connection).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_kept_after_an_answer_is_ended_too() {
        let mut connection = connected().await;
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let answer = String::from_utf8(ended(connection).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
    }
}
