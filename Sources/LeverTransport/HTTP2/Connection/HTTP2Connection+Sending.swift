import NIOCore

// The sending side: windows, queues, and turns.
extension HTTP2Connection {
    func isOpenForSending(_ handle: HTTP2Stream) -> Bool {
        isOpen && (streams.stream(handle)?.isOpenForSending ?? false)
    }

    func hasSentAll(_ handle: HTTP2Stream) -> Bool {
        guard let stream = streams.stream(handle) else { return true }
        return !stream.canSend
    }

    func send(_ head: HTTP2EncodedHead, endStream: Bool, on handle: HTTP2Stream) {
        guard isOpen, let stream = streams.stream(handle), stream.isOpenForSending else { return }
        if stream.queue.isEmpty {
            writeHead(head, stream, endStream: endStream)
        } else {
            precondition(endStream, "a head that does not end its stream comes before all data")
            stream.queuedEnd = .trailers(head)
        }
    }

    func send(trailers: HTTP2EncodedHead, on handle: HTTP2Stream) {
        send(trailers, endStream: true, on: handle)
    }

    func send(_ data: ByteBuffer, endStream: Bool, on handle: HTTP2Stream) {
        guard isOpen, let stream = streams.stream(handle), stream.isOpenForSending else { return }
        let count = data.readableBytes
        if stream.queue.isEmpty, count <= sendWindow, count <= stream.sendWindow, count <= peer.maximumFrameSize,
            hasRoomToSend
        {
            guard count > 0 || endStream else { return }
            writeData(data, stream, endStream: endStream)
            return
        }
        if count > 0 {
            stream.queue.append(data)
            hold(count, stream)
            hasGrown(stream)
        }
        if endStream { stream.queuedEnd = .endStream }
        if !stream.isQueueEmpty { becomeReady(stream) }
        if !isSending { sendReadyStreams() }
    }

    // MARK: Turns

    private var isSending: Bool { sendingDepth > 0 }

    /// Puts a stream into the list of those that wait for their turn.
    private func becomeReady(_ stream: StreamState) {
        guard !stream.isInReadyList, stream.sendWindow > 0 || stream.queue.isEmpty else { return }
        stream.isInReadyList = true
        readyStreams.append(stream)
    }

    /// Sends what windows and socket allow, one frame for each stream in turn.
    func sendReadyStreams() {
        guard !isSending else { return }
        sendingDepth += 1
        defer { sendingDepth -= 1 }
        while isOpen, let stream = readyStreams.first, hasRoomToSend {
            // Ends without data need no window.
            guard stream.id == 0 || stream.queue.isEmpty || sendWindow > 0 else { return }
            readyStreams.removeFirst()
            stream.isInReadyList = false
            guard stream.id != 0, stream.canSend else { continue }
            sendOneFrame(stream)
        }
    }

    private func sendOneFrame(_ stream: StreamState) {
        guard var data = stream.queue.first else {
            sendQueuedEnd(stream)
            return
        }
        let allowed = min(peer.maximumFrameSize, sendWindow, stream.sendWindow)
        guard allowed > 0 else { return }
        hold(-min(data.readableBytes, allowed), stream)
        if data.readableBytes <= allowed {
            stream.queue.removeFirst()
        } else {
            let part = data.readSlice(length: allowed)!
            stream.queue[stream.queue.startIndex] = data
            data = part
        }
        var endStream = false
        if stream.queue.isEmpty, case .endStream = stream.queuedEnd {
            endStream = true
            stream.queuedEnd = .none
        }
        let id = stream.id
        writeData(data, stream, endStream: endStream)
        // Its user may have sent more, or ended it, when it heard of the bytes.
        guard stream.id == id, stream.canSend, !stream.isQueueEmpty else { return }
        if stream.queue.isEmpty { sendQueuedEnd(stream) } else { becomeReady(stream) }
    }

    private func sendQueuedEnd(_ stream: StreamState) {
        let end = stream.queuedEnd
        stream.queuedEnd = .none
        switch end {
        case .none: break
        case .endStream: writeData(ByteBuffer(), stream, endStream: true)
        case .trailers(let head): writeHead(head, stream, endStream: true)
        }
    }

    // MARK: Writing

    private func writeHead(_ head: HTTP2EncodedHead, _ stream: StreamState, endStream: Bool) {
        writer.writeHeaders(
            stream.id, headerEncoder.encode(head), endStream: endStream, maximumFrameSize: peer.maximumFrameSize)
        stream.hasSentHead = true
        needsFlush()
        if endStream {
            stream.canSend = false
            endIfComplete(stream, stream.id)
        }
    }

    @inline(__always)
    private func writeData(_ data: ByteBuffer, _ stream: StreamState, endStream: Bool) {
        let count = data.readableBytes
        let id = stream.id
        sendWindow -= count
        stream.sendWindow -= count
        writer.writeData(id, data, endStream: endStream)
        needsFlush()
        if endStream { stream.canSend = false }
        if count > 0 { stream.delegate?.stream(handle(of: stream), sent: count) }
        if endStream { endIfComplete(stream, id) }
    }

    // MARK: Credit

    func readWindowUpdate(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard payload.readableBytes == 4, let value = payload.getInteger(at: payload.readerIndex, as: UInt32.self)
        else {
            throw .connection(.frameSizeError, "WINDOW_UPDATE of \(header.length) bytes")
        }
        let increment = Int(value & 0x7FFF_FFFF)
        if header.stream == 0 {
            guard increment > 0 else { throw .connection(.protocolError, "WINDOW_UPDATE by 0") }
            sendWindow += increment
            guard sendWindow <= Int(Int32.max) else {
                throw .connection(.flowControlError, "the connection's window is larger than 2^31 - 1")
            }
            if !readyStreams.isEmpty { sendReadyStreams() }
            return
        }
        guard let stream = streams.stream(header.stream) else {
            guard wasOpened(header.stream) else {
                throw .connection(.protocolError, "WINDOW_UPDATE on stream \(header.stream), which is idle")
            }
            return
        }
        guard increment > 0 else { throw .stream(stream.id, .protocolError, "WINDOW_UPDATE by 0") }
        stream.sendWindow += increment
        guard stream.sendWindow <= Int(Int32.max) else {
            throw .stream(stream.id, .flowControlError, "the stream's window is larger than 2^31 - 1")
        }
        windowOpened(stream)
        sendReadyStreams()
    }

    /// A stream's window has grown: what waits may have its turn.
    func windowOpened(_ stream: StreamState) {
        if !stream.isQueueEmpty { becomeReady(stream) }
    }
}
