console.log(JSON.stringify({ level: "info" }));
