import Settings
import Testing

@testable import squilla

@Suite struct ReloadTests {
    @Test func theTokenStaysWhileTheAddressIsOpen() throws {
        var started = Settings()
        var new = Settings()
        #expect(new.refusal(comparedTo: started) == nil)
        started.management.listen = try #require(Endpoint("0.0.0.0:8090"))
        started.management.token = "secret-token"
        // The new address is loopback, but it waits for a restart.
        #expect(new.refusal(comparedTo: started)?.contains("0.0.0.0:8090") == true)
        new.management.token = "another-token"
        #expect(new.refusal(comparedTo: started) == nil)
        #expect(new.needRestart(comparedTo: started) == ["management.listen"])
    }
}
