//! A cable to a server with a plug of its own: one engine is cut off while the server and everybody else go on.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A cable. Dropped, it is cut.
#[derive(Debug)]
pub struct Cable {
    url: String,
    plugged: watch::Sender<bool>,
    carrier: JoinHandle<()>,
}

impl Cable {
    /// Lays a cable to the server of a URL, plugged in.
    ///
    /// # Panics
    /// No port is free, or the URL names no server.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_, rest) = url.split_once("://").expect("a URL has a scheme");
        let place = rest.split('/').next().unwrap_or_default();
        let server = place.rsplit('@').next().unwrap_or_default().to_owned();
        let own = listener.local_addr().unwrap().to_string();
        let (plugged, _) = watch::channel(true);
        let carrier = tokio::spawn(carry(listener, server.clone(), plugged.clone()));
        Self { url: url.replacen(&server, &own, 1), plugged, carrier }
    }

    /// The URL of the server at the end of the cable.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts every connection; new ones end at once.
    pub fn pull(&self) {
        self.plugged.send_replace(false);
    }

    /// New connections reach the server again.
    pub fn plug_in(&self) {
        self.plugged.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.pull();
        self.carrier.abort();
    }
}

async fn carry(listener: TcpListener, server: String, plugged: watch::Sender<bool>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let (server, mut plug) = (server.clone(), plugged.subscribe());
        if !*plug.borrow() {
            continue;
        }
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = plug.wait_for(|plugged| !plugged) => {}
            }
        });
    }
}
