//! An engine: the worker, what it shares with the faces, and the handle by which they use it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use convene_core::conversation::{self, BotResult};
use convene_core::deployment::Deployment;
use convene_core::effect::{BotCall, Reply};
use convene_core::model::Json;
use convene_core::routing::{self, Routing};
use serde_json::json;
use tokio::sync::Notify;

use crate::calls::Calls;
use crate::clock::Clock;
use crate::deployments::{self, DeploymentError, Deployments};
use crate::metrics::Metrics;
use crate::ports::bots::Bots;
use crate::ports::bus::{Bus, BusError, Kind, Submission};
use crate::ports::store::{Store, StoreError, Wanted};
use crate::probe::Probe;
use crate::worker::{ROUTING_HOME, Worker};

/// Partitions over which conversations are spread. Fixed: it is part of where a conversation lives.
pub const PARTITIONS: u32 = 8;
/// How often the deployment's folder is looked at for changes.
const RELOAD_CHECK: Duration = Duration::from_secs(2);
/// How long input ids are remembered, ms: repeats older than this are not recognised.
const SEEN_MS: i64 = 7 * 24 * 3_600_000;

/// How an engine runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of this engine among others on the same store.
    pub engine: String,
    /// Partitions.
    pub partitions: u32,
    /// How long a lease lasts without renewal, ms.
    pub lease_ms: i64,
    /// Most bytes of cached states.
    pub cache_bytes: usize,
    /// Folder whose changes take effect for new conversations; `None` for a deployment that stays.
    pub dir: Option<PathBuf>,
    /// Named points of the commit path.
    pub probe: Probe,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            engine: uuid::Uuid::new_v4().to_string(),
            partitions: PARTITIONS,
            lease_ms: 6_000,
            cache_bytes: 80 << 20,
            dir: None,
            probe: Probe::default(),
        }
    }
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The deployment.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The metrics.
    #[error("metrics: {0}")]
    Metrics(String),
}

/// A flag that can be waited for.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    set: AtomicBool,
    notify: Notify,
}

impl Stop {
    fn cancel(&self) {
        self.set.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    pub(crate) async fn cancelled(&self) {
        while !self.is_cancelled() {
            let notified = self.notify.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

/// What worker, tasks and faces share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deployments: Arc<Deployments>,
    pub(crate) metrics: Metrics,
    pub(crate) config: Config,
    pub(crate) ready: AtomicBool,
    pub(crate) stop: Stop,
    calls: Calls,
}

/// A running engine.
pub struct Engine {
    shared: Arc<Shared>,
    worker: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// What the outside world is to an engine.
pub struct World {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Where inputs come from.
    pub bus: Arc<dyn Bus>,
    /// Bots elsewhere.
    pub bots: Arc<dyn Bots>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

impl Engine {
    /// Brings the schema up to date, keeps the deployment, and starts working.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn start(
        world: World,
        deployment: Arc<Deployment>,
        config: Config,
    ) -> Result<Self, EngineError> {
        world.store.migrate().await?;
        let deployment = still_served(&*world.store, deployment).await?;
        deployments::keep(&*world.store, &deployment, world.clock.now()).await?;
        let metrics = Metrics::new().map_err(|e| EngineError::Metrics(e.to_string()))?;
        let shared = Arc::new(Shared {
            store: world.store,
            bus: world.bus,
            clock: world.clock,
            deployments: Arc::new(Deployments::new(deployment)),
            metrics,
            config,
            ready: AtomicBool::new(true),
            stop: Stop::default(),
            calls: Calls::new(world.bots),
        });
        let worker = tokio::spawn(Worker::new(shared.clone()).run());
        tokio::spawn(keep_house(shared.clone()));
        if let Some(dir) = shared.config.dir.clone() {
            tokio::spawn(reload(shared.clone(), dir));
        }
        // The engine before may have run with other files.
        let begun = shared.clone();
        tokio::spawn(async move {
            let routing = Handle { shared: begun.clone() }.routing().await;
            if routing.is_ok_and(|r| r.is_older_than(&begun.deployments.current().id)) {
                reconfigure(&begun).await;
            }
        });
        Ok(Self { shared, worker })
    }

    /// The handle for faces.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: self.shared.clone() }
    }

    /// Finishes what is under way, gives the leases back, and stops.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        if let Err(problem) = self.worker.await {
            tracing::error!(%problem, "the worker died");
        }
    }
}

impl Shared {
    /// Calls a bot. `None` when there is nothing to tell, see [`Calls::ask`].
    pub(crate) async fn call_bot(&self, call: &BotCall) -> Option<(String, BotResult)> {
        self.calls.ask(&self.deployments, &*self.clock, &self.metrics, call).await
    }
}

/// Forgets old input ids and makes ready what the store needs for the days to come.
async fn keep_house(shared: Arc<Shared>) {
    const EVERY: Duration = Duration::from_secs(3600);
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shared.stop.cancelled() => return,
        }
        match shared.store.forget_seen(shared.clock.now() - SEEN_MS).await {
            Ok(forgotten) => tracing::debug!(forgotten, "old input ids"),
            Err(problem) => tracing::warn!(%problem, "old input ids cannot be forgotten"),
        }
    }
}

/// New files take effect for new conversations; broken ones are reported once and change nothing.
async fn reload(shared: Arc<Shared>, dir: PathBuf) {
    let mut last = Some(shared.deployments.current().files.clone());
    let (mut blocked, mut unreadable) = (None, None);
    loop {
        tokio::select! {
            () = tokio::time::sleep(RELOAD_CHECK) => {}
            () = shared.stop.cancelled() => return,
        }
        let folder = dir.clone();
        let read = tokio::task::spawn_blocking(move || deployments::read_folder(&folder)).await;
        let files = match read {
            Ok(Ok(files)) => files,
            Ok(Err(problem)) => {
                let problem = problem.to_string();
                if unreadable.as_ref() != Some(&problem) {
                    tracing::error!(%problem, "the deployment cannot be read; the one before stays in force");
                }
                unreadable = Some(problem);
                continue;
            }
            Err(_) => continue,
        };
        unreadable = None;
        if last.as_ref() == Some(&files) {
            continue;
        }
        last = Some(files.clone());
        match deployments::compile(files) {
            Ok((deployment, _)) if deployment.id == shared.deployments.current().id => {}
            Ok((deployment, _)) => {
                let id = deployment.id.clone();
                if let Some(problem) = in_the_way(&shared, &deployment).await {
                    if blocked.as_ref() != Some(&problem) {
                        tracing::error!(%problem, "the changed deployment is not taken while this is so");
                    }
                    blocked = Some(problem);
                    last = None;
                    continue;
                }
                match shared
                    .deployments
                    .switch(&*shared.store, Arc::new(deployment), shared.clock.now())
                    .await
                {
                    Ok(()) => {
                        tracing::info!(deployment = %id, "the deployment changed; new conversations follow it");
                        reconfigure(&shared).await;
                    }
                    Err(problem) => {
                        tracing::warn!(%problem, "the changed deployment cannot be kept");
                        last = None;
                    }
                }
            }
            Err(problem) => {
                tracing::error!(
                    "the changed deployment has errors, the one before stays in force\n{problem}"
                );
            }
        }
    }
}

/// The deployment to begin with: the one before while work waits in it that the new one would leave without a queue, as if
/// the files had changed while the engine ran.
async fn still_served(store: &dyn Store, new: Arc<Deployment>) -> Result<Arc<Deployment>, StoreError> {
    let (_, records) = store.routing().await?;
    let Ok(routing) = Routing::load(&records) else { return Ok(new) };
    let problems = routing.in_the_way_of(&new);
    if problems.is_empty() {
        return Ok(new);
    }
    let problem = problems.join("; ");
    match Deployments::new(new.clone()).get(store, routing.deployment()).await {
        Ok(before) => {
            tracing::error!(%problem, "the changed deployment is not taken while this is so; the one before is in force");
            Ok(before)
        }
        Err(lost) => {
            tracing::error!(%problem, %lost, "the deployment before cannot be used; what waits there ends by its time limit");
            Ok(new)
        }
    }
}

/// Work that a changed deployment would leave without a queue.
async fn in_the_way(
    shared: &Arc<Shared>,
    deployment: &convene_core::deployment::Deployment,
) -> Option<String> {
    let routing = Handle { shared: shared.clone() }.routing().await.ok()?;
    let problems = routing.in_the_way_of(deployment);
    (!problems.is_empty()).then(|| problems.join("; "))
}

/// Routing follows a changed deployment at once, not with the next call of an agent. When nobody can be told now, it does
/// so with the next input.
async fn reconfigure(shared: &Arc<Shared>) {
    let id = format!("reconfigure:{}:{}", shared.deployments.current().id, shared.clock.now());
    let handle = Handle { shared: shared.clone() };
    if let Err(problem) = handle.command(&id, "RECONFIGURE", Json::Null).await {
        tracing::warn!(%problem, "queues and agents follow the changed deployment later");
    }
}

/// What faces may do with an engine.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl Handle {
    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &dyn Bus {
        &*self.shared.bus
    }

    /// The deployment of new conversations.
    #[must_use]
    pub fn deployment(&self) -> Arc<Deployment> {
        self.shared.deployments.current()
    }

    /// The figures in the Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.metrics.text()
    }

    /// Whether commits can succeed now; otherwise what is in the way.
    ///
    /// # Errors
    /// What is in the way, for an operator.
    pub async fn ready(&self) -> Result<(), String> {
        if !self.shared.bus.connected() {
            return Err("the message bus is not connected".into());
        }
        if !self.shared.bus.takes() {
            return Err("the message bus takes nothing: its memory or disk runs out".into());
        }
        self.shared.store.ready().await.map_err(|e| e.to_string())?;
        if self.shared.ready.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err("commits fail at the moment".into())
        }
    }

    /// Time, epoch ms.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// Puts a connector's message on the bus; returns once it is durably accepted.
    ///
    /// # Errors
    /// The bus.
    pub async fn message(&self, id: &str, key: &str, body: Vec<u8>) -> Result<Option<Reply>, BusError> {
        let (id, key) = (id.to_owned(), key.to_owned());
        let input = Submission { kind: Kind::Message, id, key, partition: None, body, wait: false };
        self.shared.bus.submit(input).await
    }

    /// Gives a command and waits for the engine's answer.
    ///
    /// # Errors
    /// The bus.
    pub async fn command(&self, id: &str, name: &str, data: Json) -> Result<Reply, BusError> {
        let routed = routing::COMMANDS.contains(&name);
        if !routed && !conversation::COMMANDS.iter().any(|(known, _)| *known == name) {
            return Ok(Reply::refused(
                "unknown_command",
                format!("no command is called {name:?}"),
                Json::Null,
            ));
        }
        let target = data["conversationId"].as_str().unwrap_or_default().to_owned();
        let partition = if routed {
            ROUTING_HOME
        } else {
            let wanted = Wanted { states: vec![target.clone()], ..Wanted::default() };
            let found = self.shared.store.find(&wanted).await.map_err(|e| BusError(e.to_string()))?;
            match found.states.get(&target) {
                Some(row) => row.partition,
                None => {
                    let detail = format!("no conversation has the id {target:?}");
                    return Ok(Reply::refused("unknown_conversation", detail, Json::Null));
                }
            }
        };
        let body = json!({ "id": id, "name": name, "data": data }).to_string().into_bytes();
        let input = Submission {
            kind: Kind::Command,
            id: id.to_owned(),
            key: if target.is_empty() { "routing".into() } else { target },
            partition: Some(partition),
            body,
            wait: true,
        };
        let reply = self.shared.bus.submit(input).await?;
        Ok(reply.unwrap_or_else(Reply::done))
    }

    /// Agents and tasks as the store has them.
    ///
    /// # Errors
    /// The store.
    pub async fn routing(&self) -> Result<Routing, StoreError> {
        let (_, records) = self.shared.store.routing().await?;
        Routing::load(&records).map_err(StoreError::Broken)
    }
}
