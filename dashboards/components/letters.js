// Letters are shortcuts of the page, and are none as long as a field has the focus. A list that something was chosen from
// keeps it; here it gives it up. The script runs when `data` has changed, which is after a choice.
export default function () {
  const field = document.activeElement;
  if (field?.getAttribute("role") === "combobox" && field.getAttribute("aria-expanded") !== "true") field.blur();
}
