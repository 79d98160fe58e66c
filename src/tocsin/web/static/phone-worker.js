// Shows pages while no screen is open. It does nothing else: acknowledging is the page's own button.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let page = {};
  try { page = event.data.json(); } catch { /* a page that cannot be read still rings */ }
  const path = own(page.link);
  const shown = self.registration.showNotification(page.title || "A page", {
    body: page.body || "Open tocsin.", tag: page.tag || "page", renotify: true, requireInteraction: page.urgent !== false,
    vibrate: [400, 200, 400, 200, 800], data: { path },
  });
  const told = path === "/" ? Promise.resolve() : shown.then(() => fetch(`${path}/shown`, { method: "POST", credentials: "omit" })).catch(() => {});
  event.waitUntil(Promise.all([shown, told]));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.path));
});

// Links lead to this server only, whatever a page says.
function own(link) {
  try {
    const url = new URL(link);
    return /^\/p\/[\w.-]+$/.test(url.pathname) ? url.pathname : "/";
  } catch {
    return "/";
  }
}
