// Passkeys, a look at one's own password, copying and printing. The pages do everything else without a script. Text goes into the page as
// text alone.

const able = typeof PublicKeyCredential === "function" && Boolean(navigator.credentials);
const ASKED_FIRST = new Set(["account.sign_in_needed", "account.not_fresh"]);
let waiting = null; // the browser's own offer of passkeys in the e-mail field, which a button takes over from

function toBytes(text) {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (char) => char.charCodeAt(0));
}

function toText(buffer) {
  const raw = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function named(list) {
  return list?.map((one) => ({ ...one, id: toBytes(one.id) }));
}

// WebAuthn's JSON (Level 3, section 5.1.8 and on). By hand, because browsers of before 2024 cannot.
function read(options) {
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) read.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) read.allowCredentials = named(options.allowCredentials);
  return read;
}

function write(made) {
  const response = { clientDataJSON: toText(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = toText(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return JSON.stringify({
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    clientExtensionResults: made.getClientExtensionResults(),
    response,
  });
}

class Said extends Error {}

async function ask(url, form) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ email: form.elements.email?.value ?? "" }),
    });
  } catch {
    throw new TypeError(url);
  }
  const said = await answer.json().catch(() => ({}));
  if (ASKED_FIRST.has(said.code)) location.assign(location.pathname + location.search); // the page itself leads to where one signs in, or confirms, and back
  if (!answer.ok) throw new Said([said.title, said.detail ?? said.fix].filter(Boolean).join(" "));
  return said;
}

function tell(form, what, text = "") {
  const box = form.querySelector("[data-passkey-trouble]");
  for (const line of box.children) line.hidden = line.dataset.trouble !== what;
  if (text) box.querySelector("[data-trouble=said]").textContent = text;
  box.hidden = !what;
}

function explain(form, error) {
  if (error.name === "AbortError") return;
  if (error instanceof Said && error.message) tell(form, "said", error.message);
  else if (error.name === "InvalidStateError") tell(form, "known");
  else if (error.name === "NotAllowedError") tell(form, "cancelled");
  else tell(form, "unreachable");
}

async function finish(form, made) {
  form.elements.passkey.value = write(made);
  form.setAttribute("aria-busy", "true");
  form.submit();
}

// What must be filled in before a passkey is asked for: everything but what it comes in place of, which is a code, and where it is
// made, the password.
function filled(form, act) {
  const instead = act === "create" ? "[type=password], .code" : ".code";
  const needed = [...form.elements].filter((one) => one.matches(`input:not(${instead}, [type=hidden])`));
  return needed.every((one) => one.reportValidity());
}

async function press(button) {
  const form = button.form;
  tell(form, "");
  if (!filled(form, button.dataset.act)) return;
  waiting?.abort();
  button.disabled = true;
  try {
    const publicKey = read(await ask(button.dataset.passkey, form));
    await finish(form, await navigator.credentials[button.dataset.act]({ publicKey }));
  } catch (error) {
    explain(form, error);
  } finally {
    button.disabled = false;
  }
}

// Passkeys among the suggestions of the e-mail field ("conditional UI").
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  waiting = new AbortController();
  try {
    const publicKey = read(await ask(form.dataset.conditional, form));
    await finish(form, await navigator.credentials.get({ publicKey, mediation: "conditional", signal: waiting.signal }));
  } catch {
    // Nobody asked for anything yet, so there is nothing to say: the button is still there.
  }
}

if (able) {
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => press(button));
    // "Enter" in a form without any other button
    button.form.addEventListener("submit", (event) => {
      if (event.submitter) return;
      event.preventDefault();
      press(button);
    });
  }
  for (const part of document.querySelectorAll("[data-if-passkeys]")) part.hidden = false;
  const form = document.querySelector("form[data-conditional]");
  if (form) offer(form);
}

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  input.form.addEventListener("submit", () => { input.type = "password"; }); // so that no browser keeps it as text
}

for (const part of document.querySelectorAll("[data-if-script]")) part.hidden = false;

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.innerText.trim());
    } catch {
      getSelection().selectAllChildren(source); // ready for the keyboard
      return;
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 3000);
  });
}

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
