// Refusals come with the number of their kind, which is nobody's business.
new MutationObserver(() => {
  const walk = document.createTreeWalker(document.querySelector(".toast-wrap") || document.createElement("i"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const plain = walk.currentNode.data.replace(/^\s*HTTP \d+: /, "");
    if (plain !== walk.currentNode.data) walk.currentNode.data = plain;
  }
}).observe(document.documentElement, { childList: true, characterData: true, subtree: true });

// The timeline: a waveform with its words, and under it a lane of emotion keyframes that can be dragged, added and deleted,
// with the pointer or the keyboard alone. `props.value` is {keys: [...]}, `props.sound` is {seconds, peaks, words}.
window.thespisTimeline = (element, props, trigger, watch) => {
  const FEELINGS = {
    neutral: "#a9b1be", angry: "#f0705f", contempt: "#cf93d9", disgusted: "#9cc65e", fear: "#ab92f0", happy: "#f6c151", sad: "#74b0f5",
    surprised: "#52d2c8",
  };
  const TOP = 1.5, LANE = 132, EDGE = 14, STEP = 0.1, SHORTEST = 3;
  const make = (name, facts = {}, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(facts)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== null) made.setAttribute(key, value);
    }
    made.append(...inside);
    return made;
  };
  const clock = (second) => second < 60 ? `${Number(second.toFixed(1))} s` : `${Math.floor(Math.round(second) / 60)}:${String(Math.round(second) % 60).padStart(2, "0")}`;
  const rounded = (value, digits = 2) => Number(value.toFixed(digits));
  const held = (value, low, high) => Math.min(Math.max(value, low), high);

  let keys = [], chosen = null, sound = { seconds: 0, peaks: [], words: [] }, brush = "happy", told = "";
  const length = () => Math.max(sound.seconds || 0, SHORTEST, ...keys.map((key) => key.time + 0.5));
  const width = () => Math.max(stage.clientWidth, 120);
  const x = (second) => EDGE + (second / length()) * (width() - 2 * EDGE);
  const second = (place) => held(((place - EDGE) / (width() - 2 * EDGE)) * length(), 0, length());
  const y = (strength) => LANE - 16 - (strength / TOP) * (LANE - 32);
  const strength = (place) => held(((LANE - 16 - place) / (LANE - 32)) * TOP, 0, TOP);

  const wave = make("canvas", { class: "tl-wave", "aria-hidden": "true" });
  const words = make("div", { class: "tl-words", "aria-hidden": "true" });
  const ribbon = make("canvas", { class: "tl-ribbon", "aria-hidden": "true" });
  const lane = make("div", { class: "tl-lane", role: "group", "aria-label": "Emotion keyframes over time" }, ribbon);
  const ruler = make("div", { class: "tl-ruler", "aria-hidden": "true" });
  const stage = make("div", { class: "tl-stage" }, wave, words, lane, ruler);
  const chips = make("div", { class: "tl-chips", role: "radiogroup", "aria-label": "Emotion" });
  const amount = make("input", { type: "range", min: 0, max: TOP, step: 0.05, "aria-label": "Strength of the keyframe" });
  const shown = make("output", { class: "tl-amount" });
  const time = make("input", { type: "number", min: 0, max: 3600, step: 0.1, "aria-label": "Time of the keyframe in seconds" });
  const also = make("select", { "aria-label": "Mixed with" }, ...["nothing", ...Object.keys(FEELINGS).slice(1)].map((name) => make("option", { value: name === "nothing" ? "" : name }, name)));
  const share = make("input", { type: "range", min: 0, max: TOP, step: 0.05, "aria-label": "Strength of what is mixed in" });
  const shared = make("output", { class: "tl-amount" });
  const over = make("input", { type: "number", min: 0, max: 10, step: 0.1, "aria-label": "How many seconds the change takes" });
  const add = make("button", { type: "button", class: "tl-button", onclick: () => insert() }, "Add keyframe");
  const remove = make("button", { type: "button", class: "tl-button", onclick: () => drop() }, "Delete");
  const live = make("p", { class: "tl-live", role: "status", "aria-live": "polite" });
  const inspector = make("div", { class: "tl-inspector" },
    make("label", { class: "tl-field tl-wide" }, make("span", {}, "Strength"), amount, shown),
    make("label", { class: "tl-field" }, make("span", {}, "Mixed with"), also),
    make("label", { class: "tl-field tl-wide" }, make("span", {}, "Its strength"), share, shared),
    make("label", { class: "tl-field" }, make("span", {}, "At, s"), time),
    make("label", { class: "tl-field" }, make("span", {}, "Takes, s"), over),
    make("div", { class: "tl-buttons" }, add, remove));
  const root = make("div", { class: "tl" }, stage, chips, inspector, live);

  for (const name of Object.keys(FEELINGS)) {
    const chip = make("button", { type: "button", class: "tl-chip", role: "radio", "data-name": name, onclick: () => paint(name) },
      make("i", { style: `background:${FEELINGS[name]}`, "aria-hidden": "true" }), name);
    chip.addEventListener("keydown", (event) => {
      const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!turn) return;
      event.preventDefault();
      const names = Object.keys(FEELINGS), next = names[(names.indexOf(name) + turn + names.length) % names.length];
      paint(next);
      chips.querySelector(`[data-name="${next}"]`).focus();
    });
    chips.append(chip);
  }

  const say = (words) => { live.textContent = words; };
  const mixed = (key) => key.also && key.also !== key.emotion;
  const word = (key) => `${key.emotion} ${Math.round(key.strength * 100)} percent${mixed(key) ? ` with ${key.also} ${Math.round(key.share * 100)} percent` : ""} at ${key.time.toFixed(1)} seconds`;
  const send = () => {
    keys.sort((one, other) => one.time - other.time);
    told = JSON.stringify(keys);
    props.value = { keys: keys.map((key) => ({ ...key })) };
    trigger("change");
  };
  const paint = (name) => {
    brush = name;
    if (chosen) {
      chosen.emotion = name;
      if (name === "neutral" || name === chosen.also) Object.assign(chosen, { also: "", share: 0 });
      if (name === "neutral") chosen.strength = 0;
      else if (!chosen.strength) chosen.strength = 0.8;
      say(word(chosen));
      send();
    }
    draw();
  };
  const insert = (at = null, much = null) => {
    const last = keys[keys.length - 1];
    const when = at ?? (chosen ? chosen.time + 1 : last ? last.time + 1 : 0);
    chosen = { time: rounded(held(when, 0, Math.max(length() - 0.1, 0)), 2), emotion: brush, strength: brush === "neutral" ? 0 : rounded(much ?? 0.8), over: 0.6 };
    keys.push(chosen);
    say(`added ${word(chosen)}`);
    send();
    draw();
    focus();
  };
  const drop = () => {
    if (!chosen) return;
    const at = keys.indexOf(chosen);
    say(`deleted ${word(chosen)}`);
    keys.splice(at, 1);
    chosen = keys[Math.min(at, keys.length - 1)] || null;
    send();
    draw();
    if (chosen) focus(); else add.focus();
  };
  const focus = () => { lane.querySelectorAll(".tl-key")[keys.indexOf(chosen)]?.focus(); };
  const nudge = (event) => {
    const big = event.shiftKey ? 5 : 1;
    const moves = {
      ArrowLeft: () => { chosen.time = rounded(held(chosen.time - STEP * big, 0, length())); },
      ArrowRight: () => { chosen.time = rounded(held(chosen.time + STEP * big, 0, Math.max(length() - 0.1, 0))); },
      ArrowUp: () => { chosen.strength = rounded(held(chosen.strength + 0.05 * big, 0, TOP)); },
      ArrowDown: () => { chosen.strength = rounded(held(chosen.strength - 0.05 * big, 0, TOP)); },
    };
    if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); drop(); return; }
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
    say(word(chosen));
    send();
    draw();
    focus();
  };
  const drag = (event, key) => {
    if (event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    chosen = key;
    draw();
    focus();
    const box = lane.getBoundingClientRect();
    const move = (now) => {
      key.time = rounded(held(second(now.clientX - box.left), 0, Math.max(length() - 0.05, 0)));
      key.strength = key.emotion === "neutral" ? 0 : rounded(strength(now.clientY - box.top));
      draw();
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      say(word(key));
      send();
      draw();
      focus();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  };
  lane.addEventListener("click", (event) => {
    if (event.target.closest(".tl-key")) return;
    const box = lane.getBoundingClientRect();
    insert(second(event.clientX - box.left), strength(event.clientY - box.top));
  });

  const sheet = (canvas, height) => {
    const fine = window.devicePixelRatio || 1;
    canvas.width = Math.round(width() * fine);
    canvas.height = Math.round(height * fine);
    const pen = canvas.getContext("2d");
    pen.scale(fine, fine);
    return pen;
  };
  const drawWave = () => {
    const height = 64, pen = sheet(wave, height), count = sound.peaks.length;
    pen.fillStyle = "#6d7a93";
    if (!count) {
      pen.fillStyle = "#a3aab8";
      pen.font = "14px system-ui, sans-serif";
      pen.fillText("Write or record something to see it here", EDGE, 37);
      return;
    }
    const reach = x(sound.seconds) - EDGE, step = 3, columns = Math.floor(reach / step);
    for (let at = 0; at < columns; at += 1) {
      const from = Math.floor((at / columns) * count), to = Math.max(Math.floor(((at + 1) / columns) * count), from + 1);
      const tall = Math.max(Math.max(...sound.peaks.slice(from, to)) * (height - 8), 1.5);
      pen.fillRect(EDGE + at * step, (height - tall) / 2, 2, tall);
    }
  };
  const measure = document.createElement("canvas").getContext("2d");
  const drawWords = () => {
    words.replaceChildren();
    measure.font = getComputedStyle(words).font;
    const free = [0, 0];  // up to where each of the two lines is taken
    for (const [text, start, end] of sound.words) {
      const middle = x((start + end) / 2), wide = measure.measureText(text).width + 7;
      const line = free.findIndex((taken) => middle - wide / 2 >= taken);
      if (line < 0 || middle + wide / 2 > width()) continue;
      words.append(make("span", { style: `left:${middle}px;top:${2 + 18 * line}px` }, text));
      free[line] = middle + wide / 2;
    }
  };
  const drawRibbon = () => {
    const pen = sheet(ribbon, LANE);
    pen.strokeStyle = "#343945";
    pen.fillStyle = "#98a0ae";
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    for (const [level, label] of [[1, "full"], [0, "none"]]) {
      pen.beginPath();
      pen.moveTo(EDGE, y(level)); pen.lineTo(width() - EDGE, y(level));
      pen.stroke();
      pen.fillText(label, width() - 3, y(level) - 4);
    }
    keys.forEach((key, at) => {
      const next = keys[at + 1], from = at ? keys[at - 1] : key;
      const begin = at ? x(key.time) : x(0), full = at ? x(Math.min(key.time + key.over, next ? next.time : length())) : x(0);
      const end = next ? x(next.time) : x(length());
      pen.beginPath();
      pen.moveTo(begin, y(0)); pen.lineTo(begin, y(at ? (from.emotion === key.emotion ? from.strength : 0) : key.strength));
      pen.lineTo(full, y(key.strength)); pen.lineTo(end, y(key.strength)); pen.lineTo(end, y(0));
      pen.closePath();
      pen.globalAlpha = 0.28;
      pen.fillStyle = FEELINGS[key.emotion];
      pen.fill();
      pen.globalAlpha = 1;
    });
  };
  const draw = () => {
    keys.sort((one, other) => one.time - other.time);
    drawWave(); drawWords(); drawRibbon();
    lane.querySelectorAll(".tl-key").forEach((old) => old.remove());
    for (const key of keys) {
      const left = x(key.time), near = left > width() - 86;
      const dot = make("button", {
        type: "button", class: `tl-key${key === chosen ? " tl-chosen" : ""}${near ? " tl-near" : ""}`, "aria-label": word(key), "aria-pressed": String(key === chosen),
        style: `left:${left}px;top:${y(key.strength)}px;--tint:${FEELINGS[key.emotion]};--mixed:${FEELINGS[mixed(key) ? key.also : key.emotion]}`,
        onpointerdown: (event) => drag(event, key), onkeydown: (event) => { chosen = key; nudge(event); },
        onfocus: () => { if (chosen !== key) { chosen = key; brush = key.emotion; draw(); focus(); } },
      }, make("i", {}), make("span", {}, mixed(key) ? `${key.emotion} + ${key.also}` : key.emotion));
      lane.append(dot);
    }
    ruler.replaceChildren();
    const every = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => (length() / step) * 52 < width()) || 900;
    for (let at = 0; at <= length() + 1e-6; at += every) ruler.append(make("span", { style: `left:${x(at)}px` }, clock(at)));
    for (const chip of chips.children) {
      const own = chip.dataset.name === (chosen ? chosen.emotion : brush);
      chip.setAttribute("aria-checked", String(own));
      chip.tabIndex = own ? 0 : -1;
    }
    for (const part of [amount, time, over, remove]) part.disabled = !chosen;
    also.disabled = !chosen || chosen.emotion === "neutral";
    for (const option of also.options) option.hidden = Boolean(chosen) && option.value === chosen.emotion;
    also.value = chosen && mixed(chosen) ? chosen.also : "";
    share.disabled = also.disabled || !also.value;
    share.value = share.disabled ? 0 : chosen.share;
    shared.textContent = share.disabled ? "" : `${Math.round(chosen.share * 100)} %`;
    amount.value = chosen ? chosen.strength : 0.8;
    shown.textContent = chosen ? `${Math.round(chosen.strength * 100)} %` : "";
    time.value = chosen ? chosen.time.toFixed(2) : "";
    over.value = chosen ? chosen.over.toFixed(2) : "";
  };
  also.addEventListener("change", () => {
    Object.assign(chosen, { also: also.value, share: also.value ? chosen.share || 0.4 : 0 });
    say(word(chosen));
    send();
    draw();
  });
  share.addEventListener("input", () => { chosen.share = Number(share.value); draw(); });
  share.addEventListener("change", () => { say(word(chosen)); send(); });
  amount.addEventListener("input", () => { chosen.strength = Number(amount.value); draw(); });
  amount.addEventListener("change", () => send());
  time.addEventListener("change", () => { chosen.time = rounded(held(Number(time.value) || 0, 0, 3600)); send(); draw(); });
  over.addEventListener("change", () => { chosen.over = rounded(held(Number(over.value) || 0, 0, 10)); send(); draw(); });

  const seat = () => {
    // Whatever the page draws anew when the value changes, the timeline itself stays.
    const place = element.querySelector(".tl-root");
    if (place && root.parentElement !== place) place.replaceChildren(root);
  };
  const read = () => {
    const given = (props.value && props.value.keys) || [];
    if (JSON.stringify(given) !== told) {
      told = JSON.stringify(given);
      keys = given.map((key) => ({ over: 0.6, strength: 0.8, ...key }));
      chosen = keys[0] || null;
    }
    sound = props.sound || sound;
    // Keys are drawn anew whenever the sound comes back; whoever works with the keyboard must stay where they are.
    const busy = lane.contains(document.activeElement);
    seat();
    draw();
    if (busy && chosen) focus();
  };
  watch(["value", "sound"], read);
  read();
  // On a phone the result is far below the button that makes it.
  document.getElementById("act_actions")?.addEventListener("click", (event) => {
    if (event.target.closest("button") && window.innerWidth <= 760) document.querySelector(".stage")?.scrollIntoView({ block: "start" });
  });
  new ResizeObserver(() => draw()).observe(stage);
};
