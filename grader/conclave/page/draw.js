/*
 * draw.js - paints the chart and the overview under it on canvases, and finds
 * what is under the mouse. It reads model.js and changes nothing but `view`'s
 * geometry and `hits`.
 */
"use strict";

const GUTTER = 104;                        /* names of the nodes, at the left */
const AXIS_H = 24, STEPS_H = 22, BAND_H = 18, BAR_H = 16;
const LANE_MIN = 72, LANE_MAX = 230;
const MANY = 900;                          /* arrows, drawn thinner from here */
const MANY_STEPS = 60;                     /* marked without a line from here */
const FEW = 90;                            /* arrows, with words up to here */

const chart = document.getElementById("chart");
const overview = document.getElementById("overview");

const view = { from: 0, to: END_US, width: 0, height: 0, laneTop: 0,
  laneH: LANE_MIN, cursor: null };
let hits = [];        /* [x1, y1, x2, y2, event] of what was drawn: lines */
let barTexts = [];    /* [x, y, width] of words at the bars */
let boxes = [];       /* [x, y, width, height, event or text] : areas */
let selected = null;  /* an event */
let colour = {};      /* CSS variables by name */
const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const SMALL = FONT.replace("12px", "11px");

function readColours() {
  const style = getComputedStyle(document.documentElement);
  colour = {};
  for (const name of ["page", "panel", "ink", "dim", "line", "faint", "accent",
    "bad", "good", "lane", "lane-other", "follower", "candidate", "leader",
    "up", "down", "pause", "cut", "fault", "client", "on-role", "vote",
    "append", "snapshot", "alive", "m0", "m1", "m2", "m3", "m4", "side0",
    "side1", "side2", "side3"])
    colour[name] = style.getPropertyValue(`--${name}`).trim();
}

const KNOWN = { RequestVote: "vote", AppendEntries: "append",
  InstallSnapshot: "snapshot", [KEEPALIVE]: "alive" };
const OTHERS = [...new Set(FRAMES.map((one) => one.kind))]
  .filter((kind) => !(kind in KNOWN)).sort();

/* The CSS variable of a kind's colour. */
function kindVariable(kind) {
  if (kind in KNOWN) return KNOWN[kind];
  if (kind === CLIENT) return "client";
  if (kind === WRONG) return "bad";
  const place = OTHERS.indexOf(kind);
  return place < 0 ? "dim" : `m${place % 5}`;
}

/* ---- Geometry ---------------------------------------------------------- */

/* Bands of the network in rows, so that none covers another. */
const BAND_ROWS = (() => {
  const ends = [];
  return DATA.bands.map(([began, ended]) => {
    let row = ends.findIndex((end) => end <= began);
    if (row < 0) row = ends.length;
    ends[row] = ended;
    return row;
  });
})();
const BAND_COUNT = Math.min(6, Math.max(0, ...BAND_ROWS.map((row) => row + 1)));

function measure(width, height) {
  view.width = Math.max(320, width);
  view.laneTop = AXIS_H + STEPS_H + (BAND_COUNT ? BAND_COUNT * BAND_H + 6 : 0);
  const room = (height - view.laneTop - 4) / NODES.length;
  view.laneH = Math.max(LANE_MIN, Math.min(LANE_MAX, Math.floor(room)));
  view.height = Math.max(height, view.laneTop + view.laneH * NODES.length + 4);
}

const plotW = () => view.width - GUTTER - 12;
const scale = () => plotW() / (view.to - view.from);
const xOf = (time) => GUTTER + (time - view.from) * scale();
const timeOf = (x) => view.from + (x - GUTTER) / scale();
const laneY = (place) => view.laneTop + place * view.laneH;
const barY = (place) => laneY(place)
  + Math.round(view.laneH / 2 - BAR_H / 2 + 4);
const clamp = (x) => Math.max(GUTTER - 4, Math.min(view.width + 4, x));

function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)
      || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.textBaseline = "middle";
  ctx.font = FONT;
  return ctx;
}

/* Text that fits into a width, or what fits of it. */
function fitText(ctx, text, width) {
  if (width < 14) return "";
  if (ctx.measureText(text).width <= width) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(text.slice(0, middle) + "…").width <= width)
      low = middle;
    else high = middle - 1;
  }
  return low > 1 ? text.slice(0, low) + "…" : "";
}

function hatch(ctx, x, y, width, height, paint, gap = 6) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = paint;
  ctx.lineWidth = 1;
  ctx.beginPath();
  const first = x - height - (x % gap);
  for (let at = first; at < x + width; at += gap) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

/* ---- The parts of the chart -------------------------------------------- */

/* A round step of the axis: about one mark every 110 pixels. */
function axisStep() {
  const rough = 110 / scale();
  const power = Math.pow(10, Math.floor(Math.log10(Math.max(1, rough))));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough)
    || power * 10;
}

function paintLanes(ctx) {
  NODES.forEach((node, place) => {
    ctx.fillStyle = place % 2 ? colour["lane-other"] : colour.lane;
    ctx.fillRect(0, laneY(place), view.width, view.laneH);
  });
}

function paintAxis(ctx) {
  const step = axisStep();
  ctx.strokeStyle = colour.faint;
  ctx.fillStyle = colour.dim;
  ctx.font = SMALL;
  ctx.textAlign = "center";
  ctx.beginPath();
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    const x = Math.round(xOf(at)) + 0.5;
    ctx.moveTo(x, AXIS_H);
    ctx.lineTo(x, view.height);
    if (x > GUTTER + 16) ctx.fillText(timeText(at, step), x, AXIS_H / 2 + 1);
  }
  ctx.stroke();
  ctx.textAlign = "left";
}

function paintSteps(ctx) {
  const y = AXIS_H + STEPS_H / 2;
  let taken = -Infinity, run = null;
  ctx.font = SMALL;
  const flush = () => {
    if (!run) return;
    const { x, first, last } = run;
    const text = first === last ? `${first.number}`
      : `${first.number}–${last.number}`;
    const width = Math.max(16, ctx.measureText(text).width + 8);
    const isOn = selected === first || selected === last;
    ctx.fillStyle = isOn ? colour.accent : colour.dim;
    ctx.beginPath();
    ctx.roundRect(x, y - 8, width, 16, 4);
    ctx.fill();
    ctx.fillStyle = colour.panel;
    ctx.textAlign = "center";
    ctx.fillText(text, x + width / 2, y + 0.5);
    ctx.textAlign = "left";
    boxes.push([x, y - 9, width, 18, first]);
  };
  const steps = shown.filter((event) => event.what === "step"
    && event.time >= view.from && event.time <= view.to);
  ctx.strokeStyle = colour.line;
  ctx.setLineDash([2, 3]);
  ctx.beginPath();
  for (const step of steps.length > MANY_STEPS ? [] : steps) {
    const x = xOf(step.time);
    ctx.moveTo(x, y);
    ctx.lineTo(x, view.height);
  }
  ctx.stroke();
  ctx.setLineDash([]);
  for (const step of steps) {
    const x = xOf(step.time);
    if (run && x < taken) run.last = step; /* no room for a mark of its own */
    else {
      flush();
      run = { x, first: step, last: step };
    }
    taken = run.x + (run.first === run.last ? 24 : 58);
  }
  flush();
}

function paintBands(ctx) {
  DATA.bands.forEach(([began, ended, text, links, isCut], at) => {
    if (ended < view.from || began > view.to || BAND_ROWS[at] >= BAND_COUNT)
      return;
    const x1 = clamp(xOf(began)), x2 = Math.max(x1 + 2, clamp(xOf(ended)));
    const y = AXIS_H + STEPS_H + 2 + BAND_ROWS[at] * BAND_H;
    const paint = isCut ? colour.cut : colour.fault;
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = paint;
    ctx.fillRect(x1, y, x2 - x1, BAND_H - 2);
    if (isCut) {
      ctx.globalAlpha = 0.035;
      ctx.fillRect(x1, view.laneTop, x2 - x1, view.height - view.laneTop);
    }
    ctx.globalAlpha = 1;
    ctx.fillRect(x1, y, 2, BAND_H - 2);
    ctx.font = SMALL;
    ctx.fillText(fitText(ctx, text, x2 - x1 - 10), x1 + 6, y + 8);
    boxes.push([x1, y, x2 - x1, BAND_H - 2,
      { what: "band", time: began, end: ended, text, links }]);
  });
}

/* Under each bar, on which side of the cut the node is. */
function paintSides(ctx) {
  DATA.sides.forEach(([began, sides], at) => {
    const ended = at + 1 < DATA.sides.length ? DATA.sides[at + 1][0] : END_US;
    if (sides.length < 2 || ended < view.from || began > view.to) return;
    const x1 = clamp(xOf(began)), x2 = clamp(xOf(ended));
    sides.forEach((ids, side) => ids.forEach((id) => {
      const y = barY(PLACE.get(id)) + BAR_H + 2;
      ctx.fillStyle = colour[`side${side % 4}`];
      ctx.fillRect(x1, y, Math.max(1, x2 - x1), 4);
      if (x2 - x1 > 60) {
        ctx.font = SMALL;
        ctx.fillText(`side ${"ABCDEFGHIJ"[side] || side + 1}`,
          Math.max(x1, GUTTER) + 4, y + 12);
        barTexts.push([Math.max(x1, GUTTER) + 4, y + 12, 36]);
      }
    }));
  });
}

function paintBars(ctx) {
  NODES.forEach((node, place) => {
    const y = barY(place);
    for (const one of node.stretches) {
      if (one.to < view.from || one.from > view.to) continue;
      const x1 = clamp(xOf(one.from));
      const x2 = Math.max(x1 + 1, clamp(xOf(one.to)));
      const width = x2 - x1;
      if (one.role === "down") {
        hatch(ctx, x1, y, width, BAR_H, colour.down, 5);
      } else {
        const isThin = one.role === "follower" || one.role === "up";
        const inset = isThin ? 4 : 0;
        ctx.fillStyle = colour[one.role];
        ctx.globalAlpha = node.is_seat ? 0.45 : 1;
        ctx.fillRect(x1, y + inset, width, BAR_H - 2 * inset);
        if (one.role === "candidate")
          hatch(ctx, x1, y, width, BAR_H, colour["on-role"], 9);
        ctx.globalAlpha = 1;
        barText(ctx, one, x1, y, width);
      }
      boxes.push([x1, y, width, BAR_H,
        { what: "role", node, stretch: one, time: one.from, end: one.to }]);
    }
    for (const [began, ended] of node.pauses) {
      if (ended < view.from || began > view.to) continue;
      const x1 = clamp(xOf(began)), x2 = clamp(xOf(ended));
      ctx.globalAlpha = 0.25;
      ctx.fillStyle = colour.pause;
      ctx.fillRect(x1, y - 4, x2 - x1, BAR_H + 8);
      ctx.globalAlpha = 1;
      hatch(ctx, x1, y - 4, x2 - x1, BAR_H + 8, colour.pause, 8);
    }
  });
}

/* A stretch's role and term: on a leader's bar, above a follower's. */
function barText(ctx, one, x, y, width) {
  const term = one.term === null ? "" : ` · term ${one.term}`;
  const isThin = one.role === "follower" || one.role === "up";
  if (one.role === "up") return;
  ctx.font = SMALL;
  const from = Math.max(x, GUTTER) + 5;
  const room = x + width - from - 3;
  const full = one.role + term;
  const text = ctx.measureText(full).width <= room ? full
    : one.term !== null && ctx.measureText(`t${one.term}`).width <= room
      ? `t${one.term}` : "";
  if (!text) return;
  if (!isThin) {
    if (one.role === "candidate") {
      ctx.fillStyle = colour.candidate;
      ctx.fillRect(from - 2, y + 1, ctx.measureText(text).width + 4, BAR_H - 2);
    }
    ctx.fillStyle = colour["on-role"];
    ctx.fillText(text, from, y + BAR_H / 2 + 0.5);
  } else {
    ctx.fillStyle = colour.dim;
    ctx.fillText(text, from, y - 3);
    barTexts.push([from, y - 3, ctx.measureText(text).width]);
  }
}

function paintLives(ctx) {
  ctx.font = SMALL;
  for (const event of shown) {
    if (event.what !== "life" || event.time < view.from
        || event.time > view.to) continue;
    const x = xOf(event.time), y = barY(PLACE.get(event.nodes[0]));
    if (event.does === "kill" || event.does === "end") {
      ctx.strokeStyle = colour.bad;
      ctx.lineWidth = 2.5;
      ctx.beginPath();
      ctx.moveTo(x - 6, y + 2);
      ctx.lineTo(x + 6, y + 14);
      ctx.moveTo(x + 6, y + 2);
      ctx.lineTo(x - 6, y + 14);
      ctx.stroke();
      ctx.lineWidth = 1;
    } else if (event.does === "start") {
      ctx.fillStyle = colour.good;
      ctx.beginPath();
      ctx.moveTo(x, y - 1);
      ctx.lineTo(x + 10, y + BAR_H / 2);
      ctx.lineTo(x, y + BAR_H + 1);
      ctx.fill();
    }
    boxes.push([x - 7, y - 2, 15, BAR_H + 4, event]);
  }
}

/* Client operations above the bars, and ticks for output below. */
function paintClients(ctx) {
  const ends = NODES.map(() => []);
  ctx.font = SMALL;
  for (const event of shown) {
    if (event.what === "operation") {
      if (event.end < view.from || event.time > view.to) continue;
      const place = PLACE.get(event.nodes[0]);
      const x1 = clamp(xOf(event.time));
      const x2 = Math.max(x1 + 3, clamp(xOf(event.end)));
      let row = ends[place].findIndex((end) => end < x1 - 1);
      const isCovered = row < 0 && ends[place].length > 1;
      if (row < 0) row = Math.min(ends[place].length, 1);
      ends[place][row] = x2;
      const y = barY(place) - 24 - row * 14;
      ctx.globalAlpha = event === selected ? 1 : 0.28;
      ctx.fillStyle = colour.client;
      ctx.fillRect(x1, y, x2 - x1, 12);
      ctx.globalAlpha = 1;
      ctx.fillRect(x1, y, 2, 12);
      if (event.ended === null) {
        ctx.fillStyle = colour.bad;
        ctx.fillRect(x2 - 2, y, 2, 12);
      }
      ctx.fillStyle = colour.ink;
      if (!isCovered)
        ctx.fillText(fitText(ctx, event.command, x2 - x1 - 8), x1 + 5,
          y + 6.5);
      boxes.push([x1, y, Math.max(4, x2 - x1), 12, event]);
    } else if (event.what === "log" && event.time >= view.from
        && event.time <= view.to) {
      const x = xOf(event.time), y = barY(PLACE.get(event.nodes[0])) + BAR_H;
      ctx.fillStyle = event === selected ? colour.accent : colour.dim;
      ctx.fillRect(x - 0.5, y + 8, 1.5, 5);
      boxes.push([x - 2, y + 7, 4, 7, event]);
    } else if (event.what === "stream" && event.does !== "up"
        && event.time >= view.from && event.time <= view.to) {
      const x = xOf(event.time);
      ctx.fillStyle = event.does === "garbage" ? colour.bad : colour.fault;
      for (const id of event.nodes) {
        const y = barY(PLACE.get(id)) + BAR_H / 2;
        ctx.beginPath();
        ctx.arc(x, y, 2.2, 0, 7);
        ctx.fill();
      }
      boxes.push([x - 3, barY(PLACE.get(event.from)), 6, BAR_H, event]);
    }
  }
}

/* ---- Arrows ------------------------------------------------------------ */

/* How far before a time an arrow may begin and still be seen. */
const LONGEST_US = FRAMES.reduce(
  (most, one) => Math.max(most, one.end - one.time), USUAL_US);

/* The lines of a frame: [x1, y1, x2, y2, how it ends, dashed]. */
function linesOf(frame) {
  const from = PLACE.get(frame.from), to = PLACE.get(frame.to);
  if (from === undefined || to === undefined || from === to) return [];
  const isDown = to > from;
  const y1 = barY(from) + (isDown ? BAR_H + 1 : -1);
  const y2 = barY(to) + (isDown ? -1 : BAR_H + 1);
  const x1 = xOf(frame.time);
  if (!frame.arrivals.length) {
    const part = 0.42;
    const x2 = x1 + Math.min(USUAL_US * scale(), 60) * part;
    return [[x1, y1, x2, y1 + (y2 - y1) * part,
      frame.lost === null ? "open" : "lost", false]];
  }
  return frame.arrivals.map((time, copy) =>
    [x1, y1, xOf(time), y2, "head", copy > 0]);
}

class Strokes {
  /* Lines of one look, painted together. */
  constructor(paint, width, dash, alpha) {
    Object.assign(this, { paint, width, dash, alpha });
    this.lines = new Path2D();
    this.heads = new Path2D();
  }

  head(x1, y1, x2, y2, size) {
    const angle = Math.atan2(y2 - y1, x2 - x1);
    for (const [turn, isFirst] of [[0, true], [2.75, false], [-2.75, false]]) {
      const long = isFirst ? 0 : size;
      const x = x2 + Math.cos(angle + turn) * long;
      const y = y2 + Math.sin(angle + turn) * long;
      if (isFirst) this.heads.moveTo(x, y);
      else this.heads.lineTo(x, y);
    }
    this.heads.closePath();
  }

  paintOn(ctx) {
    ctx.globalAlpha = this.alpha;
    ctx.strokeStyle = ctx.fillStyle = this.paint;
    ctx.lineWidth = this.width;
    ctx.setLineDash(this.dash);
    ctx.stroke(this.lines);
    ctx.setLineDash([]);
    ctx.fill(this.heads);
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1;
  }
}

/* Paints the arrows in sight; how many frames those are. */
function paintArrows(ctx) {
  const inSight = [];
  for (let at = firstFrom(FRAMES, view.from - LONGEST_US);
    at < FRAMES.length && FRAMES[at].time <= view.to; at++) {
    const frame = FRAMES[at];
    if (frame.shown && Math.max(frame.end, frame.time + USUAL_US) >= view.from)
      inSight.push(frame);
  }
  const isMany = inSight.length > MANY;
  const thin = isMany ? 0.7 : 1;
  const looks = new Map();
  const crosses = new Path2D(), rings = new Path2D();
  const arm = isMany ? 2 : 3.5; /* of a cross */
  const drawn = new Set();      /* what would be painted over itself */
  const labels = [];
  for (const frame of inSight) {
    const isReply = frame.type !== "REQUEST";
    const isOn = frame === selected || frame === WRONG_FRAME
      || (selected && selected.calls === frame.calls && frame.calls);
    for (const [x1, y1, x2, y2, ending, isDashed] of linesOf(frame)) {
      hits.push([x1, y1, x2, y2, frame]);
      if (isMany && !isOn) {
        const spot = `${y1}/${y2}/${Math.round(x1)}/${Math.round(x2)}`;
        if (drawn.has(spot)) continue;
        drawn.add(spot);
      }
      const paint = isOn && frame === WRONG_FRAME ? "bad"
        : ending === "lost" ? "bad" : kindVariable(frame.kind);
      const key = `${paint}/${isReply}/${isDashed}/${isOn ? 1 : 0}`;
      let look = looks.get(key);
      if (!look) {
        look = new Strokes(colour[paint],
          (isOn ? 2.6 : isReply ? 1 : 1.5) * thin,
          isDashed ? [4, 3] : ending === "open" ? [1, 3] : [],
          isOn ? 1 : isMany ? 0.45 : isReply ? 0.65 : 0.85);
        looks.set(key, look);
      }
      look.lines.moveTo(x1, y1);
      look.lines.lineTo(x2, y2);
      if (ending === "head") {
        if (!isMany || isOn) look.head(x1, y1, x2, y2, isOn ? 9 : 6.5);
      } else if (ending === "lost") {
        crosses.moveTo(x2 - arm, y2 - arm);
        crosses.lineTo(x2 + arm, y2 + arm);
        crosses.moveTo(x2 + arm, y2 - arm);
        crosses.lineTo(x2 - arm, y2 + arm);
      } else {
        rings.moveTo(x2 + 3, y2);
        rings.arc(x2, y2, 3, 0, 7);
      }
      if (!isDashed) labels.push([x1, y1, x2, y2, frame]);
    }
  }
  for (const [key, look] of looks) if (key.endsWith("/0")) look.paintOn(ctx);
  for (const [key, look] of looks) if (key.endsWith("/1")) look.paintOn(ctx);
  ctx.strokeStyle = colour.bad;
  ctx.lineWidth = isMany ? 1.2 : 2;
  ctx.stroke(crosses);
  ctx.strokeStyle = colour.dim;
  ctx.lineWidth = 1.2;
  ctx.stroke(rings);
  ctx.lineWidth = 1;
  if (inSight.length <= FEW) paintLabels(ctx, labels);
  return inSight.length;
}

/* Words on arrows, as far as they leave each other room. */
function paintLabels(ctx, labels) {
  const taken = barTexts.slice();
  const isOnBar = (y) => NODES.some((node, place) =>
    Math.abs(y - barY(place) - BAR_H / 2) < 17);
  ctx.font = SMALL;
  for (const [x1, y1, x2, y2, frame] of labels) {
    const width = ctx.measureText(frame.brief).width + 6;
    for (const part of [0.5, 0.36, 0.64, 0.24, 0.76]) {
      const x = x1 + (x2 - x1) * part + 3, y = y1 + (y2 - y1) * part;
      if (isOnBar(y)) continue;
      if (x < GUTTER || x + width > view.width) continue;
      if (taken.some((one) => x < one[0] + one[2] && x + width > one[0]
          && Math.abs(y - one[1]) < 14)) continue;
      taken.push([x, y, width]);
      ctx.globalAlpha = 0.82;
      ctx.fillStyle = colour.panel;
      ctx.fillRect(x, y - 7, width, 14);
      ctx.globalAlpha = 1;
      ctx.fillStyle = frame.arrivals.length || frame.lost === null
        ? colour[kindVariable(frame.kind)] : colour.bad;
      ctx.fillText(frame.brief, x + 3, y + 0.5);
      break;
    }
  }
}

/* ---- The whole --------------------------------------------------------- */

function paintWrong(ctx) {
  if (!WRONG_EVENT) return;
  const x = xOf(WRONG_EVENT.time);
  if (x < GUTTER - 2 || x > view.width + 2) return;
  ctx.fillStyle = ctx.strokeStyle = colour.bad;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x, AXIS_H - 4);
  ctx.lineTo(x, view.height);
  ctx.stroke();
  for (const id of WRONG_EVENT.nodes) {
    ctx.beginPath();
    ctx.arc(x, barY(PLACE.get(id)) + BAR_H / 2, 13, 0, 7);
    ctx.stroke();
  }
  ctx.lineWidth = 1;
  ctx.font = `600 ${SMALL}`;
  const text = DATA.wrong.is_event ? "first wrong event" : "failed here";
  const width = ctx.measureText(text).width + 14;
  const left = Math.min(x - 1, view.width - width);
  ctx.beginPath();
  ctx.roundRect(left, 3, width, 18, 4);
  ctx.fill();
  ctx.fillStyle = colour.panel;
  ctx.fillText(text, left + 7, 12.5);
  boxes.push([left, 2, width, 20, WRONG_EVENT]);
}

function paintGutter(ctx) {
  ctx.fillStyle = colour.panel;
  ctx.fillRect(0, 0, GUTTER - 6, view.laneTop);
  NODES.forEach((node, place) => {
    const y = laneY(place);
    ctx.fillStyle = place % 2 ? colour["lane-other"] : colour.lane;
    ctx.fillRect(0, y, GUTTER - 6, view.laneH);
    ctx.fillStyle = colour.ink;
    ctx.font = `600 ${FONT.replace("12px", "13px")}`;
    ctx.fillText(`node ${node.id}`, 14, barY(place) + 1);
    ctx.fillStyle = colour.dim;
    ctx.font = SMALL;
    const at = view.cursor !== null ? view.cursor
      : selected ? selected.time : view.to - 1;
    const state = stateAt(node, at);
    ctx.fillText(fitText(ctx, state, GUTTER - 20),
      14, barY(place) + 17);
    if (node.is_seat)
      ctx.fillText("(the test)", 14, barY(place) - 15);
  });
  ctx.fillStyle = colour.dim;
  ctx.font = SMALL;
  ctx.fillText("time", 14, AXIS_H / 2 + 1);
  if (DATA.steps.length) ctx.fillText("steps", 14, AXIS_H + STEPS_H / 2);
  if (BAND_COUNT)
    ctx.fillText("network", 14, AXIS_H + STEPS_H + 2 + BAND_H / 2);
  ctx.strokeStyle = colour.line;
  ctx.beginPath();
  ctx.moveTo(GUTTER - 6.5, 0);
  ctx.lineTo(GUTTER - 6.5, view.height);
  for (let place = 0; place <= NODES.length; place++) {
    ctx.moveTo(0, laneY(place) + 0.5);
    ctx.lineTo(view.width, laneY(place) + 0.5);
  }
  ctx.stroke();
}

function paintCursor(ctx) {
  const mark = (time, paint, dash) => {
    if (time === null || time < view.from || time > view.to) return;
    ctx.strokeStyle = paint;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(Math.round(xOf(time)) + 0.5, AXIS_H);
    ctx.lineTo(Math.round(xOf(time)) + 0.5, view.height);
    ctx.stroke();
    ctx.setLineDash([]);
  };
  mark(view.cursor, colour.dim, [1, 3]);
  if (selected && selected !== WRONG_EVENT)
    mark(selected.time, colour.accent, [4, 3]);
  if (view.cursor === null) return;
  ctx.font = SMALL;
  const text = timeText(view.cursor, axisStep() / 100);
  const width = ctx.measureText(text).width + 10;
  const x = Math.min(view.width - width,
    Math.max(GUTTER, xOf(view.cursor) - width / 2));
  ctx.fillStyle = colour.ink;
  ctx.fillRect(x, 4, width, 16);
  ctx.fillStyle = colour.panel;
  ctx.fillText(text, x + 5, 12.5);
}

const base = document.createElement("canvas"); /* all but the cursor */

/* Paints the chart; how many frames it shows. */
function paint() {
  const count = paintBase();
  paintOver();
  return count;
}

/* Puts the cursor, and what the nodes are at its time, over the rest. */
function paintOver() {
  const ctx = prepare(chart, view.width, view.height);
  ctx.drawImage(base, 0, 0, view.width, view.height);
  paintGutter(ctx);
  paintCursor(ctx);
}

function paintBase() {
  const ctx = prepare(base, view.width, view.height);
  hits = [];
  boxes = [];
  barTexts = [];
  ctx.fillStyle = colour.panel;
  ctx.fillRect(0, 0, view.width, view.height);
  paintLanes(ctx);
  paintAxis(ctx);
  ctx.save();
  ctx.beginPath();
  ctx.rect(GUTTER - 6, 0, view.width, view.height);
  ctx.clip();
  paintBands(ctx);
  paintSteps(ctx);
  paintSides(ctx);
  paintBars(ctx);
  paintClients(ctx);
  const count = paintArrows(ctx);
  paintLives(ctx);
  paintWrong(ctx);
  ctx.restore();
  return count;
}

/* The overview: roles in thin rows, and how much was sent when. */
function paintOverview(width, height) {
  const ctx = prepare(overview, width, height);
  const left = GUTTER, room = width - GUTTER - 12;
  const row = Math.min(6, (height - 22) / NODES.length);
  const counts = new Float64Array(Math.max(1, Math.ceil(room / 2)));
  const lost = new Float64Array(counts.length);
  for (const frame of FRAMES) {
    if (!frame.shown) continue;
    const at = Math.min(counts.length - 1,
      Math.floor(frame.time / END_US * counts.length));
    counts[at]++;
    if (frame.lost !== null) lost[at]++;
  }
  const most = Math.max(1, ...counts);
  counts.forEach((count, at) => {
    const tall = (one) => Math.sqrt(one / most) * 16;
    ctx.fillStyle = colour.dim;
    ctx.fillRect(left + at * 2, 18 - tall(count), 1.5, tall(count));
    ctx.fillStyle = colour.bad;
    ctx.fillRect(left + at * 2, 18 - tall(lost[at]), 1.5, tall(lost[at]));
  });
  NODES.forEach((node, place) => {
    for (const one of node.stretches) {
      if (one.role === "down") continue;
      ctx.fillStyle = colour[one.role];
      ctx.fillRect(left + one.from / END_US * room, 21 + place * row,
        Math.max(1, (one.to - one.from) / END_US * room), Math.max(1, row - 1));
    }
  });
  if (WRONG_EVENT) {
    ctx.fillStyle = colour.bad;
    ctx.fillRect(left + WRONG_EVENT.time / END_US * room - 1, 0, 2, height);
  }
  ctx.fillStyle = colour.dim;
  ctx.font = SMALL;
  ctx.fillText("overview", 14, height / 2);
}

/* What is under a point of the chart: an event, a band, a stretch, or null. */
function under(x, y) {
  let best = null, least = 7;
  for (const [x1, y1, x2, y2, event] of hits) {
    if (x < Math.min(x1, x2) - 7 || x > Math.max(x1, x2) + 7
        || y < Math.min(y1, y2) - 7 || y > Math.max(y1, y2) + 7) continue;
    const dx = x2 - x1, dy = y2 - y1;
    const part = Math.max(0, Math.min(1,
      ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
    const off = Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
    if (off < least) {
      least = off;
      best = event;
    }
  }
  if (best) return best;
  for (let at = boxes.length - 1; at >= 0; at--) {
    const [left, top, width, height, event] = boxes[at];
    if (x >= left - 1 && x <= left + width + 1 && y >= top
        && y <= top + height) return event;
  }
  return null;
}
