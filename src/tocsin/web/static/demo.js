// The demonstration's screen outlives the server that it came from: it keeps asking, says that the server is dead, and once
// it is back compares what was there before with what is there now.
(() => {
  "use strict";
  const EVERY_MS = 1000, WHILE_DEAD_MS = 200, SHOWN_MS = 15000, PATIENCE_MS = 2500;
  const banner = document.getElementById("dead");
  let died = 0, last = "", known = null, timer = 0, asking = false, hide = 0;

  const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
  const show = (text, kind) => {
    clearTimeout(hide);
    banner.hidden = !text; banner.textContent = text;
    banner.classList.toggle("back", kind === "back");
    document.documentElement.style.setProperty("--above", `${banner.offsetHeight}px`);
    if (kind) hide = setTimeout(() => show(""), SHOWN_MS);
  };
  const count = (n) => `${n} ${n === 1 ? "entry" : "entries"}`;

  // The seal of an entry covers everything before it: the same seal, and nothing has been lost or altered.
  const compare = (state, gone) => {
    const back = `The server was killed and is back after ${gone}.`;
    if (!known?.incident) return [`${back} Nothing was lost; no incident was open.`, "back"];
    if (state.incident !== known.incident) return [`${back} Another incident is followed now.`, "back"];
    if (state.kept_seal !== known.seal) return [`${back} Entry ${known.seq} of its timeline is not the one that was there before: run “tocsin verify”.`, "lost"];
    const more = state.seq - known.seq;
    return [`${back} Nothing was lost: ${count(known.seq)} of ${known.number} before, the same ${known.seq} now, under the same seal (${known.seal.slice(0, 8)})${more > 0 ? `, and ${more} more since` : ""}.`, "back"];
  };

  const ask = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      const kept = known?.incident ? `?kept=${known.seq}` : "";
      const answer = await fetch(`/demo/state${died ? kept : ""}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
      if (answer.status === 401) { location.assign("/"); return; }
      if (!answer.ok) throw new Error("not yet");
      const state = await answer.json();
      if (died) { show(...compare(state, seconds(died))); died = 0; }
      known = { incident: state.incident, number: state.number, seq: state.seq, seal: state.seal };
      const text = JSON.stringify({ ...state, now: "", kept_seal: "" });
      if (text !== last) { last = text; htmx.trigger(document.body, "state"); }
    } catch {
      died ||= performance.now();
    } finally {
      asking = false;
    }
    if (died) show(`The server is dead… ${seconds(died)}`);
    timer = setTimeout(ask, died ? WHILE_DEAD_MS : EVERY_MS);
  };
  banner.addEventListener("click", () => { if (!died) show(""); });
  document.body.addEventListener("entry", ask);
  document.addEventListener("htmx:sendError", (event) => { if (event.detail.elt.id === "stage") last = ""; });
  ask();
})();
