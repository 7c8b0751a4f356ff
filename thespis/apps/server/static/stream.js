// Plays MP4 fragments as they come, close behind the server, and measures how picture and sound stand to each other.
const LEAST = 0.2, MOST = 0.5; // seconds that wait to be played: browsers stumble below 0.12, and more after each time they stumbled
const MORE = 0.06, EASE = 0.0001; // seconds by which that grows with each stumble, and falls in a tenth of a second without one
const JUMP = 0.8; // seconds beyond that from which on it jumps
const PACES = [[0.2, 1.1], [0.05, 1.03], [-0.05, 1], [-Infinity, 0.97]]; // from so many seconds too much on, it plays so fast
const KEPT = 8; // seconds that are kept behind the place that is played

export class Stream {
  constructor(video, calls) {
    Object.assign(this, { video, calls, source: null, buffer: null, waiting: [], fps: 25, frames: 0, skews: [], since: 0, counted: 0, stalls: 0, at: 0, later: [], behindWished: LEAST });
    const frame = (now, about) => {
      this.frame(now, about);
      video.requestVideoFrameCallback(frame);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(frame);
    video.addEventListener("waiting", () => {
      if (!this.started || video.seeking) return;
      this.stalls += 1;
      this.behindWished = Math.min(this.behindWished + MORE, MOST);
    });
    setInterval(() => this.look(), 1000);
    setInterval(() => this.chase(), 100);
  }

  // Called while a click is being handled, so that sound may be played later.
  unlock() {
    this.video.play().catch(() => {});
  }

  // Do something when the frame of that second of the session is on the screen; at once where this stream shows nothing.
  when(at, action) {
    if (this.started) this.later.push({ at, action });
    else action();
  }

  begin(mime, fps, at) {
    const Source = window.MediaSource || window.ManagedMediaSource;
    if (!Source || !Source.isTypeSupported(mime)) return this.calls.failed(Source ? `${mime} is not supported` : "there are no Media Source Extensions");
    this.end();
    this.fps = fps;
    this.at = at;
    const source = new Source();
    this.source = source;
    if (window.ManagedMediaSource && !window.MediaSource) this.video.disableRemotePlayback = true;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    source.addEventListener("sourceopen", () => {
      if (this.source !== source) return;
      source.duration = Infinity;
      this.buffer = source.addSourceBuffer(mime);
      this.buffer.addEventListener("updateend", () => this.feed());
      this.feed();
    }, { once: true });
    this.started = false;
  }

  add(data) {
    if (!this.source) return;
    this.waiting.push(data);
    this.feed();
  }

  feed() {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.source.readyState !== "open") return;
    try {
      if (this.waiting.length) {
        const size = this.waiting.reduce((sum, part) => sum + part.byteLength, 0);
        const joined = new Uint8Array(size);
        let at = 0;
        for (const part of this.waiting) { joined.set(new Uint8Array(part), at); at += part.byteLength; }
        this.waiting = [];
        buffer.appendBuffer(joined);
      } else if (buffer.buffered.length && this.video.currentTime - buffer.buffered.start(0) > 2 * KEPT) {
        buffer.remove(0, this.video.currentTime - KEPT);
      }
    } catch (error) {
      this.calls.failed(error.message);
    }
    if (!this.started && buffer.buffered.length && buffer.buffered.end(0) - buffer.buffered.start(0) >= LEAST) {
      this.started = true;
      this.video.play().then(() => this.calls.playing(), (error) => this.calls.failed(error.message));
    }
  }

  behind() {
    const buffered = this.video.buffered;
    return buffered.length ? buffered.end(buffered.length - 1) - this.video.currentTime : 0;
  }

  chase() {
    if (!this.buffer || !this.started || !this.video.buffered.length) return;
    this.behindWished = Math.max(this.behindWished - EASE, LEAST);
    const much = this.behind() - this.behindWished;
    if (much > JUMP) this.video.currentTime += much;
    // Between two paces it stays with the one it has, for a browser that changes its pace often stumbles.
    const [, rate] = PACES.find(([from]) => much >= from);
    if (Math.abs(much) < 0.02) this.pace(1);
    else if (Math.abs(much) > 0.05) this.pace(rate);
  }

  pace(rate) {
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  // The sound is the clock: what the video element says the time is. A frame should be shown in the middle of its own time.
  frame(now, about) {
    this.frames += 1;
    while (this.later.length && this.later[0].at <= this.at + about.mediaTime + 0.5 / this.fps) this.later.shift().action();
    if (this.video.seeking || this.video.readyState < 3) return;
    const heard = this.video.currentTime + ((about.expectedDisplayTime - performance.now()) / 1000) * this.video.playbackRate;
    this.skews.push(about.mediaTime + 0.5 / this.fps - heard);
  }

  look() {
    const now = performance.now();
    if (this.source && this.since) {
      const sorted = this.skews.sort((a, b) => a - b);
      const skew = sorted.length ? sorted[sorted.length >> 1] : 0;
      this.calls.told({ fps: (1000 * (this.frames - this.counted)) / (now - this.since), skew, behind: this.behind(), frames: this.frames, stalls: this.stalls });
    }
    Object.assign(this, { since: now, counted: this.frames, skews: [] });
  }

  end() {
    if (this.url) URL.revokeObjectURL(this.url);
    Object.assign(this, { source: null, buffer: null, waiting: [], url: null, started: false });
    for (const { action } of this.later.splice(0)) action();
    this.video.removeAttribute("src");
    this.video.load();
  }
}
