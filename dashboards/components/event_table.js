// Everything from a file arrives in `data` and leaves as textContent or title: never as markup.

const COLUMNS = [
  { head: "#", by: "rank" },
  { head: "Severity", by: "severity", says: "0 to 100; each 10 points are ten times rarer in the data learned from" },
  { head: "Start", by: "row" },
  { head: "Lasts", by: "rows" },
  { head: "What broke", by: "channel" },
];

const element = (name, text = "", title = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (title) made.title = title;
  return made;
};

const severity = (row) => {
  const cell = element("td", "", row.rarity);
  const bar = element("div");
  const length = element("b");
  bar.className = "severity";
  length.style.width = `${row.severity}%`;
  bar.append(element("i"), element("span", row.severity));
  bar.firstChild.append(length);
  cell.append(bar);
  return cell;
};

const cells = (row) => [
  element("td", row.rank),
  severity(row),
  element("td", row.start, row.clock),
  element("td", row.lasts, row.lasts),
  element("td", row.channel, row.broke),
];

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  const order = (frame.order ??= { by: "rank", descending: false });
  const head = frame.querySelector("thead");
  const body = frame.querySelector("tbody");
  frame.style.maxHeight = `${data.height}px`;

  const choose = (line) => {
    for (const other of body.children) other.ariaSelected = String(other === line);
    line.focus({ preventScroll: true });
    setTriggerValue("rank", Number(line.dataset.rank));
  };

  const draw = () => {
    const sign = order.descending ? -1 : 1;
    const compared = (a, b) => (a[order.by] < b[order.by] ? -1 : a[order.by] > b[order.by] ? 1 : a.rank - b.rank);
    const focused = body.contains(parentElement.activeElement ?? document.activeElement);
    const headings = element("tr");
    for (const { head: text, by, says } of COLUMNS) {
      const heading = element("th", text, says);
      heading.scope = "col";
      if (by === order.by) heading.ariaSort = order.descending ? "descending" : "ascending";
      heading.onclick = () => {
        order.descending = order.by === by && !order.descending;
        order.by = by;
        draw();
      };
      headings.append(heading);
    }
    head.replaceChildren(headings);
    body.replaceChildren(
      ...[...data.rows].sort((a, b) => sign * compared(a, b)).map((row) => {
        const line = element("tr");
        line.append(...cells(row));
        line.dataset.rank = row.rank;
        line.ariaSelected = String(row.rank === data.chosen);
        line.tabIndex = row.rank === data.chosen ? 0 : -1;
        line.onclick = () => choose(line);
        return line;
      }),
    );
    const chosen = body.querySelector('[aria-selected="true"]');
    if (!chosen) return;
    const [above, below] = [chosen.offsetTop - head.offsetHeight, chosen.offsetTop + chosen.offsetHeight];
    if (above < frame.scrollTop) frame.scrollTop = above;
    if (below > frame.scrollTop + frame.clientHeight) frame.scrollTop = below - frame.clientHeight;
    if (focused) chosen.focus({ preventScroll: true });
  };

  body.onkeydown = (event) => {
    const line = body.querySelector('[aria-selected="true"]');
    const next = { ArrowDown: line?.nextElementSibling, ArrowUp: line?.previousElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    choose(next);
  };

  draw();
}
