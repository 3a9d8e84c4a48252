const svg = find("svg"), state = { ...data.start };
const LEFT = 8, RIGHT = 12, TOP = 6, ROW = 58, FIRST = -6; // the axis begins at 10^-6 s

// One row per program: what it asks for, and a bar each for its launches and for its bytes.
function draw() {
  const width = svg.clientWidth, last = 2, scale = (width - LEFT - RIGHT) / (last - FIRST);
  const x = (seconds) => LEFT + Math.max(0, Math.min(last, Math.log10(seconds)) - FIRST) * scale;
  const bandwidth = data.cards[state.card][1], height = TOP + ROW * data.programs.length, parts = [];
  for (let power = FIRST; power <= last; power++) {
    const at = LEFT + (power - FIRST) * scale, name = { "-6": "1 µs", "-3": "1 ms", 0: "1 s" }[power] || "";
    parts.push(`<line class="prf-grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${height}"/><text class="prf-tick" x="${Math.max(at, 20)}" y="${height + 16}">${name}</text>`);
  }
  const counts = data.counts[state.d][state.T], floor = x(data.least[state.d][state.T] / bandwidth);
  data.programs.forEach((program, row) => {
    const [launches, bytes] = counts[row], y = TOP + row * ROW, waiting = launches * data.launch, moving = bytes / bandwidth;
    const said = `${launches.toLocaleString("en")} ${launches === 1 ? "launch" : "launches"}, ${size(bytes)}: ${time(waiting + moving)}`;
    parts.push(`<text x="${LEFT}" y="${y + 16}"><tspan class="prf-name">${program}</tspan> <tspan>${said}</tspan></text>` +
      `<rect class="prf-launches" x="${LEFT}" y="${y + 23}" width="${x(waiting) - LEFT}" height="11"/>` +
      `<rect class="prf-bytes" x="${LEFT}" y="${y + 36}" width="${x(moving) - LEFT}" height="11"/>` +
      `<line class="prf-floor" x1="${floor}" x2="${floor}" y1="${y + 20}" y2="${y + 50}"/>`);
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${height + 22}`);
  svg.style.height = height + 22 + "px";
  svg.innerHTML = parts.join("");
  say(data.sentences[state.card][state.d][state.T]);
}

const three = (value) => Number(value.toPrecision(3)).toLocaleString("en");
const time = (seconds) => seconds >= 1 ? `${three(seconds)} s` : seconds >= 1e-3 ? `${three(seconds * 1e3)} ms` : `${three(seconds * 1e6)} µs`;
function size(bytes) {
  let unit = 0;
  for (; bytes >= 999.5 && unit < 4; unit++) bytes /= 1000;
  return `${three(bytes)} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}

onSlider("steps", (position) => data.steps[position].toLocaleString("en"), (position) => { state.T = position; draw(); });
onSlider("channels", (position) => data.channels[position], (position) => { state.d = position; draw(); });
onChoice("card", (index) => { state.card = index; draw(); });
keepDrawn(draw);
