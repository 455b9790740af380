//! The HTTP interface: JSON in, JSON out, problems as RFC 9457 has them.
//!
//! It holds no decision. Whatever changes something is put on the bus as a message or a command, as any other face
//! would; whatever is asked is read from the store. One table, `routes.rs`, is both the router and the document that
//! describes it.

mod act;
mod agents;
mod answers;
mod app;
mod bots;
mod channels;
mod command;
mod connections;
mod conversations;
mod customers;
mod extract;
mod fields;
mod guard;
mod lists;
mod messages;
mod openapi;
mod problem;
mod queues;
mod route;
mod routes;
mod service;
mod stream;
mod tasks;
mod view;
mod why;

use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use convene_runtime::Handle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;

/// How long calls under way may take once the server is told to stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Serves the interface until `stop` is done, then lets calls under way finish, five seconds at most. Streams of
/// events end at once: they would never end by themselves.
///
/// # Errors
/// The socket can no longer be listened on.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    stop: impl Future + Send + 'static,
) -> std::io::Result<()> {
    let (tell, stopping) = watch::channel(false);
    let local = listener.local_addr()?.ip().is_loopback();
    let router = routes::router(App { handle, stopping: stopping.clone() }, local);
    // An event of a stream is small: it must not wait for more to fill a packet.
    let listener = listener.tap_io(|connection| {
        if let Err(problem) = connection.set_nodelay(true) {
            tracing::debug!(%problem, "TCP_NODELAY");
        }
    });
    let told = async move {
        stop.await;
        tell.send_replace(true);
    };
    let serving = connections::serve(listener, router, told);
    let too_late = async {
        app::stopped(stopping).await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        () = serving => {}
        () = too_late => {}
    }
    Ok(())
}

/// The interface as a router, for a server of your own. Its streams end when their listener leaves.
pub fn router(handle: Handle) -> Router {
    let (_, stopping) = watch::channel(false);
    routes::router(App { handle, stopping }, false)
}
