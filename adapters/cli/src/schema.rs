//! `convene schema`: writes the JSON Schemas.

use std::process::ExitCode;

use crate::args::SchemaArgs;
use crate::exit;

/// Writes every schema; a file that is right already is left alone.
pub(crate) fn schema(args: &SchemaArgs) -> ExitCode {
    if let Err(e) = std::fs::create_dir_all(&args.out) {
        return exit::environment(&format!("{}: {e}", args.out.display()));
    }
    for (name, schema) in convene_core::schema::all() {
        let path = args.out.join(format!("{name}.schema.json"));
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
