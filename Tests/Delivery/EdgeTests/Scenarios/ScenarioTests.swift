import Testing

@Suite struct ScenarioTests {
    @Test(arguments: Scenario.all()) func scenario(_ scenario: Scenario) throws {
        for failure in try ScenarioRunner(scenario).run() { Issue.record("\(failure)") }
    }

    @Test func thereAreScenarios() { #expect(Scenario.all().count >= 130) }
}
