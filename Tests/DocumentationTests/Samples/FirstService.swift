import LeverClient
import LeverService
import LeverTesting
import Logging
import Testing

// "Your first service", of LeverService.
enum FirstService {
    struct Place: Codable, Sendable {
        var x: Double
        var y: Double
    }

    enum RouteError: MethodError {
        case tooFar(Double)
    }

    struct Routes: LeverServiceMain {
        static var service: ServiceDefinition {
            Method("Distance") { (from: Place, to: Place) in
                let distance = ((to.x - from.x) * (to.x - from.x) + (to.y - from.y) * (to.y - from.y)).squareRoot()
                guard distance < 1000 else { throw RouteError.tooFar(distance) }
                return distance
            }
            ChannelMethod("FollowChan") { (channel, start: Place) in
                var place = start
                for try await next in channel.messages(as: Place.self) {
                    try await channel.send(abs(next.x - place.x) + abs(next.y - place.y))
                    place = next
                }
            }
        }
    }

    @ServiceBuilder static var careful: ServiceDefinition {
        Group {
            Method("Whoami") { (context: CallContext, suffix: String?) in
                context.logger.info("asked")
                return (context.callerEnvironment ?? "this environment") + (suffix ?? "")
            }
        }
        .middleware(CallMetrics())
        .middleware(ConcurrencyLimit(100))
    }
}

@Suite struct FirstServiceTests {
    typealias Routes = FirstService.Routes
    typealias Place = FirstService.Place
    typealias RouteError = FirstService.RouteError

    @Test func distanceIsMeasured() async throws {
        try await withTestHost { host in
            try await host.deploy(Routes.service, as: "routes")
            let routes = try host.client.service("routes").throwing(RouteError.self)
            let distance: Double = try await routes.invoke("Distance", Place(x: 0, y: 0), Place(x: 3, y: 4))
            #expect(distance == 5)
            await #expect(throws: RouteError.self) {
                try await routes.invoke("Distance", Place(x: 0, y: 0), Place(x: 0, y: 5000), as: Double.self)
            }
        }
    }

    @Test func aWayIsFollowed() async throws {
        try await withTestHost { host in
            try await host.deploy(Routes.service, as: "routes")
            let channel = try await host.client.service("routes").channel("FollowChan", Place(x: 0, y: 0))
            try await channel.send(Place(x: 1, y: 1))
            #expect(try await channel.receive(as: Double.self) == 2)
            try await channel.send(Place(x: 1, y: 4))
            #expect(try await channel.receive(as: Double.self) == 3)
            try await channel.finish()
            #expect(try await channel.receive(as: Double.self) == nil)
        }
    }

    @Test func theCallerIsNamed() async throws {
        try await withTestHost { host in
            try await host.deploy(FirstService.careful, as: "careful")
            let answer = try await host.client.service("careful").invoke("Whoami", "!", as: String.self)
            #expect(answer == "this environment!")
        }
    }
}
