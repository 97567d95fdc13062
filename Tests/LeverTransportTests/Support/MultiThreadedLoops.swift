import NIOCore
import NIOPosix

enum MultiThreadedLoops {
    static func next() -> any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }
}
