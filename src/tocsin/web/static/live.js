// Keeps a screen true without taking it out of anybody's hands: clocks that tick, parts that are swapped only where they
// have changed, and what somebody is typing left alone. Without scripts every form and link still works.
(() => {
  "use strict";

  // ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────
  let skew = 0;
  const learnNow = (text) => { const then = Date.parse(text || ""); if (then) skew = then - Date.now(); };

  const span = (seconds) => {
    const s = Math.floor(Math.abs(seconds)), two = (n) => String(n).padStart(2, "0");
    const days = Math.floor(s / 86400), hours = Math.floor((s % 86400) / 3600), minutes = Math.floor((s % 3600) / 60);
    if (days) return `${days} d ${two(hours)}:${two(minutes)}`;
    return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
  };

  const tick = () => {
    const now = Date.now() + skew;
    for (const clock of document.querySelectorAll("time[data-count]")) {
      const left = (Date.parse(clock.dateTime) - now) / 1000;
      const text = clock.dataset.count === "clock" ? new Date(now).toISOString().slice(11, 16) : span(left);
      if (clock.textContent !== text) clock.textContent = text;
      if (clock.dataset.count === "down") clock.closest("[data-due]")?.classList.toggle("is-late", left < 0);
    }
    tellLost();
  };

  // ── swapping only what has changed ──────────────────────────────────────────────────────────────────────────────
  // Each part has a data-key; a part with data-list holds more parts. What the server sent last is compared with what it
  // sends now, so that a ticking clock or an opened drawer does not count as a change.
  const served = new WeakMap();
  const shape = (part) => part.outerHTML.replace(/(<time class="count"[^>]*>|<pre class="out printing"[^>]*>)[^<]*/g, "$1");
  const remember = (root) => {
    for (const part of [root, ...root.querySelectorAll("[data-key]")]) served.set(part, shape(part));
  };

  const swapList = (old, fresh, added) => {
    const kept = new Map([...old.children].filter((c) => c.dataset.key).map((c) => [c.dataset.key, c]));
    let place = old.firstElementChild;
    for (const next of [...fresh.children]) {
      const before = kept.get(next.dataset.key);
      kept.delete(next.dataset.key);
      const isHere = before && before === place;
      const part = before ? swapPart(before, next, added) : next;
      if (isHere) place = part;
      if (!before) { remember(part); added.push(part); if (part.matches(".entries > li")) part.classList.add("fresh"); }
      if (part !== place) old.insertBefore(part, place); else place = place.nextElementSibling;
    }
    while (place) { const gone = place; place = place.nextElementSibling; gone.remove(); }
    for (const gone of kept.values()) gone.remove();
  };

  const swapPart = (old, fresh, added) => {
    const html = shape(fresh);
    if (served.get(old) === html) return old;
    if (old.hasAttribute("data-list") && fresh.hasAttribute("data-list")) {
      served.set(old, html);
      swapList(old, fresh, added);
      return old;
    }
    const focused = carryOver(old, fresh);
    remember(fresh);
    served.set(fresh, html);
    old.replaceWith(fresh);
    added.push(fresh);
    focused();
    return fresh;
  };

  // What somebody has opened, typed or is typing in goes along.
  const fields = (root) => [...root.querySelectorAll("input:not([type=hidden]), textarea, select")];
  const same = (field, root) => fields(root).find((f) =>
    f.name === field.name && f.type === field.type && f.form?.getAttribute("action") === field.form?.getAttribute("action")
    && (!/^(radio|checkbox)$/.test(f.type) || f.value === field.value));
  const isTouched = (f) => /^(radio|checkbox)$/.test(f.type) ? f.checked !== f.defaultChecked
    : f.tagName === "SELECT" ? f.selectedIndex !== Math.max(0, [...f.options].findIndex((o) => o.defaultSelected))
    : f.value !== f.defaultValue;

  const carryOver = (old, fresh) => {
    for (const drawer of [...(old.matches("details") ? [old] : []), ...old.querySelectorAll("details[data-keep]")]) {
      const key = CSS.escape(drawer.dataset.keep || "");
      const twin = fresh.matches(`details[data-keep="${key}"]`) ? fresh : fresh.querySelector(`details[data-keep="${key}"]`);
      if (twin) twin.open = drawer.open;
    }
    const touched = fields(old).filter(isTouched);
    for (const field of touched) {
      const twin = same(field, fresh);
      if (!twin) continue;
      if (/^(radio|checkbox)$/.test(field.type)) twin.checked = field.checked; else twin.value = field.value;
    }
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    return () => {
      for (const field of touched) if (field.form?.hasAttribute("hx-get")) same(field, fresh)?.dispatchEvent(new Event("input", { bubbles: true }));
      if (!active) return;
      const twin = fields(old).includes(active) ? same(active, fresh) : twinOf(active, old, fresh);
      twin?.focus({ preventScroll: true });
      if (twin && "selectionStart" in active && active.selectionStart !== null) {
        try { twin.setSelectionRange(active.selectionStart, active.selectionEnd); } catch { /* not a text field */ }
      }
    };
  };
  const twinOf = (active, old, fresh) => {
    const at = [...old.querySelectorAll("button, a, summary")].indexOf(active);
    return at < 0 ? null : [...fresh.querySelectorAll("button, a, summary")][at];
  };

  htmx.defineExtension("keyed", {
    isInlineSwap: (style) => style === "keyed",
    handleSwap: (style, target, fragment) => {
      if (style !== "keyed") return false;
      const root = fragment.querySelector(`#${CSS.escape(target.id)}`) || fragment, added = [];
      swapList(target, root, added);
      holdTwins();
      tick();
      for (const part of added) for (const pre of part.querySelectorAll(".out.printing")) pre.scrollTop = pre.scrollHeight;
      showOutputs(added);
      return added;
    },
  });

  // ── what a running step prints ──────────────────────────────────────────────────────────────────────────────────────
  // One request at a time for each step; news that comes meanwhile asks once more. Whoever has scrolled up is left there.
  // What is drawn was made before it came here: news of what was printed meanwhile found no place, or an older one.
  const asking = new Map();
  const showOutput = async (step) => {
    const place = () => document.querySelector(`#step-${CSS.escape(step)} [data-output]`);
    if (asking.has(step)) { asking.set(step, true); return; }
    if (!place()) return;
    asking.set(step, false);
    try {
      const answer = await fetch(place().dataset.output, { headers: { Accept: "application/json" } });
      const said = answer.ok ? await answer.json() : {}, pre = place();
      if (said.running && pre) {
        const atEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
        pre.textContent = (said.skipped ? `[… ${said.skipped} bytes before this …]\n` : "") + said.text;
        if (atEnd) pre.scrollTop = pre.scrollHeight;
      }
    } catch { /* the next news asks again */ }
    const again = asking.get(step);
    asking.delete(step);
    if (again) showOutput(step);
  };
  const showOutputs = (parts) => {
    for (const part of parts) for (const pre of part.querySelectorAll("[data-output]")) showOutput(pre.closest("[id^=step-]").id.slice(5));
  };

  // ── following ───────────────────────────────────────────────────────────────────────────────────────────────────
  // A screen that nobody looks at lets its connection go, since a browser has six for a whole server. One that has lost it
  // says so wherever it was scrolled to, and of when it is: its clocks tick on, and it would look alive.
  const LOST_MS = 3000;
  let drawnAt = Date.now(), lostAt = 0, ended = false;
  const lose = () => { lostAt ||= Date.now(); };
  const tellLost = () => {
    const stage = document.getElementById("stage"), told = document.getElementById("stale");
    if (stage || !lostAt || document.hidden || Date.now() - lostAt < LOST_MS) { if (!lostAt) told?.remove(); return; }
    const box = told || document.createElement("p");
    const text = `Connection lost. You see how it stood at ${new Date(drawnAt + skew).toISOString().slice(11, 19)} UTC. `
      + (ended ? "Load the screen again." : "Trying again…");
    if (box.textContent !== text) box.textContent = text;
    if (told) return;
    box.id = "stale"; box.className = "stale"; box.setAttribute("role", "alert");
    document.body.append(box);
  };

  const follow = (address) => {
    const mark = document.querySelector(".live-mark");
    const say = (state, text) => { if (mark) { mark.dataset.live = state; mark.textContent = text; } };
    // A room is told what came since it was drawn; a list says of nothing what it knows, and is drawn once more.
    let source = null, waiting = 0, lost = false, unsure = !address.includes("&after=");
    const refresh = () => { waiting ||= setTimeout(() => { waiting = 0; htmx.trigger(document.body, "entry"); }, 120); };
    const open = () => {
      if (source) return;
      source = new EventSource(address);
      source.addEventListener("entry", (event) => {
        address = address.replace(/&after=.*/, `&after=${JSON.parse(event.data).seq}`);  // whoever comes back asks for no more
        refresh();
      });
      source.addEventListener("output", (event) => showOutput(JSON.parse(event.data).step));
      source.onopen = () => { say("on", "live"); if (unsure || lost || lostAt) refresh(); else showOutputs([document]); unsure = lost = false; };
      source.onerror = () => {
        lost = true;
        lose();
        ended = source?.readyState === 2;
        say("lost", ended ? "not live: load the screen again" : "connection lost, trying…");
      };
    };
    const close = () => { source?.close(); source = null; lost = true; };
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    const gone = () => {
      lose();
      say("lost", "connection lost, trying…");
      if (!document.hidden) { close(); open(); }
    };
    // A network that is gone ends no connection: only what is asked every half minute and gets no answer tells.
    document.addEventListener("htmx:afterRequest", (event) => {
      if (!event.detail.elt.matches("#live, #stage")) return;
      if (event.detail.successful) { drawnAt = Date.now(); lostAt = 0; ended = false; tellLost(); return; }
      if (!event.detail.xhr.status) gone();
    });
    addEventListener("offline", gone);
    open();
  };

  // ── pressing ────────────────────────────────────────────────────────────────────────────────────────────────────
  // Whatever is pressed is sent once, and never lost. While a finger is down nothing is swapped, or the button would go
  // from under it; while a request is under way, and until the screen has been drawn with what came of it, the form and
  // whatever has taken its place cannot be sent again.
  const LONGEST_PRESS_MS = 4000, AFTER_PRESS_MS = 80;
  const missed = new Set();
  let pressed = 0;
  const release = () => {
    clearTimeout(pressed);
    pressed = 0;
    const late = [...missed];
    missed.clear();
    for (const part of late) htmx.trigger(part, "again");
  };
  addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.("button, summary, a, label, input, select")) return;
    clearTimeout(pressed);
    pressed = setTimeout(release, LONGEST_PRESS_MS);
  }, true);
  for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => { if (pressed) { clearTimeout(pressed); pressed = setTimeout(release, AFTER_PRESS_MS); } }, true);
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!pressed || !event.detail.target.matches("#live, #stage")) return;
    event.detail.shouldSwap = false;
    missed.add(event.detail.target);
  });
  document.addEventListener("click", (event) => {
    if (event.detail < 2 || !event.target.closest?.("form[method=post] button")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const note = (text) => {
    const box = document.createElement("div"), p = document.createElement("p"), close = document.createElement("button");
    box.className = "notice"; p.textContent = text; close.type = "button"; close.className = "quiet";
    close.dataset.dismiss = ""; close.textContent = "Close";
    box.append(p, close);
    document.getElementById("notices")?.replaceChildren(box);
  };

  const isPost = (form) => form.tagName === "FORM" && form.method === "post" && !form.hasAttribute("data-drop");
  const alike = (form) => [form, ...[...document.forms].filter((f) => f !== form && isPost(f) && f.getAttribute("action") === form.getAttribute("action"))];
  const hold = (form) => form.querySelectorAll("button:not(:disabled)").forEach((b) => { b.disabled = true; b.dataset.held = ""; });
  const free = (form) => form.querySelectorAll("button[data-held]").forEach((b) => { b.disabled = false; delete b.dataset.held; });
  const REDRAWN_MS = 5000;
  const held = new Map();
  const holdTwins = () => { for (const { form } of held.values()) alike(form).forEach(hold); };
  const letGo = (address) => { const found = held.get(address); held.delete(address); if (found) alike(found.form).forEach(free); };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt, address = form.getAttribute("action"), xhr = event.detail.xhr;
    if (form.matches("#live, #stage")) {
      const answered = [...held].filter(([, each]) => each.answered).map(([each]) => each);
      xhr.addEventListener("loadend", () => setTimeout(() => { if (!missed.has(form)) answered.forEach(letGo); }));
    }
    if (!isPost(form)) return;
    if (held.has(address)) { event.preventDefault(); return; }
    held.set(address, { form, answered: false });
    const sent = new FormData(form);
    holdTwins();
    xhr.addEventListener("readystatechange", () => { if (isDone(xhr)) held.set(address, { form, answered: true }); });
    xhr.addEventListener("loadend", () => settle(form, address, xhr, sent));
  });
  const isDone = (xhr) => xhr.readyState === 4 && xhr.status >= 200 && xhr.status < 400;

  // The form may have been swapped away meanwhile: what is said and done goes to whatever stands in its place.
  const settle = (form, address, xhr, sent) => {
    if (isDone(xhr)) {
      document.getElementById("notices")?.replaceChildren();
      alike(form).forEach((each) => tidy(each, sent));
      setTimeout(() => { if (held.get(address)?.form === form) letGo(address); }, form.closest("#live, #stage") || !form.isConnected ? REDRAWN_MS : 0);
      if (!form.isConnected) for (const type of ["entry", "state"]) htmx.trigger(document.body, type);
      return;
    }
    letGo(address);
    if (form.hasAttribute("data-kill")) return;
    if (!xhr.status) note("The server did not answer. Nothing is known to have happened: look, then try again.");
    else if (!form.isConnected) {
      const said = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector(".notice p");
      note(said ? said.textContent : "It was not done. Look, then try again.");
    }
  };
  // What was sent is taken out of its fields; what somebody has typed since stays.
  const tidy = (form, sent) => {
    if (form.hasAttribute("data-reset") || form.hasAttribute("data-close")) {
      for (const field of fields(form)) {
        if (/^(radio|checkbox)$/.test(field.type)) field.checked = field.defaultChecked;
        else if (field.tagName !== "SELECT" && field.value === sent.get(field.name)) field.value = field.defaultValue;
      }
    }
    form.querySelectorAll("[data-grow]").forEach(grow);
    if (form.hasAttribute("data-close")) form.closest("details")?.removeAttribute("open");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (isPost(form) && !form.hasAttribute("hx-post")) setTimeout(() => { if (!event.defaultPrevented) hold(form); });
  });
  addEventListener("pageshow", () => { for (const form of document.forms) if (!held.has(form.getAttribute("action"))) free(form); });

  const grow = (area) => { area.style.height = ""; if (area.scrollHeight > area.clientHeight) area.style.height = `${area.scrollHeight + 4}px`; };
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-grow], #typed")) grow(event.target); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) event.target.form?.requestSubmit();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button");
    if (button?.hasAttribute("data-dismiss")) button.closest(".notice").remove();
    if (button?.hasAttribute("data-copy")) {
      button.textContent = await copy(button.parentElement.querySelector("code")) ? "Copied" : "Selected: press Ctrl-C";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }
  });

  // Exactly what is shown, lines and all. A browser gives the clipboard to https and to its own machine only; elsewhere
  // the text is selected, and copied as a person would copy it.
  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch { /* the older way */ }
    getSelection()?.selectAllChildren(code);
    const done = document.execCommand("copy");
    if (done) getSelection()?.removeAllRanges();
    return done;
  };

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let drawer = target.closest("details"); drawer; drawer = drawer.parentElement.closest("details")) drawer.open = true;
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", openTarget);

  // What somebody typed before the scripts had come is answered as if it were typed now.
  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[hx-get]")) if (fields(form).some(isTouched)) htmx.trigger(form, "submit");
  });
  for (const live of document.querySelectorAll("#live, #stage")) remember(live);
  learnNow(document.body.dataset.now);
  tick();
  setInterval(tick, 1000);
  if (document.body.dataset.events) follow(document.body.dataset.events);
  openTarget();
})();
