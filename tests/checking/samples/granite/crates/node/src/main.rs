use clap::{Args, Parser, Subcommand};

mod metrics;

/// A node of the granite network.
#[derive(Parser, Debug)]
#[command(name = "granite-node", version)]
struct Cli {
    /// Where state lives
    #[arg(long, global = true)]
    data_dir: Option<String>,
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand, Debug)]
enum Commands {
    /// Run the node
    Run(RunArgs),
    /// Look for damage
    DbCheck {
        #[arg(long, short = 'f')]
        full: bool,
    },
    /// Forget old blocks
    Prune {
        /// How many to keep
        #[arg(long)]
        keep_recent: u64,
    },
    /// Talk to peers
    #[command(subcommand)]
    Peers(PeerCommands),
}

#[derive(Args, Debug)]
struct RunArgs {
    #[arg(long, default_value = "9400")]
    metrics_port: u16,
}

#[derive(Subcommand, Debug)]
enum PeerCommands {
    List,
    #[command(name = "reset", alias = "clear")]
    Reset,
}

fn main() {
    let _ = Cli::parse();
}
