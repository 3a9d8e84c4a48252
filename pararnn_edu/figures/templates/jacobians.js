const svg = find("svg"), rows = [...root.querySelectorAll(".prf-costs tbody tr")], sort = find("[data-control=sort]");
const state = { cell: data.cell, size: data.size };

// A square for every entry that is not zero: its colour is its sign, its strength its size.
function draw() {
  const { entries, planes } = data.cells[state.cell], n = entries.length, channels = n / planes.length;
  const width = svg.clientWidth, side = Math.min(width - 40, 300), unit = side / n, left = (width - side) / 2, top = 26;
  const order = entries.map((_, i) => sort.checked ? (i % planes.length) * channels + Math.floor(i / planes.length) : i);
  const every = sort.checked ? planes.length : channels, parts = [];
  for (let at = every; at < n; at += every) {
    const x = left + at * unit, y = top + at * unit;
    parts.push(`<line class="prf-line" x1="${x}" x2="${x}" y1="${top}" y2="${top + side}"/><line class="prf-line" x1="${left}" x2="${left + side}" y1="${y}" y2="${y}"/>`);
  }
  order.forEach((from, i) => order.forEach((to, j) => {
    const value = entries[from][to];
    if (value) parts.push(`<rect class="prf-${value > 0 ? "plus" : "minus"}" x="${left + j * unit + 0.6}" y="${top + i * unit + 0.6}" width="${unit - 1.2}" height="${unit - 1.2}" fill-opacity="${(0.18 + 0.82 * Math.abs(value) / 99).toFixed(2)}"/>`);
  }));
  parts.push(`<rect class="prf-frame" x="${left}" y="${top}" width="${side}" height="${side}"/>`, ...names(planes, n, unit, left, top, side));
  svg.setAttribute("viewBox", `0 0 ${width} ${top + side + 8}`);
  svg.style.height = top + side + 8 + "px";
  svg.innerHTML = parts.join("");
  tell();
}

// What the columns and the rows are: c and h, plane by plane or in pairs; and who depends on whom.
function names(planes, n, unit, left, top, side) {
  const middle = left + side / 2, centre = top + side / 2;
  const axes = (across, down) => [`<text x="${middle}" y="16">${across}</text>`, `<text transform="translate(${left - 10} ${centre}) rotate(-90)">${down}</text>`];
  if (planes.length === 1 || sort.checked) return axes("state", "next state");
  const share = side / planes.length;
  return planes.flatMap((plane, k) => [`<text x="${left + (k + 0.5) * share}" y="16">${plane}</text>`, `<text x="${left - 12}" y="${top + (k + 0.5) * share + 4}">${plane}′</text>`]);
}

function tell() {
  rows.forEach((row, index) => {
    row.setAttribute("aria-current", index === state.cell);
    row.querySelectorAll("b").forEach((cost, k) => { cost.textContent = data.cells[index].costs[state.size][k]; });
  });
  sort.disabled = data.cells[state.cell].planes.length === 1;
  say(data.cells[state.cell].sentences[state.size]);
}

onSlider("size", (position) => data.sizes[position], (position) => { state.size = position; tell(); });
onChoice("cell", (index) => { state.cell = index; draw(); });
sort.addEventListener("change", draw);
keepDrawn(draw);
