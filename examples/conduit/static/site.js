// What is done without loading the page anew: favourites, follows, comments, and tags one by one in the editor. Every form works
// without this file; it sends the same form to the same address and asks for JSON. Text goes into the page as text alone: there is
// no way from an answer to markup.

const announcer = document.getElementById("announcer");
let silence = 0;

function announce(text) {
  clearTimeout(silence);
  announcer.textContent = text;
  silence = setTimeout(() => { announcer.textContent = ""; }, 6000);
}

function here() {
  return location.pathname + location.search;
}

// Returns what the server says, or null when somebody has been told why not.
async function send(form) {
  if (form.getAttribute("aria-busy") === "true") return null;
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(here())}`);
    else refuse(form, said);
  } catch {
    announce("The site could not be reached. Try again in a moment.");
  } finally {
    form.removeAttribute("aria-busy");
  }
  return null;
}

function refuse(form, said) {
  if (said.messages && form.matches("[data-comment]")) showProblems(form, said.messages);
  else if (said.messages) announce(said.messages.join(". "));
  else announce([said.title || "That did not work.", said.detail].filter(Boolean).join(" "));
}

function showProblems(form, messages) {
  clearProblems(form);
  const list = document.createElement("ul");
  list.className = "error-messages";
  list.id = "problems";
  list.setAttribute("role", "alert");
  for (const message of messages) list.append(Object.assign(document.createElement("li"), { textContent: message }));
  form.before(list);
  const field = form.elements.body;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "problems");
  field.focus();
}

function clearProblems(form) {
  document.getElementById("problems")?.remove();
  form.elements.body.removeAttribute("aria-invalid");
  form.elements.body.removeAttribute("aria-describedby");
}

// The same article or person may stand on the page more than once.
function twins(name, value) {
  return [...document.querySelectorAll(`form[data-${name}]`)].filter((form) => form.dataset[name] === value);
}

// By the attribute: the property of a form in a template is resolved against nothing.
function readdress(form, part, instead) {
  form.setAttribute("action", form.getAttribute("action").replace(part, instead));
}

function turn(form, on, [yes, no], [plain, chosen]) {
  readdress(form, /[^/]+$/, (on ? no : yes).toLowerCase());
  form.querySelector("[data-verb]").textContent = on ? no : yes;
  const button = form.querySelector("button");
  button.classList.toggle(chosen, on);
  button.classList.toggle(plain, !on);
}

async function favorite(form) {
  const said = await send(form);
  if (!said) return;
  for (const twin of twins("favorite", form.dataset.favorite)) {
    turn(twin, said.favorited, ["Favorite", "Unfavorite"], ["btn-outline-primary", "btn-primary"]);
    twin.querySelector("[data-count]").textContent = said.favoritesCount;
  }
  announce(said.favorited ? "Added to your favorites." : "Removed from your favorites.");
}

async function follow(form) {
  const said = await send(form);
  if (!said) return;
  for (const twin of twins("follow", form.dataset.follow)) {
    turn(twin, said.following, ["Follow", "Unfollow"], ["btn-outline-secondary", "btn-secondary"]);
  }
  announce(said.following ? `You follow ${form.dataset.follow}.` : `You no longer follow ${form.dataset.follow}.`);
}

async function comment(form) {
  const said = await send(form);
  if (!said) return;
  const card = document.getElementById("comment-template").content.firstElementChild.cloneNode(true);
  card.id = `comment-${said.id}`;
  card.querySelector(".card-text").textContent = said.body;
  const time = card.querySelector("time");
  time.dateTime = said.createdAt;
  time.textContent = said.day;
  const removal = card.querySelector("[data-delete-comment]");
  readdress(removal, /\/0\/delete$/, `/${said.id}/delete`);
  document.getElementById("comment-list").prepend(card);
  document.querySelector(".no-comments").hidden = true;
  clearProblems(form);
  form.elements.body.value = "";
  announce("Your comment is posted.");
}

async function deleteComment(form) {
  const said = await send(form);
  if (!said) return;
  form.closest(".card").remove();
  document.querySelector(".no-comments").hidden = document.querySelector("#comment-list .card") !== null;
  document.getElementById("comments").focus({ preventScroll: true });
  announce("Your comment is deleted.");
}

const actions = { favorite, follow, comment, deleteComment };

document.addEventListener("submit", (event) => {
  const form = event.target;
  const action = Object.keys(actions).find((name) => name in form.dataset);
  if (!action) return;
  event.preventDefault();
  actions[action](form);
});

// ---- tags, one by one

function editTags(field) {
  const input = field.querySelector("input");
  const list = field.querySelector(".tag-list");
  const name = input.name;
  const tags = [];
  input.removeAttribute("name");
  field.querySelector(".hint").textContent = "Press Enter or a comma after each tag.";

  function draw() {
    list.replaceChildren(...tags.map((tag) => {
      const pill = Object.assign(document.createElement("span"), { className: "tag-default tag-pill" });
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name, value: tag });
      const remove = Object.assign(document.createElement("button"), { type: "button", className: "tag-remove", textContent: "×" });
      remove.setAttribute("aria-label", `Remove the tag ${tag}`);
      remove.addEventListener("click", () => {
        tags.splice(tags.indexOf(tag), 1);
        draw();
        input.focus();
      });
      pill.append(tag, hidden, remove);
      return pill;
    }));
  }

  function take() {
    for (const tag of input.value.split(",").map((part) => part.trim())) {
      if (tag && !tags.includes(tag)) tags.push(tag);
    }
    input.value = "";
    draw();
  }

  input.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== ",") || event.isComposing || (event.key === "Enter" && !input.value.trim())) return;
    event.preventDefault();
    take();
  });
  input.form.addEventListener("submit", take);
  take();
}

for (const field of document.querySelectorAll("[data-tags]")) editTags(field);
