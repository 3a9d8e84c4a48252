const LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const canvas = find("canvas"), pen = canvas.getContext("2d");
const edge = { left: 46, right: 6, top: 6, bottom: 40 };
const state = { method: data.method, gain: data.gain, stair: true };
const shown = () => data.pictures[state.method][state.gain];
const unpack = (text) => text.replace(/(.)\*(\d+);/g, (_, letter, count) => letter.repeat(+count));
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function shades() {
  const anchors = colour("ramp").split(",").map((text) => rgb(text.trim()));
  return Array.from(LEVELS, (_, level) => {
    const at = level / (LEVELS.length - 1) * (anchors.length - 1), low = Math.min(Math.floor(at), anchors.length - 2);
    return anchors[low].map((value, channel) => value + (at - low) * (anchors[low + 1][channel] - value));
  });
}

// One pixel per cell; rows the solver never ran stay empty.
function bitmap(picture) {
  const cells = unpack(picture.cells), image = new ImageData(data.columns, data.rows);
  const table = shades(), overflow = rgb(colour("overflow"));
  for (let cell = 0; cell < picture.rows * data.columns; cell++) {
    const level = cell < cells.length ? LEVELS.indexOf(cells[cell]) : 0;
    image.data.set([...(level < 0 ? overflow : table[level]), 255], 4 * cell);
  }
  const small = document.createElement("canvas");
  small.width = data.columns; small.height = data.rows;
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

function ticks(first, last, room) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000].find((s) => (last - first) / s <= room) || last;
  const all = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) all.push(at);
  return all;
}

function draw() {
  const width = canvas.clientWidth, height = Math.round(Math.min(340, Math.max(230, width * 0.5))), sharp = window.devicePixelRatio || 1;
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  const w = width - edge.left - edge.right, h = height - edge.top - edge.bottom, picture = shown();
  const x = (t) => edge.left + (t - 0.5) / data.steps * w;   // left edge of time t + 1/2
  const y = (k) => edge.top + k / data.rows * h;             // top edge of row k
  pen.imageSmoothingEnabled = false;
  pen.drawImage(bitmap(picture), edge.left, edge.top, w, h);
  drawAxes(x, y, w, h, width, height);
  if (state.stair) drawStair(x, y, picture.rows);
  if (picture.needed !== null) drawNeeded(y, w, picture.needed);
  say(picture.sentence);
}

function drawAxes(x, y, w, h, width, height) {
  pen.font = "12px system-ui, sans-serif"; pen.fillStyle = colour("muted"); pen.strokeStyle = colour("faint"); pen.lineWidth = 1;
  pen.strokeRect(edge.left - 0.5, edge.top - 0.5, w + 1, h + 1);
  pen.textAlign = "center"; pen.textBaseline = "top";
  for (const t of ticks(1, data.steps, w / 60)) pen.fillText(t, x(t + 0.5), edge.top + h + 5);
  pen.textAlign = "right"; pen.textBaseline = "middle";
  for (const k of ticks(0, data.rows - 1, h / 30)) pen.fillText(k, edge.left - 7, y(k + 0.5));
  pen.fillStyle = colour("ink"); pen.textAlign = "center"; pen.textBaseline = "bottom";
  pen.fillText(data.xlabel, edge.left + w / 2, height - 2);
  pen.save(); pen.translate(12, edge.top + h / 2); pen.rotate(-Math.PI / 2); pen.textBaseline = "middle";
  pen.fillText(data.ylabel, 0, 0); pen.restore();
}

function drawStair(x, y, rows) {
  pen.strokeStyle = colour("accent"); pen.lineWidth = 2; pen.lineJoin = "round"; pen.beginPath();
  for (let k = 0; k < rows; k++) {
    const right = x(Math.min(k + data.prefix, data.steps) + 0.5);
    if (k) pen.lineTo(right, y(k)); else pen.moveTo(right, y(k));
    pen.lineTo(right, y(k + 1));
  }
  pen.stroke();
}

function drawNeeded(y, w, needed) {
  const text = data.below + needed, above = needed > data.rows / 2, line = y(needed);
  pen.strokeStyle = colour("accent"); pen.lineWidth = 2; pen.setLineDash([6, 4]);
  pen.beginPath(); pen.moveTo(edge.left, line); pen.lineTo(edge.left + w, line); pen.stroke(); pen.setLineDash([]);
  pen.font = "600 13px system-ui, sans-serif"; pen.textAlign = "right"; pen.textBaseline = "middle";
  const size = pen.measureText(text).width, middle = above ? line - 14 : line + 14;
  pen.fillStyle = colour("card"); pen.globalAlpha = 0.85; pen.fillRect(edge.left + w - size - 12, middle - 10, size + 8, 20); pen.globalAlpha = 1;
  pen.fillStyle = colour("ink"); pen.fillText(text, edge.left + w - 8, middle);
}

onSlider("gain", (index) => data.gains[index], (index) => { state.gain = index; draw(); });
onChoice("method", (index) => { state.method = index; draw(); });
find("[data-control=stair]").addEventListener("change", (event) => { state.stair = event.target.checked; draw(); });
keepDrawn(draw);
