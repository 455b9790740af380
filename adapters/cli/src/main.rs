//! The command `convene`: flags in, exit code out. No logic of its own.

mod args;
mod chat;
mod client;
mod demo;
mod exit;
mod graph;
mod junit;
mod logs;
mod migrate;
mod paint;
mod run;
mod sarif;
mod schema;
mod send;
mod simulate;
mod test;
mod validate;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    logs::start(&args.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => {
            return exit::environment(&format!("the asynchronous run time cannot start: {problem}"));
        }
    };
    let code = runtime.block_on(async {
        match args.command {
            Command::Run(args) => run::run(args).await,
            Command::Validate(args) => validate::validate(&args),
            Command::Test(args) => test::test(&args),
            Command::Simulate(args) => simulate::simulate(&args),
            Command::Graph(args) => graph::graph(&args),
            Command::Send(args) => send::send(args).await,
            Command::Chat(args) => chat::chat(args).await,
            Command::Schema(args) => schema::schema(&args),
            Command::Migrate(args) => migrate::migrate(args).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    code
}
