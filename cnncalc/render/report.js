// A network: folds, sorts, shows formulas, links the diagram with the table, moves the field.
const data = read("report"), later = read("later") || [];
const layers = new Map(data.layers.map(layer => [layer.name, layer]));
const moments = new Map(data.timeline.map(moment => [moment.name, moment]));
const parts = new Set(data.groups.map(group => group.name));
const table = document.getElementById("layers"), body = table.tBodies[0];
const FIGURES = { 3: "params", 4: "macs", 5: "connections", 6: "alive" }; // by the place of the cell
function partOf(name) {
  for (let end = name.lastIndexOf("."); end > 0; end = name.lastIndexOf(".", end - 1))
    if (parts.has(name.slice(0, end))) return name.slice(0, end);
  return "";
}
function complete() { // very large networks: the lines that the file does not hold
  const lines = new Map([...body.rows].map(row => [row.dataset.name, row]));
  const last = new Map(); // the line after which the next one of a part stands
  const total = data.totals, peak = total.memory.peak_activation_bytes;
  for (const [place, type, out, alive, field] of later) {
    const layer = data.layers[place], part = partOf(layer.name), row = document.createElement("tr");
    row.className = "row";
    row.dataset.name = layer.name;
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = layer.name;
    let inset = 0;
    for (let above = part; above; above = partOf(above)) inset += 1;
    head.style.setProperty("--in", inset);
    row.append(head);
    const cell = (text, number, of) => {
      const made = row.insertCell();
      if (number) {
        const button = document.createElement("button"), share = 100 * number / of;
        button.textContent = text;
        made.append(button);
        if (share >= 0.05) made.style.setProperty("--share", share.toFixed(1) + "%");
      } else made.textContent = text;
    };
    cell(type);
    cell(out);
    for (const figure of ["params", "macs", "connections"])
      cell(layer.unknown ? "?" : grouped(layer[figure]), layer[figure], total[figure]);
    const moment = moments.get(layer.name);
    cell(alive, moment ? moment.bytes : 0, peak);
    cell(field);
    (last.get(part) || lines.get(part)).after(row);
    for (let above = part; above; above = partOf(above)) last.set(above, row);
  }
}
complete();
const rows = [...body.rows];
const named = new Map(rows.map(row => [row.dataset.name, row]));
const outer = row => named.get(partOf(row.dataset.name));
const hidden = row => {
  for (let above = outer(row); above; above = outer(above)) if (above.dataset.open === "0") return true;
  return false;
};
function show() {
  for (const row of body.querySelectorAll("tr.formula")) row.remove();
  for (const row of rows) row.hidden = order.figure ? row.classList.contains("group") : hidden(row);
}
function open(row, wanted) {
  row.dataset.open = wanted ? "1" : "0";
  const button = row.querySelector("button.fold");
  button.setAttribute("aria-expanded", String(wanted));
  button.firstElementChild.textContent = wanted ? "▾ " : "▸ ";
}
const within = name => data.layers.filter(layer => layer.name.startsWith(name + "."));
function formula(name, figure) {
  const layer = layers.get(name);
  if (figure === "alive") {
    const met = (layer ? [name] : within(name).map(one => one.name)).map(one => moments.get(one)).filter(Boolean);
    const most = met.reduce((a, b) => b.bytes > a.bytes ? b : a);
    return (layer ? "" : "most at " + most.name + ": ") + most.tensors.join(" + ") + " = " + grouped(most.bytes) + " bytes";
  }
  if (layer) return (layer.formulas || {})[figure] || "no formula: the figure was stated";
  const summands = within(name).map(one => one[figure]).filter(Boolean);
  return summands.join(" + ") + " = " + summands.reduce((sum, one) => sum + BigInt(one), 0n);
}
body.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("tr"), figure = FIGURES[button.parentNode.cellIndex];
  if (button.classList.contains("fold")) { open(row, row.dataset.open === "0"); show(); }
  else {
    const text = formula(row.dataset.name, figure);
    below(row, figure + ": " + (figure === "alive" ? text : grouped(text.replaceAll("*", "·"))));
  }
});
function value(row, figure) {
  const name = row.dataset.name, layer = layers.get(name);
  if (!layer) return 0; // a part: its line is hidden
  if (figure === "alive") return moments.has(name) ? moments.get(name).bytes : 0;
  if (figure === "field") return layer.receptive_field ? Math.max(...layer.receptive_field.size) : 0;
  return layer[figure];
}
sortable(table, rows, value, show);
choosable(box => {
  const name = box.dataset.name;
  const row = named.get(name) || rows.find(one => one.dataset.name.startsWith(name + "."));
  if (!row) return;
  for (let above = outer(row); above; above = outer(above)) open(above, true);
  show();
  highlight(row, [box]);
});
const slider = document.getElementById("field-of");
if (slider) {
  const seeing = data.layers.filter(layer => layer.receptive_field ? layer.receptive_field.jump.some(Boolean) : false);
  const size = data.inputs[0].shape, high = size.h || 1, wide = size.w || size.l;
  const scale = 240 / Math.max(high, wide), seen = document.querySelector(".seen");
  slider.max = String(seeing.length - 1);
  const move = () => {
    const layer = seeing[Number(slider.value)], field = layer.receptive_field;
    const out = layer.out, flat = field.size.length === 1;
    const middle = (flat ? [out.l || out.w || 1] : [out.h || 1, out.w || 1]).map(length => Math.floor(length / 2));
    const spans = field.size.map((length, axis) => {
      const centre = field.start[axis] + middle[axis] * field.jump[axis];
      return [centre - length / 2, centre + length / 2];
    });
    if (flat) spans.unshift([0, 1]);
    const cut = (place, most) => Math.max(0, Math.min(most, place)) * scale;
    const [top, bottom] = spans[0].map(place => cut(place, high)), [left, right] = spans[1].map(place => cut(place, wide));
    seen.setAttribute("x", left); seen.setAttribute("y", top);
    seen.setAttribute("width", right - left); seen.setAttribute("height", bottom - top);
    const axes = flat ? [[right - left, wide]] : [[bottom - top, high], [right - left, wide]];
    const pixels = axes.map(([length]) => Math.round(1000 * length / scale) / 1000).join("×");
    const whole = field.size.join("×"), input = axes.map(([, most]) => most).join("×");
    const cutOff = pixels === whole ? "" : ", the rest of its field of " + whole + " lies outside";
    document.getElementById("field-text").textContent = layer.name + ", unit " + middle.join(", ") + ": sees " + pixels +
      " of " + input + cutOff + "; for the next unit the field moves on by " + field.jump.join("×");
    slider.setAttribute("aria-valuetext", layer.name);
  };
  slider.addEventListener("input", move);
  move();
}
for (const row of rows) if (row.dataset.open === "0") open(row, false);
show();
