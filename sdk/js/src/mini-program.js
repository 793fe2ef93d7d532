// The sockets of mini programs and uni-app, as a WebSocket class: see ../README.md, "Mini programs and uni-app".

import { size } from "./buffer.js";

/** A WebSocket class on an object that has connectSocket: WeChat's wx, or uni. */
export function webSocketOf(api) {
  return class {
    readyState = 0;
    bufferedAmount = 0;
    #task;

    constructor(url, protocols = []) {
      const offer = protocols.length > 0 ? { protocols } : {};
      // uni gives the task only to callers with a callback.
      this.#task = api.connectSocket({ url, ...offer, fail: (error) => this.#fail(error), complete() {} });
      if (!this.#task) return; // too many sockets, say: fail tells
      this.#task.onOpen(() => {
        if (this.readyState > 0) return;
        this.readyState = 1;
        this.onopen?.({});
      });
      this.#task.onMessage(({ data }) => this.onmessage?.({ data }));
      this.#task.onError((error) => this.#fail(error));
      this.#task.onClose(({ code = 1006, reason = "" } = {}) => this.#end({ code, reason, wasClean: code !== 1006 }));
    }

    send(frame) {
      const data = ArrayBuffer.isView(frame) ? frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) : frame;
      const bytes = size(data);
      this.bufferedAmount += bytes;
      this.#task.send({ data, complete: () => { this.bufferedAmount -= bytes; } });
    }

    close(code = 1000, reason = "") {
      if (code !== 1000 && !(code >= 3000 && code <= 4999)) throw new RangeError(`${code} isn't for applications: 1000, or 3000 to 4999`);
      if (this.readyState > 1) return;
      this.readyState = 2;
      this.#task?.close({ code, reason, fail: () => this.#end({ code: 1006, reason: "", wasClean: false }) });
    }

    #fail(error) {
      if (this.readyState > 2) return;
      this.onerror?.({ message: error?.errMsg });
    }

    #end(ended) {
      if (this.readyState > 2) return;
      this.readyState = 3;
      this.onclose?.(ended);
    }
  };
}
