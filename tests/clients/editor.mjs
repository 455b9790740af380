// An editor's view of the files: starts the YAML language server, opens shipped files, and asks for completion, hover and
// findings, as an editor would. Run by tests/editor.
//
// usage: node editor.mjs SERVER ROOT LIVE   (path of the server's program, of the repository, and of the live schemas)

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [server, root, live] = process.argv.slice(2);
const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
const diagnostics = new Map();
let next = 1;
let schemas = {};

function send(message) {
  const text = JSON.stringify({ jsonrpc: "2.0", ...message });
  child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

function request(method, params) {
  const id = next++;
  send({ id, method, params });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function answer(message) {
  if (message.method === "workspace/configuration") {
    const yaml = { validate: true, hover: true, completion: true, schemas, schemaStore: { enable: false } };
    send({ id: message.id, result: message.params.items.map((item) => (item.section === "yaml" ? yaml : {})) });
  } else if (message.method === "textDocument/publishDiagnostics") {
    diagnostics.set(message.params.uri, message.params.diagnostics);
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (waiting.has(message.id)) {
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    message.error ? reject(new Error(message.error.message)) : resolve(message.result);
  }
}

let buffer = Buffer.alloc(0);
child.stdout.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  for (;;) {
    const head = buffer.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, head).toString())[1]);
    if (buffer.length < head + 4 + length) return;
    const message = JSON.parse(buffer.subarray(head + 4, head + 4 + length).toString());
    buffer = buffer.subarray(head + 4 + length);
    answer(message);
  }
});

// Opens a text under a path of the repository; `|` marks where the cursor is.
let version = 1;
async function open(path, marked) {
  const at = marked.indexOf("|");
  const text = at < 0 ? marked : marked.slice(0, at) + marked.slice(at + 1);
  const before = text.slice(0, at < 0 ? 0 : at).split("\n");
  const uri = pathToFileURL(`${root}/${path}`).href;
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: version++, text } } });
  return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } };
}

let failed = 0;
function check(what, found, ...wanted) {
  const missing = wanted.filter((word) => !found.includes(word));
  failed += missing.length > 0 ? 1 : 0;
  console.log(missing.length > 0 ? `FAIL ${what}: ${missing.join(", ")} not in: ${found.slice(0, 400)}` : `ok   ${what}`);
}

async function completion(path, marked) {
  const result = await request("textDocument/completion", await open(path, marked));
  return (result?.items ?? []).map((item) => item.label).join(" ");
}

async function hover(path, marked) {
  const result = await request("textDocument/hover", await open(path, marked));
  return JSON.stringify(result?.contents ?? "");
}

async function findings(path, text) {
  const { textDocument } = await open(path, text);
  for (let tries = 0; tries < 100 && !diagnostics.has(textDocument.uri); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return (diagnostics.get(textDocument.uri) ?? []).map((d) => `${d.range.start.line + 1}: ${d.message}`).join("; ");
}

await request("initialize", {
  processId: process.pid,
  rootUri: pathToFileURL(root).href,
  capabilities: { workspace: { configuration: true }, textDocument: { completion: {}, hover: { contentFormat: ["markdown"] } } },
});
send({ method: "initialized", params: {} });
send({ method: "workspace/didChangeConfiguration", params: { settings: {} } });

const flow = "# yaml-language-server: $schema=../schemas/flow.schema.json\nflow: x\n";
check("verbs are completed", await completion("flows/c1.yaml", `${flow}start: a\nnodes:\n  a:\n    |`), "say", "choose", "find_agent", "wait");
check("events are completed", await completion("flows/c2.yaml", `${flow}on:\n  |`), "CUSTOMER_MESSAGE", "NO_AGENT_AVAILABLE");
check("roles are completed", await completion("flows/c3.yaml", `${flow}nodes:\n  a:\n    assign_bot:\n      bot: b\n      role: |`), "PRIMARY", "ASSISTANT");
check("a verb is explained", await hover("flows/h1.yaml", `${flow}start: a\nnodes:\n  a:\n    as|k: Hello\n    timeout: 5s\n`), "waits for the customer");
check("an event is explained", await hover("flows/h2.yaml", `${flow}on:\n  NO_AGENT_AV|AILABLE: a\nnodes:\n  a: { say: hi }\n`), "No agent was found in time");
const centre = "# yaml-language-server: $schema=../schemas/centre.schema.json\n";
check("keys of the centre are completed", await completion("flows/c4.yaml", `${centre}channels:\n  web:\n    |`), "service_identifier", "inactivity");
check("a key of the centre is explained", await hover("flows/h3.yaml", `${centre}ring_t|ime: 30s\n`), "rings on an agent");
const table = "# yaml-language-server: $schema=../schemas/table.schema.json\n";
check("hit policies are completed", await completion("rules/c5.table.yaml", `${table}table: x\nhit: |`), "first", "unique", "collect");
check("a wrong key is marked", await findings("flows/d1.yaml", `${flow}start: a\nnodes:\n  a: { say: hi, thn: b }\n`), "5:");
for (const path of ["flows/inbound.yaml", "flows/centre.yaml", "rules/leaving.table.yaml", "rules/queues.cases.yaml"]) {
  const found = await findings(path, readFileSync(`${root}/${path}`, "utf8"));
  check(`nothing is marked in ${path}`, found === "" ? "nothing" : found, "nothing");
}
schemas = { [pathToFileURL(`${live}/flow.schema.json`).href]: ["live-*.yaml"] };
send({ method: "workspace/didChangeConfiguration", params: { settings: {} } });
await new Promise((resolve) => setTimeout(resolve, 300));
check("queues of the deployment are completed", await completion("flows/live-1.yaml", "flow: x\nnodes:\n  a:\n    find_agent:\n      queue: |"), "general", "mail");
check("rules of the deployment are completed", await completion("flows/live-2.yaml", "flow: x\nnodes:\n  a:\n    decide: |"), "queues.priority", "leaving");
check("an unknown queue is marked", await findings("flows/live-3.yaml", "flow: x\nstart: a\nnodes:\n  a: { find_agent: { queue: generl } }\n"), "4:");
child.kill();
process.exit(failed > 0 ? 1 : 0);
