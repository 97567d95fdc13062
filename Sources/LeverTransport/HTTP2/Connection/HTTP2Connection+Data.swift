import NIOCore

// Data as it comes in, and the credit for it.
extension HTTP2Connection {
    func readData(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream != 0 else { throw .connection(.protocolError, "DATA on stream 0") }
        let length = header.length
        receiveWindow -= length
        guard receiveWindow >= 0 else {
            throw .connection(.flowControlError, "more data than the connection's window allows")
        }
        // The connection's credit goes back as soon as data has come, or one slow stream would block all others.
        unannouncedCredit += length
        if unannouncedCredit >= configuration.connectionWindow / 2 {
            writer.writeWindowUpdate(0, unannouncedCredit)
            receiveWindow += unannouncedCredit
            unannouncedCredit = 0
            needsFlush()
        }
        let data = try withoutPadding(header, payload)
        let endStream = header.flags.contains(.endStream)
        guard let stream = streams.stream(header.stream) else {
            try readDataOfEndedStream(header)
            return
        }
        if length == 0, !endStream { try countIdleFrame() }
        guard stream.canReceive else {
            throw .stream(stream.id, .streamClosed, "DATA behind the end of the stream")
        }
        guard stream.hasReceivedHead else { throw .stream(stream.id, .protocolError, "DATA before the head") }
        stream.receiveWindow -= length
        guard stream.receiveWindow >= 0 else {
            throw .stream(stream.id, .flowControlError, "more data than the stream's window allows")
        }
        if let left = stream.contentLeft {
            stream.contentLeft = left - data.readableBytes
            guard left >= data.readableBytes else {
                throw .stream(stream.id, .protocolError, "more content than content-length says")
            }
            if endStream { try checkWholeContent(stream) }
        }
        let id = stream.id
        if endStream { stream.canReceive = false }
        if let delegate = stream.delegate {
            holdReceived(length, stream)
            delegate.stream(
                handle(of: stream), receivedData: data, flowControlledLength: length, endStream: endStream)
            if stream.id == id, stream.uncredited > 0 { hasGrown(stream) }
        } else {
            // Nobody reads it any more: the request was answered when it was accepted.
            giveCredit(length, on: handle(of: stream))
        }
        if endStream { endIfComplete(stream, id) }
    }

    private func readDataOfEndedStream(_ header: FrameHeader) throws(HTTP2Error) {
        guard wasOpened(header.stream) else {
            throw .connection(.protocolError, "DATA on stream \(header.stream), which was never opened")
        }
        // What the peer had sent before it heard of the end. A server's answer that crossed a cancellation is no fault of its
        // own, however many were cancelled; the connection's credit for it has gone back already.
        guard role == .server, !recentResets.contains(header.stream) else { return }
        throw .stream(header.stream, .streamClosed, "DATA on a stream that has ended")
    }

    func giveCredit(_ count: Int, on handle: HTTP2Stream) {
        guard count > 0, isOpen, let stream = streams.stream(handle) else { return }
        releaseReceived(count, stream)
        guard stream.canReceive else { return }
        stream.unannouncedCredit += count
        guard stream.unannouncedCredit >= configuration.streamWindow / 2 else { return }
        writer.writeWindowUpdate(stream.id, stream.unannouncedCredit)
        stream.receiveWindow += stream.unannouncedCredit
        stream.unannouncedCredit = 0
        needsFlush()
    }

    func readReset(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream != 0 else { throw .connection(.protocolError, "RST_STREAM on stream 0") }
        guard payload.readableBytes == 4, let code = payload.getInteger(at: payload.readerIndex, as: UInt32.self) else {
            throw .connection(.frameSizeError, "RST_STREAM of \(header.length) bytes")
        }
        guard let stream = streams.stream(header.stream) else {
            guard wasOpened(header.stream) else {
                throw .connection(.protocolError, "RST_STREAM on stream \(header.stream), which is idle")
            }
            return
        }
        // Opening and resetting at once costs this side more than the peer (the "rapid reset" of 2023).
        if role == .server, !stream.hasSentHead { try countIdleFrame() }
        let error = HTTP2ErrorCode(rawValue: code)
        if role == .client, error == .refusedStream, !stream.hasReceivedHead {
            end(stream, .notBegun("the peer refused the stream"))
        } else {
            end(stream, .resetByPeer(error))
        }
    }
}
