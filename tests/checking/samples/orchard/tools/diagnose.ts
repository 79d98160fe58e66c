console.log("collateral", process.env.ORCHARD_NETWORK ?? "testnet");
