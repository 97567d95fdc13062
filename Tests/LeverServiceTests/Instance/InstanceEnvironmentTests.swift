import LeverCore
import LeverService
import Testing

@Suite struct InstanceEnvironmentTests {
    @Test func variablesAreRead() throws {
        let variables = [
            "LEVEROS_ENVIRONMENT": "dev.lever", "LEVEROS_SERVICE": "hello", "LEVEROS_INSTANCE_ID": "i-1",
            "LEVEROS_CODE_VERSION": "7", "LEVEROS_INTERNAL_RPC_GATEWAY": "127.0.0.1:3000",
            "LEVEROS_LISTEN": "unix:/run/lever/i-1", "LEVEROS_CONFIG": #"{"size": 3}"#,
        ]
        let instance = InstanceEnvironment { variables[$0] }
        #expect(instance.environment == .default)
        #expect(instance.service?.rawValue == "hello")
        #expect(instance.instanceID == "i-1")
        #expect(instance.version == 7)
        #expect(instance.gateway == "127.0.0.1:3000")
        #expect(instance.listenAddress == "unix:/run/lever/i-1")
        #expect(instance.config == ["size": 3])
    }

    @Test func malformedVariablesCountAsNotSet() {
        let instance = InstanceEnvironment { _ in "not / a : value" }
        #expect(instance.environment == nil)
        #expect(instance.service == nil)
        #expect(instance.version == nil)
        #expect(instance.config == .null)
        #expect(InstanceEnvironment { _ in nil }.listenAddress == nil)
    }

    @Test(arguments: ["nonsense", "host:99999", "unix:"])
    func badAddressesToListenOnAreRefused(_ address: String) {
        var configuration = LeverService.Configuration()
        configuration.address = address
        let error = #expect(throws: RuntimeError.self) { try configuration.validate() }
        #expect(error?.message.contains("\"\(address)\"") == true)
    }
}
