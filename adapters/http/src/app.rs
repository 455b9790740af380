//! What every call has at hand.

use convene_runtime::Handle;
use tokio::sync::watch;

/// The engine, and whether the server is stopping.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) handle: Handle,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Waits until the server is told to stop; for ever when nobody can tell it any more.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::watch;
    use tokio::time::timeout;

    use super::stopped;

    const A_MOMENT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_stop_is_heard_also_when_it_was_told_before() {
        let (tell, stopping) = watch::channel(false);
        assert!(timeout(A_MOMENT, stopped(stopping.clone())).await.is_err(), "nobody said stop");
        tell.send_replace(true);
        drop(tell);
        assert!(timeout(A_MOMENT, stopped(stopping)).await.is_ok());
    }

    #[tokio::test]
    async fn a_server_nobody_can_stop_does_not_stop() {
        let (_, stopping) = watch::channel(false);
        assert!(timeout(A_MOMENT, stopped(stopping)).await.is_err());
    }
}
