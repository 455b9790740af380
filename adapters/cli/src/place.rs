//! Where a file of a deployment stands.

use std::path::{Path, PathBuf};

/// A file in `flows/` or `rules/` of a deployment.
pub(crate) struct Within {
    /// The folder of the deployment.
    pub(crate) root: PathBuf,
    /// `flows` or `rules`.
    pub(crate) folder: &'static str,
    pub(crate) name: String,
}

impl Within {
    /// The file as the deployment names it.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.folder, self.name)
    }
}

/// The deployment a file stands in; `None` for a folder, and for a file anywhere else. The folder may be the current one, and
/// so without a name: then its true name counts. The file itself may be a link, as a Kubernetes volume has them.
pub(crate) fn within(path: &Path) -> Option<Within> {
    if path.is_dir() {
        return None;
    }
    let name = path.file_name()?.to_str()?.to_owned();
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some(folder) = folder(parent) {
        let root = parent.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return Some(Within { root: root.to_owned(), folder, name });
    }
    let folder = folder(&parent.canonicalize().ok()?)?;
    Some(Within { root: parent.join(".."), folder, name })
}

fn folder(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?;
    ["flows", "rules"].into_iter().find(|folder| name == *folder)
}
