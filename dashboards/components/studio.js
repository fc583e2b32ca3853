// The studio answers while the slider moves, without the server: scores above the lowest level that can be set are here,
// and events are made of them as tsanomaly.detection.grouping does. The server hears of it when the slider is let go.
// Text from files arrives in `data` and leaves as textContent or on the canvas: never as markup.

const HEIGHT = 314, LINE = 15;
const LEFT = 46, RIGHT = 8, TOP = 18, BOTTOM = 44, CURVE = 250, BETWEEN = 62;
const CORE = 2 / 3;
const KEPT = "#d55e00", COME = "#0072b2", GONE = "#8a94a0", TRUTH = "#009e73";

const numbers = (text, kind) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
};

// Events above a level: [first, last) of each after merging and narrowing to its core, and the run it was cut from.
const eventsAbove = (level, { rows, scores, gap, usual }) => {
  const found = [];
  let run = null;
  const close = () => {
    if (!run) return;
    const least = Math.min(run.peak, usual + CORE * (run.peak - usual));
    let first = -1, last = -1;
    for (let i = run.from; i < run.to; i++) {
      if (scores[i] < least) continue;
      if (first < 0) first = rows[i];
      last = rows[i] + 1;
    }
    found.push({ first, last, peak: run.peak, peakRow: run.peakRow, start: run.start, end: run.end });
  };
  for (let i = 0; i < rows.length; i++) {
    if (!(scores[i] > level)) continue;
    if (run && rows[i] - run.end <= gap) {
      run.to = i + 1;
      run.end = rows[i] + 1;
      if (scores[i] > run.peak) [run.peak, run.peakRow] = [scores[i], rows[i]];
      continue;
    }
    close();
    run = { from: i, to: i + 1, start: rows[i], end: rows[i] + 1, peak: scores[i], peakRow: rows[i] };
  }
  close();
  return found;
};

// Which of two lists of disjoint stretches, in order, meet none of the other.
const alone = (events, others, a = "start", b = "end") => {
  let at = 0;
  return events.filter((event) => {
    while (at < others.length && others[at][b] <= event[a]) at++;
    return !(at < others.length && others[at][a] < event[b]);
  });
};

const shortNumber = (value) =>
  value >= 1000 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : String(+value.toPrecision(3));

const element = (name, className, text = "") => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

class Studio {
  constructor(root) {
    this.root = root;
    this.slider = root.querySelector("input");
    this.output = root.querySelector("output");
    this.canvas = root.querySelector("canvas");
    this.slider.oninput = () => this.move(this.data.steps[this.slider.value].level, Number(this.slider.value));
    this.slider.onchange = () => this.send({ step: Number(this.slider.value) });
    this.canvas.onpointerdown = (event) => this.grab(event);
    new ResizeObserver(() => this.data && this.draw()).observe(this.canvas);
  }

  take(data, send) {
    this.send = send;
    if (this.stamp === data.stamp) return; // drawn already: a rerun that changed nothing must not undo a movement
    this.stamp = data.stamp;
    this.data = data;
    this.top = data.top;
    this.scored = {
      rows: numbers(data.rows, Uint32Array), scores: numbers(data.scores, Float64Array), gap: data.gap,
      usual: data.usual,
    };
    this.envelope = numbers(data.envelope, Float32Array);
    this.truth = (data.truth ?? []).map(([first, last]) => ({ first, last }));
    this.now = eventsAbove(data.applied, this.scored);
    this.slider.max = data.steps.length - 1;
    this.slider.disabled = data.steps.length < 2;
    this.slider.value = data.at;
    this.root.querySelector(".key .truth").parentElement.hidden = !data.truth;
    this.move(data.steps[data.at].level, data.at);
  }

  move(level, step = null) {
    const began = performance.now();
    const { data } = this;
    this.level = level;
    this.events = eventsAbove(level, this.scored);
    this.come = alone(this.events, this.now);
    this.gone = alone(this.now, this.events);
    this.output.textContent = step === null ? `score ${shortNumber(level)}, by hand` : data.steps[step].said;
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    this.slider.style.setProperty("--share", this.slider.value / Math.max(1, this.slider.max));
    this.root.querySelector(".note").textContent = step === null ? "" : data.steps[step].note;
    this.tell();
    this.draw();
    this.root.dataset.took = (performance.now() - began).toFixed(1);
  }

  tell() {
    const { data, events, come, gone } = this;
    const perWeek = events.length / data.weeks;
    const facts = [
      [shortNumber(events.length), events.length === 1 ? "event" : "events"],
      [shortNumber(perWeek), `a week${data.budget ? `, of ${shortNumber(data.budget)} in the budget` : ""}`,
        data.budget && perWeek > data.budget * 1.0001 && events.length > data.allowed],
      [`+${come.length}`, "come"],
      [`−${gone.length}`, "go"],
      [shortNumber(this.level), "threshold (score)"],
    ];
    if (data.truth) {
      const right = events.length - alone(events, this.truth, "first", "last").length;
      const met = this.truth.length - alone(this.truth, events, "first", "last").length;
      facts.push([events.length ? `${Math.round((100 * right) / events.length)} %` : "–", "precision (of events, labelled)"]);
      facts.push([`${met} of ${this.truth.length}`, "recall (labelled stretches found)"]);
    }
    this.root.querySelector(".told").replaceChildren(...facts.map(([number, unit, over]) => {
      const fact = element("div", over ? "over" : "");
      fact.append(element("b", "", number), element("small", "", unit));
      return fact;
    }));
  }

  // --- drawing: at the left score over time, at the right events a week over the same levels -------------------------

  y(score) {
    const share = Math.log(Math.max(score, this.data.bottom) / this.data.bottom) / Math.log(this.top / this.data.bottom);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  levelAt(y) {
    const share = Math.min(1, Math.max(0, (HEIGHT - BOTTOM - y) / (HEIGHT - BOTTOM - TOP)));
    return this.data.bottom * (this.top / this.data.bottom) ** share;
  }

  draw() {
    const { canvas, data } = this;
    const width = canvas.clientWidth, scale = window.devicePixelRatio || 1;
    if (!width) return;
    canvas.width = width * scale;
    canvas.height = HEIGHT * scale;
    canvas.style.height = `${HEIGHT}px`;
    const ink = canvas.getContext("2d");
    ink.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(canvas);
    const text = style.color;
    ink.font = `12px ${style.fontFamily}`;
    ink.textBaseline = "middle";
    const curve = Math.min(CURVE, width * 0.3);
    const wide = width - LEFT - RIGHT - curve - BETWEEN;
    const x = (row) => LEFT + (row / data.n) * wide;
    const faint = (share) => { ink.globalAlpha = share; };

    for (const level of data.ticks) {
      faint(0.14);
      ink.strokeStyle = text;
      ink.beginPath();
      ink.moveTo(LEFT, this.y(level));
      ink.lineTo(LEFT + wide, this.y(level));
      ink.stroke();
      faint(0.66);
      ink.fillStyle = text;
      ink.textAlign = "right";
      ink.fillText(shortNumber(level), LEFT - 6, this.y(level));
    }
    ink.textAlign = "center";
    for (const { row, text: said } of data.times) {
      said.split("\n").forEach((line, i) => ink.fillText(line, x(row), HEIGHT - BOTTOM + 14 + i * LINE));
    }
    ink.textAlign = "left";
    ink.fillText("anomaly score", LEFT, 7);

    const band = (event, colour, alpha, outlined) => {
      const [from, to] = [x(event.first), Math.max(x(event.last), x(event.first) + 2)];
      faint(alpha);
      if (outlined) {
        ink.strokeStyle = colour;
        ink.setLineDash([3, 3]);
        ink.strokeRect(from, TOP, to - from, HEIGHT - BOTTOM - TOP);
        ink.setLineDash([]);
      } else {
        ink.fillStyle = colour;
        ink.fillRect(from, TOP, to - from, HEIGHT - BOTTOM - TOP);
      }
    };
    const come = new Set(this.come);
    for (const event of this.events) band(event, come.has(event) ? COME : KEPT, 0.24, false);
    for (const event of this.gone) band(event, GONE, 0.9, true);
    faint(0.9);
    ink.fillStyle = TRUTH;
    for (const { first, last } of this.truth) ink.fillRect(x(first), HEIGHT - BOTTOM + 2, Math.max(2, x(last) - x(first)), 4);

    faint(0.8);
    ink.strokeStyle = text;
    ink.lineWidth = 1;
    ink.beginPath();
    const bins = this.envelope.length;
    let drawing = false;
    for (let i = 0; i < bins; i++) {
      const value = this.envelope[i];
      if (Number.isNaN(value)) { drawing = false; continue; }
      const at = x(((i + 0.5) / bins) * data.n);
      drawing ? ink.lineTo(at, this.y(value)) : ink.moveTo(at, this.y(value));
      drawing = true;
    }
    ink.stroke();

    const dot = (event, colour, sign) => {
      faint(1);
      ink.fillStyle = colour;
      ink.textAlign = "center";
      if (sign) {
        ink.font = `bold 13px ${style.fontFamily}`;
        ink.fillText(sign, x(event.peakRow + 0.5), Math.max(TOP - 2, this.y(event.peak) - 9));
        ink.font = `12px ${style.fontFamily}`;
      } else {
        ink.beginPath();
        ink.arc(x(event.peakRow + 0.5), this.y(event.peak), 3.5, 0, 7);
        ink.fill();
      }
    };
    for (const event of this.events) dot(event, come.has(event) ? COME : KEPT, come.has(event) ? "+" : "");
    for (const event of this.gone) dot(event, GONE, "−");

    this.curve(ink, LEFT + wide + BETWEEN, curve, text, faint);
    this.line(ink, data.applied, GONE, "in force", width, true, faint);
    this.line(ink, this.level, KEPT, "", width, false, faint);
  }

  curve(ink, left, wide, text, faint) {
    const { data } = this;
    const most = Math.max(Math.max(...data.counts, 1) / data.weeks, 1.2 * (data.budget ?? 0));
    const least = Math.min(most / 10, 1 / data.weeks);
    const x = (perWeek) => left + (Math.log1p(perWeek / least) / Math.log1p(most / least)) * wide;
    faint(0.66);
    ink.fillStyle = text;
    ink.textAlign = "left";
    ink.fillText("events a week", left, 7);
    ink.textAlign = "center";
    let taken = -Infinity;
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
      const at = x(10 ** power);
      if (at > left + wide || at - taken < 34) continue;
      taken = at;
      faint(0.66);
      ink.fillText(shortNumber(10 ** power), at, HEIGHT - BOTTOM + 14);
      faint(0.14);
      ink.strokeStyle = text;
      ink.beginPath();
      ink.moveTo(at, TOP);
      ink.lineTo(at, HEIGHT - BOTTOM);
      ink.stroke();
    }
    faint(1);
    ink.strokeStyle = COME;
    ink.lineWidth = 1.6;
    ink.beginPath();
    data.levels.forEach((level, i) => {
      const at = [x(data.counts[i] / data.weeks), this.y(level)];
      i ? ink.lineTo(...at) : ink.moveTo(...at);
    });
    ink.stroke();
    if (data.budget) {
      const at = x(data.budget);
      faint(0.9);
      ink.strokeStyle = TRUTH;
      ink.setLineDash([6, 4]);
      ink.beginPath();
      ink.moveTo(at, TOP);
      ink.lineTo(at, HEIGHT - BOTTOM);
      ink.stroke();
      ink.setLineDash([]);
      ink.fillStyle = TRUTH;
      ink.textAlign = at > left + wide / 2 ? "right" : "left";
      ink.fillText("budget", at + (at > left + wide / 2 ? -5 : 5), TOP + 6);
    }
    faint(1);
    ink.fillStyle = KEPT;
    ink.beginPath();
    ink.arc(x(this.events.length / data.weeks), this.y(this.level), 4.5, 0, 7);
    ink.fill();
  }

  line(ink, level, colour, name, width, dashed, faint) {
    if (!Number.isFinite(level)) return;
    faint(1);
    ink.strokeStyle = colour;
    ink.lineWidth = dashed ? 1 : 1.8;
    ink.setLineDash(dashed ? [2, 4] : []);
    ink.beginPath();
    ink.moveTo(LEFT, this.y(level));
    ink.lineTo(width - RIGHT, this.y(level));
    ink.stroke();
    ink.setLineDash([]);
    ink.fillStyle = colour;
    ink.textAlign = "left";
    ink.fillText(name, width - RIGHT - Math.min(CURVE, width * 0.3) - BETWEEN + 6, this.y(level) - 8);
  }

  // --- the line can be dragged --------------------------------------------------------------------------------------

  grab(event) {
    const box = this.canvas.getBoundingClientRect();
    const { bottom: low } = this.data;
    const set = (moved) => this.move(Math.max(this.levelAt(moved.clientY - box.top), this.data.floor, low));
    this.canvas.setPointerCapture(event.pointerId);
    set(event);
    this.canvas.onpointermove = set;
    this.canvas.onpointerup = () => {
      this.canvas.onpointermove = this.canvas.onpointerup = null;
      this.send({ level: this.level });
    };
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".studio");
  root.studio ??= new Studio(root);
  root.studio.take(data, (choice) => setTriggerValue("choice", choice));
}
