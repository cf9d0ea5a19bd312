// Reads an action and workflows with the parser that GitHub publishes for its editors, against GitHub's own schema, expressions
// included. Prints what it finds wrong, by file.
// Call: node github_parser.mjs NODE_MODULES FILE…; a file named action.yml is an action, every other one a workflow.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

// The package is written for bundlers, which import its schemas without being told that they are JSON.
const load = `import { readFileSync } from "node:fs";
export const load = (url, context, next) => !url.endsWith(".json") ? next(url, context)
  : { format: "module", shortCircuit: true, source: "export default " + readFileSync(new URL(url), "utf8") };`;
register("data:text/javascript," + encodeURIComponent(load));

const [folder, ...files] = process.argv.slice(2);
const part = (path) => import(pathToFileURL(join(folder, "@actions/workflow-parser/dist", path)));
const { convertWorkflowTemplate, parseWorkflow, NoOperationTraceWriter } = await part("index.js");
const { parseAction } = await part("actions/action-parser.js");

async function wrong(path) {
  const file = { name: basename(path), content: readFileSync(path, "utf8") };
  const action = file.name === "action.yml";
  const found = (action ? parseAction : parseWorkflow)(file, new NoOperationTraceWriter());
  if (found.value && !action) await convertWorkflowTemplate(found.context, found.value);
  const told = found.context.errors.getErrors().map((error) => error.message);
  return found.value ? told : ["nothing was read", ...told];
}

console.log(JSON.stringify(Object.fromEntries(await Promise.all(files.map(async (path) => [path, await wrong(path)])))));
