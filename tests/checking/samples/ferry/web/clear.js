console.log("cleared");
