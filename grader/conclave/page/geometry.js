/*
 * geometry.js - where things are on the chart, in which colour, and small
 * helpers for painting. `view` is what the chart shows; lanes.js, arrows.js and
 * chart.js paint it, and note in `hits` and `boxes` what they painted where.
 */
"use strict";

const GUTTER = 104;                        /* names of the nodes, at the left */
const AXIS_H = 24, STEPS_H = 22, BAND_H = 18, BAR_H = 16;
const LANE_MIN = 72, LANE_MAX = 230;
const MANY = 900;                          /* arrows, drawn thinner from here */
const MANY_STEPS = 60;                     /* marked without a line from here */
const LINES_A_PATH = 24;
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
const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, "
  + "'DejaVu Sans', sans-serif";
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
