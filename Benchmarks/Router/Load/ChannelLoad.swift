import LeverTransport
import NIOCore

/// One open channel: sends a message, waits until it has come back, and sends the next.
final class Pinger: HTTP2StreamDelegate {
    private let load: ChannelLoad
    private var began = NIODeadline.now()
    private var expected = 0
    private var isOpen = false
    private var isDone = false

    init(_ load: ChannelLoad) {
        self.load = load
    }

    func streamOpened(_ stream: HTTP2Stream) {
        began = .now()
        // The answer is an empty message.
        expected = 5
        stream.send(data: Requests.open)
    }

    private func ping(_ stream: HTTP2Stream) {
        guard load.takeMessage() else {
            isDone = true
            stream.send(data: ByteBuffer(), endStream: true)
            return
        }
        began = .now()
        expected = load.message.readableBytes
        stream.send(data: load.message)
    }

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
        expected -= data.readableBytes
        guard expected <= 0, !isDone else { return }
        if isOpen { load.pinged(.now() - began) }
        isOpen = true
        if load.keepsOpen {
            isDone = true
            load.ended(failed: false)
        } else {
            ping(stream)
        }
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}
    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {
        if !load.keepsOpen || !isDone { load.ended(failed: !isDone || end != .complete) }
    }
}

/// Channels that are open at the same time, each with a message on its way. Confined to one event loop.
final class ChannelLoad {
    let message: ByteBuffer
    /// Whether the channels are only opened, and then kept, idle.
    let keepsOpen: Bool
    private let endpoints: [HTTP2Endpoint]
    private let channels: Int
    private var messages: Int
    private var open: Int
    private var result = LoadResult()
    private let done: EventLoopPromise<LoadResult>

    init(
        _ eventLoop: any EventLoop, port: Int, messages: Int, connections: Int, channels: Int, bytes: Int,
        keepsOpen: Bool = false, done: EventLoopPromise<LoadResult>
    ) {
        self.messages = messages
        self.channels = channels
        self.keepsOpen = keepsOpen
        self.done = done
        open = channels
        message = Requests.channelMessage(bytes)
        endpoints = Requests.endpoints(eventLoop, port: port, connections: connections)
    }

    func start() {
        for index in 0..<channels {
            endpoints[index % endpoints.count].open(
                head: Requests.head("EchoChan", resource: nil, isChannel: true), endStream: false, deadline: nil,
                delegate: Pinger(self))
        }
    }

    func takeMessage() -> Bool {
        guard messages > 0 else { return false }
        messages -= 1
        return true
    }

    func pinged(_ time: TimeAmount) {
        result.latencies.append(time.nanoseconds)
    }

    /// A channel is over, or open and idle where that is what is wanted.
    func ended(failed: Bool) {
        if failed { result.failures += 1 }
        open -= 1
        if open == 0 { done.succeed(result) }
    }
}
