// Where the nodes of a directed graph without cycles go: in layers from the sources on, with few crossings.

const SWEEPS = 6;
/** Neighbours draw each other into line little by little. */
const ALIGNMENTS = 40;

/**
 * `ids`: of the nodes. `edges`: `{from, to}`. `size(id)`: `{width, height}`. `gap`: between layers and between neighbours,
 * `{layer, node}`. Layers go from left to right, or with `down` from top to bottom.
 * Returns `{width, height, nodes: Map(id → {x, y, width, height}), edges: [{from, to, points}]}`; the points of an edge
 * go from the middle of a node's side over the layers it passes to the other's.
 */
export function place({ ids, edges, size, gap, down = false }) {
  const lines = unique(ids, edges);
  const layerOf = layering(ids, lines);
  const { layers, chains } = withPassages(ids, lines, layerOf, size, gap);
  order(layers, chains);
  align(layers, chains, gap.node, down);
  return placed(layers, lines, chains, gap.layer, down);
}

function unique(ids, edges) {
  const known = new Set(ids);
  const seen = new Set();
  return edges.filter(({ from, to }) => {
    const key = `${from}>${to}`;
    if (from === to || !known.has(from) || !known.has(to) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The longest way from a source; a source stands right before the first that reads it. */
function layering(ids, edges) {
  const layers = new Map(ids.map((id) => [id, 0]));
  for (let round = 0; round < ids.length; round += 1) {
    let moved = false;
    for (const { from, to } of edges) {
      if (layers.get(to) > layers.get(from) || layers.get(from) >= ids.length) continue;
      layers.set(to, layers.get(from) + 1);
      moved = true;
    }
    if (!moved) break;
  }
  for (const id of ids) {
    const readers = edges.filter(({ from }) => from === id).map(({ to }) => layers.get(to));
    if (readers.length && !edges.some(({ to }) => to === id)) layers.set(id, Math.min(...readers) - 1);
  }
  return layers;
}

/** Layers of slots; an edge over several layers gets a narrow slot in each that it passes. */
function withPassages(ids, edges, layerOf, size, gap) {
  const layers = [];
  const slots = new Map();
  const put = (layer, slot) => {
    (layers[layer] ??= []).push(slot);
    return slot;
  };
  for (const id of ids) slots.set(id, put(layerOf.get(id), { id, ...size(id), center: 0 }));
  const chains = edges.map(({ from, to }) => {
    const chain = [slots.get(from)];
    for (let layer = layerOf.get(from) + 1; layer < layerOf.get(to); layer += 1) {
      chain.push(put(layer, { width: gap.node / 2, height: gap.node / 2, center: 0 }));
    }
    return [...chain, slots.get(to)];
  });
  for (let layer = 0; layer < layers.length; layer += 1) layers[layer] ??= [];
  return { layers, chains };
}

function neighbours(chains) {
  const before = new Map();
  const after = new Map();
  const add = (map, slot, other) => map.set(slot, [...(map.get(slot) ?? []), other]);
  for (const chain of chains) {
    for (let index = 1; index < chain.length; index += 1) {
      add(before, chain[index], chain[index - 1]);
      add(after, chain[index - 1], chain[index]);
    }
  }
  return { before, after };
}

/** Each layer by the mean place of its neighbours, forwards and backwards in turn. */
function order(layers, chains) {
  const { before, after } = neighbours(chains);
  const number = (layer) => layer.forEach((slot, index) => { slot.rank = index; });
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forwards = sweep % 2 === 0;
    for (const layer of forwards ? layers : [...layers].reverse()) {
      const others = forwards ? before : after;
      const wish = new Map(layer.map((slot) => [slot, mean((others.get(slot) ?? []).map(({ rank }) => rank), slot.rank)]));
      layer.sort((a, b) => wish.get(a) - wish.get(b) || a.rank - b.rank);
      number(layer);
    }
  }
}

const mean = (values, otherwise) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : otherwise);

/** Across the layers: each slot near the middle of its neighbours, none over another. */
function align(layers, chains, gap, down) {
  const { before, after } = neighbours(chains);
  const breadth = (slot) => (down ? slot.width : slot.height);
  for (const layer of layers) {
    let at = 0;
    for (const slot of layer) {
      slot.center = at + breadth(slot) / 2;
      at += breadth(slot) + gap;
    }
  }
  for (let sweep = 0; sweep < ALIGNMENTS; sweep += 1) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      settle(layer, layer.map((slot) => {
        const near = [...(before.get(slot) ?? []), ...(after.get(slot) ?? [])];
        return mean(near.map(({ center }) => center), slot.center);
      }), breadth, gap);
    }
  }
}

/** Puts the slots as near to their wishes as their order allows: those that would overlap become one block. */
function settle(layer, wishes, breadth, gap) {
  const blocks = [];
  layer.forEach((slot, index) => {
    let block = { slots: [slot], breadth: breadth(slot), wish: wishes[index], weight: 1 };
    while (blocks.length) {
      const last = blocks.at(-1);
      if (last.wish + last.breadth / 2 + gap <= block.wish - block.breadth / 2) break;
      blocks.pop();
      const weight = last.weight + block.weight;
      const whole = last.breadth + gap + block.breadth;
      // Where the middle of both would have to be for each to stand where it wants.
      const wish = (last.wish + (whole - last.breadth) / 2) * last.weight + (block.wish - (whole - block.breadth) / 2) * block.weight;
      block = { slots: [...last.slots, ...block.slots], breadth: whole, weight, wish: wish / weight };
    }
    blocks.push(block);
  });
  for (const { slots, breadth: whole, wish } of blocks) {
    let at = wish - whole / 2;
    for (const slot of slots) {
      slot.center = at + breadth(slot) / 2;
      at += breadth(slot) + gap;
    }
  }
}

function placed(layers, edges, chains, gap, down) {
  const all = layers.flat();
  const least = Math.min(...all.map((slot) => slot.center - (down ? slot.width : slot.height) / 2));
  let at = 0;
  const nodes = new Map();
  for (const layer of layers) {
    const depth = Math.max(0, ...layer.map((slot) => (down ? slot.height : slot.width)));
    for (const slot of layer) {
      const across = slot.center - least;
      slot.x = down ? across - slot.width / 2 : at;
      slot.y = down ? at : across - slot.height / 2;
      // What passes through a layer goes through all of it.
      if (slot.id === undefined) slot[down ? 'height' : 'width'] = depth;
      else nodes.set(slot.id, { x: slot.x, y: slot.y, width: slot.width, height: slot.height });
    }
    at += depth + gap;
  }
  const end = (slot, isOut) => (down
    ? { x: slot.x + slot.width / 2, y: slot.y + (isOut ? slot.height : 0) }
    : { x: slot.x + (isOut ? slot.width : 0), y: slot.y + slot.height / 2 });
  const length = Math.max(0, at - gap);
  const across = Math.max(...all.map((slot) => (down ? slot.x + slot.width : slot.y + slot.height)));
  return {
    width: down ? across : length, height: down ? length : across, nodes,
    edges: edges.map(({ from, to }, index) => ({
      from, to,
      points: chains[index].flatMap((slot, place, { length: count }) => [
        ...(place > 0 ? [end(slot, false)] : []), ...(place < count - 1 ? [end(slot, true)] : []),
      ]),
    })),
  };
}
