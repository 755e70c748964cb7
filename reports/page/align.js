"use strict";
// Two messages stage by stage, from the send on, as `harness trace --compare` has them.

const MOST_STAGES = 400;

function stagesOf(data, flow) {
  const found = [];
  for (let event = data.first[flow]; event < data.first[flow + 1] && found.length < MOST_STAGES; event += 1) {
    if (data.events.stage[event] >= 0) found.push(event);
  }
  return found;
}

function sendOf(data, flow) {
  const events = stagesOf(data, flow), sent = events.find((event) => data.kindOf(event) === "api.requested");
  return data.events.at[sent === undefined ? data.first[flow] : sent];
}

function align(data, one, other) {
  const left = stagesOf(data, one), right = stagesOf(data, other), { stage, detail } = data.events;
  const zero = [sendOf(data, one), sendOf(data, other)];
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let a = left.length - 1; a >= 0; a -= 1) {
    for (let b = right.length - 1; b >= 0; b -= 1) {
      lengths[a][b] = stage[left[a]] === stage[right[b]] ? lengths[a + 1][b + 1] + 1 : Math.max(lengths[a + 1][b], lengths[a][b + 1]);
    }
  }
  const pairs = [];
  let a = 0, b = 0;
  while (a < left.length || b < right.length) {
    if (a < left.length && b < right.length && stage[left[a]] === stage[right[b]]) {
      pairs.push({ left: left[a], right: right[b], difference: detail[left[a]] === detail[right[b]] ? "" : "other" });
      a += 1;
      b += 1;
    } else if (b >= right.length || (a < left.length && lengths[a + 1][b] >= lengths[a][b + 1])) {
      pairs.push({ left: left[a], right: -1, difference: data.quiet[data.events.kind[left[a]]] ? "" : "only one" });
      a += 1;
    } else {
      pairs.push({ left: -1, right: right[b], difference: data.quiet[data.events.kind[right[b]]] ? "" : "only one" });
      b += 1;
    }
  }
  reorder(data, pairs);
  const real = pairs.findIndex((pair) => pair.difference === "only one" || pair.difference === "other");
  const first = real >= 0 ? real : pairs.findIndex((pair) => pair.difference === "order");
  const since = (event, side) => (event < 0 ? null : data.events.at[event] - zero[side]);
  return { pairs: pairs.map((pair) => ({ ...pair, leftAt: since(pair.left, 0), rightAt: since(pair.right, 1) })), first };
}

function reorder(data, pairs) { // what stands alone on both sides came in another order
  const key = (event) => `${data.events.stage[event]}/${data.events.detail[event]}`;
  const lone = [new Map(), new Map()];
  const alone = pairs.filter((pair) => pair.difference === "only one");
  const sideOf = (pair) => (pair.left >= 0 ? 0 : 1), eventOf = (pair) => Math.max(pair.left, pair.right);
  for (const pair of alone) lone[sideOf(pair)].set(key(eventOf(pair)), (lone[sideOf(pair)].get(key(eventOf(pair))) || 0) + 1);
  for (const pair of alone) {
    const name = key(eventOf(pair)), side = sideOf(pair);
    if ((lone[1 - side].get(name) || 0) >= lone[side].get(name)) pair.difference = "order";
  }
}

function differenceSaid(data, found) {
  if (found.first < 0) return "No difference in what happened.";
  const pair = found.pairs[found.first], words = (event) => `${data.kindOf(event)} ${data.said(event)}`;
  if (pair.difference === "other") return `First difference: ${words(pair.left)} here, ${data.said(pair.right)} there.`;
  const event = Math.max(pair.left, pair.right);
  if (pair.difference === "order") return `First difference: ${words(event)} came in another order.`;
  return `First difference: ${words(event)}, on the ${pair.left >= 0 ? "left" : "right"} alone.`;
}
