//! The HTTP interface.
use convene_runtime::Handle;
/// stand-in
pub async fn serve(
    _l: tokio::net::TcpListener,
    _h: Handle,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    stop.await;
    Ok(())
}
