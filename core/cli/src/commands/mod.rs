//! The commands. Each returns one report or one failure.

mod accretion_file;
mod benchmark;
mod cafa;
mod cafa_progress;
mod cafa_warnings;
#[cfg(unix)]
mod check;
mod clusters;
mod completions;
mod config;
mod cv;
mod data_needs;
mod dataset;
mod diff;
mod doctor;
mod evaluate;
mod evidence;
mod explain;
mod export;
mod fit;
mod freeze;
mod freeze_warnings;
#[cfg(unix)]
mod fuzz;
mod ia;
mod inspect;
mod install;
mod job;
mod lafa;
mod lock;
mod man_pages;
mod new;
mod open;
mod output_file;
mod plan;
mod plot;
mod predict;
mod predictions;
mod refusals;
mod repeat;
mod report;
mod run;
mod run_report;
mod run_setup;
mod runners;
mod runs;
mod search;
mod serve;
mod split;
mod store;
mod sync;
mod sync_offline;
mod tracking;
mod usable_run;
#[cfg(unix)]
mod vet;

pub use plan::add_options_of_files;

use crate::{
    args::{
        Cli, Command, ConfigCommand, DatasetCommand, PlanCommand, RunnersCommand, RunsCommand,
        StoreCommand,
    },
    failure::Failure,
    output::{Report, Reporter},
};

/// Runs the command that the command line asks for.
pub fn dispatch(mut cli: Cli) -> Result<Report, Failure> {
    let reporter = Reporter::new(cli.global.quiet);
    let json = cli.global.json;
    if plan::wants_plan(&mut cli.command) {
        return plan::plan(cli.command, json, &reporter);
    }
    match cli.command {
        Command::Plan(PlanCommand::Export(args)) => plan::export(&args, &reporter),
        Command::Plan(PlanCommand::Remaining(args)) => plan::remaining(&args, &reporter),
        Command::Task(args) => plan::task(&args, &reporter),
        Command::Gather(args) => plan::gather(&args, json, &reporter),
        Command::Engine(command) => plan::engine(&command, json, &reporter),
        Command::Run(args) if args.from.is_some() => repeat::repeat(&args, &reporter),
        Command::Run(args) => run::run(&args, &reporter),
        Command::Search(args) => search::search(&args, &reporter),
        Command::Cv(args) => cv::cv(&args, &reporter),
        Command::Benchmark(args) => benchmark::benchmark(&args, &reporter),
        Command::Fit(args) => fit::fit(&args, &reporter),
        Command::Evaluate(args) => evaluate::evaluate(&args, &reporter),
        Command::Export(args) => export::export(&args, &reporter),
        Command::Sync(args) => sync::run(&args, &reporter),
        Command::SyncOffline(args) => sync_offline::run(&args, &reporter),
        Command::NewRun(args) => job::new_run(&args, &reporter),
        Command::BindTracker(args) => job::bind(&args),
        Command::Predict(args) => predict::predict(&args, json, &reporter),
        Command::Predictions(mut command) => {
            predictions::predictions(&mut command, json, &reporter)
        }
        Command::Lafa(args) => lafa::lafa(&args, &reporter),
        Command::Explain(args) => explain::explain(&args, &reporter),
        Command::Report(args) => report::write(&args, &reporter),
        Command::Plot(args) => plot::draw(&args, &reporter),
        Command::Serve(args) => serve::serve(&args, json, &reporter),
        Command::Runs(RunsCommand::List(args)) => runs::list(&args, &reporter),
        Command::Runs(RunsCommand::Show(args)) => runs::show(&args),
        Command::Runs(RunsCommand::Compare(args)) => runs::compare(&args),
        Command::Runs(RunsCommand::Log(args)) => runs::log(&args, json, &reporter),
        Command::Runs(RunsCommand::Tail(args)) => runs::tail(&args, json, &reporter),
        Command::Runs(RunsCommand::Rm(args)) => runs::rm(&args, json, &reporter),
        Command::Runs(RunsCommand::Gc(args)) => runs::gc(&args, json, &reporter),
        Command::Runs(RunsCommand::Tag(args)) => runs::tag(&args),
        Command::Runs(RunsCommand::Note(args)) => runs::note(&args),
        Command::Runs(RunsCommand::Export(args)) => runs::export(&args, json, &reporter),
        Command::Runners(RunnersCommand::List { runners }) => runners::list(&runners, &reporter),
        Command::Runners(RunnersCommand::Info(args)) => runners::info(&args),
        Command::Runners(RunnersCommand::Where(args)) => runners::trace(&args.name, &args.runners),
        Command::Runners(RunnersCommand::Lock(args)) => lock::lock(&args, &reporter),
        Command::Runners(RunnersCommand::New(args)) => new::new(&args, &reporter),
        Command::Runners(RunnersCommand::Install(args)) => install::install(&args, &reporter),
        #[cfg(unix)]
        Command::Runners(RunnersCommand::Check(args)) => check::check(&args, json, &reporter),
        #[cfg(unix)]
        Command::Runners(RunnersCommand::Fuzz(args)) => fuzz::fuzz(&args, &reporter),
        Command::Dataset(DatasetCommand::Freeze(args)) => freeze::freeze(&args, &reporter),
        Command::Dataset(DatasetCommand::Split(args)) => split::split(&args, &reporter),
        Command::Dataset(DatasetCommand::Ia(args)) => ia::ia(&args, &reporter),
        Command::Dataset(DatasetCommand::Diff(args)) => diff::diff(&args, &reporter),
        Command::Dataset(DatasetCommand::Show(args)) => dataset::show(&args.dataset, &reporter),
        Command::Dataset(DatasetCommand::Verify(args)) => dataset::verify(&args.dataset, &reporter),
        Command::Dataset(DatasetCommand::Inspect(args)) => inspect::inspect(&args, &reporter),
        Command::Store(StoreCommand::Ls(args)) => store::ls(&args, &reporter),
        Command::Store(StoreCommand::Cp(args)) => store::cp(&args, &reporter),
        Command::Store(StoreCommand::Verify(args)) => store::verify(&args, &reporter),
        Command::Store(StoreCommand::Cache(args)) => store::cache(&args),
        Command::Cafa(args) => cafa::cafa(&args, cli.global.quiet),
        Command::Config(ConfigCommand::Show) => config::show(),
        Command::Doctor(args) => doctor::doctor(&args, &reporter),
        Command::Completions(args) => Ok(completions::completions(args.shell)),
        Command::ManPages(args) => man_pages::write(&args.directory),
    }
}
