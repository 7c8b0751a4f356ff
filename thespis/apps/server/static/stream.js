// Plays MP4 fragments as they come, close behind the server, and measures how picture and sound stand to each other.
const BEHIND = 0.12; // seconds that may wait to be played
const HURRY = 0.24, JUMP = 0.8; // seconds from which on it plays faster, and from which on it jumps
const KEPT = 8; // seconds that are kept behind the place that is played

export class Stream {
  constructor(video, calls) {
    Object.assign(this, { video, calls, source: null, buffer: null, waiting: [], fps: 25, frames: 0, skews: [], since: 0, counted: 0, stalls: 0, at: 0, later: [] });
    const frame = (now, about) => {
      this.frame(now, about);
      video.requestVideoFrameCallback(frame);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(frame);
    video.addEventListener("waiting", () => { this.stalls += 1; });
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
    if (!this.started && buffer.buffered.length) {
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
    const behind = this.behind();
    if (behind > JUMP) this.video.currentTime += behind - BEHIND;
    const rate = behind > HURRY ? 1.1 : behind > 1.25 * BEHIND ? 1.04 : 1;
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
