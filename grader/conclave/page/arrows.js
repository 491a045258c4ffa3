/*
 * arrows.js - paints messages. A lost one is cut short, a second delivery is
 * dashed. Of very many, those that would cover each other are painted once.
 */
"use strict";

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
    this.paths = [];
    this.count = 0;
    this.heads = new Path2D();
  }

  line(x1, y1, x2, y2) {
    /* Many short paths are painted far faster than one long one. */
    if (this.count++ % LINES_A_PATH === 0) this.paths.push(new Path2D());
    const path = this.paths[this.paths.length - 1];
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
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
    for (const path of this.paths) ctx.stroke(path);
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
      look.line(x1, y1, x2, y2);
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
