/*
 * chart.js - puts the chart together, paints the overview under it, and finds
 * what is under the mouse.
 */
"use strict";

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
