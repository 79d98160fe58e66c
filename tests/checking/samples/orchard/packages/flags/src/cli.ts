import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    disable: { type: "string" },
    enable: { type: "string" },
    "disable-all": { type: "boolean" },
  },
});
if (values["disable-all"]) console.log("all off");
else console.log(values.disable, values.enable);
