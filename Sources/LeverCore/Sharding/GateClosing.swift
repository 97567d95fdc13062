/// How a gate is to be closed.
public enum GateClosing: Sendable, Hashable {
    /// Only if nobody is inside at this moment, in one atomic step; answered at once with `drained` or `busy`.
    case ifIdle
    /// At the first moment at which nobody is inside, which may be now; until then calls go in. Answered with `drained` then.
    case whenIdle
    /// Now. Those that come wait, except calls made on behalf of calls that are inside (they carry the same
    /// `lever-call-id`), which would wait for themselves. Answered with `drained` once nobody is inside; replaces `whenIdle`.
    case now
}
