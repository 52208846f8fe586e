/* Reading by keyboard: the key on a chip ticks it, Enter saves, s skips, u undoes. Without this the page works by mouse and Tab. */
(() => {
  "use strict";
  const OFF = "review-keys-off";
  const form = document.getElementById("review");
  const help = document.querySelector("[data-keys]");
  const button = document.querySelector("[data-keys-switch]");
  let on = true;
  let sent = false;

  const remember = (value) => { try { localStorage.setItem(OFF, value); } catch { /* private windows forget it */ } };
  const recall = () => { try { return localStorage.getItem(OFF); } catch { return null; } };

  const show = () => { if (button) { button.textContent = on ? button.dataset.on : button.dataset.off; } };

  const sendOnce = (event) => {
    if (sent) { event.preventDefault(); }
    sent = true;
  };

  const press = (target) => {
    if (target.type !== "checkbox") { target.click(); return; }
    target.click();
    target.focus();
  };

  const isTyping = (target) => target.closest("select, textarea, [contenteditable], input:not([type=checkbox])");

  const byKey = (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) { return; }
    const at = event.target instanceof Element ? event.target : document.body;
    if (isTyping(at) || (event.key === "Enter" && at.closest("a, button, summary"))) { return; }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const target = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
    if (!target) { return; }
    event.preventDefault();
    press(target);
  };

  /* "No reason" and reasons do not go together. */
  const keepApart = (event) => {
    if (!event.target.checked) { return; }
    const alone = "alone" in event.target.dataset;
    for (const box of form.querySelectorAll("input[type=checkbox]")) {
      if (box !== event.target && (alone || "alone" in box.dataset)) { box.checked = false; }
    }
  };

  on = recall() !== "1";
  document.addEventListener("keydown", byKey);
  for (const each of document.querySelectorAll("main form[method=post]")) { each.addEventListener("submit", sendOnce); }
  if (form) { form.addEventListener("change", keepApart); }
  if (help) { help.hidden = false; show(); }
  if (button) {
    button.addEventListener("click", () => { on = !on; remember(on ? "" : "1"); show(); });
  }
  /* back in history, the page as it was left can be sent again */
  addEventListener("pageshow", () => { sent = false; });
  const first = [...document.querySelectorAll("[data-focus]")].pop();
  if (first) { first.focus(); }
})();
