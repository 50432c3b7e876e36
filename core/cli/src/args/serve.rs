//! `protea serve`.

use std::net::IpAddr;

use clap::Args;

use super::WorkspaceArgs;

/// Arguments of `protea serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea serve --open
  protea serve --workspace results --port 8420
  protea serve --address 0.0.0.0 --host-name gpu7.lab

The page lists and compares runs, follows active ones and opens reports. It
never changes the workspace. Ctrl-C ends the server.

Other machines can connect only if you give --address. The printed address then
contains a token, and the server refuses every request without it. The
connection is not encrypted. To see the workspace of another machine, forward a
port: ssh -L 8420:localhost:8420 HOST protea serve --port 8420")]
pub struct ServeArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Port; with 0 the system chooses a free one
    #[arg(long, value_name = "N", default_value_t = 8420)]
    pub port: u16,
    /// Address of this machine to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// Name of this machine that browsers use in the address; repeatable
    #[arg(long, value_name = "NAME")]
    pub host_name: Vec<String>,
    /// Require a token also from browsers on this machine, which other users may share
    #[arg(long)]
    pub token: bool,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
}
