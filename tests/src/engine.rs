//! An engine as the process it is in production.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// How long an engine may take to serve. Generous: small machines share their cores.
const START_WAIT: Duration = Duration::from_secs(60);
/// How long a polite stop may take.
const STOP_WAIT: Duration = Duration::from_secs(20);

/// How an engine is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where it is run: `.convene/` and its log are kept there.
    pub home: PathBuf,
    /// Deployment; the repository's own when empty.
    pub dir: PathBuf,
    /// Postgres; embedded without.
    pub database_url: Option<String>,
    /// RabbitMQ; in-process without.
    pub amqp_url: Option<String>,
    /// `point:n` of the commit path at which the plug is pulled.
    pub crash_at: Option<String>,
    /// Further environment variables, such as the secrets of bots.
    pub env: Vec<(String, String)>,
}

/// A running engine. Dropped, it is killed.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    log: PathBuf,
    begins: u64,
    /// Where it serves HTTP, without a slash at the end.
    pub url: String,
}

/// The root of the repository, which is the example deployment.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The plain binary, which a test of another package cannot have built by cargo.
///
/// # Panics
/// It is not there.
#[must_use]
pub fn binary() -> PathBuf {
    if let Ok(named) = std::env::var("CONVENE_BIN") {
        return named.into();
    }
    let test = std::env::current_exe().unwrap();
    let binary = test.ancestors().nth(2).unwrap().join("convene");
    assert!(
        binary.is_file(),
        "there is no {}: build it first with `cargo build -p convene` (and --release for a release test)",
        binary.display()
    );
    binary
}

impl Engine {
    /// Starts an engine and waits until it serves.
    ///
    /// # Panics
    /// It ends instead; its last words are shown.
    pub async fn spawn(options: &Options) -> Self {
        let mut engine = Self::launch(options);
        engine.until_ready().await;
        engine
    }

    /// Starts an engine and waits until it says where it listens.
    fn launch(options: &Options) -> Self {
        let log = options.home.join("engine.log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let begins = file.metadata().unwrap().len();
        let dir = if options.dir.as_os_str().is_empty() { root() } else { options.dir.clone() };
        let mut command = Command::new(binary());
        command.args(["run", "--listen", "127.0.0.1:0", "--dir"]).arg(dir).current_dir(&options.home);
        for name in ["DATABASE_URL", "AMQP_URL", "CONVENE_CRASH_AT", "CONVENE_DIR", "CONVENE_LISTEN"] {
            command.env_remove(name);
        }
        command.env("CONVENE_LOG", "info");
        let settings = [
            ("DATABASE_URL", &options.database_url),
            ("AMQP_URL", &options.amqp_url),
            ("CONVENE_CRASH_AT", &options.crash_at),
        ];
        for (name, value) in settings {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.envs(options.env.iter().cloned());
        // Nothing belongs there; a test may look whether nothing is.
        let said = File::options().create(true).append(true).open(options.home.join("engine.out")).unwrap();
        command.stdin(Stdio::null()).stdout(said).stderr(file);
        let child = command.spawn().unwrap();
        Self { child, log, begins, url: String::new() }
    }

    async fn until_ready(&mut self) {
        let begun = Instant::now();
        let client = reqwest::Client::new();
        loop {
            if let Ok(Some(_)) = self.child.try_wait() {
                // A planned crash may come before the engine serves; whoever waits for it looks at `running`.
                return;
            }
            if self.url.is_empty() {
                self.url = self.address().map(|a| format!("http://{a}")).unwrap_or_default();
            } else {
                let ready = client.get(format!("{}/readyz", self.url)).timeout(Duration::from_secs(2));
                if ready.send().await.is_ok_and(|r| r.status().is_success()) {
                    return;
                }
            }
            assert!(begun.elapsed() < START_WAIT, "the engine does not get ready:\n{}", self.last_words());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address it says it listens on.
    fn address(&self) -> Option<String> {
        let log = self.log();
        let (_, rest) = log.split_once("\"address\":\"")?;
        rest.split_once('"').map(|(address, _)| address.to_owned())
    }

    /// Whether it is still there.
    pub fn running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Pulls the plug: SIGKILL.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop and waits: SIGTERM.
    ///
    /// # Panics
    /// It does not stop in time, or not well.
    pub async fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                assert!(status.success(), "the engine stopped with {status}:\n{}", self.last_words());
                return;
            }
            assert!(begun.elapsed() < STOP_WAIT, "the engine does not stop:\n{}", self.last_words());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything it has logged since it was started.
    #[must_use]
    pub fn log(&self) -> String {
        let mut bytes = Vec::new();
        let _ = File::open(&self.log).and_then(|mut file| file.read_to_end(&mut bytes));
        let begins = usize::try_from(self.begins).unwrap_or(0).min(bytes.len());
        String::from_utf8_lossy(&bytes[begins..]).into_owned()
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("-- last words of the engine at {}\n{}", self.url, self.last_words());
        }
    }
}
