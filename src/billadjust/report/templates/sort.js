"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const valueOf = (row, place) => {
    const cell = row.cells[place];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  headings.forEach((heading, place) => {
    if (heading.classList.contains("fixed")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const up = heading.ariaSort === "descending" || (heading.ariaSort === null && !heading.classList.contains("n"));
      headings.forEach((other) => { other.ariaSort = null; });
      heading.ariaSort = up ? "ascending" : "descending";
      const compare = (one, two) => {
        const [a, b] = [valueOf(one, place), valueOf(two, place)];
        if (typeof a === "number" && typeof b === "number") return a - b;
        return String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
      };
      body.append(...[...body.rows].sort((one, two) => (up ? compare(one, two) : compare(two, one))));
    });
  });
}
