const args = process.argv.slice(2);
const fallback = process.env.RESERVE_FLOOR_SATS;

if (args.includes("--check-status")) console.log("status", fallback);
if (args.includes("--check-feed")) console.log("feed");
