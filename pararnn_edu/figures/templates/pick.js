const canvas = find("canvas"), pen = canvas.getContext("2d");
const edge = { left: 58, right: 10, top: 10, bottom: 40 };
let chosen = data.start;
const log = Math.log10;
const every = (axis) => data.curves.flatMap((curve) => curve[axis]).filter((v) => v !== null);

// The span of the data and of the lines drawn across, with a little air.
function spans() {
  const xs = every(0).concat(data.upright === null ? [] : [data.upright]);
  const ys = every(1).concat(data.levels.map((level) => level[0])).map(log);
  const air = (low, high, share) => { const pad = (high - low || 1) * share; return [low - pad, high + pad]; };
  return [air(Math.min(...xs), Math.max(...xs), 0.04), air(Math.min(...ys), Math.max(...ys), 0.06)];
}

function steps(low, high, room) {
  const raw = (high - low) / Math.max(room, 1), power = 10 ** Math.floor(log(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw), all = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) all.push(at * step);
  return all;
}

const short = (value) => String(+value.toPrecision(3));
const power = (k) => (k >= 0 && k <= 4 ? String(10 ** k) : "1e" + k);

function draw() {
  const width = canvas.clientWidth, height = Math.round(Math.min(340, Math.max(240, width * 0.52))), sharp = window.devicePixelRatio || 1;
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  const w = width - edge.left - edge.right, h = height - edge.top - edge.bottom;
  const [[x0, x1], [y0, y1]] = spans();
  const x = (v) => edge.left + (v - x0) / (x1 - x0) * w, y = (v) => edge.top + (y1 - log(v)) / (y1 - y0) * h;
  drawAxes(x, y, w, h, width, height, x0, x1, y0, y1);
  for (const [value, text] of data.levels) across(edge.left, y(value), edge.left + w, y(value), text);
  if (data.upright !== null) across(x(data.upright), edge.top, x(data.upright), edge.top + h);
  data.curves.forEach((curve, index) => { if (index !== chosen) drawCurve(curve, x, y, false); });
  drawCurve(data.curves[chosen], x, y, true);
  say(data.sentences[chosen]);
}

function drawCurve([xs, ys], x, y, front) {
  pen.strokeStyle = pen.fillStyle = colour(front ? "accent" : "muted");
  pen.globalAlpha = front ? 1 : 0.45; pen.lineWidth = front ? 2.4 : 1.2; pen.lineJoin = "round";
  pen.beginPath();
  let down = false;
  xs.forEach((at, i) => {
    if (ys[i] === null) { down = false; return; }
    if (down) pen.lineTo(x(at), y(ys[i])); else pen.moveTo(x(at), y(ys[i]));
    down = true;
  });
  pen.stroke();
  if (xs.length < 60) xs.forEach((at, i) => { if (ys[i] !== null) dot(x(at), y(ys[i]), xs.length > 1 ? (front ? 3 : 1.6) : (front ? 7 : 4)); });
  pen.globalAlpha = 1;
}

function dot(at, height, size) { pen.beginPath(); pen.arc(at, height, size, 0, 2 * Math.PI); pen.fill(); }

function across(fromX, fromY, toX, toY, text) {
  pen.strokeStyle = pen.fillStyle = colour("muted"); pen.lineWidth = 1; pen.setLineDash([3, 4]);
  pen.beginPath(); pen.moveTo(fromX, fromY); pen.lineTo(toX, toY); pen.stroke(); pen.setLineDash([]);
  if (text) { pen.font = "12px system-ui, sans-serif"; pen.textAlign = "right"; pen.textBaseline = "bottom"; pen.fillText(text, toX - 2, toY - 2); }
}

function drawAxes(x, y, w, h, width, height, x0, x1, y0, y1) {
  pen.font = "12px system-ui, sans-serif"; pen.fillStyle = colour("muted"); pen.strokeStyle = colour("faint"); pen.lineWidth = 1;
  pen.strokeRect(edge.left - 0.5, edge.top - 0.5, w + 1, h + 1);
  pen.textAlign = "center"; pen.textBaseline = "top";
  for (const v of steps(x0, x1, w / 70)) pen.fillText(short(v), x(v), edge.top + h + 5);
  pen.textAlign = "right"; pen.textBaseline = "middle";
  const gap = Math.max(1, Math.ceil((y1 - y0) / (h / 26)));
  for (let k = Math.ceil(y0 / gap) * gap; k <= y1; k += gap) pen.fillText(power(k), edge.left - 6, y(10 ** k));
  pen.fillStyle = colour("ink"); pen.textAlign = "center"; pen.textBaseline = "bottom";
  pen.fillText(data.xlabel, edge.left + w / 2, height - 2);
  pen.save(); pen.translate(12, edge.top + h / 2); pen.rotate(-Math.PI / 2); pen.textBaseline = "middle";
  pen.fillText(data.ylabel, 0, 0); pen.restore();
}

onSlider("pick", (index) => data.labels[index], (index) => { chosen = index; draw(); });
keepDrawn(draw);
