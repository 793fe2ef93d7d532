import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

// As it is, with its comments: a page can load it without a build.
test("the client is less than 4.75 KiB, gzipped", () => {
  const src = new URL("../src/", import.meta.url);
  const files = readdirSync(src).filter((name) => name.endsWith(".js") && name !== "mini-program.js");
  assert.ok(files.length >= 3);
  // Each by itself, as a server sends them.
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, src))).length, 0);
  assert.ok(bytes < 4864, `${bytes} bytes`);
});
