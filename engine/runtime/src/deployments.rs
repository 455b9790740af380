//! Deployments: the current one for new conversations, and every older one that a live conversation still keeps.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use convene_core::deployment::{self, Deployment};
use convene_core::diagnostic::Findings;
use convene_core::testing;

use crate::ports::store::{Store, StoreError};

/// The deployments an engine knows.
#[derive(Debug)]
pub struct Deployments {
    current: RwLock<Arc<Deployment>>,
    known: Mutex<HashMap<String, Arc<Deployment>>>,
}

/// Why a deployment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// The folder cannot be read.
    #[error("{path}: {problem}")]
    Unreadable {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// It has errors; nothing is loaded.
    #[error("{rendered}")]
    Invalid {
        /// All findings, as text with excerpts.
        rendered: String,
        /// How many errors.
        errors: usize,
    },
    /// A conversation began with a deployment that the store does not have.
    #[error("deployment {0} is not in the store")]
    Missing(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The folders of a deployment that hold its files, and their endings. The second of each is a common mistake, which is read
/// so that it is found.
const FOLDERS: &[(&str, &str)] = &[
    ("flows", ".yaml"),
    ("flows", ".yml"),
    ("flows", ".prompt.md"),
    ("rules", ".rhai"),
    ("rules", ".rh"),
    ("rules", ".table.yaml"),
    ("rules", ".csv"),
];

/// Most bytes of a file that is read at all. Far less is loaded; the finding about that shows its excerpt.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Reads the files of a deployment folder: path relative to it, and text.
///
/// # Errors
/// A folder or file that cannot be read or is not UTF-8.
pub fn read_folder(dir: &Path) -> Result<BTreeMap<String, String>, DeploymentError> {
    texts(dir, read(dir, FOLDERS)?)
}

/// Reads the files of a deployment folder as they are, whatever they hold.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn read_bytes(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, DeploymentError> {
    read(dir, FOLDERS)
}

/// Reads the tests that stand beside the rules of a deployment folder, like [`read_folder`].
///
/// # Errors
/// A folder or file that cannot be read or is not UTF-8.
pub fn read_tests(dir: &Path) -> Result<BTreeMap<String, String>, DeploymentError> {
    texts(dir, read(dir, &[("rules", testing::CASES), ("rules", testing::TESTS)])?)
}

fn texts(dir: &Path, files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, String>, DeploymentError> {
    let text = |(name, bytes): (String, Vec<u8>)| match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(e) => Err(DeploymentError::Unreadable { path: dir.join(name), problem: e.to_string() }),
    };
    files.into_iter().map(text).collect()
}

fn read(dir: &Path, wanted: &[(&str, &str)]) -> Result<BTreeMap<String, Vec<u8>>, DeploymentError> {
    let mut files = BTreeMap::new();
    for (folder, ending) in wanted {
        let path = dir.join(folder);
        let unreadable = |path: &Path, e: &dyn std::fmt::Display| DeploymentError::Unreadable {
            path: path.into(),
            problem: e.to_string(),
        };
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && *folder == "rules" => continue,
            Err(e) => return Err(unreadable(&path, &e)),
        };
        for entry in entries {
            let file = entry.map_err(|e| unreadable(&path, &e))?.path();
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            if !name.ends_with(ending) || name.starts_with('.') {
                continue;
            }
            if !file.is_file() {
                return Err(unreadable(&file, &"this is a folder or a device; a file is expected here"));
            }
            let bytes = file.metadata().map_err(|e| unreadable(&file, &e))?.len();
            if bytes > FILE_BYTES_MAX {
                let problem = format!(
                    "the file has {bytes} bytes; a file of a deployment has at most {FILE_BYTES_MAX}"
                );
                return Err(unreadable(&file, &problem));
            }
            let bytes = std::fs::read(&file).map_err(|e| unreadable(&file, &e))?;
            files.insert(format!("{folder}/{name}"), bytes);
        }
    }
    Ok(files)
}

/// Compiles files into a deployment.
///
/// # Errors
/// All findings at once when one of them is an error.
pub fn compile(files: BTreeMap<String, String>) -> Result<(Deployment, Findings), DeploymentError> {
    let sources = files.clone();
    let loaded = Deployment::load(files);
    match loaded.deployment {
        Some(deployment) => Ok((deployment, loaded.findings)),
        None => Err(DeploymentError::Invalid {
            rendered: loaded.findings.render(&sources),
            errors: loaded.findings.errors(),
        }),
    }
}

impl Deployments {
    /// Begins with a current deployment.
    #[must_use]
    pub fn new(current: Arc<Deployment>) -> Self {
        let known = HashMap::from([(current.id.clone(), current.clone())]);
        Self { current: RwLock::new(current), known: Mutex::new(known) }
    }

    /// The deployment of new conversations.
    #[must_use]
    pub fn current(&self) -> Arc<Deployment> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a deployment the one of new conversations, once the store keeps it.
    ///
    /// # Errors
    /// The store.
    pub async fn switch(
        &self,
        store: &dyn Store,
        to: Arc<Deployment>,
        now: i64,
    ) -> Result<(), DeploymentError> {
        keep(store, &to, now).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(to.id.clone(), to.clone());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = to;
        Ok(())
    }

    /// A deployment by id, from memory or from the store; also one that has learned the channels of others.
    ///
    /// # Errors
    /// The store does not have it, or it cannot be compiled any more.
    pub async fn get(&self, store: &dyn Store, id: &str) -> Result<Arc<Deployment>, DeploymentError> {
        if let Some(known) = self.remembered(id) {
            return Ok(known);
        }
        let mut ids = deployment::parts(id);
        let mut deployment = load(store, ids.next().unwrap_or_default()).await?;
        for newer in ids {
            let newer = match self.remembered(newer) {
                Some(known) => known,
                None => Arc::new(load(store, newer).await?),
            };
            deployment.learn(&newer);
        }
        let deployment = Arc::new(deployment);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), deployment.clone());
        Ok(deployment)
    }

    fn remembered(&self, id: &str) -> Option<Arc<Deployment>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

async fn load(store: &dyn Store, id: &str) -> Result<Deployment, DeploymentError> {
    let text = store.deployment(id).await?.ok_or_else(|| DeploymentError::Missing(id.to_owned()))?;
    let files: BTreeMap<String, String> = serde_json::from_str(&text)
        .map_err(|e| DeploymentError::Invalid { rendered: e.to_string(), errors: 1 })?;
    Ok(compile(files)?.0)
}

/// Writes a deployment's files into the store.
///
/// # Errors
/// The store.
pub async fn keep(store: &dyn Store, deployment: &Deployment, now: i64) -> Result<(), DeploymentError> {
    let files = serde_json::json!(deployment.files).to_string();
    Ok(store.keep_deployment(&deployment.id, &files, now).await?)
}
