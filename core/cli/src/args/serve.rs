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

The page lists runs, compares them, follows those that are running and opens
their reports. It changes nothing. Ctrl-C ends it.

Other machines cannot reach it unless you give --address; then the printed
address holds a token, without which the server answers nobody. The connection
is not encrypted. To look at another machine's workspace, forward a port:
ssh -L 8420:localhost:8420 HOST protea serve --port 8420")]
pub struct ServeArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Port; 0 stands for a free one
    #[arg(long, value_name = "N", default_value_t = 8420)]
    pub port: u16,
    /// Address of this machine to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// Name of this machine that browsers use; repeatable
    #[arg(long, value_name = "NAME")]
    pub host_name: Vec<String>,
    /// Ask for a token also on this machine, where other users could connect
    #[arg(long)]
    pub token: bool,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
}
