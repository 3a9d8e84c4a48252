const svg = find("svg"), buttons = [...root.querySelectorAll("[data-step]")];
const last = data.frames.length - 1, BOX = 24, TALL = 104;
let now = data.now;
const steps = onSlider("step", (t) => `${t} of ${last}`, goTo);

function goTo(t) {
  now = Math.max(0, Math.min(last, t));
  steps.set(now);
  buttons[0].disabled = now === 0;
  buttons[1].disabled = now === last;
  draw();
  say(data.sentences[now]);
}

const safe = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const digits = (stack) => [...stack].map((symbol) => 2 * data.symbols.indexOf(symbol) + 1);
const text = (x, y, kind, content) => `<text class="${kind}" x="${x}" y="${y}">${safe(content)}</text>`;

function draw() {
  const width = svg.clientWidth, height = 62 + TALL * data.stacks.length, [state, ...stacks] = data.frames[now];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = height + "px";
  svg.innerHTML = tape(width) + text(2, 52, "prf-left", `control ${state}`) +
    stacks.map((stack, k) => drawStack(stack, data.stacks[k], 66 + TALL * k, width)).join("");
}

// As much of the input as there is room for, the token just read in the middle.
function tape(width) {
  const cell = 17, shown = Math.min(data.word.length, Math.floor((width - 4) / cell));
  const first = Math.max(0, Math.min(data.word.length - shown, now - 1 - (shown >> 1)));
  const letters = Array.from({ length: shown }, (_, n) => {
    const i = first + n, kind = i === now - 1 ? "prf-now" : i < now ? "prf-read" : "";
    return text(2 + cell * (n + 0.5), 22, `prf-token ${kind}`, data.word[i]);
  });
  const head = now ? `<rect class="prf-head" x="${2 + cell * (now - 1 - first)}" y="5" width="${cell}" height="24" rx="3"/>` : "";
  return head + letters.join("");
}

// Boxes top first, the digit of each below, and the number on the line from 0 to 1.
function drawStack(stack, label, top, width) {
  const room = Math.floor((width - 34) / BOX), ds = digits(stack), shown = ds.length > room ? room - 1 : ds.length;
  const boxes = ds.slice(0, shown).map((d, n) => `<rect class="prf-box" x="${30 + BOX * n}" y="${top + 16}" width="${BOX - 2}" height="22" rx="3"/>` +
    text(30 + BOX * n + BOX / 2 - 1, top + 32, "", stack[n]) + text(30 + BOX * n + BOX / 2 - 1, top + 52, "prf-quiet", String(d)));
  const more = shown < ds.length ? text(30 + BOX * shown + 10, top + 32, "", "…") : "";
  const value = ds.reduceRight((rest, d) => (d + rest) / data.base, 0), x = (v) => 8 + v * (width - 16), line = top + 70;
  const homes = [...data.symbols].map((symbol, b) => {
    const from = (2 * b + 1) / data.base;
    return `<rect class="prf-home" x="${x(from)}" y="${line - 7}" width="${x(1 / data.base) - 8}" height="14"/>` + text(x(from + 0.5 / data.base), line + 21, "prf-quiet", `top ${symbol}`);
  });
  return text(2, top + 10, "prf-left prf-quiet", label + (ds.length ? "" : ": empty, 0")) + (ds.length ? text(16, top + 52, "prf-quiet", "0 .") : "") +
    boxes.join("") + more + `<line class="prf-axis" x1="${x(0)}" x2="${x(1)}" y1="${line}" y2="${line}"/>` + homes.join("") +
    text(x(0), line + 21, "prf-quiet", "0") + text(x(1), line + 21, "prf-quiet", "1") + `<circle class="prf-mark" cx="${x(value)}" cy="${line}" r="5.5"/>`;
}

for (const button of buttons) {
  button.addEventListener("click", () => goTo(now + +button.dataset.step));
  button.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) { event.preventDefault(); goTo(now + move); }
  });
}
keepDrawn(draw);
goTo(now);
