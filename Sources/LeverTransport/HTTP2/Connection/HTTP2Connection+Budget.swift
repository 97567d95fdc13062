// What the connection's streams hold of the host's budget of bytes: received bytes whose credit was not given back, what
// their users say that they keep, and what is queued for sending.
extension HTTP2Connection {
    /// Counts bytes that a stream holds (or with a negative count lets go); the host's count follows at the end of the turn.
    @inline(__always)
    func hold(_ count: Int, _ stream: StreamState) {
        guard budget != nil else { return }
        stream.held += count
        unsettledBytes += count
        needsFlush()
    }

    /// Counts bytes that came in, until their credit is given back.
    @inline(__always)
    func holdReceived(_ count: Int, _ stream: StreamState) {
        guard budget != nil else { return }
        stream.uncredited += count
        hold(count, stream)
    }

    /// A stream lets go of what it is given credit for.
    @inline(__always)
    func releaseReceived(_ count: Int, _ stream: StreamState) {
        guard budget != nil else { return }
        let released = min(count, stream.uncredited)
        stream.uncredited -= released
        hold(-released, stream)
    }

    func keep(_ count: Int, on handle: HTTP2Stream) {
        guard let stream = streams.stream(handle) else { return }
        hold(count, stream)
        if count > 0 { hasGrown(stream) }
    }

    /// A stream holds more than before, as it looks in the middle of the turn.
    @inline(__always)
    func hasGrown(_ stream: StreamState) {
        guard budget != nil, !stream.hasGrown else { return }
        stream.hasGrown = true
        grownStreams.append(handle(of: stream))
    }

    /// Tells the budget what was held and let go in this turn. Where the host holds too much, the streams that still hold
    /// what they added in this turn end.
    func settleBudget() {
        guard let budget else { return }
        if unsettledBytes != 0 {
            budget.add(unsettledBytes)
            unsettledBytes = 0
        }
        guard !grownStreams.isEmpty else { return }
        let handles = grownStreams
        grownStreams.removeAll(keepingCapacity: handles.count <= 256)
        for handle in handles {
            guard let stream = streams.stream(handle) else { continue }
            stream.hasGrown = false
            guard stream.held > 0, budget.isExceeded(pending: unsettledBytes, byStreamHolding: stream.held) else {
                continue
            }
            reset(stream, .enhanceYourCalm, BufferBudget.resetText)
        }
    }
}
