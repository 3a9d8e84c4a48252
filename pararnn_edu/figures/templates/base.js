const script = document.currentScript;
const root = script && script.closest(".prf");
if (!root) return;
const data = JSON.parse(root.querySelector(".prf-data").textContent);
const find = (selector) => root.querySelector(selector);
root.addEventListener("submit", (event) => event.preventDefault());
// Or JupyterLab would take the arrow keys and move to another cell.
for (const control of root.querySelectorAll("input, button")) control.setAttribute("data-lm-suppress-shortcuts", "true");
const say = (text) => { const line = find(".prf-say"); if (line.textContent !== text) line.textContent = text; };
const colour = (name) => getComputedStyle(root).getPropertyValue("--prf-" + name).trim();

// Sphinx, JupyterLab, Colab and VS Code each mark a dark page in their own way.
const MARKS = [["documentElement", "data-theme"], ["body", "data-jp-theme-light"], ["documentElement", "theme"], ["body", "data-vscode-theme-kind"]];
function isDark() {
  for (const [place, name] of MARKS) {
    const mark = document[place].getAttribute(name) || "";
    if (name === "data-jp-theme-light" && mark) return mark === "false";
    if (/dark|light/.test(mark)) return /dark/.test(mark);
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// Calls draw() now, and again when the theme or the width changes.
function keepDrawn(draw) {
  const redraw = () => { root.classList.toggle("prf-dark", isDark()); if (root.clientWidth) draw(); };
  const watch = new MutationObserver(redraw);
  const attributeFilter = MARKS.map((mark) => mark[1]);
  watch.observe(document.documentElement, { attributes: true, attributeFilter });
  watch.observe(document.body, { attributes: true, attributeFilter });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(root);
  redraw();
}

// A slider over positions 0..last; text(position) is what it shows and what a screen reader says.
function onSlider(name, text, change) {
  const label = find(`[data-control=${name}]`), input = label.querySelector("input"), output = label.querySelector("output");
  const show = () => { output.textContent = text(+input.value); input.setAttribute("aria-valuetext", text(+input.value)); };
  input.addEventListener("input", () => { show(); change(+input.value); });
  return { input, set(value, last = input.max) { input.max = last; input.value = value; show(); } };
}

function onChoice(name, change) {
  const set = find(`[data-control=${name}]`);
  if (set) set.addEventListener("change", (event) => change(+event.target.value));
}
