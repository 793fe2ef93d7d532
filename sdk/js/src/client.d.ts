/** What a connection is at: trying, connected, between two tries, or ended for good (until `connect()`). */
export type State = "connecting" | "open" | "waiting" | "closed";

/** Sent as it is: text, or binary. */
export type Frame = string | ArrayBuffer | ArrayBufferView | Blob;

/** Sent as its JSON text. */
export type Json = number | boolean | null | object;

export interface Options {
  /**
   * A client token, or what fetches one. A function is called for each try to connect, so it can give a new
   * one each time: after 4001 and 4041 nothing is tried again without one. Nullish: no token. A function that
   * throws, or gives what is no token, is asked again later.
   */
  token?: string | null | (() => string | null | undefined | Promise<string | null | undefined>);
  /** Where the token goes; default "subprotocol", which keeps it out of the address and so out of logs. */
  tokenIn?: "subprotocol" | "query";
  /** Further subprotocols to offer. Without a token one of them has to be selected by the backend. */
  subprotocols?: readonly string[];
  /** Milliseconds that one try may take, with the token and the welcome; default 10,000. */
  timeout?: number;
  /**
   * What finds the client_id in the first message, where `GATEPOST_WELCOME` is changed; undefined: that
   * message is no welcome. `false` where it is `off`.
   */
  welcome?: false | ((data: string) => string | undefined);
  reconnect?: {
    /** Milliseconds: the window of the first try, which doubles with each failure; default 1,000. */
    minDelay?: number;
    /** Milliseconds: the largest window; default 30,000. */
    maxDelay?: number;
    /** Milliseconds after which a connection counts as a success; default 5,000. */
    stableAfter?: number;
    /** Of the codes that are the application's to judge (1000, 4100 to 4999): those after which to connect again; default none. */
    codes?: readonly number[];
  };
  /** What is kept of what is sent while there is no connection. */
  buffer?: {
    /** Default 100. */
    messages?: number;
    /** Default 262,144. Also how much may wait in the socket before `send` says false. */
    bytes?: number;
    /** Which message a full buffer doesn't keep: the new one (default), or the oldest. */
    overflow?: "reject" | "oldest";
  };
  /**
   * Finds a connection that is dead without anyone having said so. By default the gateway is asked for a text that
   * it answers (`?heartbeat=1`), and one that names none in its welcome, an older one say, is left alone. False: never.
   */
  heartbeat?: false | {
    /** Milliseconds without a message after which a sign of life is asked for; default 25,000. */
    interval?: number;
    /** Milliseconds within which it must come; default 10,000. */
    timeout?: number;
    /**
     * A text of your own to ask with; one of the gateway's `heartbeats`, else it's a message. Without: the gateway's,
     * and where that names none `GATEPOST_PING_DATA` has to come by itself.
     */
    send?: string;
    /** The text that answers yours, which is no message to the application. */
    answer?: string;
  };
  /** The class to connect with; default: the global one. Node 20 has none: give that of the package `ws`. */
  WebSocket?: WebSocketClass;
}

/** What is used of a WebSocket class: the browser's, Node's, and that of `ws` fit. */
export type WebSocketClass = new (url: string, protocols: string[]) => {
  binaryType: any;
  onopen: any;
  onmessage: any;
  onerror: any;
  onclose: any;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: any): void;
  close(code?: number, reason?: string): void;
};

export interface Close {
  /** 1006 where no close frame came. */
  code: number;
  reason: string;
  wasClean: boolean;
  /** Milliseconds until the next try; null where there is none. */
  retryIn: number | null;
  /** What waited to be sent and now isn't; empty while there is a next try. */
  unsent: Frame[];
}

export interface Events {
  /** Text, or binary as an ArrayBuffer. The welcome isn't among them. */
  message: string | ArrayBuffer;
  /** Connected: the gateway's welcome has come. `first`: never before; else ask your backend for what was missed. */
  open: { clientId: string | null; first: boolean };
  /** A connection has ended, or a try to connect has failed. */
  close: Close;
  state: State;
  /** A token that couldn't be had, a try that took too long, a heartbeat that found nobody; `dropped`: messages that newer ones have displaced. */
  error: Error & { dropped?: Frame[] };
}

/** A connection to a gateway that is made again when it ends, as its close code says. */
export declare class Client {
  /**
   * Begins to connect. `url` is the gateway's WebSocket address; in a page it may be relative. A function is called
   * for each try to connect, and asked again later where it throws.
   * Throws a TypeError for an address that is none, and where there is no WebSocket class.
   */
  constructor(url: string | URL | (() => string | URL | Promise<string | URL>), options?: Options);

  readonly state: State;

  /** While open, unless there is no welcome to tell it. */
  readonly clientId: string | null;

  /** Returns what takes the handler off again. A handler that throws disturbs nothing; its error is reported as uncaught. */
  on<E extends keyof Events>(event: E, handler: (value: Events[E]) => void): () => void;
  off<E extends keyof Events>(event: E, handler: (value: Events[E]) => void): void;

  /**
   * Sends a message, or keeps it until there is a connection. All leave in the order of the calls. False: it
   * isn't sent and won't be, for the buffer is full or the client closed. Throws a TypeError for what has no JSON.
   */
  send(data: Frame | Json): boolean;

  /** Connects a closed client again, at once. */
  connect(): void;

  /**
   * Looks at once whether the connection still lives, and cuts a wait for the next try short. Where the runtime has
   * `online`, `visibilitychange` and changes of the network it is called by itself.
   */
  check(): void;

  /** Ends the connection for good. `code` is 1000 or one of 3000 to 4999; another throws. */
  close(code?: number, reason?: string): void;
}
