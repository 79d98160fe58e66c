use clap::{Arg, Command};

fn main() {
    Command::new("granitectl")
        .subcommand(Command::new("unban").arg(Arg::new("miner").long("miner")))
        .subcommand(Command::new("status"))
        .get_matches();
}
