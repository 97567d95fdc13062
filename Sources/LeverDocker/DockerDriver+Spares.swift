public import LeverCore

// Instances made ahead: they run until they listen, then the engine stops all their processes.
extension DockerDriver {
    /// They are paused containers.
    public var makesSpares: Bool { true }

    /// Starts a container, waits until its program listens, and pauses it.
    public func makeSpare(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let parts = try parts()
        let made = Task {
            let instance = try await startAnother(specification, parts)
            do {
                _ = try await instance.listening()
                try await parts.engine.pauseContainer(instance.container)
            } catch {
                instance.terminate(grace: .zero)
                throw (error as? EngineError)?.asRuntimeError("an instance could not be made ahead") ?? error
            }
            return instance
        }
        spares.keep(made, specification)
        return try await made.value
    }

    /// Ends a paused container.
    public func dropSpare(_ id: InstanceID) { spares.drop(id) }

    /// Lets a spare go on; whether it does.
    func goOn(_ instance: DockerInstance, _ engine: Engine) async -> Bool {
        let begin = ContinuousClock.now
        do {
            try await engine.unpauseContainer(instance.container)
            instance.wentOn(StartPhase("resume", begin.duration(to: .now)))
            return true
        } catch {
            // It has ended, or somebody has let it go on: nobody knows what it is.
            instance.terminate(grace: .zero)
            // The one that is started in its place has its name.
            if (error as? EngineError)?.isUnreachable == false { _ = await instance.exit() }
            return false
        }
    }
}
