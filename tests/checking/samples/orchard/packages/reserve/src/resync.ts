import readline from "node:readline/promises";

const force = process.argv.includes("--yes");
if (!force) {
  const rl = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await rl.question("Resync from genesis? ");
  if (answer !== "y") process.exit(1);
}
console.log("resync");
