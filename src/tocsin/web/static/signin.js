// For a link that says so itself: press the one button, but only for somebody who really looks at it.
(() => {
  "use strict";
  const press = () => document.querySelector("form[data-go]")?.requestSubmit();
  if (document.prerendering) document.addEventListener("prerenderingchange", press, { once: true });
  else press();
})();
