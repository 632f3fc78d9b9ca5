// Shows only what fits the words in the search field; without a script everything is shown.
const find = document.getElementById('find');
const none = document.getElementById('none');
find.addEventListener('input', () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const article of document.querySelectorAll('[data-event]')) {
    const fits = words.every((word) => article.dataset.words.includes(word));
    article.hidden = !fits;
    if (fits) shown++;
    const item = document.querySelector(`[data-of="${article.dataset.event}"]`);
    if (item) item.hidden = !fits;
  }
  for (const group of document.querySelectorAll('section.stream, nav .group'))
    group.hidden = group.querySelector('[data-event]:not([hidden]), [data-of]:not([hidden])') === null;
  none.hidden = shown > 0;
});
