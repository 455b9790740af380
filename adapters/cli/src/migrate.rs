//! `convene migrate`: brings the database schema up to date.

use std::process::ExitCode;

use crate::args::MigrateArgs;
use crate::{exit, run};

/// Runs the missing steps and names them.
pub(crate) async fn migrate(args: MigrateArgs) -> ExitCode {
    let store = match run::open_store(args.database_url.as_deref()).await {
        Ok(store) => store,
        Err(problem) => return exit::environment(&problem),
    };
    match store.migrate().await {
        Ok(steps) if steps.is_empty() => {
            println!("the schema is up to date");
            exit::success()
        }
        Ok(steps) => {
            for step in steps {
                println!("applied {step}");
            }
            exit::success()
        }
        Err(problem) => exit::environment(&problem.to_string()),
    }
}
