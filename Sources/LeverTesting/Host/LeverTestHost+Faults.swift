internal import LeverCore

// What a test lets go wrong. Each does its thing at once; instances that are gone already are left alone.
extension LeverTestHost {
    /// Ends an instance as `kill -9` does: its code does nothing any more from here on, its calls in progress fail with the
    /// reason `RPCError.Reason.instanceDied`, and what it held is free.
    ///
    /// Its tasks stand still wherever they are, until the host ends: no `defer` and no `catch` of theirs runs before. Objects
    /// that they hold (locks, actors in the middle of a method that waits) stay held, so keep what instances share free of that.
    public func crash(_ instance: TestInstance) {
        act { world in
            guard let instance = world.instance(instance.id) else { return }
            world.note(.fault, instance.service, instance.id, "crashed")
            world.die(instance, "signal 9 ended it")
        }
    }

    /// Stops an instance as `kill -STOP` does: its code stands still, and calls to it wait. Where it stays so for longer than
    /// the host's bound for silence it gets no new calls, and past the bound for liveness it counts as dead.
    public func pause(_ instance: TestInstance) {
        act { world in world.instance(instance.id).map(world.pause) }
    }

    /// Lets a stopped instance go on.
    public func resume(_ instance: TestInstance) {
        act { world in world.instance(instance.id).map(world.resume) }
    }

    /// Cuts an instance off: its code runs on, but calls do not arrive, answers and messages do not leave, and calls that it
    /// makes wait. The host takes it for dead after the bound for liveness, and ends it.
    public func partition(_ instance: TestInstance) {
        act { world in world.instance(instance.id).map(world.partition) }
    }

    /// Ends a partition: what was on its way arrives.
    public func heal(_ instance: TestInstance) {
        act { world in world.instance(instance.id).map(world.heal) }
    }

    /// Lets instances of a service take this long from now on until they answer; `nil` for the host's usual time.
    ///
    /// - Throws: `RPCError` where there is no such service; deploy it first, or set ``Configuration/startTime``.
    public func slowStart(_ name: String, _ time: Duration?) throws {
        try act { try $0.existing(name).startTime = time }
    }

    /// Lets the next starts of instances of a service fail.
    ///
    /// - Parameters:
    ///   - name: The service.
    ///   - times: How many starts fail.
    ///   - how: What the host hears of how the instance ended.
    /// - Throws: `RPCError` where there is no such service.
    public func failStarts(of name: String, times: Int = 1, how: String = "it exited with code 1") throws {
        try act { world in
            guard times > 0 else { return }
            try world.existing(name).startFaults.append(WorldService.StartFault(how: how, times: times))
        }
    }

    /// Lets the next activations fail: `NewResource` is answered with an error, without the service's code being asked.
    ///
    /// - Parameters:
    ///   - name: The service.
    ///   - resource: The resource; `nil` for any.
    ///   - times: How many activations fail.
    ///   - error: The text of the error.
    /// - Throws: `RPCError` where there is no such service.
    public func failNewResource(
        of name: String, resource: String? = nil, times: Int = 1, error: String = "the test refuses it"
    ) throws {
        try act { world in
            guard times > 0 else { return }
            try world.existing(name).resourceFaults.append(
                WorldService.ResourceFault(resource: resource.map { ResourceID($0) }, error: error, times: times))
        }
    }
}
