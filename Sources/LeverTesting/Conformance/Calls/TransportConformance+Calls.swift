import LeverCore

extension TransportConformance {
    static let calls = [
        check("values and bytes come as they are") { transport, _ in
            let values: [LeverValue] = [false, 0, "", nil, ["a": [1, [:]]], "grüße"]
            for arguments in [values, []] {
                let reply = try await transport.call(context("Echo"), .values(arguments))
                try expect(reply, is: .result(.array(arguments)), "reply")
            }
            for bytes in [[], [UInt8](repeating: 9, count: 1_000_000)] {
                let reply = try await transport.call(context("Echo"), .bytes(bytes))
                try expect(reply == .bytes(bytes), "\(bytes.count) bytes came back as others")
            }
        },
        check("a method's own errors are replies") { transport, _ in
            let reply = try await transport.call(context("Fail"), .values([]))
            try expect(reply, is: .error(["why": "it was asked to", "zero": 0, "no": false]), "reply")
            try expect(
                try await transport.call(context("FailBytes"), .values([])), is: .errorBytes([1, 2, 3]),
                "reply of bytes")
        },
        check("what a handler throws becomes a status, and the text of an unknown error stays where it is") {
            transport, _ in
            let status = try await expect(throwing: RPCError.self) {
                _ = try await transport.call(context("Status"), .values([]))
            }
            try expect(status.code, is: .failedPrecondition, "code")
            try expect(status.message, is: "100% and %41 of it", "message")
            let missing = try await expect(throwing: RPCError.self) {
                _ = try await transport.call(context("Nothing"), .values([]))
            }
            try expect(missing.code, is: .unimplemented, "code for a method that there is not")
            let broken = try await expect(throwing: RPCError.self) {
                _ = try await transport.call(context("Break"), .values([]))
            }
            try expect(broken.code, is: .internalError, "code of an unknown error")
            try expect(!broken.message.contains("Broken"), "\"\(broken.message)\" tells of the handler's inside")
        },
        check("methods are called, and channel methods are opened") { transport, probe in
            let called = try await expect(throwing: RPCError.self) {
                _ = try await transport.call(context("EchoChan"), .values([]))
            }
            try expect(called.reason, is: .noMethod, "reason of a channel method that is called")
            let opened = try await expect(throwing: RPCError.self) {
                _ = try await transport.open(context("Echo"), .values([]))
            }
            try expect(opened.reason, is: .noMethod, "reason of a method that is opened")
            try expect(probe.arrived.isEmpty, "such a call has arrived")
        },
        check("the context arrives") { transport, probe in
            var sent = try context("Echo", timeout: .seconds(50))
            sent.callID = "call-1"
            sent.depth = 3
            sent.metadata = [("traceparent", "00-ab"), ("x-more", "of it")]
            _ = try await transport.call(sent, .values([1]))
            guard let came = probe.arrived.first else { throw TestFailure("no call has arrived") }
            try expect(came.url, is: sent.url, "url")
            try expect(came.callID, is: "call-1", "call id")
            try expect(came.depth, is: 3, "depth")
            let metadata = came.metadata.map { "\($0.name): \($0.value)" }
            try expect(metadata, is: ["traceparent: 00-ab", "x-more: of it"], "metadata")
            guard let deadline = came.deadline, let wanted = sent.deadline else {
                throw TestFailure("the deadline has not arrived")
            }
            let difference = abs((deadline - wanted) / .seconds(1))
            try expect(difference < 20, "the deadline arrived \(difference) s away from what it was")
        },
        check("a deadline that has passed ends the call at once") { transport, _ in
            let past = try await expect(throwing: RPCError.self) {
                _ = try await transport.call(context("Echo", timeout: .seconds(-1)), .values([]))
            }
            try expect(past.reason, is: .deadline, "reason")
        },
        check("cancelling a call reaches the handler") { transport, probe in
            let task = Task { _ = try await transport.call(context("Hang"), .values([])) }
            try await probe.waitFor("hang began")
            task.cancel()
            try await expect(throwing: CancellationError.self) { try await task.value }
            try await probe.waitFor("hang cancelled")
            let early = Task {
                while !Task.isCancelled { await Task.yield() }
                _ = try await transport.call(context("Hang"), .values([]))
            }
            early.cancel()
            try await expect(throwing: CancellationError.self) { try await early.value }
        },
        check("calls are nested 32 deep at most") { transport, _ in
            var deep = try context("Echo")
            deep.depth = 33
            let refused = try await expect(throwing: RPCError.self) { [deep] in
                _ = try await transport.call(deep, .values([]))
            }
            try expect(refused.reason, is: .tooDeep, "reason")
        },
        check("many calls run at once, and each gets its own reply") { transport, _ in
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let value = LeverValue.number(Double(number))
                        return try await transport.call(context("Echo"), .values([value])) == .result([value])
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect(right, is: 300, "right replies")
        },
    ]
}
