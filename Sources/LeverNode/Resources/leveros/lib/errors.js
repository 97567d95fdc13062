'use strict';

// Errors of the platform: what a caller gets when no reply came.

const CODES = {
    CANCELLED: 1, UNKNOWN: 2, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6,
    PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9, ABORTED: 10, OUT_OF_RANGE: 11,
    UNIMPLEMENTED: 12, INTERNAL: 13, UNAVAILABLE: 14, DATA_LOSS: 15, UNAUTHENTICATED: 16,
};

const REASONS = {
    'bad-url': 3, 'bad-message': 3, 'no-method': 12, 'unsupported-encoding': 12, 'too-large': 8, 'deadline': 4,
    'cancelled': 1, 'unreachable': 14, 'shutting-down': 14, 'instance-died': 14, 'resource-unavailable': 14, 'conflict': 9,
    'defect': 13,
};

/** A call that ended without a reply. */
class RPCError extends Error {
    /**
     * @param code the gRPC status, 1 to 16
     * @param reason the token of `lever-error-reason`, or undefined
     * @param platform whether Lever ended the call; otherwise the instance set the status itself
     */
    constructor(code, message, reason, platform = true) {
        super(message);
        this.name = 'RPCError';
        this.code = code;
        this.reason = reason;
        this.platform = platform;
    }

    /** An error whose code follows from its reason. */
    static of(reason, message) {
        return new RPCError(REASONS[reason] || CODES.UNKNOWN, message, reason);
    }
}

/** A text as `grpc-message` carries it: plain ASCII, since old clients do not decode it; only `%` is escaped. */
function encodeStatusText(text) {
    return String(text).slice(0, 1024).replace(/[\r\n\t]+/g, ' ').replace(/[^\x20-\x7e]/g, '?').replace(/%/g, '%25');
}

/** Undoes percent-encoding; what is not well-formed stays as it is. */
function decodeStatusText(text) {
    if (!text || !text.includes('%')) return text || '';
    const bytes = Buffer.from(text, 'utf8').toString('latin1').replace(
        /%([0-9a-fA-F]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** What a thrown or passed error is on the wire: the text of an `Error`, any other value as it is. */
function errorValue(error) {
    if (error instanceof Error && typeof error.toJSON !== 'function') return error.message || error.name;
    return error === undefined ? null : error;
}

module.exports = { CODES, RPCError, encodeStatusText, decodeStatusText, errorValue };
