// A file may be dropped anywhere on the screen, and is read at once; what was put in last, file or text, is what is read.
(() => {
  "use strict";
  const form = document.querySelector("form[data-drop]"), frame = form?.querySelector(".file"), input = form?.querySelector("input[type=file]");
  if (!form) return;
  const result = document.getElementById("result"), most = Number(form.dataset.most);
  const say = (text) => {
    const p = document.createElement("p");
    p.className = "banner note"; p.textContent = text;
    result.replaceChildren(p);
  };
  let taken = null;
  const read = () => {
    const file = taken = input.files[0];
    if (!file) return;
    document.getElementById("notices").replaceChildren();
    if (file.size > most) {
      say(`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MiB, more than the ${most / 2 ** 20} MiB that are read here; nothing of it was. Split it, one playbook per file, or read it where it lies: tocsin compile FILE`);
      input.value = "";
      return;
    }
    form.requestSubmit();
  };
  const brings = (event) => event.dataTransfer.types.includes("Files");
  document.addEventListener("dragover", (event) => { if (brings(event)) { event.preventDefault(); frame.classList.add("over"); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) frame.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    frame.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    read();
  });
  input.addEventListener("change", read);
  // Whoever is quicker than this script has chosen already. By then htmx has the form, so that it need not leave the screen.
  document.addEventListener("DOMContentLoaded", () => { if (input.files[0] && input.files[0] !== taken) read(); });
  form.querySelector("textarea").addEventListener("input", () => { input.value = ""; });
  form.addEventListener("htmx:beforeRequest", () => say(`Reading ${input.files[0]?.name || "the text"}…`));
  form.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.successful) result.replaceChildren(); });
})();
