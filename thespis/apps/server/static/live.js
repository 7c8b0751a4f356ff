// A live session in a page: MP4 fragments through Media Source Extensions at once, WebRTC instead where it comes about.
import { Stream } from "/static/stream.js";

const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.search);
const wanted = given.get("way") || "auto"; // auto, websocket or webrtc
const WAIT = 80; // ms that picture and sound by UDP wait to be even
const TRIED_FOR = 5000; // ms in which WebRTC may come about
const AGAIN = [200, 400, 800, 1500, 3000, 5000, 8000];
const live = { id: null, socket: null, peer: null, way: "none", tries: 0, events: [], figures: {}, begun: 0, first: 0, reconnects: 0 };
window.thespisLive = live;

if (given.has("embed")) document.body.classList.add("embed");

function notice(text) {
  $("notice").textContent = text;
}

function step(name, state, why = "") {
  let item = document.querySelector(`[data-step="${name}"]`);
  if (!item) {
    item = document.createElement("li");
    item.dataset.step = name;
    $("steps").append(item);
  }
  item.className = state;
  item.textContent = why ? `${name}: ${why}` : name;
}

async function ask(method, path, body) {
  const answer = await fetch(path, { method, body, headers: typeof body === "string" ? { "Content-Type": "application/json" } : {} });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `the server answers ${answer.status}`);
  return told;
}

function send(message) {
  if (live.socket && live.socket.readyState === WebSocket.OPEN) live.socket.send(typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message));
}

const stream = new Stream($("stream"), {
  told: (figures) => show(figures, "websocket"),
  failed: (why) => { step("picture", "failed", why); notice(`The stream cannot be played here: ${why}`); },
  playing: () => { step("picture", "done", "fragmented MP4"); if (!live.first) live.first = performance.now(); },
});

async function begin() {
  $("begin").disabled = true;
  notice("");
  $("steps").textContent = "";
  live.begun = performance.now();
  live.first = 0;
  try {
    stream.unlock();
    const form = new FormData();
    const own = $("own").files[0];
    const request = { converse: true, voice: $("voice").value };
    for (const name of ["recipe", "emotion"]) if (given.has(name)) request[name] = given.get(name);
    if (given.has("size")) request.settings = { size: given.get("size") };
    if (own) form.append("portrait", own);
    else request.made_up = $("who").value;
    form.append("request", JSON.stringify(request));
    step("session", "", "the portrait is being looked at");
    live.id = (await ask("POST", "/api/live", form)).id;
    step("session", "done");
    $("start").hidden = true;
    $("state").hidden = false;
    connect();
    if (wanted !== "websocket") peer();
  } catch (error) {
    step("session", "failed", error.message);
    notice(error.message);
  }
  $("begin").disabled = false;
}

function connect() {
  const picture = live.way !== "webrtc";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/live/${live.id}/socket?picture=${picture}`);
  socket.binaryType = "arraybuffer";
  live.socket = socket;
  step("WebSocket", "", "connecting");
  socket.onopen = () => { live.tries = 0; step("WebSocket", "done"); if (microphone.role) send({ type: "sound", role: microphone.role, rate: microphone.rate }); };
  socket.onmessage = (event) => {
    if (event.data instanceof ArrayBuffer) stream.add(event.data);
    else told(JSON.parse(event.data));
  };
  socket.onclose = (event) => {
    if (live.socket !== socket || !live.id) return;
    if (event.code === 4004) return over("the session was closed; begin again");
    if (event.code === 4001) return over("the server asks for a token; reload the page");
    if (live.tries >= AGAIN.length) return over("the server cannot be reached; begin again when it can");
    const replaced = live.events.at(-1)?.type === "replaced" && live.peer;
    if (replaced) way("webrtc"); // the server shows the picture by UDP already
    live.reconnects += 1;
    step("WebSocket", "failed", `lost (${event.reason || event.code}), trying again`);
    setTimeout(connect, replaced ? 50 : AGAIN[live.tries++]);
  };
}

function over(why) {
  live.id = null;
  stream.end();
  closePeer();
  step("WebSocket", "failed", why);
  notice(why);
  $("start").hidden = false;
  $("state").hidden = true;
  way("none");
}

function way(name) {
  live.way = name;
  $("way").textContent = { none: "none", websocket: "WebSocket", webrtc: "WebRTC" }[name];
  $("stage").dataset.way = name === "webrtc" ? "webrtc" : "websocket";
}

function told(event) {
  live.events.push({ ...event, now: performance.now() });
  if (live.events.length > 400) live.events.shift();
  if (event.type === "stream") { way("websocket"); stream.begin(event.mime, event.fps, event.at); }
  else if (event.type === "open") state(event.state);
  else if (event.type === "state") stream.when(event.at, () => state(event.state));
  else if (event.type === "talk") say(event.who, event.text);
  else if (event.type === "refused" || event.type === "failed") notice(event.error);
}

function state(name) {
  $("state").textContent = name;
  $("state").dataset.state = name;
}

function say(who, text) {
  const item = document.createElement("li");
  item.className = who;
  item.textContent = `${who === "you" ? "You" : "Portrait"}: ${text.replace(/\[[^\]]*\]\s*/g, "")}`;
  $("talk").append(item);
  item.scrollIntoView({ block: "nearest" });
}

function show(figures, from) {
  if (from !== live.way) return;
  live.figures = figures;
  $("rate").textContent = figures.fps.toFixed(1);
  $("skew").textContent = `${Math.round(1000 * figures.skew)} ms`;
  $("behind").textContent = figures.behind === null ? "as it comes" : `${Math.round(1000 * figures.behind)} ms`;
  send({ type: "told", skew: figures.skew });
}

// WebRTC: picture and sound by UDP, where the network lets it through.
async function peer() {
  if (!window.RTCPeerConnection) return step("WebRTC", "failed", "this browser has none");
  let connection = null;
  const late = setTimeout(() => fail("no answer by UDP; the WebSocket goes on"), TRIED_FOR);
  const fail = (why) => {
    clearTimeout(late);
    if (connection && live.peer !== connection) return;
    step("WebRTC", "failed", why);
    closePeer();
    if (live.way === "webrtc") { way("websocket"); live.socket?.close(); }
  };
  try {
    step("WebRTC", "", "asking");
    connection = new RTCPeerConnection();
    live.peer = connection;
    connection.addTransceiver("audio", { direction: "recvonly" });
    connection.addTransceiver("video", { direction: "recvonly" });
    const media = new MediaStream();
    $("peer").srcObject = media;
    connection.ontrack = (event) => {
      // The same wait for both, so that neither runs ahead of the other.
      if ("jitterBufferTarget" in event.receiver) event.receiver.jitterBufferTarget = WAIT;
      media.addTrack(event.track);
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "connected") {
        clearTimeout(late);
        step("WebRTC", "done");
        way("webrtc");
        stream.end();
        $("peer").play().then(() => { if (!live.first) live.first = performance.now(); }, () => {});
        watch(connection);
      } else if (connection.connectionState === "failed") fail("the connection failed; UDP may be blocked");
    };
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    const answer = await ask("POST", `/api/live/${live.id}/webrtc`, JSON.stringify({ sdp: connection.localDescription.sdp, type: "offer" }));
    await connection.setRemoteDescription(answer);
    step("WebRTC", "", "connecting");
  } catch (error) {
    fail(error.message);
  }
}

function gathered(connection) {
  return new Promise((done) => {
    if (connection.iceGatheringState === "complete") return done();
    setTimeout(done, 1000);
    connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && done();
  });
}

function closePeer() {
  if (live.peer) live.peer.close();
  live.peer = null;
}

async function watch(connection) {
  let before = null;
  while (live.peer === connection) {
    const now = { frames: 0, at: performance.now(), delays: {} };
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video") now.frames = report.framesDecoded || 0;
      now.delays[report.kind] = report.estimatedPlayoutTimestamp || 0;
    }
    if (before) {
      const skew = now.delays.video && now.delays.audio ? (now.delays.video - now.delays.audio) / 1000 : 0;
      show({ fps: (1000 * (now.frames - before.frames)) / (now.at - before.at), skew, behind: null, frames: now.frames }, "webrtc");
    }
    before = now;
    await new Promise((done) => setTimeout(done, 1000));
  }
}

// The microphone: what the portrait hears, or what it says.
const microphone = { role: "", rate: 48000, context: null, media: null };

async function listen(role) {
  const stop = microphone.role === role || !live.id;
  if (microphone.media) for (const track of microphone.media.getTracks()) track.stop();
  if (microphone.context) await microphone.context.close();
  Object.assign(microphone, { role: "", context: null, media: null });
  if (!stop) {
    try {
      microphone.media = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 } });
      microphone.context = new AudioContext();
      await microphone.context.audioWorklet.addModule("/static/microphone.js");
      const node = new AudioWorkletNode(microphone.context, "microphone", { numberOfOutputs: 0 });
      node.port.onmessage = (event) => send(event.data);
      microphone.context.createMediaStreamSource(microphone.media).connect(node);
      Object.assign(microphone, { role, rate: microphone.context.sampleRate });
    } catch (error) {
      notice(`The microphone cannot be used: ${error.message}`);
    }
  }
  send({ type: "sound", role: microphone.role, rate: microphone.rate });
  for (const name of ["hear", "speak"]) $(name).setAttribute("aria-pressed", String(microphone.role === name));
}

function direct() {
  const emotion = $("emotion").value === "neutral" ? "neutral" : `${$("emotion").value}=${$("strength").value}`;
  send({ type: "direct", settings: { emotion, gaze: $("gaze").value } });
}

async function fill() {
  const options = (id, names) => $(id).replaceChildren(...names.map((name) => new Option(name, name)));
  const [faces, emotions, voices] = await Promise.all([ask("GET", "/api/faces"), ask("GET", "/api/emotions"), ask("GET", "/api/voices")]);
  options("who", faces);
  options("emotion", emotions);
  options("voice", voices.map((voice) => voice.name));
  $("voice").value = "en-us";
  if (given.has("who")) $("who").value = given.get("who");
}

$("begin").onclick = begin;
$("say").onclick = () => send({ type: "say", text: $("text").value, voice: $("voice").value });
$("interrupt").onclick = () => send({ type: "interrupt" });
$("hear").onclick = () => listen("hear");
$("speak").onclick = () => listen("speak");
$("asking").onsubmit = (event) => {
  event.preventDefault();
  if (!$("ask").value.trim()) return;
  say("you", $("ask").value);
  send({ type: "ask", text: $("ask").value });
  $("ask").value = "";
};
for (const id of ["emotion", "strength", "gaze"]) $(id).onchange = direct;
addEventListener("pagehide", () => { if (live.id) navigator.sendBeacon(`/api/live/${live.id}/leave`); });
fill().then(() => { live.ready = true; if (given.has("begin")) begin(); }, (error) => notice(error.message));
