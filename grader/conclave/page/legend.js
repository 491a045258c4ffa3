/*
 * legend.js - what the signs of the chart mean, and the keys.
 */
"use strict";

const SVG = "http://www.w3.org/2000/svg";

/* A small picture of paths: [d, colour, width, dash, fill]. */
function picture(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 38 16");
  for (const [d, paint, width, dash, fill] of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    path.style.stroke = width ? `var(--${paint})` : "none";
    path.style.strokeWidth = width;
    path.style.strokeDasharray = dash || "";
    path.style.fill = fill ? `var(--${paint})` : "none";
    svg.append(path);
  }
  return svg;
}

function makeLegend() {
  const items = (...pairs) => make("ul", "", ...pairs.map(([image, text]) =>
    make("li", "", image, make("span", "", text))));
  const bar = (paint, tall) => picture(
    [`M2 ${8 - tall / 2}h34v${tall}h-34z`, paint, 0, "", true]);
  const arrow = (width, dash) => picture(["M4 2L30 13", "append", width, dash],
    ["M33 14l-8 -.5l3 -5z", "append", 0, "", true]);
  const key = (...names) => make("span", "", ...names
    .map((name) => make("kbd", "", name)));
  legend.append(
    make("h2", "", "Nodes"),
    items([bar("leader", 12), "leader"], [bar("candidate", 12), "candidate"],
      [bar("follower", 6), "follower, or up"],
      [picture(["M4 14l10-12M14 14l10-12M24 14l10-12", "down", 2]),
        "not running"],
      [picture(["M4 14l10-12M14 14l10-12M24 14l10-12", "pause", 2]), "paused"],
      [picture(["M12 2l12 12M24 2l-12 12", "bad", 2.5]), "killed or ended"],
      [picture(["M14 2l10 6l-10 6z", "good", 0, "", true]), "started"],
      [bar("side1", 4), "its side of a cut"]),
    make("h2", "", "Messages"),
    items([arrow(1.8), "request"], [arrow(0.9), "reply, thinner"],
      [arrow(1.6, "4 3"), "delivered again"],
      [picture(["M4 2L20 9", "bad", 1.6], ["M17 6l6 6M23 6l-6 6", "bad", 2]),
        "lost on its way"],
      [picture(["M4 2L20 9", "append", 1.6, "1 3"],
        ["M20 10m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", "dim", 1.3]),
      "still on its way at the end"],
      [bar("client", 10), "a client's command"],
      [picture(["M18 4v8M22 4v8M30 4v8", "dim", 1.5]), "a line of output"],
      [picture(["M19 1v14", "bad", 2.5]), "where it went wrong"]),
    make("h2", "", "Keys"),
    items([key("+", "-"), "zoom (also the wheel)"],
      [key("←", "→"), "pan (also dragging)"], [key("0"), "show all"],
      [key("w"), "where it went wrong"], [key("n", "p"), "next, previous"],
      [key("/"), "search"], [key("Esc"), "clear"], [key("?"), "this"]),
    make("p", "quiet", "Roles and terms are told from the frames that a node "
      + "sent, not from what it says of itself."));
}
