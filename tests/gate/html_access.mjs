// Opens pages in Chromium, in both colour schemes and at two widths, and tells what axe-core says of each as JSON.
// node html_access.mjs NODE_MODULES CHROMIUM PAGE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, chromium, ...pages] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { default: puppeteer } = await import(pathToFileURL(require.resolve("puppeteer-core")));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const found = [];

async function look(browser, page, scheme, width) {
  const tab = await browser.newPage();
  const told = [];
  tab.on("console", (message) => told.push(message.text()));
  tab.on("pageerror", (error) => told.push(String(error)));
  tab.on("dialog", (dialog) => (told.push(dialog.message()), dialog.dismiss()));
  tab.on("request", (request) => request.url().startsWith("file:") || told.push(request.url()));
  await tab.setViewport({ width, height: 900 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.goto(pathToFileURL(page).href);
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
  const ink = await tab.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await tab.evaluate(axe);
  const { violations, passes } = await tab.evaluate((tags) => window.axe.run(document, { runOnly: tags }), tags);
  const wrong = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" | ")}`);
  found.push({ page, scheme, width, wide, ink, told, wrong, passed: passes.length });
  await tab.close();
}

const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox"] });
try {
  for (const page of pages)
    for (const scheme of ["light", "dark"]) for (const width of [1280, 320]) await look(browser, page, scheme, width);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
