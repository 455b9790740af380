//! The command `convene`: flags in, exit code out. No logic of its own.

mod agent;
mod args;
mod chat;
mod client;
mod demo;
mod exit;
mod findings;
mod graph;
mod junit;
mod logs;
mod migrate;
mod paint;
mod parallel;
mod place;
mod run;
mod sarif;
mod schema;
mod send;
mod simulate;
mod stack;
mod test;
mod validate;
mod why;

use std::process::ExitCode;

use args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    end_with_the_reader();
    let args = Args::read();
    if matches!(args.command, Command::Run(_)) {
        stack::enlarge();
    }
    if let Err(problem) = logs::start(&args.command) {
        return exit::environment(&problem);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(stack::WORKING).enable_all().build();
    let runtime = match runtime {
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
            Command::Agent(args) => agent::agent(args).await,
            Command::Why(args) => why::why(args).await,
            Command::Schema(args) => schema::schema(&args),
            Command::Migrate(args) => migrate::migrate(args).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    code
}

/// Ends quietly when nobody reads what is printed any more, as in `convene validate | head`.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if said.starts_with("failed printing to") && said.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}
