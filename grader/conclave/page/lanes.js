/*
 * lanes.js - paints all of the chart but the arrows: the axis, the steps of the
 * story, the network's bands, and each node's lane.
 */
"use strict";

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
    for (const one of node.stretches) {
      if (one.role === "down" || one.to < view.from || one.from > view.to)
        continue;
      const x = clamp(xOf(one.from));
      barText(ctx, one, x, y, clamp(xOf(one.to)) - x);
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
