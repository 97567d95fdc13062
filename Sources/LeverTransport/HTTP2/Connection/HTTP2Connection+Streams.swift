// Beginnings and ends of streams.
extension HTTP2Connection {
    /// Whether another stream can be opened now (client connections).
    package var hasRoom: Bool {
        isOpen && drainPhase == .none && peerLastStream == nil && streams.count < peer.maximumConcurrentStreams
            && nextStream <= Self.lastNumber
    }

    /// The highest number that a stream may have.
    private static let lastNumber: UInt32 = 0x7FFF_FFFF

    /// Asks for ``HTTP2ConnectionDelegate/connectionHasRoom(_:)`` when there is room again.
    package func wantsRoom() {
        hadNoRoom = true
    }

    /// Opens a stream (client connections only); the delegate's `streamOpened` comes before this returns. `false` where
    /// there is no room: the peer's limit, GOAWAY, numbers used up, or closed.
    package func open(head: HTTP2EncodedHead, endStream: Bool, delegate: any HTTP2StreamDelegate) -> Bool {
        guard hasRoom else {
            hadNoRoom = true
            return false
        }
        let id = nextStream
        nextStream += 2
        let stream = begin(id, canReceive: true, canSend: !endStream)
        stream.delegate = delegate
        writer.writeHeaders(
            id, headerEncoder.encode(head), endStream: endStream, maximumFrameSize: peer.maximumFrameSize)
        needsFlush()
        if nextStream > Self.lastNumber {
            // The numbers are used up: the connection finishes its streams, and its owner makes another.
            drainPhase = .final
            self.delegate?.connectionIsDraining(self)
        }
        delegate.streamOpened(handle(of: stream))
        return true
    }

    @inline(__always)
    func handle(of stream: StreamState) -> HTTP2Stream {
        HTTP2Stream(connection: self, id: stream.id, slot: stream.slot)
    }

    /// Whether a stream with this number was ever opened, by the client of the two.
    func wasOpened(_ id: UInt32) -> Bool {
        id & 1 == 1 && (role == .server ? id <= lastPeerStream : id < nextStream)
    }

    func begin(_ id: UInt32, canReceive: Bool, canSend: Bool) -> StreamState {
        let stream = streams.add(id)
        stream.begin(
            id: id, canReceive: canReceive, canSend: canSend, sendWindow: peer.initialWindowSize,
            receiveWindow: configuration.streamWindow)
        if streams.count == 1 { delegate?.connection(self, isIdle: false) }
        return stream
    }

    /// Ends a stream whose both halves are over. `id` tells whether it is still the stream that was meant.
    @inline(__always)
    func endIfComplete(_ stream: StreamState, _ id: UInt32) {
        guard stream.id == id, !stream.canSend, !stream.canReceive else { return }
        end(stream, .complete)
    }

    func reset(_ handle: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard let stream = streams.stream(handle) else { return }
        // Its last frame is being told of just now: there is nothing left to reset.
        guard stream.canSend || stream.canReceive else { return end(stream, .complete) }
        reset(stream, code, nil)
    }

    func reset(_ stream: StreamState, _ code: HTTP2ErrorCode, _ text: String?) {
        if isOpen {
            writer.writeReset(stream.id, code)
            recentResets.add(stream.id)
            needsFlush()
        }
        end(stream, .resetLocally(code, text))
    }

    func end(_ stream: StreamState, _ end: HTTP2StreamEnd) {
        let handle = handle(of: stream)
        let delegate = stream.delegate
        if stream.held != 0 { hold(-stream.held, stream) }
        streams.remove(stream)
        stream.end()
        stream.lastEnd = end
        delegate?.streamEnded(handle, end)
        guard isOpen else { return }
        if hadNoRoom, hasRoom {
            hadNoRoom = false
            self.delegate?.connectionHasRoom(self)
        }
        if streams.count == 0 {
            self.delegate?.connection(self, isIdle: true)
            closeIfDrained()
        }
    }
}
