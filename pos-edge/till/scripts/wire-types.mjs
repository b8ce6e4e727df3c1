// Writes src/core/api/schema.ts and src/core/api/codes.ts: the shapes of the
// edge's API as TypeScript, from pos-edge/openapi.json, and the stable codes of
// its problems, from pos-edge/src/api/problem.rs.
//
//   node scripts/wire-types.mjs           writes them
//   node scripts/wire-types.mjs --check   fails if they are not what it would write
//
// Types only: nothing of it is in the bundle but the list of codes.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const WIDTH = 100;

const openapi = JSON.parse(readFileSync(at('../../openapi.json'), 'utf8'));

/** A TypeScript type as text. */
function type(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ').replaceAll('"', "'");
  for (const [key, sign] of [['oneOf', ' | '], ['anyOf', ' | '], ['allOf', ' & ']]) {
    if (!schema[key]) continue;
    const parts = schema[key].map((part) => (key === 'allOf' ? grouped(type(part)) : type(part)));
    if (schema.properties) parts.push(object(schema));
    return [...new Set(parts)].join(sign);
  }
  if (Array.isArray(schema.type)) {
    return schema.type.map((one) => type({ ...schema, type: one })).join(' | ');
  }
  switch (schema.type) {
    case 'array': return `readonly ${grouped(type(schema.items))}[]`;
    case 'integer': case 'number': return 'number';
    case 'string': case 'boolean': case 'null': return schema.type;
    default: return schema.properties ? object(schema) : 'unknown';
  }
}

const grouped = (text) => (text.includes(' | ') && !text.startsWith('{') ? `(${text})` : text);

function object(schema) {
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties).map(
    ([name, inner]) => `${name}${required.has(name) ? '' : '?'}: ${type(inner)}`,
  );
  return `{ ${properties.join('; ')} }`;
}

/** Breaks a long line at its separators, so that it can be read. */
function wrapped(line) {
  if (line.length <= WIDTH) return line;
  const words = line.split(/(?<=[;{]|[|&](?= )) /);
  const lines = [];
  let current = '';
  for (const word of words) {
    const indent = lines.length > 0 ? 2 : 0;
    if (current && current.length + 1 + word.length + indent > WIDTH) {
      lines.push(current);
      current = word;
    } else {
      current = current ? `${current} ${word}` : word;
    }
  }
  lines.push(current);
  return lines.join('\n  ');
}

function schemaFile() {
  const head = [
    '// The shapes of the edge\'s HTTP API, written by scripts/wire-types.mjs from',
    '// pos-edge/openapi.json: change that, and run it. Amounts and quantities of stock are',
    '// decimal strings, times RFC 3339 in UTC.',
    '',
  ];
  const types = Object.entries(openapi.components.schemas).map(([name, schema]) =>
    wrapped(`export type ${name} = ${type(schema)};`),
  );
  return `${[...head, ...types].join('\n')}\n`;
}

function codesFile() {
  const source = readFileSync(at('../../src/api/problem.rs'), 'utf8');
  const codes = [...source.matchAll(/^ {4}\w+ = "(\w+)", [A-Z_]+, "/gm)].map((found) => found[1]);
  if (codes.length === 0) throw new Error('no codes were found in pos-edge/src/api/problem.rs');
  return `// The stable codes of the edge's problems, written by scripts/wire-types.mjs from
// pos-edge/src/api/problem.rs: change that, and run it.
export const EDGE_CODES = [
${codes.map((code) => `  '${code}',`).join('\n')}
] as const;

export type EdgeCode = (typeof EDGE_CODES)[number];
`;
}

const files = [
  [at('../src/core/api/schema.ts'), schemaFile()],
  [at('../src/core/api/codes.ts'), codesFile()],
];
for (const [path, text] of files) {
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what the edge's API says: run node scripts/wire-types.mjs`);
    process.exitCode = 1;
  }
}
