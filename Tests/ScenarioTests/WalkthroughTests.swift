import Foundation
import Testing

/// What the README says, word for word, with the real programs.
@Suite("Walkthrough", .timeLimit(.minutes(2))) struct WalkthroughTests {
    @Test(arguments: TestDriver.all) func firstService(driver: TestDriver) async throws {
        try driver.require()
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path, try driver.hostArguments())
        let hello = try ServiceFolder([
            "server.js": """
            module.exports.SayHello = function (name, callback) {
                callback(null, "Hello, " + name + "!");
            }
            """,
            "lever.json": """
            {
                "name": "helloService",
                "description": "A hello service.",
                "jsEntry": "server.js"
            }
            """,
        ])

        let deployed = try await host.lever("deploy", "dev.lever", in: hello.path)
        #expect(deployed.status == 0, "\(deployed.error)")
        #expect((deployed.output + deployed.error).contains("version 1"))

        let invoked = try await host.lever("invoke", "lever://dev.lever/helloService/SayHello", "\"world\"")
        #expect(invoked.output == "\"Hello, world!\"\n", "\(invoked.error)")

        for version in ["--http1.1", "--http2-prior-knowledge"] {
            let curled = try await Command.run(
                "curl",
                [
                    version, "-sS", "-i", "-H", "Content-Type: application/json", "-X", "POST", "-d", "[\"world\"]",
                    "http://\(host.address)/helloService/SayHello?forceenv=dev.lever",
                ])
            #expect(curled.output.hasSuffix("\"Hello, world!\""), "\(curled.output) \(curled.error)")
            #expect(curled.output.lowercased().contains("content-type: application/json"))
        }

        // The client package as the host serves it.
        let client = try ServiceFolder([
            "client.js": """
            var leveros = require("leveros");
            var client = new leveros.Client();
            client.forceHost = process.env.LEVEROS_IP_PORT;
            var service = client.service("dev.lever", "helloService");
            service.invoke("SayHello", "world", function (error, reply) {
                console.log(reply);  // Hello, world!
            });
            """
        ])
        let unpacked = try await Command.run(
            "sh",
            [
                "-c",
                "mkdir -p node_modules/leveros && curl -sSf http://\(host.address)/leveros.tgz"
                    + " | tar -xz -C node_modules/leveros --strip-components=1",
            ], in: client.path)
        #expect(unpacked.status == 0, "\(unpacked.error)")
        let node = try await Command.run(
            "node", ["client.js"], in: client.path, environment: ["LEVEROS_IP_PORT": host.address])
        #expect(node.output == "Hello, world!\n", "\(node.error)")

        host.command.send(SIGTERM)
        let end = await host.command.end()
        #expect(end.status == 0, "\(end.error)")
        #expect(HostProcess.instances(of: data.path).isEmpty)
        if case .docker = driver {
            #expect(try await TestDriver.containers(labelled: "com.leveros.service=helloService").isEmpty)
        }
    }

    @Test func channelsFromTheCommandLine() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path)
        let folder = Command.root.appendingPathComponent("Examples/hello-js").path
        #expect(try await host.lever("deploy", folder).status == 0)
        let stream = try await host.lever(
            "stream", "lever://dev.lever/helloService/EchoChan", input: "\"one\"\n\"two\"\n")
        #expect(
            stream.output == "{\"number\":1,\"message\":\"one\"}\n{\"number\":2,\"message\":\"two\"}\n",
            "\(stream.error)")
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
    }
}
