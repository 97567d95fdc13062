/// <reference types="node" />

import { EventEmitter } from "events";

/** What travels: JSON values. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
/** What a method takes or answers: a JSON value, or bytes on their own. */
export type Payload = Value | Buffer | Uint8Array | undefined;
/** An `RPCError`, or the method's own error: any value. */
export type Callback<Result> = (error: any, result?: Result) => void;

export interface CallOptions {
    /** Milliseconds after which the call is given up. */
    timeout?: number;
    /** Ends the call. */
    signal?: AbortSignal;
}

export interface ClientOptions extends CallOptions {
    /** `host:port` that all calls go to. */
    forceHost?: string;
    /** The longest message taken, in bytes. */
    maximumMessage?: number;
}

/** Calls services; keeps one connection for each destination. */
export class Client {
    constructor(options?: ClientOptions);
    /** `host:port` that all calls go to, whatever environment they name. */
    forceHost?: string;
    timeout?: number;
    signal?: AbortSignal;
    /** A service of an environment. */
    service(environment: string, name: string): Service;
    /** A service of the caller's own environment. */
    service(name: string): Service;
    /** Calls the method that a Lever URL names. The last argument may be a `Callback`, in place of the promise. */
    invokeURL(url: string, ...args: (Payload | Callback<any>)[]): Promise<any>;
    /** Opens a channel to the method that a Lever URL names. */
    invokeChanURL(url: string, ...args: (Payload | Callback<Channel>)[]): Promise<Channel>;
    /** Lets the calls in progress finish and closes all connections. */
    close(): void;
}

/** A service, or one resource of it. */
export interface Service {
    /** The same service with its calls going to a resource. */
    resource(id: string): Service;
    /** The same with options for its calls. */
    with(options: CallOptions): Service;
    /** Calls a method. The last argument may be a `Callback`, in place of the promise. */
    invoke(method: string, ...args: (Payload | Callback<any>)[]): Promise<any>;
    /** Opens a channel. */
    invokeChan(method: string, ...args: (Payload | Callback<Channel>)[]): Promise<Channel>;
}

/** One end of a channel. As with node's streams, messages flow once there is a listener for 'data'. */
export interface Channel extends EventEmitter, AsyncIterable<any> {
    /** Sends a message; false says: wait for 'drain'. */
    write(message: Payload, callback?: (error?: Error | null) => void): boolean;
    /** Sends a message; kept when there is room for another. */
    send(message: Payload): Promise<void>;
    /** Says that nothing more is sent. */
    end(last?: Payload): this;
    /** Ends both directions at once. */
    destroy(): this;
    pause(): this;
    resume(): this;
    isPaused(): boolean;
    readonly writableEnded: boolean;
    readonly writableNeedDrain: boolean;
    readonly readableEnded: boolean;
    readonly closed: boolean;
    on(event: "data", listener: (message: any) => void): this;
    on(event: "error", listener: (error: any) => void): this;
    on(event: "end" | "close" | "drain" | "finish", listener: () => void): this;
    on(event: string | symbol, listener: (...args: any[]) => void): this;
}

/** A call that ended without a reply. */
export class RPCError extends Error {
    constructor(code: number, message: string, reason?: string, platform?: boolean);
    /** The gRPC status, 1 to 16. */
    code: number;
    /** The token of `lever-error-reason`. */
    reason?: string;
    /** Whether Lever ended the call; otherwise the instance set the status itself. */
    platform: boolean;
}

/** The numbers of gRPC's statuses by name. */
export const CODES: { readonly [name: string]: number };

/** A call that has arrived at this instance. */
export interface CallContext {
    readonly url: { environment?: string; service: string; resource: string; method: string };
    readonly resource: string;
    readonly callID?: string;
    readonly depth: number;
    readonly internalGateway?: string;
    /** The caller's environment where it is another one. */
    readonly callerEnvironment?: string;
    /** The epoch of the resource's activation. */
    readonly resourceEpoch?: number;
    /** Milliseconds of `Date.now()`. */
    readonly deadline?: number;
    /** Aborted when the caller has gone away or the deadline has passed. */
    readonly signal: AbortSignal;
}

/** The call in whose course this code runs; undefined outside of one. */
export function context(): CallContext | undefined;
