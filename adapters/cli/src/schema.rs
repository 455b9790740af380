//! `convene schema`: writes the JSON Schemas.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use convene_core::deployment::Deployment;
use convene_core::schema;
use convene_runtime::deployments;

use crate::args::SchemaArgs;
use crate::exit;

/// Where the schemas of a deployment go unless said.
const LIVE: &str = ".convene/schemas";

/// Writes every schema; a file that is right already is left alone.
pub(crate) fn schema(args: &SchemaArgs) -> ExitCode {
    let (default, schemas) = if args.live {
        match live(&args.dir) {
            Ok(schemas) => (args.dir.join(LIVE), schemas),
            Err(code) => return code,
        }
    } else {
        (PathBuf::from("schemas"), schema::all())
    };
    let out = args.out.as_ref().unwrap_or(&default);
    if let Err(e) = std::fs::create_dir_all(out) {
        return exit::environment(&format!("{}: {e}", out.display()));
    }
    for (name, schema) in schemas {
        let path = out.join(format!("{name}.schema.json"));
        let text = format!("{schema:#}\n");
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            println!("{} is up to date", path.display());
            continue;
        }
        if let Err(e) = std::fs::write(&path, text) {
            return exit::environment(&format!("{}: {e}", path.display()));
        }
        println!("wrote {}", path.display());
    }
    exit::success()
}

/// The schemas of a deployment, which must be valid: a broken one would list half its names.
fn live(dir: &Path) -> Result<Vec<(&'static str, serde_json::Value)>, ExitCode> {
    let files = deployments::read_folder(dir).map_err(|e| exit::environment(&e.to_string()))?;
    let loaded = Deployment::load(files.clone());
    match &loaded.deployment {
        Some(deployment) => Ok(schema::live(deployment)),
        None => {
            eprint!("{}", loaded.findings.render(&files));
            eprintln!("convene: the deployment in {} is not valid; nothing was written", dir.display());
            Err(exit::findings())
        }
    }
}
