package import NIOCore

// SETTINGS, PING and GOAWAY.
extension HTTP2Connection {
    /// How far an orderly end is (RFC 9113, section 6.8).
    enum DrainPhase {
        case none
        /// GOAWAY was announced with the highest number; streams that the peer opens until it has heard are accepted.
        case announced
        /// GOAWAY names the last stream; later ones are refused.
        case final
    }

    func start() {
        guard settingsTimer == nil, phase == .starting, let context else { return }
        if role == .client { writer.writeClientPreface() }
        var settings: [(HTTP2Setting, UInt32)] = [
            (.initialWindowSize, UInt32(configuration.streamWindow)),
            (.maximumConcurrentStreams, UInt32(clamping: configuration.maximumConcurrentStreams)),
            (.maximumHeaderListSize, UInt32(clamping: configuration.maximumHeaderListSize)),
        ]
        if role == .client { settings.append((.enablePush, 0)) }
        if configuration.maximumFrameSize != 16_384 {
            settings.append((.maximumFrameSize, UInt32(configuration.maximumFrameSize)))
        }
        if configuration.headerTableSize != 4_096 {
            settings.append((.headerTableSize, UInt32(configuration.headerTableSize)))
        }
        writer.writeSettings(settings)
        let extra = configuration.connectionWindow - 65_535
        if extra > 0 {
            writer.writeWindowUpdate(0, extra)
            receiveWindow += extra
        }
        needsFlush()
        let timeout = TimeAmount(configuration.settingsTimeout)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        settingsTimer = context.eventLoop.scheduleTask(in: timeout) {
            let connection = bound.value
            guard !connection.isSettingsAcknowledged else { return }
            connection.close(.settingsTimeout, reason: "the peer did not acknowledge SETTINGS in time")
        }
    }

    func readSettings(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream == 0 else { throw .connection(.protocolError, "SETTINGS on a stream") }
        if header.flags.contains(.acknowledge) {
            guard header.length == 0 else { throw .connection(.frameSizeError, "an acknowledgement with settings") }
            isSettingsAcknowledged = true
            settingsTimer?.cancel()
            return
        }
        guard header.length % 6 == 0 else { throw .connection(.frameSizeError, "SETTINGS of \(header.length) bytes") }
        if phase != .starting { try countIdleFrame() }
        try countAnswer()
        var payload = payload
        while let (number, value) = payload.readMultipleIntegers(as: (UInt16, UInt32).self) {
            try apply(HTTP2Setting(rawValue: number), value)
        }
        writer.writeSettingsAcknowledgement()
        needsFlush()
        if phase == .starting {
            phase = .open
            delegate?.connectionIsReady(self)
        }
        if hadNoRoom, hasRoom {
            hadNoRoom = false
            delegate?.connectionHasRoom(self)
        }
    }

    private func apply(_ setting: HTTP2Setting, _ value: UInt32) throws(HTTP2Error) {
        switch setting {
        case .headerTableSize:
            peer.headerTableSize = Int(value)
            headerEncoder.setTableSize(Int(value))
        case .enablePush:
            guard value == 0 || (value == 1 && role == .server) else {
                throw .connection(.protocolError, "SETTINGS_ENABLE_PUSH is \(value)")
            }
        case .maximumConcurrentStreams:
            peer.maximumConcurrentStreams = Int(value)
        case .initialWindowSize:
            guard value <= UInt32(Int32.max) else {
                throw .connection(.flowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is \(value)")
            }
            let change = Int(value) - peer.initialWindowSize
            peer.initialWindowSize = Int(value)
            for stream in streams.all {
                stream.sendWindow += change
                guard stream.sendWindow <= Int(Int32.max) else {
                    throw .connection(.flowControlError, "a stream's window is larger than 2^31 - 1")
                }
                if change > 0 { windowOpened(stream) }
            }
            sendReadyStreams()
        case .maximumFrameSize:
            guard (16_384...16_777_215).contains(value) else {
                throw .connection(.protocolError, "SETTINGS_MAX_FRAME_SIZE is \(value)")
            }
            peer.maximumFrameSize = min(Int(value), 65_536)
        default:
            break
        }
    }

    // MARK: PING

    /// Sends a PING; `acknowledged` is called with the time it took, or never when the connection closes first.
    package func ping(_ acknowledged: @escaping (TimeAmount) -> Void) {
        guard isOpen else { return }
        let payload = nextPing
        nextPing += 1
        pings[payload] = (.now(), acknowledged)
        writer.writePing(payload, acknowledge: false)
        needsFlush()
    }

    func readPing(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream == 0 else { throw .connection(.protocolError, "PING on a stream") }
        guard header.length == 8, let value = payload.getInteger(at: payload.readerIndex, as: UInt64.self) else {
            throw .connection(.frameSizeError, "PING of \(header.length) bytes")
        }
        if header.flags.contains(.acknowledge) {
            guard let ping = pings.removeValue(forKey: value) else { return }
            ping.acknowledged(.now() - ping.sent)
            return
        }
        try countIdleFrame()
        try countAnswer()
        writer.writePing(value, acknowledge: true)
        needsFlush()
    }

    // MARK: GOAWAY

    func readGoAway(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        guard header.stream == 0 else { throw .connection(.protocolError, "GOAWAY on a stream") }
        var payload = payload
        guard let (last, _) = payload.readMultipleIntegers(as: (UInt32, UInt32).self) else {
            throw .connection(.frameSizeError, "GOAWAY of \(header.length) bytes")
        }
        let lastStream = last & 0x7FFF_FFFF
        if let earlier = peerLastStream, lastStream > earlier {
            throw .connection(.protocolError, "GOAWAY with a later last stream than before")
        }
        let isFirst = peerLastStream == nil
        peerLastStream = lastStream
        if role == .client {
            // These the peer has certainly not begun.
            for stream in streams.all where stream.id > lastStream {
                end(stream, .notBegun("the peer is shutting down"))
            }
        }
        if isFirst { delegate?.connectionIsDraining(self) }
        if role == .client { closeIfDrained() }
    }

    /// Takes no new streams from now on (GOAWAY), and closes once the last one has ended.
    package func drain() {
        guard isOpen, drainPhase == .none else { return }
        guard role == .server else {
            drainPhase = .final
            closeIfDrained()
            return
        }
        drainPhase = .announced
        writer.writeGoAway(lastStream: 0x7FFF_FFFF, .noError, "")
        needsFlush()
        // Once the PING has come back, the peer has heard: what it opens after that is its own fault.
        ping { [unowned self] _ in drainHeard() }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        drainTimer = eventLoop.scheduleTask(in: TimeAmount(configuration.drainNoticeTimeout)) {
            bound.value.drainHeard()
        }
    }

    private func drainHeard() {
        guard isOpen, drainPhase == .announced else { return }
        drainTimer?.cancel()
        drainPhase = .final
        writer.writeGoAway(lastStream: lastPeerStream, .noError, "")
        needsFlush()
        closeIfDrained()
    }

    func closeIfDrained() {
        guard isOpen, streams.count == 0 else { return }
        if drainPhase == .final || (role == .client && peerLastStream != nil) {
            close(reason: "the connection was drained")
        }
    }
}
