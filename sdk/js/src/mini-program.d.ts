import type { WebSocketClass } from "./client.js";

/** What is used of WeChat's `wx`, and of `uni`. */
export interface SocketApi {
  connectSocket(options: any): any;
}

/**
 * A WebSocket class for mini programs (WeChat's and those made like it) and uni-app, on their `connectSocket`:
 * `new Client(url, { WebSocket: webSocketOf(wx) })`.
 */
export declare function webSocketOf(api: SocketApi): WebSocketClass;
