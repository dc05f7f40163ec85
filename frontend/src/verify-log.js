// Verifies a person's exported log in the browser: the same steps as docs/security/verify_log.py, by WebCrypto.
const text = new TextEncoder();
const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const base64 = (words) => Uint8Array.from(atob(words), (letter) => letter.charCodeAt(0));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

// Why a file is not true, by the name of the sentence that says so: damaged, missing, unknown (signature), forked.
class Untrue extends Error {}
function must(right, why) {
  if (!right) throw new Untrue(why);
}

// RFC 8785, as far as texts, whole numbers and names in ASCII go.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

function bytes(words, length = 32) {
  must(typeof words === "string" && words.length === 2 * length && /^[0-9a-f]*$/.test(words), "damaged");
  return Uint8Array.from(words.match(/../g), (pair) => parseInt(pair, 16));
}

// The roots that a proof leads to (RFC 9162 §2.1.3.2; with `old` §2.1.4.2). Positions stay below 2^53, so no bit operators.
async function climb(node, size, siblings, start, two = false) {
  let last = size - 1, now = start, before = start;
  for (const sibling of siblings) {
    must(last > 0, "damaged");
    if (node % 2 || node === last) {
      now = await sha([1], sibling, now);
      if (two) before = await sha([1], sibling, before);
      while (node && node % 2 === 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else now = await sha([1], now, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  must(last === 0, "damaged");
  return [hex(now), hex(before)];
}

async function grew(old, oldRoot, size, root, proof) {
  if (old === 0 || old === size) {
    must(!proof.length && oldRoot === (old ? root : hex(await sha())), "forked");
    return;
  }
  must(old < size && proof.length, "forked");
  let end = 1;
  while (old % (end * 2) === 0) end *= 2; // the complete subtree at the end of the old tree
  const path = old === end ? [bytes(oldRoot), ...proof] : proof;
  const [now, before] = await climb((old - end) / end, Math.floor((size - 1) / end) + 1, path.slice(1), path[0], true);
  must(now === root && before === oldRoot, "forked");
}

async function isSigned(key, message, signature) {
  try {
    const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch (error) {
    if (error.name === "NotSupportedError" || error.name === "SyntaxError") return null; // this browser has no Ed25519
    throw error;
  }
}

async function signed(note, keys) {
  const known = new Map();
  for (const key of keys) {
    const [name, number, material] = key.split(/\+(.*?)\+(.*)/s);
    const found = base64(material);
    must(hex(await sha(text.encode(`${name}\n`), found)).slice(0, 8) === number, "unknown");
    known.set(`${name} ${number}`, { name, material: found });
  }
  const cut = note.indexOf("\n\n");
  const body = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2).split("\n");
  must(cut > 0 && lines.pop() === "", "unknown");
  let checked = true;
  const names = new Set();
  for (const line of lines) {
    const [, name, data] = line.split(" ");
    let signature = base64(data);
    const key = known.get(`${name} ${hex(signature.slice(0, 4))}`);
    must(key && line === `— ${name} ${data}`, "unknown");
    signature = signature.slice(4);
    let message = text.encode(body);
    if (key.material[0] === 4) {
      const seconds = new DataView(signature.buffer).getBigUint64(0);
      message = text.encode(`cosignature/v1\ntime ${seconds}\n${body}`);
      signature = signature.slice(8);
    }
    const right = await isSigned(key.material.slice(1), message, signature);
    must(right !== false, "unknown");
    if (right === null) checked = false;
    names.add(name);
  }
  const [origin, size, root, end] = body.split("\n");
  must(end === "" && origin === keys[0].split("+")[0], "unknown");
  must(keys.every((key) => names.has(key.split("+")[0])), "unknown");
  return { size: Number(size), root: hex(base64(root)), checked, witnesses: [...names].filter((name) => name !== origin) };
}

// What is in the file; Untrue, or another error, where it is not as the log wrote it.
export async function verify(file) {
  const lines = file.split("\n");
  must(lines.pop() === "" && lines.length > 1, "missing");
  const [head, ...entries] = lines.map((line) => JSON.parse(line));
  must([head, ...entries].every((one, place) => canonical(one) === lines[place]), "damaged");
  must(head.type === "hiroba-log-export/1", "damaged");
  const tree = await signed(head.checkpoint, [head.key, ...head.witnesses]);
  const chains = new Map([["", [0, ""]]]), disclosed = new Map();
  let current = "", position = -1;
  for (const { event, grown, position: place, proof, salt } of entries) {
    const leaf = await sha(bytes(salt, 16), text.encode(canonical(event)));
    const chain = "disclosure" in event ? event.ground : ""; // what a law let wait has a chain for itself
    if (chain !== current) {
      must(!chains.has(chain), "missing");
      position = -1;
    }
    current = chain;
    const [number, previous] = chains.get(chain) ?? [0, ""];
    must(event.subject === head.subject, "damaged");
    must(event.number === number + 1, "missing");
    must((event.previous ?? "") === previous, "missing");
    must(position < place && place < tree.size, "damaged");
    const [reached] = await climb(place, tree.size, proof.map((one) => bytes(one)), await sha([0], leaf));
    must(reached === tree.root, "damaged");
    chains.set(chain, [number + 1, hex(leaf)]);
    position = place;
    if (event.kind === "exported") {
      const [old, oldRoot] = event.note.split(" ");
      await grew(Number(old), oldRoot, tree.size, tree.root, grown.map((one) => bytes(one)));
    }
    if (event.kind === "disclosed") disclosed.set(event.ground, event.note);
  }
  must(chains.get("")[1] === head.last, "missing");
  chains.delete("");
  must(chains.size === disclosed.size, "missing");
  for (const [chain, [number, leaf]] of chains) must(disclosed.get(chain) === `${number} ${leaf}`, "missing");
  return { count: entries.length, checked: tree.checked, witnesses: tree.witnesses };
}

const said = (form, sentence, tone = "") => {
  const place = form.querySelector("[data-said]");
  place.className = `verdict ${tone}`;
  place.textContent = sentence;
};

async function answer(form) {
  const words = form.querySelector("[data-said]").dataset;
  said(form, words.asking);
  try {
    const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!reply.ok) return said(form, words.failed, "no");
    const { count, checked, witnesses } = await verify(await reply.text());
    const more = witnesses.length ? ` ${words.confirmed.replace("{names}", witnesses.join(", "))}` : "";
    return said(form, (checked ? words.true : words.unsigned).replace("{count}", count) + more, checked ? "yes" : "");
  } catch (error) {
    if (error instanceof TypeError) return said(form, words.failed, "no"); // of fetch: no answer
    return said(form, words.untrue.replace("{why}", words[error instanceof Untrue ? error.message : "damaged"]), "no");
  }
}

for (const form of globalThis.document?.querySelectorAll("form[data-verify]") ?? []) {
  const button = form.querySelector("[data-verify-now]");
  if (!globalThis.crypto?.subtle) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    answer(form).finally(() => (button.disabled = false));
  });
}
