console.log("slo ok");
