if (process.argv[2] === "--bridge") console.log("bridge up");
