//! Where a test lives: a folder of its own, and when it needs servers a database and a virtual host of its own.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::control::Control;
use crate::engine::{Engine, Options};
use crate::truth::Truth;

/// Where the truth is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The embedded file.
    Sqlite,
    /// The server.
    Postgres,
}

/// Where inputs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// Within the process: HTTP is the only door.
    Inproc,
    /// The broker.
    Rabbit,
}

/// Everything a test has to itself. Its folder goes with it; the database and the virtual host with [`Site::clean`].
#[derive(Debug)]
pub struct Site {
    /// Folder, deployment and servers of its engines.
    pub options: Options,
    name: String,
    control: Option<Control>,
    store: Store,
}

impl Site {
    /// No servers at all.
    #[must_use]
    pub fn embedded(name: &str) -> Self {
        let name = format!("convene-{name}-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let home = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&home).unwrap();
        let options = Options { home, ..Options::default() };
        Self { options, name, control: None, store: Store::Sqlite }
    }

    /// With a fresh database, a fresh virtual host, or both.
    pub async fn on(control: &Control, name: &str, store: Store, bus: Bus) -> Self {
        let mut site = Self::embedded(name);
        site.control = Some(control.clone());
        site.store = store;
        if store == Store::Postgres {
            sql(control, &format!("create database \"{}\"", site.name)).await;
            site.options.database_url = Some(control.database_of(&site.name));
        }
        if bus == Bus::Rabbit {
            site.options.amqp_url = Some(control.amqp_of(&site.name));
            let user = control.amqp_user();
            control.run("rabbitmqctl", &["-q", "add_vhost", &site.name]).await;
            let all = ["-q", "set_permissions", "-p", &site.name, &user, ".*", ".*", ".*"];
            control.run("rabbitmqctl", &all).await;
        }
        site
    }

    /// Uses another deployment than the repository's: its files, some of them changed.
    pub fn deployment(&mut self, changed: &[(&str, String)]) {
        let to = self.options.home.join("deployment");
        for folder in ["flows", "rules"] {
            std::fs::create_dir_all(to.join(folder)).unwrap();
            for entry in std::fs::read_dir(crate::engine::root().join(folder)).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
        for (path, text) in changed {
            std::fs::write(to.join(path), text).unwrap();
        }
        self.options.dir = to;
    }

    /// Starts an engine.
    pub async fn engine(&self) -> Engine {
        Engine::spawn(&self.options).await
    }

    /// Starts an engine beside another: in a folder of its own.
    pub async fn second_engine(&self) -> Engine {
        let home = self.options.home.join("second");
        std::fs::create_dir_all(&home).unwrap();
        Engine::spawn(&Options { home, ..self.options.clone() }).await
    }

    /// Starts an engine that pulls its own plug at `point:n`.
    pub async fn engine_crashing_at(&self, point: &str) -> Engine {
        Engine::spawn(&Options { crash_at: Some(point.to_owned()), ..self.options.clone() }).await
    }

    /// A look into the tables.
    pub async fn truth(&self) -> Truth {
        match &self.options.database_url {
            Some(url) => Truth::postgres(url).await,
            None => Truth::sqlite(&self.sqlite_file()).await,
        }
    }

    /// The embedded store's file.
    #[must_use]
    pub fn sqlite_file(&self) -> PathBuf {
        self.options.home.join(".convene/convene.db")
    }

    /// The virtual host's URL.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn amqp(&self) -> &str {
        self.options.amqp_url.as_deref().expect("this site has no broker")
    }

    /// Everything its engines ever logged.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |path: &Path| std::fs::read(path).unwrap_or_default();
        let mut bytes = read(&self.options.home.join("engine.log"));
        bytes.extend(read(&self.options.home.join("second/engine.log")));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Removes database and virtual host.
    pub async fn clean(self) {
        let Some(control) = &self.control else { return };
        if self.store == Store::Postgres {
            sql(control, &format!("drop database if exists \"{}\" with (force)", self.name)).await;
        }
        if self.options.amqp_url.is_some() {
            control.run("rabbitmqctl", &["-q", "delete_vhost", &self.name]).await;
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.options.home);
        }
    }
}

/// Runs a statement on the server itself.
async fn sql(control: &Control, statement: &str) {
    let mut connection = PgConnection::connect(&control.database_url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    let _ = connection.close().await;
}
