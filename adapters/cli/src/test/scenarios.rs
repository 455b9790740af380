//! The scenarios beside a deployment: they count toward coverage, and notice mutants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use convene_core::coverage::Recorder;
use convene_core::deployment::Deployment;
use convene_core::rules::Host;
use convene_core::simulate::{Scenario, play};

use super::Target;
use crate::parallel::each;
use crate::simulate;

/// Where scenarios stand unless said.
const FOLDER: &str = "tests/scenarios";

/// The scenarios of a target; none when it has no folder of them.
pub(super) fn of(target: &Target, folder: Option<&Path>) -> Result<Vec<Scenario>, String> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => target.root.join(FOLDER),
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    simulate::found(&[folder])?.iter().map(|path: &PathBuf| simulate::read(path)).collect()
}

/// Plays the scenarios of a target and counts what they walk.
pub(super) fn count(target: &Target, folder: Option<&Path>, recorder: &Arc<Recorder>) -> Result<(), String> {
    let scenarios = of(target, folder)?;
    let broken = Mutex::new(None);
    each(&scenarios, |_, scenario| match scenario.recorded(&target.files, recorder) {
        Ok(deployment) => {
            let _ = play(&deployment, scenario);
            true
        }
        Err(problem) => {
            *broken.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(format!("{}: {problem}", scenario.name));
            false
        }
    });
    broken.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The transcripts of scenarios over some files, in their order. One that cannot be played has none.
pub(super) fn transcripts(scenarios: &[Scenario], files: &BTreeMap<String, String>) -> Vec<Option<String>> {
    let all = Mutex::new(vec![None; scenarios.len()]);
    let host = Arc::new(Host::new());
    each(scenarios, |at, scenario| {
        let transcript = scenario.deployment(files, host.clone()).ok().map(|d| play(&d, scenario).transcript);
        all.lock().unwrap_or_else(PoisonError::into_inner)[at] = transcript;
        true
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Whether some scenario goes otherwise with a faulty deployment. Scenarios that change files themselves say nothing of it.
pub(super) fn notice(scenarios: &[Scenario], before: &[Option<String>], faulty: &Arc<Deployment>) -> bool {
    let noticed = AtomicUsize::new(0);
    each(scenarios, |at, scenario| {
        let as_shipped =
            scenario.given.deployment_key() == convene_core::simulate::Given::default().deployment_key();
        if as_shipped
            && before[at].as_ref().is_some_and(|before| *before != play(faulty, scenario).transcript)
        {
            noticed.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        true
    });
    noticed.into_inner() > 0
}
