//! `convene run`: puts the adapters together and serves until it is told to stop.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use convene_bots::Elsewhere;
use convene_inproc::InprocBus;
use convene_postgres::PostgresStore;
use convene_rabbitmq::RabbitBus;
use convene_runtime::ports::bus::Bus;
use convene_runtime::ports::store::Store;
use convene_runtime::{Config, Engine, PARTITIONS, Probe, SystemClock, World, deployments};
use convene_sqlite::SqliteStore;
use tokio::net::TcpListener;

use crate::args::{RunArgs, ServerArgs};
use crate::{demo, exit};

/// The embedded store, relative to where the command is run.
pub(crate) const SQLITE_FILE: &str = ".convene/convene.db";

/// Runs the engine.
pub(crate) async fn run(args: RunArgs) -> ExitCode {
    match serve(args).await {
        Ok(()) => exit::success(),
        Err(Failure::Findings(text)) => {
            eprint!("{text}");
            exit::findings()
        }
        Err(Failure::Environment(problem)) => exit::environment(&problem),
    }
}

/// Why it does not run.
enum Failure {
    Findings(String),
    Environment(String),
}

impl From<deployments::DeploymentError> for Failure {
    fn from(e: deployments::DeploymentError) -> Self {
        match e {
            deployments::DeploymentError::Invalid { rendered, .. } => Self::Findings(rendered),
            other => Self::Environment(other.to_string()),
        }
    }
}

/// Opens the store that the settings name.
pub(crate) async fn open_store(database_url: Option<&str>) -> Result<Arc<dyn Store>, String> {
    match database_url {
        Some(url) => {
            is_postgres(url)?;
            Ok(Arc::new(PostgresStore::connect(url).await.map_err(|e| e.to_string())?))
        }
        None => Ok(Arc::new(SqliteStore::open(Path::new(SQLITE_FILE)).await.map_err(|e| e.to_string())?)),
    }
}

/// Whether the URL means Postgres: the driver would try any. The message never repeats more than the scheme, since a
/// password may follow.
fn is_postgres(url: &str) -> Result<(), String> {
    let what = match url.split_once("://") {
        Some(("postgres" | "postgresql", _)) => return Ok(()),
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("begins with {scheme}://")
        }
        _ => "is no URL".to_owned(),
    };
    Err(format!(
        "the database URL {what}: write it as postgres://user:password@host/name, or leave it out for an SQLite file under ./.convene/"
    ))
}

async fn open_bus(servers: &ServerArgs) -> Result<Arc<dyn Bus>, String> {
    match &servers.amqp_url {
        Some(url) => Ok(RabbitBus::connect(url, PARTITIONS).await.map_err(|e| e.to_string())?),
        None => Ok(InprocBus::new(PARTITIONS)),
    }
}

async fn serve(args: RunArgs) -> Result<(), Failure> {
    let dir = args.dir.clone();
    if !dir.join("flows").is_dir() {
        return Err(Failure::Environment(format!(
            "{} is no deployment: it has no folder `flows`; name the folder with --dir",
            dir.display()
        )));
    }
    let (deployment, warnings) = deployments::compile(deployments::read_folder(&dir)?)?;
    if !warnings.is_empty() {
        eprint!("{}", warnings.render(&deployment.files));
    }
    let listener = listen(&args).await?;
    let address = listener.local_addr().map_err(|e| Failure::Environment(e.to_string()))?;
    let store = open_store(args.servers.database_url.as_deref()).await.map_err(Failure::Environment)?;
    let bus = open_bus(&args.servers).await.map_err(Failure::Environment)?;
    let probe = probe()?;
    let world = World { store, bus, bots: Arc::new(Elsewhere::new()), clock: Arc::new(SystemClock) };
    let config = Config { dir: Some(dir), probe, ..Config::default() };
    let deployment = Arc::new(deployment);
    tracing::info!(deployment = %deployment.id, %address, "convene is starting");
    let engine =
        Engine::start(world, deployment, config).await.map_err(|e| Failure::Environment(e.to_string()))?;
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopped = stop.clone();
    let http =
        tokio::spawn(convene_http::serve(listener, engine.handle(), async move { stopped.notified().await }));
    let mut leave = false;
    if args.demo {
        demo::play(&engine.handle(), &address.to_string(), args.once).await.map_err(Failure::Environment)?;
        leave = args.once;
    }
    if !leave {
        shutdown().await;
        tracing::info!("stopping: finishing what is under way");
    }
    stop.notify_one();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), http).await;
    engine.stop().await;
    Ok(())
}

/// Listens; the demo takes another port when its own is taken.
async fn listen(args: &RunArgs) -> Result<TcpListener, Failure> {
    match TcpListener::bind(&args.listen).await {
        Ok(listener) => Ok(listener),
        Err(e) if args.demo && e.kind() == std::io::ErrorKind::AddrInUse => TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|e| Failure::Environment(format!("no port is free: {e}"))),
        Err(e) => Err(Failure::Environment(format!(
            "cannot listen on {}: {e}; choose another address with --listen",
            args.listen
        ))),
    }
}

/// `CONVENE_CRASH_AT=point[:n]` pulls the plug there; for tests of the commit path.
fn probe() -> Result<Probe, Failure> {
    match std::env::var("CONVENE_CRASH_AT") {
        Ok(text) => Probe::abort_at(&text).ok_or_else(|| {
            Failure::Environment(format!("CONVENE_CRASH_AT={text} names no point of the commit path"))
        }),
        Err(_) => Ok(Probe::default()),
    }
}

/// Ctrl-C or a polite kill.
async fn shutdown() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut term) = term {
            tokio::select! {
                _ = ctrl_c => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    let _ = ctrl_c.await;
}
