// Collects what a microphone gives into pieces of about 30 ms of 16-bit samples.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.held = new Int16Array(Math.round(sampleRate * 0.03));
    this.count = 0;
  }

  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    for (const value of channel) {
      this.held[this.count++] = Math.max(-1, Math.min(1, value)) * 32767;
      if (this.count === this.held.length) {
        this.port.postMessage(this.held.slice().buffer);
        this.count = 0;
      }
    }
    return true;
  }
}
registerProcessor("microphone", Microphone);
