// Runs in the page under test, as an expression: sentences about what a careful look would find.
(() => {
  const leastTargetPx = 44;
  const visible = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0;
  const named = (element) => `<${element.localName}> “${element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40)}”`;

  function sideways() {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`scrolls sideways by ${scrollWidth - clientWidth} px`] : [];
  }

  /** Links within a line of text are as high as the line, and may be. */
  function smallTargets() {
    return [...document.querySelectorAll('a[href], button, input, select, summary, [role="tab"]')]
      .filter((element) => visible(element) && getComputedStyle(element).display !== 'inline')
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => Math.min(box.width, box.height) < leastTargetPx)
      .map(
        ({ element, box }) =>
          `${named(element)} is small to touch, ${Math.round(box.width)}×${Math.round(box.height)} px`,
      );
  }

  /** WCAG 2.2, 1.4.3. What is disabled is exempt, and so is what is drawn. */
  function paleTexts() {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const elements = new Set();
    while (texts.nextNode()) if (texts.currentNode.data.trim() !== '') elements.add(texts.currentNode.parentElement);
    return [...elements]
      .filter((element) => visible(element) && !element.closest('svg, script, style, noscript, :disabled'))
      .map((element) => ({ element, ratio: contrastOf(element), needed: neededFor(getComputedStyle(element)) }))
      .filter(({ ratio, needed }) => ratio < needed)
      .map(({ element, ratio, needed }) => `${named(element)} has a contrast of ${ratio.toFixed(2)}, not ${needed}`);
  }

  function neededFor({ fontSize, fontWeight }) {
    const size = parseFloat(fontSize);
    return size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5;
  }

  function contrastOf(element) {
    let [opacity, ground] = [1, [0, 0, 0, 0]];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      opacity *= Number(style.opacity);
      ground = over(ground, rgba(style.backgroundColor));
    }
    ground = over(ground, rgba('Canvas'));
    const [red, green, blue, alpha] = rgba(getComputedStyle(element).color);
    const [lighter, darker] = [luminance(over([red, green, blue, alpha * opacity], ground)), luminance(ground)].sort(
      (one, other) => other - one,
    );
    return (lighter + 0.05) / (darker + 0.05);
  }

  /** Any colour that CSS knows, as the pixel it makes: 0 to 255, and alpha 0 to 1. */
  function rgba(color) {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }

  function over(front, back) {
    const alpha = front[3] + back[3] * (1 - front[3]);
    if (alpha === 0) return [0, 0, 0, 0];
    const mix = (index) => (front[index] * front[3] + back[index] * back[3] * (1 - front[3])) / alpha;
    return [mix(0), mix(1), mix(2), alpha];
  }

  function luminance([red, green, blue]) {
    const linear = (part) => (part <= 10.31 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  }

  return [...sideways(), ...smallTargets(), ...paleTexts()];
})();
