const svg = find("svg"), rows = [...root.querySelectorAll(".prf-counts tbody tr")], buttons = [...root.querySelectorAll("[data-step]")];
const state = { scan: data.scan, level: data.level };
const scan = () => data.scans[state.scan];
const steps = onSlider("level", (level) => `${level} of ${scan().levels.length}`, goTo);

function goTo(level) {
  const last = scan().levels.length;
  state.level = Math.max(0, Math.min(last, level));
  steps.set(state.level, last);
  buttons[0].disabled = state.level === 0;
  buttons[1].disabled = state.level === last;
  light();
}

// The whole diagram, drawn once per scan and width; light() then only changes classes.
function draw() {
  const width = svg.clientWidth, left = 26, top = 22, tall = 250, column = (width - left) / data.size, narrow = column < 38;
  const place = { top, tall, column, narrow, box: narrow ? 46 : 26, font: column < 48 ? 11 : 12, x: (i) => left + (i + 0.5) * column };
  const columns = Array.from({ length: data.size }, (_, i) => drawColumn(i, place));
  const levels = scan().levels.map((level, k) => drawLevel(level, k, place));
  const height = top + tall + place.box + 10;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = height + "px";
  svg.innerHTML = columns.join("") + levels.join("");
  light();
}

function drawColumn(i, { top, tall, column, narrow, box, font, x }) {
  const under = top + tall + 6, middle = under + box / 2;
  return `<text x="${x(i)}" y="14">${i}</text><line class="prf-wire" x1="${x(i)}" x2="${x(i)}" y1="${top}" y2="${under}"/>` +
    `<g class="prf-cell"><rect x="${x(i) - column / 2 + 1.5}" y="${under}" width="${column - 3}" height="${box}" rx="3"/>` +
    `<text x="${x(i)}" y="${middle + 4}" style="font-size:${font}px"${narrow ? ` transform="rotate(-90 ${x(i)} ${middle})"` : ""}></text></g>`;
}

function drawLevel(level, k, { top, tall, x }) {
  const row = tall / scan().levels.length, from = top + (k + 0.14) * row, to = top + (k + 0.84) * row, size = Math.min(5, 2.2 + row / 12);
  const joins = level.map(([dst, src]) => `<line class="prf-join" x1="${x(src)}" y1="${from}" x2="${x(dst)}" y2="${to}"/>` +
    `<circle class="prf-dot" cx="${x(dst)}" cy="${to}" r="${size}"/>`);
  return `<g data-level="${k + 1}"><text class="prf-number" x="9" y="${top + (k + 0.5) * row + 4}">${k + 1}</text>${joins.join("")}</g>`;
}

// What every cell holds after so many levels: [first, last] element combined in it.
function spans(levels, count) {
  let held = Array.from({ length: data.size }, (_, i) => [i, i]);
  for (const level of levels.slice(0, count)) {
    const before = held;
    held = [...held];
    for (const [dst, src] of level) held[dst] = [before[src][0], before[dst][1]];
  }
  return held;
}

function light() {
  const { levels, sentences } = scan(), written = new Set((levels[state.level - 1] || []).map(([dst]) => dst));
  for (const group of svg.querySelectorAll("[data-level]")) {
    const level = +group.dataset.level;
    group.setAttribute("class", level === state.level ? "prf-lit" : level < state.level ? "prf-past" : "");
  }
  const cells = svg.querySelectorAll(".prf-cell");
  spans(levels, state.level).forEach(([first, last], i) => {
    cells[i].querySelector("text").textContent = first === last ? first : `${first}..${last}`;
    cells[i].classList.toggle("prf-full", first === 0);
    cells[i].classList.toggle("prf-new", written.has(i));
  });
  rows.forEach((row, index) => row.setAttribute("aria-current", index === state.scan));
  say(sentences[state.level]);
}

onChoice("scan", (index) => { state.scan = index; state.level = 1; draw(); goTo(1); });
for (const button of buttons) {
  button.addEventListener("click", () => goTo(state.level + +button.dataset.step));
  button.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) { event.preventDefault(); goTo(state.level + move); }
  });
}
keepDrawn(draw);
goTo(state.level);
