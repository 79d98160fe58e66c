// The phone screen: subscribe this browser by a press of the button, or end that.
"use strict";

const box = document.getElementById("phone");
const say = (text) => { document.getElementById("phone-state").textContent = text; };
const show = (id, on) => { document.getElementById(id).hidden = !on; };

const send = async (path, body) => {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    throw new Error(said?.error?.message || "The server did not take it; try again.");
  }
};

const readKey = () => Uint8Array.from(atob(box.dataset.key.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

const nameDevice = () => {
  const agent = navigator.userAgent;
  const system = /iPhone|iPad/.test(agent) ? "iPhone" : /Android/.test(agent) ? "Android" : /Windows/.test(agent) ? "Windows" : /Mac/.test(agent) ? "Mac" : "Linux";
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : "Safari";
  return `${browser} on ${system}`;
};

const draw = (subscribed, text) => {
  say(text || (subscribed ? "This device is subscribed: pages ring here." : "This device is not subscribed."));
  show("phone-on", !subscribed); show("phone-off", subscribed); show("phone-test", subscribed);
};

const begin = async () => {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    const apple = /iPhone|iPad/.test(navigator.userAgent);
    say(apple ? "Add this page to the home screen first, and open it from there." : "This browser takes no pages; use Chrome, Firefox, Edge or Safari, over https.");
    return;
  }
  await navigator.serviceWorker.register("/phone-worker.js");
  const worker = await navigator.serviceWorker.ready;
  const now = await worker.pushManager.getSubscription();
  if (now) await send("/phone/subscriptions", { ...now.toJSON(), label: nameDevice(), expirationTime: undefined });
  draw(Boolean(now));
  document.getElementById("phone-on").addEventListener("click", async () => {
    try {
      if (await Notification.requestPermission() !== "granted") throw new Error("This browser may not show pages: allow notifications for this site in its settings.");
      const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: readKey() });
      await send("/phone/subscriptions", { ...made.toJSON(), label: nameDevice(), expirationTime: undefined });
      draw(true);
    } catch (error) { draw(false, error.message); }
  });
  document.getElementById("phone-off").addEventListener("click", async () => {
    const ours = await worker.pushManager.getSubscription();
    if (ours) { await send("/phone/subscriptions/end", { endpoint: ours.endpoint }); await ours.unsubscribe(); }
    draw(false);
  });
};

if (box) begin().catch((error) => say(error.message));
