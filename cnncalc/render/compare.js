// Two networks: hides what is the same, sorts, shows formulas, links both diagrams with the table.
const sides = [["a", "A", read("report")], ["b", "B", read("other")]].map(([key, letter, report]) => {
  const layers = new Map(); // a layer and what is attached to it, by its name
  for (const layer of report.layers) {
    const name = layer.attached_to || layer.name;
    layers.set(name, [...layers.get(name) || [], layer]);
  }
  return { key, letter, layers };
});
const table = document.getElementById("layers"), body = table.tBodies[0], rows = [...body.rows];
const differing = document.getElementById("differing");
const FIGURES = { 6: ["params", 0], 7: ["params", 1], 9: ["macs", 0], 10: ["macs", 1] }; // by the place of the cell
function show() {
  for (const row of body.querySelectorAll("tr.formula")) row.remove();
  for (const row of rows) row.hidden = differing.checked ? row.classList.contains("same") : false;
}
const layersOf = (row, side) => side.layers.get(row.dataset[side.key]) || [];
const total = (row, side, figure) => layersOf(row, side).reduce((sum, layer) => sum + layer[figure], 0);
body.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("tr"), [figure, place] = FIGURES[button.closest("td").cellIndex];
  const found = layersOf(row, sides[place]).filter(layer => layer[figure]);
  const texts = found.map(layer => layer.name + ": " + ((layer.formulas || {})[figure] || layer[figure] + ", stated"));
  below(row, figure + " " + sides[place].letter + ": " + grouped(texts.join("; ").replaceAll("*", "·")));
});
function value(row, figure) {
  const [key, place] = figure.split(" "), [a, b] = sides.map(side => total(row, side, key));
  return { A: a, B: b, change: b - a }[place];
}
sortable(table, rows, value, show);
choosable(box => {
  const place = document.querySelectorAll(".diagram")[1].contains(box) ? 1 : 0, key = sides[place].key, name = box.dataset.name;
  const own = row => row.dataset[key] || "";
  const row = rows.find(one => own(one) === name) || rows.find(one => own(one).startsWith(name + "."));
  if (!row) return;
  if (row.hidden) { differing.checked = false; show(); }
  highlight(row, [box]);
});
differing.addEventListener("change", show);
differing.checked = rows.length > 40 ? rows.some(row => !row.classList.contains("same")) : false;
show();
