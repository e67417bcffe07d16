// swift-tools-version: 6.2
import PackageDescription

// The house: each row is a module, the folder it lives in, and what it may import (docs/architecture.md).
// `SQUILLA_TARGETS=SQL,HTTPWire swift test` cuts the graph down to these modules, what they import and
// their tests, so that the inner loop, the sanitizers and the fuzzers take seconds.

struct Module {
    enum Kind { case swift, header, cxx, system(pkgConfig: String), executable }
    let name: String
    let folder: String
    var root = "Sources"
    var kind: Kind = .swift
    var imports: [String] = []
    var products: [(name: String, package: String)] = []
    var links: [String] = []
    var resources: [Resource] = []
    /// Files beside the sources that are not built.
    var excludes: [String] = []
    var tests: Bool = true
    /// Modules that only the tests import.
    var testImports: [String] = []
}

let modules: [Module] = [
    // Core
    Module(name: "CPlatform", folder: "Core", kind: .header, tests: false),
    Module(name: "CZstd", folder: "Core/C", kind: .system(pkgConfig: "libzstd"), tests: false),
    Module(name: "CLZ4", folder: "Core/C", kind: .system(pkgConfig: "liblz4"), tests: false),
    Module(name: "CSimdjson", folder: "Core/C", kind: .cxx, links: ["simdjson"], tests: false),
    Module(name: "CPCRE2", folder: "Core/C", kind: .system(pkgConfig: "libpcre2-8"), tests: false),
    Module(name: "CMaxMindDB", folder: "Core/C", kind: .system(pkgConfig: "libmaxminddb"), tests: false),
    Module(name: "COpenSSL", folder: "Core/C", kind: .system(pkgConfig: "openssl"), tests: false),
    Module(name: "CNGHTTP2", folder: "Core/C", kind: .system(pkgConfig: "libnghttp2"), tests: false),
    Module(name: "CZlib", folder: "Core/C", kind: .system(pkgConfig: "zlib"), tests: false),
    Module(name: "CBrotli", folder: "Core/C", kind: .system(pkgConfig: "libbrotlienc libbrotlidec"), tests: false),
    Module(name: "Bytes", folder: "Core", imports: ["CPlatform"]),
    Module(name: "Geography", folder: "Core", imports: ["CMaxMindDB"]),
    Module(name: "Patterns", folder: "Core", imports: ["CPCRE2"]),
    Module(name: "TimeZones", folder: "Core", imports: ["Bytes"]),
    Module(name: "Runtime", folder: "Core", imports: ["Bytes", "CPlatform"]),
    Module(name: "Columns", folder: "Core", imports: ["Bytes", "CZstd", "CLZ4", "CSimdjson"]),
    Module(
        name: "Codings", folder: "Core", imports: ["CZlib", "CBrotli", "CZstd"], testImports: ["Bytes", "Runtime"]),
    // Insight
    Module(name: "EventLog", folder: "Insight", imports: ["Columns", "Runtime", "Bytes"]),
    Module(name: "SQL", folder: "Insight", imports: ["Columns", "Bytes", "Patterns", "TimeZones"]),
    Module(name: "Streams", folder: "Insight", imports: ["SQL", "EventLog", "Columns", "Runtime", "Bytes"]),
    // Delivery
    Module(name: "Reactor", folder: "Delivery", imports: ["Bytes", "Runtime", "CPlatform", "COpenSSL"]),
    Module(name: "HTTPWire", folder: "Delivery", imports: ["Bytes", "CNGHTTP2"], testImports: ["CNGHTTP2"]),
    Module(name: "HTTPCache", folder: "Delivery", imports: ["HTTPWire", "Codings", "Runtime", "Bytes"]),
    Module(name: "Upstream", folder: "Delivery", imports: ["HTTPWire", "Reactor", "Bytes", "Runtime"]),
    Module(
        name: "ESI", folder: "Delivery", imports: ["HTTPWire", "Patterns", "Bytes"], testImports: ["CAllocationCount"]),
    Module(name: "NameServer", folder: "Delivery", imports: ["Reactor"]),
    Module(
        name: "SecondChance", folder: "Delivery", imports: ["Reactor", "Bytes", "Runtime", "CPlatform"],
        excludes: ["Program/second_chance.c"]),
    Module(
        name: "Edge", folder: "Delivery",
        imports: [
            "HTTPCache", "HTTPWire", "ESI", "Geography", "Upstream", "Reactor", "SQL", "EventLog", "Columns", "Runtime",
            "Codings", "Bytes",
        ]),
    // Control
    Module(name: "Settings", folder: "Control", products: [("Yams", "Yams")]),
    // App
    Module(name: "Console", folder: "App", resources: [.embedInCode("Resources")]),
    Module(
        name: "ManagementAPI", folder: "App",
        imports: [
            "Console", "Edge", "Streams", "SQL", "EventLog", "Columns", "Settings", "HTTPWire", "HTTPCache", "Upstream",
            "Reactor", "Codings", "Runtime", "Bytes",
        ]),
    Module(
        name: "squilla", folder: "App", kind: .executable,
        imports: [
            "ManagementAPI", "Console", "Edge", "ESI", "Geography", "Streams", "SQL", "EventLog", "Columns", "Settings",
            "HTTPWire", "HTTPCache", "Upstream", "SecondChance", "NameServer", "Reactor", "Codings", "Runtime", "Bytes",
        ],
        products: [("ArgumentParser", "swift-argument-parser")]),
    // For tests and benchmarks alone
    Module(name: "CAllocationCount", folder: "Support", root: "Tests", kind: .header, tests: false),
]

let byName = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0) })
let wanted = Context.environment["SQUILLA_TARGETS"].map { Set($0.split(separator: ",").map(String.init)) }

func closure(of names: Set<String>) -> Set<String> {
    var seen = names
    var queue = Array(names)
    while let name = queue.popLast() {
        guard let module = byName[name] else { fatalError("SQUILLA_TARGETS names no module \(name)") }
        for next in module.imports where seen.insert(next).inserted { queue.append(next) }
    }
    return seen
}

let all = Set(modules.map(\.name))
let tested = wanted ?? all
let testImports = Set(modules.filter { tested.contains($0.name) }.flatMap(\.testImports))
let kept = wanted.map { closure(of: $0.union(testImports)) } ?? all

// What requests do is measured by scripts/request_profile.py: how often each branch is taken, and which functions stand
// together in the program, or the processor waits for its code. That script needs a build that has not been told.
let measured = "\(Context.packageDirectory)/Sources/App/squilla"
let profiled =
    Context.environment["SQUILLA_PROFILE"] == "none"
    ? [] : ["-Xfrontend", "-ir-profile-use=\(measured)/requests.profdata"]

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
    // Each function by itself, so that they can be put in order.
    .unsafeFlags(["-Xfrontend", "-function-sections"] + profiled, .when(configuration: .release)),
]

let linkerSettings: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--symbol-ordering-file=\(measured)/functions.order",
            "-Xlinker", "--no-warn-symbol-ordering",
        ], .when(configuration: .release))
]

var targets: [Target] = []
for module in modules where kept.contains(module.name) {
    let path = "\(module.root)/\(module.folder)/\(module.name)"
    let dependencies =
        module.imports.map { Target.Dependency.byName(name: $0) }
        + module.products.map { .product(name: $0.name, package: $0.package) }
    switch module.kind {
    case .header:
        targets.append(.target(name: module.name, path: path))
    case .cxx:
        targets.append(.target(name: module.name, path: path, linkerSettings: module.links.map { .linkedLibrary($0) }))
    case .system(let pkgConfig):
        targets.append(.systemLibrary(name: module.name, path: path, pkgConfig: pkgConfig))
    case .executable:
        targets.append(
            .executableTarget(
                name: module.name, dependencies: dependencies, path: path,
                exclude: ["README.md", "functions.order", "requests.profdata"], swiftSettings: swiftSettings,
                linkerSettings: linkerSettings))
    case .swift:
        targets.append(
            .target(
                name: module.name, dependencies: dependencies, path: path, exclude: ["README.md"] + module.excludes,
                resources: module.resources, swiftSettings: swiftSettings))
    }
    if module.tests, tested.contains(module.name) {
        let plane = module.folder.split(separator: "/")[0]
        let testImports = Array(closure(of: Set(module.imports + module.testImports + [module.name])))
            .filter { kept.contains($0) && (byName[$0]!.isSwift || module.testImports.contains($0)) }
            .sorted()
        targets.append(
            .testTarget(
                name: "\(module.name)Tests",
                dependencies: testImports.map { .byName(name: $0) },
                path: "Tests/\(plane)/\(module.name)Tests",
                swiftSettings: swiftSettings))
    }
}

// `SQUILLA_BENCHMARKS=1` adds the benchmarks that are programs of their own.
let benchmarks: [(name: String, folder: String, imports: [String])] = [
    ("LogBenchmark", "log", ["EventLog", "Columns", "Runtime"]),
    ("PurgeBenchmark", "cache", ["HTTPCache", "HTTPWire", "Runtime"]),
    ("ESIBenchmark", "esi", ["ESI", "HTTPWire", "Bytes", "CAllocationCount"]),
]
if Context.environment["SQUILLA_BENCHMARKS"] != nil {
    for benchmark in benchmarks where kept.isSuperset(of: benchmark.imports) {
        targets.append(
            .executableTarget(
                name: benchmark.name, dependencies: benchmark.imports.map { .byName(name: $0) },
                path: "Benchmarks/\(benchmark.folder)/\(benchmark.name)", swiftSettings: swiftSettings))
    }
}

extension Module {
    var isSwift: Bool {
        switch kind {
        case .swift, .executable: true
        default: false
        }
    }
}

let neededPackages = Set(modules.filter { kept.contains($0.name) }.flatMap { $0.products.map(\.package) })
let packages: [String: Package.Dependency] = [
    "swift-argument-parser": .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    "Yams": .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
]

let package = Package(
    name: "squilla",
    products: kept.contains("squilla") ? [.executable(name: "squilla", targets: ["squilla"])] : [],
    dependencies: neededPackages.sorted().compactMap { packages[$0] },
    targets: targets,
    cxxLanguageStandard: .cxx17
)
