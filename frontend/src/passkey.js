// The passkey ceremony: options from the house, the device's answer back as an ordinary form. Needed by passkeys alone;
// whoever has no JavaScript signs in by the upstream provider, which counts as much.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  const { clientDataJSON, attestationObject } = made.response;
  const transports = made.response.getTransports?.() ?? [];
  return answer(made, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject), transports });
}

async function use(options) {
  const used = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return answer(used, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

function answer(credential, response) {
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !window.isSecureContext) {
    for (const other of document.querySelectorAll("[data-no-passkey]")) other.hidden = false;
    continue;
  }
  form.hidden = false;
  const said = form.querySelector("[data-said]");
  const errand = form.dataset.passkey;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    said.hidden = true;
    try {
      const reply = await fetch(`/sign-in/passkey/begin?errand=${errand}`, {
        method: "POST",
        headers: { "X-CSRFToken": form.elements._csrf_token.value, Accept: "application/json" },
      });
      if (reply.status === 401 && form.dataset.again) return location.assign(form.dataset.again);
      if (!reply.ok) throw new Error((await reply.json()).detail);
      const options = await reply.json();
      form.elements.credential.value = await (errand === "enter" ? use : make)(options);
      form.submit();
    } catch (error) {
      said.textContent = error instanceof DOMException ? (error.name === "InvalidStateError" ? said.dataset.known : said.dataset.left) : said.dataset.failed;
      said.hidden = false;
      said.focus();
    }
  });
}
