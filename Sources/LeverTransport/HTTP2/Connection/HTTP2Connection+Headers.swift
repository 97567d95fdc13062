import NIOCore

// Header blocks as they come in.
extension HTTP2Connection {
    func readHeaders(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream != 0 else { throw .connection(.protocolError, "HEADERS on stream 0") }
        var block = payload
        if !header.flags.isDisjoint(with: [.padded, .priority]) {
            block = try withoutPadding(header, payload)
            if header.flags.contains(.priority) {
                guard block.readableBytes >= 5 else {
                    throw .connection(.frameSizeError, "HEADERS with priority of \(header.length) bytes")
                }
                block.moveReaderIndex(forwardBy: 5)
            }
        }
        let endStream = header.flags.contains(.endStream)
        if header.flags.contains(.endHeaders) {
            try readBlock(block, stream: header.stream, endStream: endStream)
        } else {
            partialBlock = PartialBlock(stream: header.stream, endStream: endStream, block: block, frames: 1)
        }
    }

    func readContinuation(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard var partial = partialBlock else {
            throw .connection(.protocolError, "CONTINUATION without HEADERS")
        }
        partialBlock = nil
        partial.block.writeImmutableBuffer(payload)
        partial.frames += 1
        // Encoded blocks are hardly ever longer than what they stand for; the frames are counted since they may be empty.
        guard partial.block.readableBytes <= configuration.maximumHeaderListSize * 2, partial.frames <= 128 else {
            throw .connection(.enhanceYourCalm, "a header block of more than \(partial.block.readableBytes) bytes")
        }
        if header.flags.contains(.endHeaders) {
            try readBlock(partial.block, stream: partial.stream, endStream: partial.endStream)
        } else {
            partialBlock = partial
        }
    }

    private func readBlock(_ block: ByteBuffer, stream id: UInt32, endStream: Bool) throws(HTTP2Error) {
        if let stream = streams.stream(id) {
            try readLaterBlock(block, stream, endStream: endStream)
        } else if role == .server, id & 1 == 1, id > lastPeerStream {
            try acceptStream(block, id, endStream: endStream)
        } else {
            try readBlockOfEndedStream(block, id)
        }
    }

    private func acceptStream(_ block: ByteBuffer, _ id: UInt32, endStream: Bool) throws(HTTP2Error) {
        lastPeerStream = id
        let head = try headerDecoder.decode(block, as: .request, of: id)
        guard streams.count < configuration.maximumConcurrentStreams, drainPhase != .final else {
            throw .stream(id, .refusedStream, "no more streams are accepted")
        }
        if endStream, let length = head.contentLength, length != 0 {
            throw .stream(id, .protocolError, "content-length is \(length), and there is no content")
        }
        let stream = begin(id, canReceive: !endStream, canSend: true)
        stream.hasReceivedHead = true
        stream.contentLeft = head.contentLength
        guard let delegate else { return }
        if let budget, configuration.refusesOverBudget, budget.isExceeded(pending: unsettledBytes) {
            BudgetRefusal.answer(handle(of: stream), head: head, endStream: endStream)
            return
        }
        let user = delegate.connection(self, accepted: handle(of: stream), head: head, endStream: endStream)
        guard stream.id == id else {
            // Answered or reset meanwhile: the user hears of the end now, when there is one.
            user?.streamEnded(HTTP2Stream(connection: self, id: id, slot: stream.slot), stream.lastEnd)
            return
        }
        stream.delegate = user
    }

    /// A response head or trailers.
    private func readLaterBlock(
        _ block: ByteBuffer, _ stream: StreamState, endStream: Bool
    ) throws(HTTP2Error) {
        let id = stream.id
        let kind: HeaderBlockKind = stream.hasReceivedHead ? .trailers : .response
        let head = try headerDecoder.decode(block, as: kind, of: id)
        guard stream.canReceive else { throw .stream(id, .streamClosed, "HEADERS behind the end of the stream") }
        switch kind {
        case .trailers, .request:
            guard endStream else { throw .stream(id, .protocolError, "trailers that do not end the stream") }
            try checkWholeContent(stream)
            stream.canReceive = false
            stream.delegate?.stream(handle(of: stream), receivedTrailers: head)
        case .response:
            if head.isInformational {
                guard !endStream else { throw .stream(id, .protocolError, "an informational head ends the stream") }
            } else {
                stream.hasReceivedHead = true
                stream.contentLeft = head.status == 204 || head.status == 304 ? nil : head.contentLength
                if endStream { stream.canReceive = false }
            }
            stream.delegate?.stream(handle(of: stream), receivedHead: head, endStream: endStream)
        }
        endIfComplete(stream, id)
    }

    /// The block must be decoded all the same, or the tables of both sides would differ.
    private func readBlockOfEndedStream(_ block: ByteBuffer, _ id: UInt32) throws(HTTP2Error) {
        guard wasOpened(id) else {
            throw .connection(.protocolError, "HEADERS on stream \(id), which cannot be opened by the peer")
        }
        do throws(HTTP2Error) {
            _ = try headerDecoder.decode(block, as: .trailers, of: id)
        } catch {
            if case .connection = error { throw error }
        }
        // A server's answer that crossed a cancellation is no fault of its own, however many were cancelled.
        if role == .client { return }
        guard recentResets.contains(id) else {
            throw .connection(.streamClosed, "HEADERS on stream \(id), which has ended")
        }
        try countIdleFrame()
    }

    func checkWholeContent(_ stream: StreamState) throws(HTTP2Error) {
        if let left = stream.contentLeft, left != 0 {
            throw .stream(
                stream.id, .protocolError,
                "the content is \(abs(left)) bytes \(left > 0 ? "short" : "long") of content-length")
        }
    }
}
