//! The servers of the run and their plugs (`tests/servers.sh`).

use std::path::PathBuf;
use std::process::Command;

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Tests share the servers; one that pulls a plug has them alone.
static SERVERS: RwLock<()> = RwLock::const_new(());

/// RabbitMQ and Postgres, with the means to pull their plugs.
#[derive(Debug, Clone)]
pub struct Control {
    /// `amqp://…/vhost` of the broker.
    pub amqp_url: String,
    /// `postgres://…/database` of the server.
    pub database_url: String,
    folder: PathBuf,
}

impl Control {
    /// `None`, with a word, when the run has no servers.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let setting = |name: &str| {
            let value = std::env::var(name).ok().filter(|v| !v.is_empty());
            if value.is_none() {
                println!("skipped: {name} is not set; `tests/run` starts servers and sets it");
            }
            value
        };
        Some(Self {
            amqp_url: setting("AMQP_URL")?,
            database_url: setting("DATABASE_URL")?,
            folder: setting("CONVENE_TEST_CONTROL")?.into(),
        })
    }

    /// Uses the servers beside other tests.
    pub async fn shared(&self) -> RwLockReadGuard<'static, ()> {
        SERVERS.read().await
    }

    /// Has the servers alone, to pull their plugs.
    pub async fn alone(&self) -> RwLockWriteGuard<'static, ()> {
        SERVERS.write().await
    }

    /// Runs a command of the control folder, such as `rabbit-kill`.
    pub async fn run(&self, command: &str, arguments: &[&str]) -> String {
        let mut process = Command::new(self.folder.join(command));
        process.args(arguments);
        let output = tokio::task::spawn_blocking(move || process.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The broker's URL for another virtual host.
    #[must_use]
    pub fn amqp_of(&self, vhost: &str) -> String {
        with_path(&self.amqp_url, vhost)
    }

    /// The server's URL for another database.
    #[must_use]
    pub fn database_of(&self, database: &str) -> String {
        with_path(&self.database_url, database)
    }

    /// The user by whom the broker's URL signs in.
    #[must_use]
    pub fn amqp_user(&self) -> String {
        let after = self.amqp_url.split_once("://").map_or("", |(_, rest)| rest);
        let user = after.split_once('@').map_or("guest", |(login, _)| login);
        user.split(':').next().unwrap_or("guest").to_owned()
    }
}

/// A URL with another path.
fn with_path(url: &str, path: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, String::new()), |(u, q)| (u, format!("?{q}")));
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    format!("{}/{path}{query}", &url[..end])
}

/// What a client needs for an encrypted connection (`tests/servers.sh`).
#[derive(Debug, Clone)]
pub struct Encryption {
    folder: PathBuf,
}

impl Encryption {
    /// `None`, with a word, when the servers of the run do not offer it.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let folder = std::env::var("CONVENE_TEST_TLS").ok().filter(|v| !v.is_empty());
        if folder.is_none() {
            println!("skipped: CONVENE_TEST_TLS is not set; `tests/run` starts servers and sets it");
        }
        Some(Self { folder: folder?.into() })
    }

    /// The same place on the broker, encrypted; its certificate must be signed by this authority: `ca` or `other`.
    #[must_use]
    pub fn amqps(&self, amqp_url: &str, authority: &str) -> String {
        let port = std::fs::read_to_string(self.folder.join("amqps-port")).unwrap();
        let rest = amqp_url.strip_prefix("amqp://").unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let (login, _) = server.rsplit_once(':').unwrap();
        format!("amqps://{login}:{}/{path}?cacertfile={}", port.trim(), self.authority(authority))
    }

    /// The same database, encrypted; likewise.
    #[must_use]
    pub fn postgres(&self, database_url: &str, authority: &str) -> String {
        let url = database_url.split_once('?').map_or(database_url, |(url, _)| url);
        format!("{url}?sslmode=verify-full&sslrootcert={}", self.authority(authority))
    }

    fn authority(&self, name: &str) -> String {
        self.folder.join(format!("{name}.pem")).display().to_string()
    }
}
