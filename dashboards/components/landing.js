// Keeps a link for this tab alone, and gives it back once. A tab that may store nothing answers with nothing.
const NAME = "tsanomaly-asked-for";

const attempt = (act) => {
  try {
    return act();
  } catch {
    return null;
  }
};

export default function ({ data, parentElement, setTriggerValue }) {
  if (data.keep) attempt(() => sessionStorage.setItem(NAME, data.keep));
  if (!data.take || parentElement.taken) return;
  parentElement.taken = true;
  const link = attempt(() => sessionStorage.getItem(NAME));
  attempt(() => sessionStorage.removeItem(NAME));
  setTriggerValue("asked", { link });
}
