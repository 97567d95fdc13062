package import NIOCore
import NIOPosix

/// Runs the tasks of calls on the event loop that their connection lives on, so that a call meets no other thread.
package final class EventLoopTaskExecutor: TaskExecutor {
    private static let current = ThreadSpecificVariable<EventLoopTaskExecutor>()

    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// The executor of an event loop; call it on that loop.
    package static func of(_ eventLoop: any EventLoop) -> EventLoopTaskExecutor {
        if let known = current.currentValue, known.eventLoop === eventLoop { return known }
        let made = EventLoopTaskExecutor(eventLoop)
        current.currentValue = made
        return made
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
