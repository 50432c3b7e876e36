//! `protea serve`.

use std::thread;

use protea_core::Workspace;
use protea_serve::{ServeOptions, Server};
use serde_json::json;

use super::{open::open, runs};
use crate::{
    args::ServeArgs,
    exit::Exit,
    failure::Failure,
    output::{self, Content, Report, Reporter, display_path},
};

/// Serves the page of a workspace until a signal ends the process: there is nothing to clean up.
pub fn serve(args: &ServeArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let directory = runs::existing(&args.workspace)?;
    let workspace = Workspace::read_only(directory)?;
    let shown = display_path(workspace.directory());
    let mut options = ServeOptions::default().with_address((args.address, args.port).into());
    for name in &args.host_name {
        options = options.with_name(name);
    }
    if args.token {
        options = options.with_token();
    }
    let server = Server::bind(workspace, &options)?;
    let url = server.url();
    if !args.address.is_loopback() {
        reporter.warn(
            "other machines can reach this server; anyone with the token can read the workspace, and the connection is not encrypted",
        );
    }
    let text = match json {
        true => format!("{}\n", json!({ "url": url, "workspace": shown })),
        false => format!("workspace  {shown}\naddress    {url}\nCtrl-C ends it\n"),
    };
    let content = match json {
        true => Content::Json(&text),
        false => Content::Text(&text),
    };
    output::print(content).map_err(|error| {
        Failure::new(
            Exit::Output,
            format!("cannot write to standard output: {error}"),
        )
    })?;
    thread::scope(|scope| {
        // The browser needs the server while `open` waits for it.
        let opening = || open(url.as_ref(), &url, reporter);
        if args.open
            && let Err(error) = thread::Builder::new().spawn_scoped(scope, opening)
        {
            reporter.warn(&format!("cannot open {url}: {error}; open it in a browser"));
        }
        server.run();
    });
    Ok(Report {
        text: String::new(),
        json: json!(null),
    })
}
