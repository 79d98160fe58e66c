"""The same of Go and Node: cobra's operands and flags, commander, yargs, and what npm hands on to them."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

COBRA = {
    "go.mod": "module example.org/hubctl\n",
    "main.go": """package main

import "github.com/spf13/cobra"

var rootCmd = &cobra.Command{Use: "hubctl"}
var laneCmd = &cobra.Command{Use: "lane"}
var closeCmd = &cobra.Command{
	Use:  "close LANE",
	Args: cobra.ExactArgs(1),
	RunE: func(cmd *cobra.Command, args []string) error { return nil },
}
var openCmd = &cobra.Command{
	Use: "open", ValidArgs: []string{"north", "south"}, Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
}
var freeCmd = &cobra.Command{Use: "free LANE"}

func newPause() *cobra.Command {
	cmd := &cobra.Command{Use: "pause BELT...", Args: cobra.MinimumNArgs(1)}
	cmd.Flags().IntP("drain", "d", 30, "wait")
	cmd.Flags().Bool("now", false, "")
	cmd.Flags().String("trace", "", "")
	cmd.Flags().Lookup("trace").NoOptDefVal = "all"
	cmd.MarkFlagsMutuallyExclusive("drain", "now")
	return cmd
}

func init() {
	rootCmd.PersistentFlags().String("hub", "", "")
	laneCmd.Flags().String("plan", "", "")
	laneCmd.MarkFlagRequired("plan")
	closeCmd.Flags().String("reason", "", "why")
	_ = closeCmd.MarkFlagRequired("reason")
	laneCmd.AddCommand(closeCmd, openCmd, freeCmd)
	rootCmd.AddCommand(laneCmd, newPause())
}

func main() { rootCmd.Execute() }
""",
}
NODE = {
    "package.json": '{"name": "hub", "workspaces": ["ops"], "scripts": {"queue": "node ops/bin/queue.mjs --url x", '
    '"migrate": "node migrate.js", "probe": "node probe.js", "both": "node probe.js && node migrate.js"}}',
    "turbo.json": '{\n  // tasks\n  "tasks": {"smoke": {}, "hub#seed": {}}\n}',
    "ops/package.json": '{"name": "@hub/ops", "bin": {"hub-queue": "bin/queue.mjs"}, "scripts": {"smoke": "true"}}',
    "ops/bin/queue.mjs": """
import { Command, Argument, Option } from "commander"; // it's "odd"
const program = new Command();
program.option("--url <url>", "broker", "amqp://x").version("1");
program.command("drain <queue>").requiredOption("--into <queue>", "where").option("-l, --limit [n]").action(() => {});
program.command("requeue").argument("<queue>").argument("[max]").action(async (q) => { await run(q); });
const level = program.command("level");
level.addArgument(new Argument("<level>").choices(["low", "high"]));
level.addOption(new Option("--shape <shape>").choices(["flat", "box"]).makeOptionMandatory().env("SHAPE"));
program.addCommand(new Command("wipe").alias("w").argument("<names...>"));
program.parse();
""",
    "migrate.js": """
const yargs = require("yargs");
yargs(process.argv.slice(2))
  .command(["up [version]", "u"], "go up", { stepSize: { type: "number" } })
  .command({ command: "down <version>", builder: (y) => y.option("sure", { type: "boolean", demandOption: true }) })
  .command("list", "x", elsewhere)
  .option("engine", { choices: ["pg", "sqlite"], alias: "e", default: "pg" })
  .strict().parse();
""",
    "probe.js": "const args = process.argv.slice(2);\nif (args.length < 2) {\n  process.exit(2);\n}\n",
    "lent.js": 'import { program } from "commander";\naddAll(program);\nprogram.parse();\n',
    "open.js": 'import { program } from "commander";\n'
    "for (const q of all) program.command(q.name);\nprogram.parse();\n",
}


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        (COBRA, "hubctl --hub a lane close 7 --reason jam"),
        (COBRA, "hubctl lane open north"),
        (COBRA, "hubctl lane free a b c"),
        (COBRA, "hubctl pause 1 2 -d 5 --trace"),
        (COBRA, "hubctl help lane"),
        (NODE, "node ops/bin/queue.mjs drain a --into b --limit"),
        (NODE, "node ops/bin/queue.mjs level low --shape box"),
        (NODE, "node ops/bin/queue.mjs level low"),
        (NODE, "node ops/bin/queue.mjs w a b"),
        (NODE, "npm run queue -- requeue a 3"),
        (NODE, "npx hub-queue requeue a"),
        (NODE, "npm run migrate -- u --step-size 3 --no-engine"),
        (NODE, "npm run migrate -- down 3 --sure -e sqlite"),
        (NODE, "npm run migrate -- list --all x"),
        (NODE, "npm run probe -- a b"),
        (NODE, "npm run both -- a"),
        (NODE, "node lent.js anything --at all"),
        (NODE, "node open.js anything"),
        (NODE, "npx turbo run smoke --filter=@hub/ops"),
    ],
)
def test_what_a_parser_takes_matches(files: dict[str, str], fence: str) -> None:
    row = check(files, fence)[-1]
    assert row.verdict == "matches", row.findings


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (COBRA, "hubctl lane close 7", "missing", "arguments of hubctl lane close: --reason"),
        (COBRA, "hubctl lane close --reason jam", "missing", "arguments of hubctl lane close: LANE"),
        (COBRA, "hubctl lane close 7 8 --reason jam", "ambiguous", "8 is ignored"),
        (COBRA, "hubctl lane open west", "missing", "argument west of hubctl lane open"),
        (COBRA, "hubctl pause", "missing", "arguments of hubctl pause: BELT"),
        (COBRA, "hubctl pause 1 -d 5 --now", "missing", "flags -d and --now"),
        (COBRA, "hubctl pause 1 -d soon", "missing", "value soon of -d"),
        (NODE, "node ops/bin/queue.mjs drain a", "missing", "queue.mjs drain: --into"),
        (NODE, "npx hub-queue drain --into b", "missing", "queue.mjs drain: queue"),
        (NODE, "npm run queue -- retry a", "missing", "sub-command retry"),
        (NODE, "node ops/bin/queue.mjs level urgent", "missing", "argument urgent"),
        (NODE, "node ops/bin/queue.mjs level low --shape tube", "missing", "value tube of --shape"),
        (NODE, "node ops/bin/queue.mjs wipe", "missing", "queue.mjs wipe: names"),
        (NODE, "npm run migrate -- down 3", "missing", "migrate.js down: --sure"),
        (NODE, "npm run migrate -- down --sure", "missing", "migrate.js down: version"),
        (NODE, "npm run migrate -- up --engine mysql", "missing", "value mysql of --engine"),
        (NODE, "npm run probe -- a", "missing", "arguments of probe.js"),
        (NODE, "npx hub-queues requeue a", "ambiguous", "program hub-queues"),
        (NODE, "npx turbo run smokes", "missing", "turbo task smokes"),
        (NODE, "npx turbo run seed --filter=@hub/ops", "missing", "turbo task seed"),
    ],
)
def test_what_a_parser_refuses_is_found(files: dict[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
